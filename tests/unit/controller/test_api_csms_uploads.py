"""The archive of uploaded files."""

import hashlib
from typing import Any

import httpx
import pytest

from evswarm_shared.bus.csms_records import StationEventKind
from tests.unit.controller.desk import Desk, open_desk

CONTENT = b"line one\r\n\x00\xff--not the boundary\r\n"


async def address(desk: Desk, station_id: str = "CP-1") -> str:
    """A path to upload to, without the host."""
    await desk.client.put(f"/csms/stations/{station_id}", json={})
    answer = await desk.client.post(f"/csms/stations/{station_id}/uploads", json={})
    assert answer.status_code == 201
    url: str = answer.json()["upload_url"]
    assert url.startswith("http://controller/uploads/")
    assert url.endswith("/")
    return url.removeprefix("http://controller")


async def test_what_is_put_can_be_listed_and_downloaded(desk: Desk) -> None:
    stored = await desk.client.put(await address(desk) + "security.log", content=CONTENT)
    assert stored.status_code == 201
    view = stored.json()
    assert view == {
        "upload_id": view["upload_id"],
        "station_id": "CP-1",
        "filename": "security.log",
        "size": len(CONTENT),
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "received_at": "2027-01-15T08:00:00.000Z",
        "download": f"/csms/uploads/{view['upload_id']}",
    }
    assert (await desk.client.get("/csms/uploads")).json() == {
        "uploads": [view],
        "count": 1,
        "total_bytes": len(CONTENT),
    }
    got = await desk.client.get(view["download"])
    assert got.content == CONTENT
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"] == 'attachment; filename="security.log"'
    [event] = await desk.context.bus.read_events("CP-1")
    assert (event.kind, event.status) == (StationEventKind.UPLOAD, "Stored")


async def test_a_posted_form_is_taken_apart(desk: Desk) -> None:
    path = await address(desk)
    stored = await desk.client.post(
        path, data={"comment": "hello"}, files={"file": ("../../etc/diag 1.zip", CONTENT)}
    )
    assert stored.status_code == 201
    assert stored.json()["filename"] == "diag_1.zip"
    assert (await desk.client.get(stored.json()["download"])).content == CONTENT


async def test_a_posted_body_without_any_name_is_an_upload(desk: Desk) -> None:
    stored = await desk.client.post(await address(desk), content=b"")
    assert (stored.json()["filename"], stored.json()["size"]) == ("upload", 0)


@pytest.mark.parametrize(
    ("content_type", "body", "complaint"),
    [
        ("multipart/form-data", b"", "boundary"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nno name\r\n--x--\r\n", "no file"),
        ("multipart/form-data; boundary=x", b"nonsense", "no file"),
    ],
)
async def test_a_form_without_a_file_is_unprocessable(
    desk: Desk, content_type: str, body: bytes, complaint: str
) -> None:
    answer = await desk.client.post(await address(desk), content=body, headers={"Content-Type": content_type})
    assert answer.status_code == 422
    assert complaint in answer.json()["detail"]


@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_an_address_that_nobody_gave_takes_nothing(desk: Desk, method: str) -> None:
    answer = await desk.client.request(method, "/uploads/guess/file", content=b"x")
    assert answer.status_code == 404


async def test_an_address_ends(desk: Desk) -> None:
    path = await address(desk)
    desk.clock.at += desk.context.settings.upload_ticket_seconds + 1
    assert (await desk.client.put(path + "a", content=b"x")).status_code == 404


async def chunks() -> Any:
    for _ in range(5):
        yield b"x" * 1000


async def test_a_file_that_is_too_large_is_refused_even_when_nobody_said_its_length() -> None:
    async with open_desk(upload_max_bytes=4096) as desk:
        path = await address(desk)
        for content in (b"x" * 5000, chunks()):
            answer = await desk.client.put(path + "a", content=content)
            assert answer.status_code == 413
            assert "4096" in answer.json()["detail"]
        assert (await desk.client.put(path + "a", content=b"x" * 4096)).status_code == 201


async def test_the_oldest_files_make_room_and_the_event_says_so() -> None:
    async with open_desk(upload_total_bytes=1024) as desk:
        path = await address(desk)
        for name in ("a", "b"):
            await desk.client.put(path + name, content=b"x" * 600)
        listed = (await desk.client.get("/csms/uploads")).json()
        assert [each["filename"] for each in listed["uploads"]] == ["b"]
        *_, event = await desk.context.bus.read_events("CP-1")
        assert "1 of the oldest" in event.detail


async def test_files_are_kept_for_a_time_only() -> None:
    async with open_desk(upload_keep_seconds=100) as desk:
        stored = await desk.client.put(await address(desk) + "a", content=b"x")
        desk.clock.at += 101
        assert (await desk.client.get(stored.json()["download"])).status_code == 404


async def test_files_are_listed_by_station_and_deleted(desk: Desk) -> None:
    for station_id in ("CP-1", "CP-2"):
        await desk.client.put(await address(desk, station_id) + "a", content=b"x")
    [view] = (await desk.client.get("/csms/uploads", params={"station_id": "CP-2"})).json()["uploads"]
    assert view["station_id"] == "CP-2"
    assert (await desk.client.delete(view["download"])).status_code == 204
    assert (await desk.client.delete(view["download"])).status_code == 404
    assert (await desk.client.get("/csms/uploads")).json()["count"] == 1


async def test_the_address_can_be_that_of_another_network() -> None:
    async with open_desk(upload_url="http://controller.internal:8000/") as desk:
        await desk.client.put("/csms/stations/CP-1", json={})
        answer = await desk.client.post("/csms/stations/CP-1/uploads", json={})
    assert answer.json()["upload_url"].startswith("http://controller.internal:8000/uploads/")


async def test_only_stations_that_are_known_get_an_address(desk: Desk) -> None:
    answer: httpx.Response = await desk.client.post("/csms/stations/NOPE/uploads", json={})
    assert answer.status_code == 404
