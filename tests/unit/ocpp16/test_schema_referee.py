"""What a payload that does not fit its schema is told."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from evswarm_shared.ocpp16.actions import Sender
from evswarm_shared.ocpp16.errors import PayloadError
from evswarm_shared.ocpp16.payloads import decode_request


def refusal(action: str, payload: object) -> str:
    with pytest.raises(PayloadError) as refused:
        decode_request(action, Raw(msgspec.json.encode(payload)), receiver=Sender.STATION)
    return refused.value.description


@pytest.mark.parametrize(
    ("action", "payload", "description"),
    [
        ("Reset", {"type": "Warm"}, "type: 'Warm' is none of Hard, Soft"),
        ("Reset", {"type": "x" * 60}, f"type: '{'x' * 50}…' is none of Hard, Soft"),
        ("Reset", {"type": 1}, "type: is number, and should be string"),
        ("Reset", {}, "payload: 'type' is a required property"),
        ("UnlockConnector", {"connectorId": "1"}, "connectorId: is string, and should be integer"),
        ("UnlockConnector", {"connectorId": True}, "connectorId: is boolean, and should be integer"),
        (
            "ChangeConfiguration",
            {"key": "k" * 51, "value": "v"},
            "key: has 51 characters, and at most 50 are allowed",
        ),
        (
            "ReserveNow",
            {"connectorId": 1, "expiryDate": "soon", "idTag": "T", "reservationId": 1},
            "expiryDate: is no date and time as in 2026-11-22T12:00:00Z",
        ),
    ],
)
def test_a_refusal_says_what_is_wrong_and_what_would_be_right(
    action: str, payload: dict[str, object], description: str
) -> None:
    assert refusal(action, payload) == description


def test_a_text_that_may_be_secret_is_not_repeated() -> None:
    assert "0123456789" not in refusal("ChangeConfiguration", {"key": "K", "value": "0123456789" * 51})
    assert "TAG" not in refusal("RemoteStartTransaction", {"idTag": "TAG" * 7})


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_whatever_stands_where_an_enum_should_be_is_described(value: object) -> None:
    if value not in ("Hard", "Soft"):
        assert refusal("Reset", {"type": value}).startswith("type: ")
