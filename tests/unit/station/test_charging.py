"""Transactions: begin, meter values, policy, money, end (OCPP 1.6 §4.8, §4.10)."""

import itertools
from typing import Any

import pytest
from ocpp.v16.enums import ChargePointStatus

from evswarm_shared.bus.messages import Conditions, PolicyChange, ProfileName, Tariff, TariffChange
from evswarm_shared.ocpp16.timestamps import parse_timestamp
from tests.support.station_rig import CHEAP, NOON, StationRig, charging_rig, only, quiet_profile

DEAR = Tariff(2, (TariffChange(0.0, 300_000), TariffChange(NOON + 60, 5_000_000)))
EVENING = NOON + 5.5 * 3600


def values(meter_values: dict[str, Any]) -> dict[str, float]:
    return {v["measurand"]: float(v["value"]) for v in only(meter_values["meterValue"])["sampledValue"]}


def test_plug_tag_start_charge_is_the_order_of_things() -> None:
    rig = charging_rig()
    assert rig.statuses() == ["Available", "Preparing", "Charging"]
    assert rig.actions()[-4:] == ["StatusNotification", "Authorize", "StartTransaction", "StatusNotification"]
    start = only(rig.sent("StartTransaction"))
    assert start["connectorId"] == 1 and start["idTag"] == "TAG1" and start["meterStart"] == 0
    assert rig.counts.transactions_started == 1


def test_a_start_is_stored_before_it_is_sent_and_leaves_the_store_when_answered() -> None:
    rig = charging_rig()
    assert rig.order[rig.order.index("StartTransaction") - 1] == "Persist"
    assert rig.outbox == {}


def test_meter_values_come_at_the_interval_and_fit_together() -> None:
    rig = charging_rig()
    rig.run(65.0)
    sent = rig.sent("MeterValues")
    assert len(sent) == 6
    times = [parse_timestamp(only(m["meterValue"])["timestamp"]) for m in sent]
    assert [round(b - a, 3) for a, b in itertools.pairwise(times)] == [10.0] * 5
    assert {m["transactionId"] for m in sent} == {101}
    registers = [values(m)["Energy.Active.Import.Register"] for m in sent]
    for before, after, meter in zip(registers, registers[1:], sent[1:], strict=False):
        seen = values(meter)
        per_phase = seen["Voltage"] * seen["Current.Import"]
        assert min(abs(per_phase * phases - seen["Power.Active.Import"]) for phases in (1, 2, 3)) < 1.0
        assert abs((after - before) * 360 - seen["Power.Active.Import"]) < 360.1


def test_the_register_of_stop_start_and_meter_values_never_falls() -> None:
    rig = charging_rig()
    rig.run(600.0)
    rig.station.press_stop(1, rig.now)
    rig.settle()
    rig.station.authorize(1, "TAG1", rig.now)
    rig.settle()
    readings = []
    for action, payload in rig.calls:
        match action:
            case "StartTransaction":
                readings.append(payload["meterStart"])
            case "StopTransaction":
                readings.append(payload["meterStop"])
            case "MeterValues":
                readings.append(values(payload)["Energy.Active.Import.Register"])
    assert readings == sorted(readings) and len(readings) > 60


def test_the_same_tag_stops_what_it_started_and_says_local() -> None:
    rig = charging_rig()
    rig.run(30.0)
    rig.station.authorize(1, "TAG1", rig.now)
    rig.settle()
    stop = only(rig.sent("StopTransaction"))
    assert stop["reason"] == "Local" and stop["idTag"] == "TAG1" and stop["transactionId"] == 101
    assert rig.status() == "Finishing"
    assert len(rig.sent("Authorize")) == 1


def test_after_the_stop_there_are_no_more_meter_values() -> None:
    rig = charging_rig()
    rig.run(30.0)
    rig.station.press_stop(1, rig.now)
    rig.settle()
    rig.forget()
    rig.run(120.0)
    assert "MeterValues" not in rig.actions()


def test_unplugging_ends_the_transaction() -> None:
    rig = charging_rig()
    rig.run(30.0)
    rig.station.unplug(1, rig.now)
    rig.settle()
    assert only(rig.sent("StopTransaction"))["reason"] == "EVDisconnected"
    finishing = rig.sent("StatusNotification")[-2]
    assert finishing["status"] == "Finishing" and finishing["info"] == "EV side disconnected"
    assert rig.status() == "Available"


def test_unplugging_suspends_the_transaction_where_it_is_configured_so() -> None:
    rig = charging_rig(configuration={"StopTransactionOnEVSideDisconnect": "false"})
    rig.run(30.0)
    rig.station.unplug(1, rig.now)
    rig.settle()
    assert not rig.sent("StopTransaction")
    assert rig.sent("StatusNotification")[-1]["info"] == "EV side disconnected"
    assert rig.status() == "SuspendedEV"
    rig.run(60.0)
    rig.station.plug_in(1, rig.now)
    rig.settle()
    assert rig.status() == "Charging"
    rig.station.unplug(1, rig.now)
    rig.station.authorize(1, "TAG1", rig.now)
    rig.settle()
    assert only(rig.sent("StopTransaction"))["reason"] == "Local"
    assert rig.status() == "Available"


def test_a_locked_cable_stays_until_the_tag_frees_it() -> None:
    rig = charging_rig(configuration={"UnlockConnectorOnEVSideDisconnect": "false"})
    rig.station.unplug(1, rig.now)
    rig.settle()
    assert rig.status() == "Finishing"
    rig.station.authorize(1, "TAG1", rig.now)
    rig.settle()
    assert rig.status() == "Available"


def refused(status: str) -> dict[str, Any]:
    return {"transactionId": 5, "idTagInfo": {"status": status}}


@pytest.mark.parametrize("status", ["Invalid", "Blocked", "Expired", "ConcurrentTx"])
def test_a_tag_refused_at_the_start_stops_the_transaction(status: str) -> None:
    rig = StationRig()
    rig.answers["StartTransaction"] = refused(status)
    rig.start()
    rig.station.plug_in(1, rig.now)
    rig.station.authorize(1, "TAG1", rig.now)
    rig.settle()
    stop = only(rig.sent("StopTransaction"))
    assert stop["reason"] == "DeAuthorized" and stop["transactionId"] == 5
    rig.run(600.0)
    assert len(rig.sent("StartTransaction")) == 1


def test_a_tag_refused_at_the_start_gets_no_energy_where_the_transaction_may_not_stop() -> None:
    rig = StationRig(configuration={"StopTransactionOnInvalidId": "false"})
    rig.answers["StartTransaction"] = refused("Invalid")
    rig.start()
    rig.station.plug_in(1, rig.now)
    rig.station.authorize(1, "TAG1", rig.now)
    rig.settle()
    assert not rig.sent("StopTransaction") and rig.status() == "SuspendedEVSE"
    rig.run(600.0)
    assert rig.snapshot().energy_mwh == 0


@pytest.mark.parametrize("name", [ProfileName.HIGHWAY, ProfileName.DEPOT, ProfileName.PUBLIC])
def test_a_cable_of_the_outlets_own_stays_nowhere_and_no_key_says_otherwise(name: ProfileName) -> None:
    key = "UnlockConnectorOnEVSideDisconnect"
    fixed = quiet_profile(name).fixed_cable
    rig = charging_rig(profile=quiet_profile(name))
    told = only(rig.command("GetConfiguration", {"key": [key]})["configurationKey"])
    assert told == {"key": key, "readonly": fixed, "value": "false" if fixed else "true"}
    changed = rig.command("ChangeConfiguration", {"key": key, "value": "false"})
    assert changed == {"status": "Rejected" if fixed else "Accepted"}
    rig.station.unplug(1, rig.now)
    rig.settle()
    assert rig.status() == ("Available" if fixed else "Finishing")


INVALID_500 = {"StopTransactionOnInvalidId": "false", "MaxEnergyOnInvalidId": "500"}


def refused_rig(**configuration: str) -> StationRig:
    """A car that charges with a tag that was refused and is granted 500 Wh."""
    rig = StationRig(configuration=INVALID_500 | configuration)
    rig.answers["StartTransaction"] = refused("Invalid")
    rig.start()
    rig.station.plug_in(1, rig.now)
    rig.station.authorize(1, "TAG1", rig.now)
    rig.settle()
    assert rig.status() == "Charging"
    return rig


@pytest.mark.parametrize("interval", ["10", "900", "0"])
def test_a_refused_tag_gets_what_max_energy_on_invalid_id_grants_whenever_the_meter_is_read(
    interval: str,
) -> None:
    rig = refused_rig(MeterValueSampleInterval=interval)
    rig.run(3600.0)
    assert rig.status() == "SuspendedEVSE"
    assert 500_000 <= rig.snapshot().energy_mwh < 500_010


def test_a_refused_tag_gets_no_more_for_taking_the_plug_out_and_putting_it_in() -> None:
    rig = refused_rig(MeterValueSampleInterval="900", StopTransactionOnEVSideDisconnect="false")
    for _ in range(3):
        rig.run(60.0)
        rig.station.unplug(1, rig.now)
        rig.run(10.0)
        rig.station.plug_in(1, rig.now)
        rig.settle()
    rig.run(800.0)
    assert 500_000 <= rig.snapshot().energy_mwh < 500_010


@pytest.mark.parametrize("limit", [None, 5000.0])
def test_a_refused_tag_gets_no_more_from_another_owner(limit: float | None) -> None:
    rig = refused_rig(MeterValueSampleInterval="900")
    if limit is not None:
        period = {"startPeriod": 0, "limit": limit}
        schedule = {"chargingRateUnit": "W", "chargingSchedulePeriod": [period]}
        kind = {"chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Relative"}
        profile = {"chargingProfileId": 1, "stackLevel": 0, **kind, "chargingSchedule": schedule}
        rig.command("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile})
    rig.run(20.0)
    prompt, late = rig.heir(after=12.0).start(), rig.heir(after=2000.0).start()
    prompt.run(2000.0)
    for heir in (prompt, late):
        assert heir.status() == "SuspendedEVSE"
        assert 500_000 <= heir.snapshot().energy_mwh < 500_010


def test_a_high_price_makes_the_car_wait_and_a_low_one_lets_it_start() -> None:
    rig = charging_rig(tariff=Tariff(1, (TariffChange(0.0, 5_000_000),)))
    rig.run(600.0)
    assert not rig.sent("StartTransaction")
    assert sum("Price too high" in line for line in rig.log) == 1
    assert rig.counts.policy_decisions["wait", "price"] >= 10
    rig.station.tariff_changed(Tariff(2, (TariffChange(0.0, 300_000),)), rig.now)
    rig.settle()
    assert rig.status() == "Charging"


def test_a_price_rise_stops_the_transaction_and_it_resumes_as_a_new_one() -> None:
    rig = charging_rig(tariff=DEAR)
    rig.run(120.0)
    stop = only(rig.sent("StopTransaction"))
    assert stop["reason"] == "Other" and rig.status() == "Finishing"
    assert any("Price too high" in line for line in rig.log)
    rig.station.tariff_changed(Tariff(3, (TariffChange(0.0, 300_000),)), rig.now)
    rig.settle()
    assert rig.status() == "Charging"
    assert len(rig.sent("StartTransaction")) == 2
    assert rig.statuses()[-3:] == ["Finishing", "Preparing", "Charging"]


def test_a_full_car_does_not_wait_for_a_better_price() -> None:
    rig = charging_rig(profile=quiet_profile(ProfileName.HIGHWAY, max_energy_kwh=1e6))
    rig.run(6 * 3600.0)
    assert rig.status() == "SuspendedEV"
    rig.station.tariff_changed(Tariff(2, (TariffChange(0.0, 5_000_000),)), rig.now)
    rig.run(600.0)
    assert only(rig.sent("StopTransaction"))["reason"] == "Other"
    assert next(line for line in rig.log if "Price too high" in line).endswith(
        "connector 1 stops, the car is full"
    )
    assert not any("waits" in line for line in rig.log)
    rig.station.tariff_changed(Tariff(3, (TariffChange(0.0, 300_000),)), rig.now)
    rig.run(600.0)
    assert len(rig.sent("StartTransaction")) == 1


def test_a_peak_hour_blocks_who_may_not_charge_then() -> None:
    profile = quiet_profile(ProfileName.HOME)
    rig = charging_rig(profile=profile, now=EVENING)
    assert not rig.sent("StartTransaction")
    assert any("Peak hour block" in line and "hour 17" in line for line in rig.log)
    rig.run(3.6 * 3600.0)
    assert len(rig.sent("StartTransaction")) == 1
    started = parse_timestamp(only(rig.sent("StartTransaction"))["timestamp"])
    assert 0.0 <= started - (NOON + 9 * 3600) <= 60.0


def test_the_hour_is_that_of_the_time_zone() -> None:
    profile = quiet_profile(ProfileName.HOME)
    rig = charging_rig(profile=profile, now=NOON + 4.5 * 3600, timezone="Europe/Berlin")
    assert any("Peak hour block" in line for line in rig.log)


def test_at_the_energy_cap_the_car_is_done_until_it_is_unplugged() -> None:
    rig = charging_rig(profile=quiet_profile(ProfileName.HIGHWAY, max_energy_kwh=1.0))
    rig.run(1200.0)
    stop = only(rig.sent("StopTransaction"))
    assert stop["reason"] == "Local" and 1000 <= stop["meterStop"] < 1500
    assert any("Energy cap reached" in line for line in rig.log)
    assert len(rig.sent("StartTransaction")) == 1
    rig.station.unplug(1, rig.now)
    rig.station.plug_in(1, rig.now)
    rig.station.authorize(1, "TAG1", rig.now)
    rig.settle()
    assert len(rig.sent("StartTransaction")) == 2


def test_a_price_stop_does_not_reset_the_energy_cap() -> None:
    rig = charging_rig(profile=quiet_profile(ProfileName.HIGHWAY, max_energy_kwh=3.0), tariff=DEAR)
    rig.run(120.0)
    rig.station.tariff_changed(Tariff(3, (TariffChange(0.0, 300_000),)), rig.now)
    rig.settle()
    rig.run(1200.0)
    stops = rig.sent("StopTransaction")
    assert [s["reason"] for s in stops] == ["Other", "Local"]
    assert stops[-1]["meterStop"] < 3500


def test_energy_earns_the_price_at_which_it_flowed() -> None:
    profile = quiet_profile(ProfileName.DEPOT, charge_if_price_below=100.0, max_energy_kwh=1e6)
    tariff = Tariff(1, (TariffChange(0.0, 300_000), TariffChange(NOON + 1005.0, 900_000)))
    rig = charging_rig(profile=profile, tariff=tariff)
    rig.run(1000.0)
    row = rig.snapshot()
    assert row.earnings_micro == row.energy_mwh * 300_000 // 1_000_000
    rig.run(1000.0)
    later = rig.snapshot()
    grown = later.energy_mwh - row.energy_mwh
    assert later.earnings_micro - row.earnings_micro <= grown * 900_000 // 1_000_000
    assert later.earnings_micro - row.earnings_micro > grown * 880_000 // 1_000_000


def test_a_loaded_grid_lowers_the_power_and_a_free_one_gives_it_back() -> None:
    profile = quiet_profile(ProfileName.DEPOT, max_grid_load=0.8, ramp_margin=0.5, max_energy_kwh=1e6)
    rig = charging_rig(profile=profile)
    rig.run(15.0)
    full = rig.snapshot().power_w
    rig.station.conditions_changed(Conditions(grid_load=0.75), rig.now)
    rig.run(15.0)
    assert 0 < rig.snapshot().power_w <= 6_250 < full
    assert rig.counts.policy_decisions["ramp_down", "grid"] >= 1
    rig.station.conditions_changed(Conditions(grid_load=0.95), rig.now)
    rig.run(15.0)
    assert only(rig.sent("StopTransaction"))["reason"] == "Other"
    rig.station.conditions_changed(Conditions(), rig.now)
    rig.run(61.0)
    assert rig.snapshot().power_w > 6_250


def test_a_policy_on_trial_holds_instead_of_the_profile_s_own_and_goes_again() -> None:
    rig = charging_rig(profile=quiet_profile(ProfileName.DEPOT, max_energy_kwh=1e6))
    rig.run(15.0)
    cheap = Conditions(policies={ProfileName.DEPOT: PolicyChange(charge_if_price_below=0.01)})
    rig.station.conditions_changed(cheap, rig.now)
    rig.run(15.0)
    assert only(rig.sent("StopTransaction"))["reason"] == "Other"
    assert "limit 0.01" in "".join(rig.log)
    other = Conditions(policies={ProfileName.HOME: PolicyChange(charge_if_price_below=0.01)})
    rig.station.conditions_changed(other, rig.now)
    rig.settle()
    assert len(rig.sent("StartTransaction")) == 2


def test_a_lower_energy_cap_ends_what_has_had_that_much() -> None:
    rig = charging_rig(profile=quiet_profile(ProfileName.DEPOT, max_energy_kwh=1e6))
    rig.run(600.0)
    had = rig.snapshot().session_wh
    assert had > 1000
    cap = Conditions(policies={ProfileName.DEPOT: PolicyChange(max_energy_kwh=1.0)})
    rig.station.conditions_changed(cap, rig.now)
    rig.run(15.0)
    assert only(rig.sent("StopTransaction"))["reason"] == "Local"


def test_another_offer_is_stored_since_the_register_hangs_on_it() -> None:
    rig = charging_rig(profile=quiet_profile(ProfileName.DEPOT, max_grid_load=0.8, ramp_margin=0.5))
    rig.run(5.0)
    rig.station.conditions_changed(Conditions(grid_load=0.75), rig.now)
    before = len(rig.commits)
    rig.run(6.0)
    assert len(rig.commits) == before + 1 and rig.commits[-1].checkpoint is not None
    rig.run(600.0)
    assert len(rig.commits) == before + 1


def test_a_full_car_suspends_and_the_transaction_goes_on() -> None:
    rig = charging_rig(profile=quiet_profile(ProfileName.HIGHWAY, max_energy_kwh=1e6))
    rig.run(6 * 3600.0)
    assert rig.status() == "SuspendedEV"
    assert not rig.sent("StopTransaction") and rig.snapshot().power_w == 0
    assert rig.snapshot().state == "Suspended"


def test_without_a_sample_interval_nothing_is_sent_but_the_policy_is_still_asked() -> None:
    rig = charging_rig(configuration={"MeterValueSampleInterval": "0"}, tariff=DEAR)
    rig.run(200.0)
    assert not rig.sent("MeterValues")
    assert only(rig.sent("StopTransaction"))["reason"] == "Other"


def test_clock_aligned_values_come_at_the_full_interval_in_and_out_of_transactions() -> None:
    rig = charging_rig(configuration={"ClockAlignedDataInterval": "900", "MeterValueSampleInterval": "0"})
    rig.run(1000.0)
    aligned = sorted(rig.sent("MeterValues"), key=lambda meter: meter["connectorId"])
    assert [(m["connectorId"], "transactionId" in m) for m in aligned] == [(1, True), (2, False)]
    for meter in aligned:
        moment = only(meter["meterValue"])
        assert parse_timestamp(moment["timestamp"]) % 900 == 0
        assert moment["sampledValue"][0]["context"] == "Sample.Clock"


def test_a_phase_can_be_asked_for() -> None:
    rig = charging_rig(
        profile=quiet_profile(ProfileName.HOME),
        configuration={
            "MeterValuesSampledData": "Current.Import.L1,Current.Import.L2,Temperature,Power.Offered"
        },
    )
    rig.run(11.0)
    one, two, warm, offered = only(only(rig.sent("MeterValues"))["meterValue"])["sampledValue"]
    assert one["phase"] == "L1" and float(one["value"]) > 5.0
    assert two["phase"] == "L2" and float(two["value"]) == 0.0
    assert warm["unit"] == "Celcius" and float(offered["value"]) == 7360.0


def test_the_row_shows_what_is() -> None:
    rig = charging_rig(tariff=CHEAP)
    rig.run(61.0)
    row = rig.snapshot()
    assert row.state == "Charging" and row.connectors == (ChargePointStatus.charging, "Available")
    assert row.transactions == 1 and row.power_w > 1000
    assert row.session_wh == row.energy_mwh // 1000 > 0
    assert row.last_message == "MeterValues" and row.running


def test_no_log_line_shows_a_whole_tag() -> None:
    rig = charging_rig(id_tag="SECRET-TAG-42")
    rig.station.press_stop(1, rig.now)
    rig.settle()
    assert any("tag ***********42" in line for line in rig.log)
    assert not any("SECRET" in line for line in rig.log)
    assert all(line[0] == "[" and line[9:11] == "] " for line in rig.log)
