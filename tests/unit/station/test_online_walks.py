"""A station that is always connected, under every command and under spoiled frames: nothing excuses a broken rule."""

import contextlib
import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from ocpp.v16.enums import ChargePointErrorCode, ChargePointStatus

from evswarm_shared.ocpp16.timestamps import format_timestamp
from evswarm_worker.station import StationActionError
from tests.fuzz.frame_mutator import FrameMutator
from tests.support.ocpp_peers.example_messages import COMMANDS, REQUESTS
from tests.support.station_rig import StationRig
from tests.unit.station.test_connector_status import NORM

CONNECTORS = st.integers(1, 2)
TAGS = st.sampled_from(["RED", "BLUE"])
DISTURBING = frozenset(("Reset", "UpdateFirmware", "SignedUpdateFirmware", "ChangeConfiguration"))
"""What makes the station boot, or changes what it tells."""

HARMLESS = [example for example in COMMANDS if example[0] not in DISTURBING]


class OnlineWalk(RuleBasedStateMachine):
    """The rig itself holds the station to one call in flight and to ids that never repeat."""

    def __init__(self) -> None:
        super().__init__()
        self.rig = StationRig(connectors=2, configuration={"MeterValueSampleInterval": "60"}).start()

    def act(self, action: Any) -> None:
        with contextlib.suppress(StationActionError):
            action()
        self.rig.settle()

    @rule(seconds=st.sampled_from([0.5, 30.0, 130.0, 1000.0]))
    def wait(self, seconds: float) -> None:
        self.rig.run(seconds)

    @rule(connector=CONNECTORS, plugged=st.booleans())
    def plug(self, connector: int, plugged: bool) -> None:
        station = self.rig.station
        self.act(lambda: (station.plug_in if plugged else station.unplug)(connector, self.rig.now))

    @rule(connector=CONNECTORS, tag=TAGS)
    def authorize(self, connector: int, tag: str) -> None:
        self.act(lambda: self.rig.station.authorize(connector, tag, self.rig.now))

    @rule(connector=CONNECTORS)
    def press_stop(self, connector: int) -> None:
        self.act(lambda: self.rig.station.press_stop(connector, self.rig.now))

    @rule(connector=CONNECTORS, faulted=st.booleans())
    def fault(self, connector: int, faulted: bool) -> None:
        station, code = self.rig.station, ChargePointErrorCode.over_voltage
        if faulted:
            self.act(lambda: station.fault(connector, code, self.rig.now))
        else:
            self.act(lambda: station.clear_fault(connector, self.rig.now))

    @rule(connector=CONNECTORS, kind=st.sampled_from(["Operative", "Inoperative"]))
    def availability(self, connector: int, kind: str) -> None:
        self.rig.command("ChangeAvailability", {"connectorId": connector, "type": kind})

    @rule(connector=CONNECTORS, tag=TAGS)
    def remote_start(self, connector: int, tag: str) -> None:
        self.rig.command("RemoteStartTransaction", {"idTag": tag, "connectorId": connector})

    @rule()
    def remote_stop(self) -> None:
        self.rig.command("RemoteStopTransaction", {"transactionId": self.rig.next_transaction_id})

    @rule(connector=CONNECTORS, tag=TAGS, seconds=st.sampled_from([60.0, 5000.0]))
    def reserve(self, connector: int, tag: str, seconds: float) -> None:
        expiry = format_timestamp(self.rig.now + seconds)
        request = {"connectorId": connector, "expiryDate": expiry, "idTag": tag, "reservationId": connector}
        self.rig.command("ReserveNow", request)

    @rule(connector=CONNECTORS)
    def cancel(self, connector: int) -> None:
        self.rig.command("CancelReservation", {"reservationId": connector})

    @rule(limit=st.sampled_from([0.0, 4200.0, 50_000.0]))
    def limit(self, limit: float) -> None:
        schedule = {
            "chargingRateUnit": "W",
            "startSchedule": format_timestamp(self.rig.now),
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
        }
        wanted = {
            "chargingProfileId": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": schedule,
        }
        self.rig.command("SetChargingProfile", {"connectorId": 0, "csChargingProfiles": wanted})

    @rule(seed=st.integers(0, 2**32))
    def spoiled_frames(self, seed: int) -> None:
        mutator = FrameMutator(seed, HARMLESS, REQUESTS)
        for _ in range(20):
            self.rig.frame(mutator.frame().encode("utf-8", "replace"))

    @invariant()
    def an_honest_question_is_answered(self) -> None:
        answer = self.rig.command("GetConfiguration", {"key": ["NumberOfConnectors"]})
        assert answer["configurationKey"][0]["value"] == "2"

    @invariant()
    def statuses_move_only_along_the_table(self) -> None:
        for connector in (1, 2):
            for before, after in itertools.pairwise(self.rig.statuses(connector)):
                if "Faulted" not in (before, after) and before != after:
                    assert after in NORM[ChargePointStatus(before)], self.rig.statuses(connector)

    @invariant()
    def a_connector_has_one_transaction_at_a_time_and_its_readings_never_fall(self) -> None:
        ids = iter(self.rig.given_ids)
        running: dict[int, int] = {}
        register: dict[int, float] = {}
        for action, payload in self.rig.calls:
            if action == "StartTransaction":
                assert payload["connectorId"] not in running.values()
                running[next(ids)] = payload["connectorId"]
                self._read(register, payload["connectorId"], payload["meterStart"])
            elif action == "StopTransaction":
                connector = running.pop(payload["transactionId"])
                self._read(register, connector, payload["meterStop"])
            elif action == "MeterValues" and "transactionId" in payload:
                assert running[payload["transactionId"]] == payload["connectorId"]
                for sample in payload["meterValue"][0]["sampledValue"]:
                    if sample.get("measurand") == "Energy.Active.Import.Register":
                        self._read(register, payload["connectorId"], float(sample["value"]))

    @staticmethod
    def _read(register: dict[int, float], connector: int, value: float) -> None:
        assert value >= register.get(connector, 0.0)
        register[connector] = value

    def teardown(self) -> None:
        """In the end every start has its stop."""
        self.rig.station.stop(self.rig.now)
        self.rig.settle()
        self.rig.run(10.0)
        stops = [payload["transactionId"] for payload in self.rig.sent("StopTransaction")]
        assert sorted(stops) == sorted(self.rig.given_ids)


OnlineWalk.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

test_always_online_nothing_excuses_a_broken_rule = pytest.mark.timeout(120)(OnlineWalk.TestCase)
