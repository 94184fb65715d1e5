"""What charging profiles do to a station: the power follows them, and the composite schedule agrees (OCPP 1.6 §3.13)."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evswarm_shared.bus.messages import ProfileName
from evswarm_shared.ocpp16.timestamps import format_timestamp
from evswarm_worker.station import StationActionError
from tests.support.station_rig import StationRig, charging_rig, only, quiet_profile

ACCEPTED, REJECTED = {"status": "Accepted"}, {"status": "Rejected"}
PHASE_W = 230.0


def schedule(*periods: tuple[float, float], unit: str = "W", **fields: Any) -> dict[str, Any]:
    return {
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": [{"startPeriod": s, "limit": x} for s, x in periods],
    } | fields


def profile(*periods: tuple[float, float], unit: str = "W", **fields: Any) -> dict[str, Any]:
    """A TxDefaultProfile, relative to the transaction; fields of the schedule under `schedule`."""
    return {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": schedule(*periods, unit=unit, **fields.pop("schedule", {})),
    } | fields


def install(rig: StationRig, installed: dict[str, Any], connector_id: int = 1) -> Any:
    return rig.command("SetChargingProfile", {"connectorId": connector_id, "csChargingProfiles": installed})


def composite(rig: StationRig, connector_id: int = 1, duration: int = 3600, unit: str | None = "W") -> Any:
    asked = {"connectorId": connector_id, "duration": duration}
    return rig.command("GetCompositeSchedule", asked | ({} if unit is None else {"chargingRateUnit": unit}))


def limits(answer: Any) -> list[tuple[int, float]]:
    periods = answer["chargingSchedule"]["chargingSchedulePeriod"]
    return [(period["startPeriod"], period["limit"]) for period in periods]


def power(rig: StationRig) -> int:
    rig.station.wake(rig.now)
    return rig.snapshot().power_w


def charging(**options: Any) -> StationRig:
    """A car that takes all it can get from an outlet of 22 kW."""
    return charging_rig(profile=quiet_profile(ProfileName.PUBLIC, max_energy_kwh=1e9), **options)


# --- the power follows --------------------------------------------------------------------------------------


def test_the_metered_power_follows_a_profile_within_one_sample() -> None:
    rig = charging()
    rig.run(30.0)
    before = power(rig)
    assert before > 6000
    assert install(rig, profile((0, 5000.0))) == ACCEPTED
    rig.forget()
    rig.run(10.5)
    value = only(rig.sent("MeterValues")[0]["meterValue"])
    shown = {v["measurand"]: float(v["value"]) for v in value["sampledValue"]}
    assert shown["Power.Active.Import"] == pytest.approx(5000, abs=1) and before > 5000
    assert limits(composite(rig))[0] == (0, 5000.0)
    assert rig.command("ClearChargingProfile") == ACCEPTED
    rig.run(11.0)
    assert power(rig) == pytest.approx(before, rel=0.02)


def test_the_register_is_the_integral_of_the_limited_power() -> None:
    rig = charging()
    install(rig, profile((0, 5000.0)))
    rig.run(60.0)
    start = rig.snapshot().energy_mwh
    rig.run(360.0)
    assert rig.snapshot().energy_mwh - start == pytest.approx(5000 * 1000 * 360 / 3600, rel=0.002)


def test_a_limit_in_amperes_is_that_of_each_phase_the_car_loads() -> None:
    rig = charging(configuration={"MeterValuesSampledData": "Current.Import,Current.Offered"})
    install(rig, profile((0, 8.0), unit="A"))
    rig.forget()
    rig.run(11.0)
    for shown in only(rig.sent("MeterValues")[0]["meterValue"])["sampledValue"]:
        assert 7.98 < float(shown["value"]) <= 8.0


def test_periods_change_the_power_at_their_second() -> None:
    rig = charging()
    install(rig, profile((0, 5000.0), (103, 6000.0), (204, 0.0), (307, 7000.0)))
    begun = rig.now
    for at, expected in ((102.5, 5000), (103.5, 6000), (204.5, 0), (307.5, 7000)):
        rig.run(begun + at - rig.now)
        assert power(rig) == pytest.approx(expected, abs=1), at
    assert rig.statuses() == [
        "Available",
        "Preparing",
        "Charging",
        "SuspendedEVSE",
        "Charging",
    ]


def test_less_than_the_car_can_take_suspends_it() -> None:
    rig = charging()
    install(rig, profile((0, 5.0), unit="A"))
    assert rig.status() == "SuspendedEVSE" and power(rig) == 0


def test_six_amperes_are_enough() -> None:
    rig = charging()
    install(rig, profile((0, 6.0), unit="A"))
    assert rig.status() == "Charging" and power(rig) > 0


def test_a_default_set_before_the_transaction_holds_from_its_first_moment() -> None:
    rig = StationRig(profile=quiet_profile()).start()
    assert install(rig, profile((0, 5000.0)), connector_id=0) == ACCEPTED
    rig.station.plug_in(1, rig.now)
    rig.station.authorize(1, "TAG1", rig.now)
    rig.settle()
    assert power(rig) == pytest.approx(5000, abs=1)


def test_a_profile_of_the_transaction_goes_with_it() -> None:
    rig = charging()
    mine = profile((0, 5000.0), chargingProfilePurpose="TxProfile", transactionId=rig.given_ids[-1])
    assert install(rig, mine) == ACCEPTED
    assert power(rig) == pytest.approx(5000, abs=1)
    rig.station.press_stop(1, rig.now)
    rig.settle()
    assert rig.command("ClearChargingProfile", {"id": 1}) == {"status": "Unknown"}


def test_offline_the_profiles_go_on() -> None:
    rig = charging()
    install(rig, profile((0, 5000.0), (100, 6000.0)))
    rig.lose()
    rig.run(110.0)
    assert power(rig) == pytest.approx(6000, abs=1)


def test_one_phase_of_three_is_used_where_the_profile_says_so() -> None:
    rig = charging(configuration={"MeterValuesSampledData": "Current.Import.L1,Current.Import.L2"})
    three = {"startPeriod": 0, "limit": 10.0, "numberPhases": 1}
    installed = profile((0, 10.0), unit="A")
    installed["chargingSchedule"]["chargingSchedulePeriod"] = [three]
    assert install(rig, installed) == ACCEPTED
    assert power(rig) == pytest.approx(10 * PHASE_W, rel=0.01)
    rig.forget()
    rig.run(11.0)
    one, two = only(rig.sent("MeterValues")[0]["meterValue"])["sampledValue"]
    assert float(one["value"]) == pytest.approx(10.0, rel=0.01) and float(two["value"]) == 0.0
    rig.command("ClearChargingProfile")
    rig.run(11.0)
    assert power(rig) > 6000


# --- the whole station --------------------------------------------------------------------------------------


def station_max(*periods: tuple[float, float], unit: str = "W", **fields: Any) -> dict[str, Any]:
    return profile(
        *periods, unit=unit, chargingProfilePurpose="ChargePointMaxProfile", chargingProfileId=9, **fields
    )


def two_cars() -> StationRig:
    rig = charging()
    rig.station.plug_in(2, rig.now)
    rig.station.authorize(2, "TAG2", rig.now)
    rig.settle()
    return rig


def test_all_connectors_together_stay_below_the_limit_of_the_station() -> None:
    rig = two_cars()
    assert install(rig, station_max((0, 10_000.0)), connector_id=0) == ACCEPTED
    assert power(rig) == pytest.approx(10_000, abs=2)
    assert rig.status(1) == rig.status(2) == "Charging"
    assert limits(composite(rig, 0)) == [(0, 10_000.0)]
    (_, one), (_, two) = limits(composite(rig, 1))[0], limits(composite(rig, 2))[0]
    assert one + two == pytest.approx(10_000, abs=0.2) and min(one, two) > 1000


def test_who_is_left_alone_gets_the_whole_limit_at_once() -> None:
    rig = two_cars()
    install(rig, station_max((0, 10_000.0)), connector_id=0)
    rig.station.unplug(2, rig.now)
    rig.settle()
    assert power(rig) == pytest.approx(10_000, abs=2)


def test_who_comes_later_is_suspended_where_it_is_not_enough_for_two() -> None:
    rig = charging()
    install(rig, station_max((0, 7000.0)), connector_id=0)
    rig.station.plug_in(2, rig.now)
    rig.station.authorize(2, "TAG2", rig.now)
    rig.settle()
    assert (rig.status(1), rig.status(2)) == ("Charging", "SuspendedEVSE")
    assert power(rig) == pytest.approx(7000, abs=1)


def test_below_the_rate_that_is_worth_it_a_share_is_not_given() -> None:
    rig = two_cars()
    worth: dict[str, Any] = {"schedule": {"minChargingRate": 6000.0}}
    install(rig, profile((0, 20_000.0), **worth), connector_id=0)
    install(rig, station_max((0, 10_000.0)), connector_id=0)
    assert (rig.status(1), rig.status(2)) == ("Charging", "SuspendedEVSE")


# --- the composite schedule ---------------------------------------------------------------------------------


def test_the_composite_schedule_is_the_minimum_of_the_stacks_in_every_interval() -> None:
    rig = StationRig(profile=quiet_profile()).start()
    start = format_timestamp(rig.now)
    install(
        rig,
        station_max((0, 10_000.0), (100, 6000.0), (200, 20_000.0), chargingProfileKind="Absolute")
        | {"chargingSchedule": schedule((0, 10_000.0), (100, 6000.0), (200, 20_000.0), startSchedule=start)},
        0,
    )
    install(
        rig,
        profile(
            (0, 8000.0),
            (150, 5000.0),
            (250, 11_000.0),
            chargingProfileKind="Absolute",
            schedule={"startSchedule": start, "duration": 300},
        ),
    )
    answer = composite(rig, 1, 400)
    assert answer["status"] == "Accepted" and answer["connectorId"] == 1
    assert answer["chargingSchedule"]["duration"] == 400
    assert answer["scheduleStart"] == start and "startSchedule" not in answer["chargingSchedule"]
    assert limits(answer) == [
        (0, 8000.0),
        (100, 6000.0),
        (150, 5000.0),
        (250, 11_000.0),
        (300, 20_000.0),
    ]


def test_the_schedule_agrees_with_the_power_at_every_moment() -> None:
    rig = charging()
    install(rig, profile((0, 5000.0), (70, 4500.0), (130, 7000.0)))
    told = limits(composite(rig, 1, 200))
    begun = rig.now
    for second in range(5, 200, 10):
        rig.run(begun + second - rig.now)
        expected = [limit for start, limit in told if start <= second][-1]
        assert power(rig) == pytest.approx(expected, abs=1)


def test_periods_are_whole_seconds_though_the_station_is_asked_between_them() -> None:
    rig = charging()
    rig.run(0.4)
    install(rig, profile((0, 5000.0), (60, 6000.0)))
    rig.run(10.3)
    answer = composite(rig)
    assert answer["scheduleStart"].endswith(".000Z")
    assert all(isinstance(start, int) for start, _ in limits(answer))
    assert [limit for _, limit in limits(answer)] == [5000.0, 6000.0]


def test_without_any_profile_the_schedule_is_what_the_outlet_can_do() -> None:
    rig = StationRig(profile=quiet_profile(ProfileName.HOME)).start()
    assert limits(composite(rig)) == [(0, 7360.0)]
    assert limits(composite(rig, unit="A")) == [(0, 32.0)]


def test_units_are_converted_with_the_nominal_voltage() -> None:
    rig = charging()
    install(rig, profile((0, 16.0), unit="A"))
    assert limits(composite(rig, unit="A")) == [(0, 16.0)]
    phases = round(limits(composite(rig))[0][1] / (16 * PHASE_W))
    assert limits(composite(rig)) == [(0, 16 * PHASE_W * phases)] and phases in (1, 2, 3)


def test_without_a_unit_the_schedule_has_that_of_the_newest_profile() -> None:
    rig = charging()
    install(rig, profile((0, 16.0), unit="A"))
    assert composite(rig, unit=None)["chargingSchedule"]["chargingRateUnit"] == "A"


@pytest.mark.parametrize(("connector_id", "duration"), [(3, 60), (-1, 60), (1, 0), (1, -5)])
def test_a_schedule_that_cannot_be_told_is_refused(connector_id: int, duration: int) -> None:
    assert composite(charging(), connector_id, duration) == REJECTED


def test_a_dc_station_speaks_of_power_only() -> None:
    rig = StationRig(profile=quiet_profile(ProfileName.HIGHWAY)).start()
    key = {"key": ["ChargingScheduleAllowedChargingRateUnit"]}
    assert rig.command("GetConfiguration", key)["configurationKey"][0]["value"] == "Power"
    assert install(rig, profile((0, 16.0), unit="A")) == REJECTED
    assert composite(rig, unit="A") == REJECTED
    assert install(rig, profile((0, 20_000.0))) == ACCEPTED


def test_a_schedule_of_very_many_periods_says_how_far_it_goes() -> None:
    rig = StationRig(profile=quiet_profile()).start()
    daily = profile(
        *((n * 1800, 5000.0 + n % 2 * 1000) for n in range(48)),
        chargingProfileKind="Recurring",
        recurrencyKind="Daily",
        schedule={"startSchedule": format_timestamp(rig.now)},
    )
    assert install(rig, daily) == ACCEPTED
    answer = composite(rig, 1, 365 * 86400)
    assert len(limits(answer)) == 1000 and answer["chargingSchedule"]["duration"] == 1000 * 1800


def test_limits_that_only_seem_to_change_do_not_make_a_schedule_endless() -> None:
    rig = StationRig(profile=quiet_profile()).start()
    daily = profile(
        *((n * 1728, 5000.0) for n in range(50)),
        chargingProfileKind="Recurring",
        recurrencyKind="Daily",
        schedule={"startSchedule": format_timestamp(rig.now)},
    )
    assert install(rig, daily) == ACCEPTED
    answer = composite(rig, 1, 2**31 - 1)
    assert limits(answer) == [(0, 5000.0)] and answer["chargingSchedule"]["duration"] == 1000 * 1728


# --- lasting ------------------------------------------------------------------------------------------------


def test_profiles_survive_a_reset_and_a_change_of_owner() -> None:
    rig = charging()
    install(rig, profile((0, 5000.0)))
    rig.command("Reset", {"type": "Hard"})
    rig.run(20.0)
    assert limits(composite(rig)) == [(0, 5000.0)]
    heir = rig.heir().start()
    assert limits(composite(heir)) == [(0, 5000.0)]


def test_a_new_owner_integrates_over_the_limits_that_changed_meanwhile() -> None:
    rig = charging()
    install(rig, profile((0, 5000.0), (20, 10_000.0)))
    rig.command("ChangeAvailability", {"connectorId": 2, "type": "Inoperative"})
    before = rig.snapshot().energy_mwh
    heir = rig.heir(after=30.0).start()
    gained = heir.snapshot().energy_mwh - before
    assert gained == pytest.approx((5000 * 20 + 10_000 * 10) / 3.6, rel=0.01)
    assert power(heir) == pytest.approx(10_000, abs=2)


# --- taking profiles ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"stackLevel": 11},
        {"stackLevel": -1},
        {"chargingProfileKind": "Recurring"},
        {"chargingProfileKind": "Recurring", "recurrencyKind": "Daily"},
        {"chargingProfilePurpose": "ChargePointMaxProfile"},
        {"chargingProfilePurpose": "TxProfile", "transactionId": 4711},
        {"validFrom": "2030-01-02T00:00:00Z", "validTo": "2030-01-01T00:00:00Z"},
        {"chargingSchedule": schedule()},
        {"chargingSchedule": schedule((10, 5000.0))},
        {"chargingSchedule": schedule((0, 5000.0), (20, 1.0), (20, 2.0))},
        {"chargingSchedule": schedule((0, -1.0))},
        {"chargingSchedule": schedule((0, 1.0), duration=0)},
        {"chargingSchedule": schedule(*((n, 1000.0) for n in range(51)))},
    ],
)
def test_a_profile_that_cannot_be_carried_out_is_refused_and_changes_nothing(wrong: dict[str, Any]) -> None:
    rig = charging()
    assert install(rig, profile((0, 5000.0)) | wrong) == REJECTED
    assert rig.command("ClearChargingProfile") == {"status": "Unknown"}


def test_a_profile_for_a_transaction_needs_one() -> None:
    rig = StationRig(profile=quiet_profile()).start()
    mine = profile((0, 5000.0), chargingProfilePurpose="TxProfile")
    assert install(rig, mine) == REJECTED
    assert install(rig, mine, connector_id=0) == REJECTED


def test_a_profile_for_no_connector_at_all_is_an_error() -> None:
    assert install(charging(), profile((0, 5000.0)), 7)[0] == "PropertyConstraintViolation"


def test_a_unit_that_does_not_exist_is_an_error() -> None:
    assert install(charging(), profile((0, 5000.0), unit="kW"))[0] == "PropertyConstraintViolation"


def test_only_so_many_profiles_are_kept_but_one_may_be_replaced() -> None:
    rig = StationRig(profile=quiet_profile(), configuration={"MaxChargingProfilesInstalled": "2"}).start()
    for n in (1, 2):
        assert install(rig, profile((0, 1000.0 * n), chargingProfileId=n, stackLevel=n)) == ACCEPTED
    assert install(rig, profile((0, 5000.0), chargingProfileId=3, stackLevel=3)) == REJECTED
    assert install(rig, profile((0, 5000.0), chargingProfileId=2, stackLevel=3)) == ACCEPTED
    assert limits(composite(rig)) == [(0, 5000.0)]


# --- clearing -----------------------------------------------------------------------------------------------


def three_profiles() -> StationRig:
    rig = StationRig(profile=quiet_profile()).start()
    install(rig, profile((0, 5000.0), chargingProfileId=1, stackLevel=0), 1)
    install(rig, profile((0, 6000.0), chargingProfileId=2, stackLevel=1), 1)
    install(rig, station_max((0, 7000.0)), 0)
    return rig


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ({}, set()),
        ({"id": 1}, {2, 9}),
        ({"stackLevel": 0}, {2}),
        ({"stackLevel": 0, "connectorId": 1}, {2, 9}),
        ({"chargingProfilePurpose": "TxDefaultProfile"}, {9}),
        ({"connectorId": 0}, {1, 2}),
        ({"connectorId": 1, "chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 1}, {1, 9}),
        ({"id": 1, "stackLevel": 1}, None),
        ({"id": 2, "connectorId": 2}, None),
        ({"chargingProfilePurpose": "TxProfile"}, None),
    ],
)
def test_what_matches_every_field_given_is_cleared(asked: dict[str, Any], left: set[int] | None) -> None:
    rig = three_profiles()
    answer = rig.command("ClearChargingProfile", asked)
    assert answer == ({"status": "Unknown"} if left is None else ACCEPTED)
    still = {n for n in (1, 2, 9) if rig.command("ClearChargingProfile", {"id": n}) == ACCEPTED}
    assert still == ({1, 2, 9} if left is None else left)


# --- with a remote start ------------------------------------------------------------------------------------


def remote(rig: StationRig, **fields: Any) -> Any:
    mine = profile((0, 5000.0), chargingProfilePurpose="TxProfile", **fields)
    return rig.command("RemoteStartTransaction", {"idTag": "TAG1", "connectorId": 1, "chargingProfile": mine})


def test_a_profile_in_a_remote_start_holds_for_that_transaction() -> None:
    rig = StationRig(profile=quiet_profile()).start()
    rig.station.plug_in(1, rig.now)
    assert remote(rig) == ACCEPTED
    assert power(rig) == pytest.approx(5000, abs=1)
    replaced = profile((0, 6000.0), chargingProfilePurpose="TxProfile", chargingProfileId=5)
    assert install(rig, replaced | {"transactionId": rig.given_ids[-1]}) == ACCEPTED
    assert power(rig) == pytest.approx(6000, abs=1)
    assert rig.command("ClearChargingProfile", {"id": 1}) == {"status": "Unknown"}


def test_a_profile_that_waited_in_vain_is_not_for_the_next_driver() -> None:
    rig = StationRig(
        profile=quiet_profile(), configuration={"ConnectionTimeOut": "5"}, autonomous=False
    ).start()
    assert remote(rig) == ACCEPTED
    rig.run(6.0)
    assert rig.status() == "Available"
    rig.station.plug_in(1, rig.now)
    rig.station.authorize(1, "OTHER", rig.now)
    rig.settle()
    assert limits(composite(rig)) == [(0, 22_080.0)]


@pytest.mark.parametrize("wrong", [{"transactionId": 3}, {"stackLevel": 99}])
def test_a_remote_start_with_a_profile_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    rig = StationRig(profile=quiet_profile()).start()
    rig.station.plug_in(1, rig.now)
    assert remote(rig, **wrong) == REJECTED
    assert not rig.sent("StartTransaction")


@pytest.mark.parametrize("ahead", [0.1, 1e-7, 123456.789, -98765.4321])
def test_limits_change_in_time_also_where_the_stations_clock_was_set(ahead: float) -> None:
    rig = StationRig(profile=quiet_profile())
    rig.answers["BootNotification"] = {
        "status": "Accepted",
        "currentTime": format_timestamp(rig.now + ahead),
        "interval": 300,
    }
    rig.answers["Heartbeat"] = lambda _: {"currentTime": format_timestamp(rig.now + ahead)}
    rig.start()
    start = rig.now + (ahead if abs(ahead) > 1 else 0.0)
    periods = [(n, 5000.0 + n % 2 * 1000) for n in range(40)]
    absolute = profile(*periods, chargingProfileKind="Absolute")
    absolute["chargingSchedule"]["startSchedule"] = format_timestamp(start)
    assert install(rig, absolute) == ACCEPTED
    rig.station.plug_in(1, rig.now)
    rig.station.authorize(1, "TAG1", rig.now)
    rig.settle()
    rig.run(20.5, limit=500)
    assert power(rig) == pytest.approx(5000 if int(20.5) % 2 == 0 else 6000, abs=1)


STEPS = st.one_of(
    st.tuples(st.just("limit"), st.integers(0, 30_000)),
    st.tuples(st.just("mine"), st.integers(1, 2)),
    st.tuples(st.just("clear"), st.just(0)),
    st.tuples(st.sampled_from(["plug_in", "unplug", "authorize"]), st.integers(1, 2)),
    st.tuples(st.just("wait"), st.integers(1, 400)),
    st.tuples(st.just("move"), st.just(0)),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(STEPS, min_size=3, max_size=25))
def test_whatever_happens_the_station_stays_below_its_limit_and_its_register_never_falls(
    steps: list[tuple[str, int]],
) -> None:
    rig = two_cars()
    most, register = 44_160.0, 0
    for step, number in steps:
        if step == "limit":
            assert install(rig, station_max((0, float(number))), connector_id=0) == ACCEPTED
            most = float(number)
        elif step == "mine":
            install(
                rig,
                profile(
                    (0, 6000.0), (90, 5000.0), chargingProfilePurpose="TxProfile", chargingProfileId=number
                ),
                connector_id=number,
            )
        elif step == "clear":
            rig.command("ClearChargingProfile")
            most = 44_160.0
        elif step == "wait":
            rig.run(float(number))
        elif step == "move":
            rig = rig.heir(after=float(7)).start()
        else:
            arguments = (number, "TAG") if step == "authorize" else (number,)
            with suppress(StationActionError):
                getattr(rig.station, step)(*arguments, rig.now)
            rig.settle()
        row = rig.snapshot()
        assert row.power_w <= most + 1 and row.energy_mwh >= register
        register = row.energy_mwh
