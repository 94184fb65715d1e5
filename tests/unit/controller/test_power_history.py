"""Power and limit over time, out of what stations say."""

from datetime import UTC, datetime
from typing import Any

import pytest

from evswarm_controller.power_history import HistoryItem, limit_told, series_of
from tests.support.station_rig import charging_rig


def at(second: int) -> datetime:
    return datetime.fromtimestamp(1_800_000_000 + second, UTC)


def meter_values(second: int, *samples: dict[str, Any], connector_id: int = 1) -> HistoryItem:
    return HistoryItem(
        at(second), {"connectorId": connector_id, "meterValue": [{"sampledValue": list(samples)}]}
    )


def line(second: int, text: str) -> HistoryItem:
    return HistoryItem(at(second), text=text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[10:00:00] Connector 2 offers 7.4 kW", (2, 7.4)),
        ("Transaction started: connector 1, tag **G1, up to 22.1 kW", (1, 22.1)),
        ("[10:00:00] Transaction stopped: connector 1, Local, 3.000 kWh", (1, None)),
        ("Connector 1 available", None),
        ("Connector 1: car plugged in", None),
    ],
)
def test_lines_about_limits_are_read(text: str, told: object) -> None:
    assert limit_told(text) == told


def test_the_lines_of_a_real_transaction_tell_its_limits() -> None:
    rig = charging_rig()
    rig.command(
        "SetChargingProfile",
        {
            "connectorId": 1,
            "csChargingProfiles": {
                "chargingProfileId": 1,
                "stackLevel": 0,
                "chargingProfilePurpose": "TxDefaultProfile",
                "chargingProfileKind": "Relative",
                "chargingSchedule": {
                    "chargingRateUnit": "W",
                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6000.0}],
                },
            },
        },
    )
    rig.station.press_stop(1, rig.now)
    rig.settle()
    told = [limit_told(each) for each in rig.log]
    assert [each for each in told if each is not None] == [(1, 22.1), (1, 6.0), (1, None)]


def test_series_are_ascending_and_a_connector_each() -> None:
    power = {"value": "7400", "measurand": "Power.Active.Import", "unit": "W"}
    items = [
        meter_values(20, {"value": "3.7", "measurand": "Power.Active.Import", "unit": "kW"}, connector_id=2),
        meter_values(10, power, {"value": "41", "measurand": "SoC", "unit": "Percent"}),
        meter_values(
            0, power, power | {"phase": "L1"}, {"value": "123"}, {"value": "odd", "measurand": "SoC"}
        ),
    ]
    lines = [line(15, "Connector 1 offers 6.0 kW"), line(5, "Connector 1 offers 11.0 kW")]
    first, second = series_of(items, lines)
    assert first.power_kw == [(1_800_000_000.0, 7.4), (1_800_000_010.0, 7.4)]
    assert first.soc_percent == [(1_800_000_010.0, 41.0)]
    assert first.limit_kw == [(1_800_000_005.0, 11.0), (1_800_000_015.0, 6.0)]
    assert (second.connector_id, second.power_kw) == (2, [(1_800_000_020.0, 3.7)])
