"""The description of the API, beyond what the framework says."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import jsonschema
import pytest
import pytest_asyncio

from tests.unit.controller.desk import open_desk


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def document() -> AsyncIterator[dict[str, Any]]:
    async with open_desk(api_token="open-sesame-open-sesame") as desk:
        headers = {"Authorization": "Bearer open-sesame-open-sesame"}
        yield (await desk.client.get("/openapi.json", headers=headers)).json()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_each_action_has_a_path_of_its_own_with_the_body_that_it_takes(
    document: dict[str, Any],
) -> None:
    reset = document["paths"]["/csms/stations/{station_id}/commands/Reset"]["post"]
    schema = reset["requestBody"]["content"]["application/json"]["schema"]
    assert schema["properties"]["type"]["enum"] == ["Hard", "Soft"]
    assert [p["name"] for p in reset["parameters"]] == ["station_id"]
    plug_in = document["paths"]["/stations/{station_id}/actions/plug_in"]["post"]
    schema = plug_in["requestBody"]["content"]["application/json"]["schema"]
    takes = jsonschema.Draft202012Validator(schema).is_valid
    assert all(map(takes, ({}, None, {"connector_id": None}, {"connector_id": 1})))
    assert not any(map(takes, ([], {"id_tag": "X"}, {"connector_id": "1"})))


def test_names_of_operations_are_unique(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("body", "fits"),
    [
        ({"action": "stop"}, True),
        ({"action": "stop", "payload": None}, True),
        ({"action": "stop", "payload": {}}, False),
        ({"action": "fault", "payload": {"error_code": "GroundFailure"}}, True),
        ({"action": "fault", "payload": {"id_tag": "X"}}, False),
        ({"action": "set_configuration", "payload": {"key": "X"}}, False),
    ],
)
def test_a_command_to_many_stations_takes_the_payload_of_its_action(
    document: dict[str, Any], body: dict[str, Any], fits: bool
) -> None:
    schema = {"$ref": "#/components/schemas/BulkRequest", "components": document["components"]}
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid({"filter": {}, **body}) is fits


def test_whatever_changes_something_has_a_body_and_can_be_put_off(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        if method in ("post", "put", "patch") and not path.startswith("/uploads/"):
            assert operation["requestBody"]["required"], path
            assert {"415", "429"} <= operation["responses"].keys(), path
        if method == "delete":
            assert "429" in operation["responses"]


def test_everything_but_probes_uploads_and_the_session_asks_for_the_token(
    document: dict[str, Any],
) -> None:
    free = {path for path, _, operation in operations(document) if "security" not in operation}
    assert free == {"/healthz", "/readyz", "/metrics", "/session", "/uploads/{token}/{filename}"}


def test_every_answer_of_ours_is_described(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        content = operation["responses"].get("200", {}).get("content", {})
        if "/commands/" not in path:  # there the station answers
            assert content.get("application/json", {"schema": True})["schema"], f"{method} {path}"


def test_a_file_of_json_is_a_list_and_a_page_is_not(document: dict[str, Any]) -> None:
    for path in ("/stations", "/csms/transactions", "/history/logs", "/stations/{station_id}/logs"):
        content = document["paths"][path]["get"]["responses"]["200"]["content"]
        assert [s.get("type") for s in content["application/json"]["schema"]["anyOf"]] == [None, "array"]
        assert "text/csv" in content
