"""Power and limit of a station's connectors over time, read out of its meter values and log lines. Pure."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from ocpp.v16.enums import Measurand, UnitOfMeasure

Point = tuple[float, float]

_STARTED: Final = re.compile(r"Transaction started: connector (\d+), .* up to ([\d.]+) kW$")
_OFFERS: Final = re.compile(r"Connector (\d+) offers ([\d.]+) kW$")
_STOPPED: Final = re.compile(r"Transaction stopped: connector (\d+),")
_TIME: Final = re.compile(r"^\[\d\d:\d\d:\d\d\] ")
_THOUSANDTHS: Final = {UnitOfMeasure.w.value: 1000.0, UnitOfMeasure.kw.value: 1.0}


class Series(msgspec.Struct):
    """One connector; times in unix seconds, ascending. A limit of None: no transaction from then on."""

    connector_id: int
    power_kw: list[Point] = []
    limit_kw: list[tuple[float, float | None]] = []
    soc_percent: list[Point] = []


class HistoryItem(msgspec.Struct):
    """What is read of an item of the history, be it a message or a log line."""

    at: datetime
    request: dict[str, Any] = {}
    text: str = ""


def limit_told(line: str) -> tuple[int, float | None] | None:
    """The connector and the limit in kW that a log line tells of (None: it has none any more), if it does."""
    text = _TIME.sub("", line, count=1)
    found = _STARTED.match(text) or _OFFERS.match(text)
    if found is not None:
        return int(found[1]), float(found[2])
    found = _STOPPED.match(text)
    return None if found is None else (int(found[1]), None)


def series_of(messages: Iterable[HistoryItem], lines: Iterable[HistoryItem]) -> list[Series]:
    """The series of every connector that MeterValues requests and log lines, newest first, speak of."""
    found: dict[int, Series] = {}

    def of(connector_id: int) -> Series:
        return found.setdefault(connector_id, Series(connector_id))

    for item in messages:
        connector_id = item.request.get("connectorId")
        if isinstance(connector_id, int):
            _read(of(connector_id), item)
    for item in lines:
        told = limit_told(item.text)
        if told is not None:
            of(told[0]).limit_kw.append((item.at.timestamp(), told[1]))
    for series in found.values():
        series.power_kw.reverse()
        series.soc_percent.reverse()
        series.limit_kw.reverse()
    return [found[connector_id] for connector_id in sorted(found) if connector_id > 0]


def _read(series: Series, item: HistoryItem) -> None:
    at = item.at.timestamp()
    for value in reversed(item.request.get("meterValue") or ()):
        for sample in value.get("sampledValue") or ():
            number = _number(sample)
            if number is None or "phase" in sample:
                continue
            measurand = sample.get("measurand")
            if measurand == Measurand.power_active_import:
                series.power_kw.append((at, number / _THOUSANDTHS.get(sample.get("unit", "W"), 1000.0)))
            elif measurand == Measurand.soc:
                series.soc_percent.append((at, number))


def _number(sample: Mapping[str, Any]) -> float | None:
    try:
        return float(sample.get("value", ""))
    except (TypeError, ValueError):
        return None
