"""Rows as users read them: times as RFC 3339, energy in kWh, money in the currency, tags masked unless asked for."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from evswarm_historian.questions import Topic
from evswarm_shared.history.readable import Item, masked, message_item, moment, shown_payload


def item(topic: Topic, row: Mapping[str, Any], *, show_tags: bool = False, parsed: bool = True) -> Item:
    """A row as an item. `parsed` gives payloads as JSON values, otherwise as text: for tables."""
    return _ITEM[topic](row, show_tags, parsed)


def columns(topic: Topic) -> list[str]:
    """The fields of an item, in order."""
    return list(COLUMNS[topic])


def _log(row: Mapping[str, Any], _: bool, __: bool) -> Item:
    return {
        "id": str(row["id"]),
        "at": moment(row["at_ms"]),
        "station_id": row["station_id"],
        "level": row["level"],
        "kind": row["kind"],
        "text": row["text"],
        "run_id": row["run_id"],
    }


def _event(row: Mapping[str, Any], show_tags: bool, parsed: bool) -> Item:
    return {
        "id": str(row["id"]),
        "at": moment(row["at_ms"]),
        "kind": row["kind"],
        "name": row["name"],
        "station_id": row["station_id"] or None,
        "status": row["status"],
        "duration_ms": row["duration_ms"],
        "detail": shown_payload(row["detail"], show_tags, parsed),
        "run_id": row["run_id"],
    }


def _transaction(row: Mapping[str, Any], show_tags: bool, _: bool) -> Item:
    energy, earnings, price = row["energy_mwh"], row["earnings_micro"], row["price_micro"]
    return {
        "id": str(row["id"]),
        "station_id": row["station_id"],
        "connector_id": row["connector_id"],
        "transaction_id": row["transaction_id"],
        "id_tag": row["id_tag"] if show_tags else masked(row["id_tag"]),
        "started_at": moment(row["started_ms"]),
        "meter_start": row["meter_start"],
        "station_seen": bool(row["station_seen"]),
        "station_stopped_at": moment(row["station_stopped_ms"]),
        "station_meter_stop": row["station_meter_stop"],
        "station_reason": row["station_reason"],
        "energy_kwh": None if energy is None else energy / 1e6,
        "earnings": None if earnings is None else earnings / 1e6,
        "price": None if price is None else price / 1e6,
        "csms_seen": bool(row["csms_seen"]),
        "csms_stopped_at": moment(row["csms_stopped_ms"]),
        "csms_meter_stop": row["csms_meter_stop"],
        "csms_reason": row["csms_reason"],
        "csms_flags": row["csms_flags"],
        "run_id": row["run_id"],
    }


def _run(row: Mapping[str, Any], show_tags: bool, parsed: bool) -> Item:
    return {
        "run_id": row["run_id"],
        "started_at": moment(row["started_ms"]),
        "updated_at": moment(row["updated_ms"]),
        "seed": row["seed"],
        "stations": row["stations"],
        "configuration": shown_payload(row["configuration"], show_tags, parsed),
    }


_ITEM: Final[Mapping[Topic, Callable[[Mapping[str, Any], bool, bool], Item]]] = {
    Topic.LOGS: _log,
    Topic.MESSAGES: message_item,
    Topic.EVENTS: _event,
    Topic.TRANSACTIONS: _transaction,
    Topic.RUNS: _run,
}

_NUMBER, _WHOLE, _YES_NO = "number", "whole", "yes_no"
COLUMNS: Final[Mapping[Topic, Mapping[str, str]]] = {
    Topic.LOGS: dict.fromkeys(("id", "at", "station_id", "level", "kind", "text", "run_id"), "text"),
    Topic.MESSAGES: {
        **dict.fromkeys(
            ("id", "at", "station_id", "side", "direction", "action", "unique_id", "outcome"), "text"
        ),
        "round_trip_ms": _NUMBER,
        **dict.fromkeys(("error_code", "request", "response", "run_id"), "text"),
    },
    Topic.EVENTS: {
        **dict.fromkeys(("id", "at", "kind", "name", "station_id", "status"), "text"),
        "duration_ms": _WHOLE,
        **dict.fromkeys(("detail", "run_id"), "text"),
    },
    Topic.TRANSACTIONS: {
        "id": "text",
        "station_id": "text",
        "connector_id": _WHOLE,
        "transaction_id": _WHOLE,
        "id_tag": "text",
        "started_at": "text",
        "meter_start": _WHOLE,
        "station_seen": _YES_NO,
        "station_stopped_at": "text",
        "station_meter_stop": _WHOLE,
        "station_reason": "text",
        "energy_kwh": _NUMBER,
        "earnings": _NUMBER,
        "price": _NUMBER,
        "csms_seen": _YES_NO,
        "csms_stopped_at": "text",
        "csms_meter_stop": _WHOLE,
        "csms_reason": "text",
        "csms_flags": "text",
        "run_id": "text",
    },
    Topic.RUNS: {
        **dict.fromkeys(("run_id", "started_at", "updated_at"), "text"),
        "seed": _WHOLE,
        "stations": _WHOLE,
        "configuration": "text",
    },
}
"""The fields of each topic and what they hold: `text`, `number`, `whole` or `yes_no`. Times are RFC 3339 text."""
