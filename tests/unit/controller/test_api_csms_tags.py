"""The authorisation list by API."""

from typing import Any

import pytest

from evswarm_shared.bus.messages import IdTagRecord
from evswarm_shared.ocpp16.timestamps import format_timestamp
from tests.unit.controller.desk import Desk


async def test_a_tag_is_written_read_and_deleted_whatever_its_case(desk: Desk) -> None:
    entry = {
        "status": "Blocked",
        "expiry_date": "2027-01-15T09:00:00+01:00",
        "parent_id_tag": "FLEET",
        "concurrent": True,
    }
    written = await desk.client.put("/csms/tags/Cafe%2F1", json=entry)
    assert written.status_code == 200
    shown = {**entry, "id_tag": "Cafe/1", "expiry_date": "2027-01-15T08:00:00.000Z"}
    assert written.json() == (await desk.client.get("/csms/tags/CAFE%2F1")).json() == shown
    assert await desk.context.bus.read_tag("cafe/1") == IdTagRecord(
        "Cafe/1", "Blocked", 1_800_000_000.0, "FLEET", True
    )
    assert (await desk.client.delete("/csms/tags/cafe%2F1")).status_code == 204
    assert (await desk.client.get("/csms/tags/Cafe%2F1")).status_code == 404
    assert (await desk.client.delete("/csms/tags/Cafe%2F1")).status_code == 404


async def test_without_anything_a_tag_is_accepted(desk: Desk) -> None:
    answer = await desk.client.put("/csms/tags/A", json={})
    assert answer.json() == {
        "id_tag": "A",
        "status": "Accepted",
        "expiry_date": None,
        "parent_id_tag": None,
        "concurrent": False,
    }


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999Z"),
        ("9999-12-31T23:59:59-23:00", "9999-12-31T23:59:59.999Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"),
        ("0001-01-01T00:00:00+23:59", "0001-01-01T00:00:00.000Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
    ],
)
async def test_a_tag_that_never_ends_has_the_last_moment_that_a_message_can_carry(
    desk: Desk, given: str, kept: str
) -> None:
    written = await desk.client.put("/csms/tags/NEVER", json={"expiry_date": given})
    assert (written.status_code, written.json()["expiry_date"]) == (200, kept)
    assert (await desk.client.get("/csms/tags")).json()["tags"] == [written.json()]
    record = await desk.context.bus.read_tag("NEVER")
    assert record is not None and record.expiry_date is not None
    assert format_timestamp(record.expiry_date) == kept


async def test_many_tags_are_written_at_once_and_others_stay(desk: Desk) -> None:
    await desk.client.put("/csms/tags/B", json={})
    tags = [{"id_tag": "C"}, {"id_tag": "A", "status": "Invalid"}]
    answer = await desk.client.put("/csms/tags", json={"tags": tags})
    assert [(each["id_tag"], each["status"]) for each in answer.json()["tags"]] == [
        ("A", "Invalid"),
        ("B", "Accepted"),
        ("C", "Accepted"),
    ]
    assert (await desk.client.get("/csms/tags")).json() == answer.json()


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/csms/tags/A", {"status": "Happy"}, "status"),
        ("/csms/tags/A", {"expiry_date": "2027-01-15T09:00:00"}, "expiry_date"),
        ("/csms/tags/A", {"parent_id_tag": "x" * 21}, "parent_id_tag"),
        ("/csms/tags/A", {"paren": "x"}, "paren"),
        ("/csms/tags/" + "x" * 21, {}, "id_tag"),
        ("/csms/tags", {"tags": []}, "tags"),
        ("/csms/tags", {"tags": [{}]}, "tags.0.id_tag"),
    ],
)
async def test_what_no_tag_can_be_is_unprocessable(desk: Desk, path: str, body: Any, field: str) -> None:
    answer = await desk.client.put(path, json=body)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]
