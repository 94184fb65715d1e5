"""Whatever people, networks and central systems do, some things always hold."""

import contextlib
import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from ocpp.v16.enums import ChargePointErrorCode, ChargePointStatus

from evswarm_shared.bus.messages import ProfileName, Tariff, TariffChange
from evswarm_worker.behaviour.profiles import PRESETS
from evswarm_worker.station import StationActionError
from tests.support.station_rig import StationRig
from tests.unit.station.test_connector_status import NORM

CONNECTORS = st.integers(1, 2)
TAGS = st.sampled_from(["RED", "BLUE"])


class StationWalk(RuleBasedStateMachine):
    """The rig itself holds the station to one call in flight, to ids that never repeat, and to a tidy store."""

    def __init__(self) -> None:
        super().__init__()
        self.rig = StationRig(profile=PRESETS[ProfileName.HIGHWAY], index=2, seed=5).start()
        self.past: list[StationRig] = []
        self.energy = 0
        self.version = 1

    def act(self, action: Any) -> None:
        with contextlib.suppress(StationActionError):
            action()
        self.rig.settle()

    @rule(seconds=st.sampled_from([0.5, 3.0, 11.0, 70.0, 600.0, 5000.0]))
    def wait(self, seconds: float) -> None:
        self.rig.run(seconds)

    @rule(connector=CONNECTORS)
    def plug_in(self, connector: int) -> None:
        self.act(lambda: self.rig.station.plug_in(connector, self.rig.now))

    @rule(connector=CONNECTORS)
    def unplug(self, connector: int) -> None:
        self.act(lambda: self.rig.station.unplug(connector, self.rig.now))

    @rule(connector=CONNECTORS, tag=TAGS)
    def authorize(self, connector: int, tag: str) -> None:
        self.act(lambda: self.rig.station.authorize(connector, tag, self.rig.now))

    @rule(connector=CONNECTORS)
    def press_stop(self, connector: int) -> None:
        self.act(lambda: self.rig.station.press_stop(connector, self.rig.now))

    @rule(connector=CONNECTORS, faulted=st.booleans())
    def fault(self, connector: int, faulted: bool) -> None:
        if faulted:
            code = ChargePointErrorCode.ground_failure
            self.act(lambda: self.rig.station.fault(connector, code, self.rig.now))
        else:
            self.act(lambda: self.rig.station.clear_fault(connector, self.rig.now))

    @rule()
    def power_cycle(self) -> None:
        self.act(lambda: self.rig.station.power_cycle(self.rig.now))

    @rule(down=st.booleans())
    def network(self, down: bool) -> None:
        station = self.rig.station
        self.act(lambda: (station.network_down if down else station.network_up)(self.rig.now))

    @precondition(lambda self: self.rig.connected)
    @rule()
    def lose(self) -> None:
        self.rig.lose()

    @rule()
    def reachable(self) -> None:
        self.rig.reachable()

    @rule(
        action=st.sampled_from(["Authorize", "StartTransaction", "StopTransaction", "MeterValues"]),
        kind=st.sampled_from(["silent", "error", "fine"]),
    )
    def central_system(self, action: str, kind: str) -> None:
        if kind == "fine":
            self.rig.answers.pop(action, None)
        else:
            self.rig.answers[action] = None if kind == "silent" else ("InternalError", "")

    @rule(price=st.sampled_from([100_000, 5_000_000]))
    def tariff(self, price: int) -> None:
        self.version += 1
        self.rig.station.tariff_changed(Tariff(self.version, (TariffChange(0.0, price),)), self.rig.now)
        self.rig.settle()

    @precondition(lambda self: self.rig.connected)
    @rule(
        command=st.sampled_from(
            [
                ("Reset", {"type": "Soft"}),
                ("Reset", {"type": "Hard"}),
                ("RemoteStartTransaction", {"idTag": "APP"}),
                ("RemoteStopTransaction", {"transactionId": 101}),
                ("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}),
                ("ChangeAvailability", {"connectorId": 0, "type": "Operative"}),
                ("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}),
                ("ChangeAvailability", {"connectorId": 1, "type": "Operative"}),
                ("UnlockConnector", {"connectorId": 1}),
                ("TriggerMessage", {"requestedMessage": "MeterValues"}),
                ("ChangeConfiguration", {"key": "StopTransactionOnEVSideDisconnect", "value": "false"}),
                ("ClearCache", {}),
            ]
        )
    )
    def command(self, command: tuple[str, dict[str, Any]]) -> None:
        self.rig.command(*command)

    @rule(graceful=st.booleans())
    def move(self, graceful: bool) -> None:
        if graceful:
            self.rig.station.hand_over(self.rig.now)
            self.rig.settle()
        heir = self.rig.heir(after=1.0)
        heir.online = self.rig.online
        self.past.append(self.rig)
        # What was lived since the last checkpoint is lived again: what a crash forgets is allowed to differ.
        self.energy = 0 if not graceful else self.energy
        self.rig = heir.start()

    @invariant()
    def the_register_never_falls(self) -> None:
        energy = self.rig.snapshot().energy_mwh
        assert energy >= self.energy
        self.energy = energy

    @invariant()
    def statuses_move_only_along_the_table(self) -> None:
        for connector in (1, 2):
            told = self.rig.statuses(connector)
            for before, after in itertools.pairwise(told):
                # A reconnect tells the status of now, whatever lay between.
                if "Faulted" in (before, after) or before == after:
                    continue
                assert after in NORM[ChargePointStatus(before)] or self._skipped(before)

    def _skipped(self, before: str) -> bool:
        lost = any("Connection lost" in line or "Rebooting" in line for line in self.rig.log)
        return lost or any(a == "BootNotification" for a in self.rig.actions()[1:]) or before == "Faulted"

    @invariant()
    def every_start_has_at_most_one_stop_and_nothing_after_it(self) -> None:
        stopped: set[int] = set()
        for rig in (*self.past, self.rig):
            for action, payload in rig.calls:
                transaction_id = int(payload.get("transactionId", -1))
                if action == "MeterValues" and transaction_id > 0:
                    assert transaction_id not in stopped
                elif action == "StopTransaction" and transaction_id > 0:
                    stopped.add(transaction_id)

    def teardown(self) -> None:
        """In the end everything that began ends, and the store is empty."""
        rig = self.rig
        rig.answers.clear()
        if rig.unanswered is not None:
            action = rig.unanswered[1]
            rig.answer_late(rig._answer_to(action, rig.unanswered[2]))
        self.network(False)
        rig.reachable()
        rig.run(1000.0)
        rig.station.stop(rig.now)
        rig.settle()
        rig.run(10.0)
        assert rig.stopped and rig.snapshot().transactions == 0
        assert rig.outbox == {}
        lives = (*self.past, rig)
        if not any("given up" in line for life in lives for line in life.log):
            stops = {payload["transactionId"] for life in lives for payload in life.sent("StopTransaction")}
            assert {number for life in lives for number in life.given_ids} == stops


StationWalk.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

test_whatever_happens_some_things_hold = pytest.mark.timeout(120)(StationWalk.TestCase)
