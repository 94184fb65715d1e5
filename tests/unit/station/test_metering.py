"""What a meter says: every measurand, phase, context and location that can be asked for (OCPP 1.6 §3.16, §9.1)."""

import json
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from ocpp.v16.enums import Measurand

from evswarm_shared.bus.messages import ProfileName
from evswarm_shared.clock import SimulatedClock
from tests.support.station_rig import StationRig, charging_rig, only, quiet_profile

EVERY = [measurand.value for measurand in Measurand]


def values(message: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = only(message["meterValue"])["sampledValue"]
    return found


@pytest.mark.parametrize("name", list(ProfileName))
@pytest.mark.parametrize("half", [EVERY[:11], EVERY[11:]])
def test_every_measurand_can_be_asked_for_and_has_its_unit(name: ProfileName, half: list[str]) -> None:
    rig = charging_rig(profile=quiet_profile(name), configuration={"MeterValuesSampledData": ",".join(half)})
    rig.run(61.0)
    told = values(rig.sent("MeterValues")[0])
    assert [v["measurand"] for v in told] == half
    for v in told:
        float(v["value"])
        family = v["measurand"].split(".")[0]
        reactive = "Reactive" in v["measurand"]
        unit = {
            "Current": "A",
            "Energy": "varh" if reactive else "Wh",
            "Frequency": "Hertz",
            "Power": "var" if reactive else "W",
            "SoC": "Percent",
            "Temperature": "Celcius",
            "Voltage": "V",
        }.get(family)
        assert v.get("unit") == (None if v["measurand"] == "Power.Factor" else unit), v
    assert {v["measurand"]: v.get("location") for v in told}.get("SoC", "EV") == "EV"


def test_the_phases_of_a_three_phase_outlet_fit_together() -> None:
    keys = [f"{m}.{p}" for m in ("Power.Active.Import", "Current.Import") for p in ("L1", "L2", "L3")]
    keys += ["Power.Active.Import", "Voltage.L1-N", "Voltage.L1-L2", "Current.Import.N", "Frequency"]
    rig = charging_rig(
        profile=quiet_profile(ProfileName.WORKPLACE), configuration={"MeterValuesSampledData": ",".join(keys)}
    )
    rig.run(61.0)
    told = [float(v["value"]) for v in values(rig.sent("MeterValues")[0])]
    powers, whole, between, hertz = told[:3], told[6], told[8] / told[7], told[10]
    assert sum(powers) == pytest.approx(whole, abs=0.5) and whole > 1000
    assert between == pytest.approx(3**0.5, rel=0.001) and hertz == 50.0


def test_pairs_of_phases_that_an_outlet_does_not_have_are_left_out() -> None:
    rig = charging_rig(
        profile=quiet_profile(ProfileName.HOME),
        configuration={"MeterValuesSampledData": "Voltage.L1-N,Voltage.L1-L2"},
    )
    rig.run(61.0)
    assert [v["phase"] for v in values(rig.sent("MeterValues")[0])] == ["L1-N"]


def test_the_energies_of_the_intervals_add_up_to_the_register() -> None:
    both = "Energy.Active.Import.Interval,Energy.Active.Import.Register"
    rig = charging_rig(configuration={"MeterValuesSampledData": both})
    rig.run(61.0)
    samples = [values(message) for message in rig.sent("MeterValues")]
    start = only(rig.sent("StartTransaction"))["meterStart"]
    sums = sum(float(interval["value"]) for interval, _ in samples)
    assert len(samples) > 3 and sums == pytest.approx(float(samples[-1][1]["value"]) - start, abs=1.0)
    later = [float(interval["value"]) for interval, _ in samples]
    assert max(later) < 2 * min(later)


def test_clock_aligned_values_have_lists_and_a_context_of_their_own() -> None:
    rig = charging_rig(
        configuration={
            "ClockAlignedDataInterval": "60",
            "MeterValuesAlignedData": "Voltage,Current.Offered",
            "MeterValueSampleInterval": "0",
        }
    )
    rig.run(61.0)
    told = [v for m in rig.sent("MeterValues") if m["connectorId"] == 1 for v in values(m)]
    assert [(v["measurand"], v["context"]) for v in told] == [
        ("Voltage", "Sample.Clock"),
        ("Current.Offered", "Sample.Clock"),
    ]


def aligned_rig(server_ahead: float) -> StationRig:
    rig = StationRig(configuration={"ClockAlignedDataInterval": "900"}, profile=quiet_profile(connectors=1))
    rig.server_ahead = server_ahead
    return rig.start()


def told_at(rig: StationRig) -> list[str]:
    return [moment["timestamp"][11:] for m in rig.sent("MeterValues") for moment in m["meterValue"]]


@pytest.mark.parametrize("server_ahead", [0.0, 120.0, -120.0, 1234567.891, -0.5])
def test_the_clock_that_values_are_aligned_to_is_the_stations_own(server_ahead: float) -> None:
    rig = aligned_rig(server_ahead)
    rig.run(1800.0)
    times = told_at(rig)
    assert len(times) == 2
    assert all(text[2:] in (f":{quarter}:00.000Z" for quarter in ("00", "15", "30", "45")) for text in times)


def test_an_aligned_interval_that_does_not_divide_the_day_begins_anew_at_midnight() -> None:
    rig = StationRig(configuration={"ClockAlignedDataInterval": "25000"}, profile=quiet_profile(connectors=1))
    rig.start().run(86400.0)
    assert told_at(rig) == ["13:53:20.000Z", "20:50:00.000Z", "00:00:00.000Z", "06:56:40.000Z"]


def test_a_clock_that_is_set_moves_the_next_aligned_values() -> None:
    rig = aligned_rig(0.0)
    rig.server_ahead = 600.0
    rig.run(301.0)
    assert told_at(rig) == ["12:15:00.000Z"]
    rig.server_ahead = 0.0
    rig.run(900.0)
    assert told_at(rig)[1:] == ["12:15:00.000Z"]


def test_a_clock_that_runs_faster_forgets_how_far_the_central_systems_was_ahead() -> None:
    rig = aligned_rig(120.0)
    rig.station.clock_changed(SimulatedClock(rig.now, rig.now, 60.0), rig.now)
    rig.settle()
    rig.run(16.0)
    assert told_at(rig) == ["12:15:00.000Z"]


# --- what the stop carries ----------------------------------------------------------------------------------


def stopped(rig: StationRig) -> list[dict[str, Any]]:
    rig.station.press_stop(1, rig.now)
    rig.settle()
    found: list[dict[str, Any]] = only(rig.sent("StopTransaction")).get("transactionData", [])
    return found


def contexts(moments: list[dict[str, Any]]) -> list[str]:
    return [only(m["sampledValue"]).get("context", "Sample.Periodic") for m in moments]


@pytest.mark.parametrize("half", [EVERY[:11], EVERY[11:]])
def test_what_a_stop_carries_is_a_stop_to_the_published_schema_too(half: list[str]) -> None:
    schema = json.loads(files("ocpp").joinpath("v16/schemas/StopTransaction.json").read_text("utf-8-sig"))
    rig = charging_rig(configuration={"StopTxnSampledData": ",".join(half)})
    rig.run(21.0)
    told = [v["measurand"] for v in stopped(rig)[-1]["sampledValue"]]
    assert told == half
    jsonschema.validate(only(rig.sent("StopTransaction")), schema)


def test_unless_it_is_asked_for_a_stop_carries_no_readings() -> None:
    rig = charging_rig()
    rig.run(61.0)
    assert stopped(rig) == []


def test_a_stop_carries_the_sampled_readings_from_begin_to_end() -> None:
    rig = charging_rig(
        configuration={
            "StopTxnSampledData": "Energy.Active.Import.Register",
            "MeterValueSampleInterval": "20",
        }
    )
    rig.run(45.0)
    moments = stopped(rig)
    assert contexts(moments) == [
        "Transaction.Begin",
        "Sample.Periodic",
        "Sample.Periodic",
        "Transaction.End",
    ]
    registers = [int(only(m["sampledValue"])["value"]) for m in moments]
    assert registers == sorted(registers)
    assert registers[0] == only(rig.sent("StartTransaction"))["meterStart"]
    assert registers[-1] == only(rig.sent("StopTransaction"))["meterStop"]


def test_a_stop_carries_the_clock_aligned_readings() -> None:
    rig = charging_rig(
        configuration={"StopTxnAlignedData": "SoC", "ClockAlignedDataInterval": "30"},
    )
    rig.run(70.0)
    moments = stopped(rig)
    assert contexts(moments) == ["Sample.Clock", "Sample.Clock"]
    assert {only(m["sampledValue"])["measurand"] for m in moments} == {"SoC"}


def test_the_readings_for_the_stop_come_along_to_a_new_owner() -> None:
    options: dict[str, Any] = {
        "configuration": {"StopTxnSampledData": "SoC", "MeterValueSampleInterval": "20"}
    }
    rig = charging_rig(**options)
    rig.run(45.0)
    heir = rig.heir(after=1.0).start()
    assert contexts(stopped(heir)) == [
        "Transaction.Begin",
        "Sample.Periodic",
        "Sample.Periodic",
        "Transaction.End",
    ]


def test_a_new_owner_goes_on_to_collect_for_the_stop_where_there_is_nothing_yet() -> None:
    options: dict[str, Any] = {
        "configuration": {"StopTxnAlignedData": "SoC", "ClockAlignedDataInterval": "60"}
    }
    heir = charging_rig(**options).heir(after=1.0).start()
    heir.run(130.0)
    assert contexts(stopped(heir)) == ["Sample.Clock", "Sample.Clock"]


def test_no_more_readings_are_kept_than_the_station_announces() -> None:
    rig = charging_rig(
        configuration={
            "StopTxnSampledData": "SoC",
            "MeterValueSampleInterval": "5",
            "StopTransactionMaxMeterValues": "6",
        },
    )
    rig.run(101.0)
    assert 3 <= len(stopped(rig)) <= 6


def test_a_very_long_transaction_keeps_fewer_readings_but_the_first_and_last_and_counts_the_others() -> None:
    rig = charging_rig(
        configuration={"StopTxnSampledData": "SoC", "MeterValueSampleInterval": "5"},
    )
    rig.run(5.0 * 200 + 1.0)
    moments = stopped(rig)
    assert 60 <= len(moments) <= 121
    assert contexts(moments)[0] == "Transaction.Begin" and contexts(moments)[-1] == "Transaction.End"
    assert sum(rig.counts.dropped_frames.values()) >= 60


def test_the_intervals_of_two_owners_add_up_to_the_register() -> None:
    options: dict[str, Any] = {
        "configuration": {
            "MeterValuesSampledData": "Energy.Active.Import.Interval,Energy.Active.Import.Register",
            "MeterValueSampleInterval": "20",
        }
    }
    rig = charging_rig(**options)
    rig.run(45.0)
    heir = rig.heir(after=1.0).start()
    heir.run(45.0)
    told = [values(m) for each in (rig, heir) for m in each.sent("MeterValues")]
    assert len(told) == 4
    assert sum(float(interval["value"]) for interval, _ in told) == pytest.approx(
        float(told[-1][1]["value"]), abs=1.0
    )


def test_an_interval_is_the_same_in_meter_values_and_in_the_stop() -> None:
    interval = "Energy.Active.Import.Interval"
    rig = charging_rig(
        configuration={
            "MeterValuesSampledData": interval,
            "StopTxnSampledData": interval,
            "MeterValueSampleInterval": "20",
        }
    )
    rig.run(45.0)
    told = [float(only(values(m))["value"]) for m in rig.sent("MeterValues")]
    kept = [float(only(m["sampledValue"])["value"]) for m in stopped(rig)]
    assert kept[1:3] == told and min(told) > 0
