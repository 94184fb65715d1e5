"""Every message type accepts and rejects what the official schema does, but for the deviations that are listed."""

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evswarm_shared.ocpp16.actions import ACTIONS, Sender
from evswarm_shared.ocpp16.errors import ErrorCode, PayloadError
from evswarm_shared.ocpp16.frames import decode_request, decode_response, encode_payload
from evswarm_shared.ocpp16.messages import Request, Response

from .official_schemas import damaged_documents, documents, meaning, read, referee, schema_of, write

MESSAGES = sorted([*ACTIONS, *(f"{action}Response" for action in ACTIONS)])

CODE = {
    "required": ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION,
    "minItems": ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION,
    "type": ErrorCode.TYPE_CONSTRAINT_VIOLATION,
    "maxLength": ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    "enum": ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    "format": ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    "multipleOf": ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    "additionalProperties": ErrorCode.FORMATION_VIOLATION,
}

NOT_REFUSED: set[ErrorCode | None] = {None}

quick = settings(
    max_examples=15,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


def decode(message: str, payload: bytes, *, strict: bool = True) -> Request | Response:
    raw = msgspec.Raw(payload)
    if message in ACTIONS:
        receiver = Sender.STATION if ACTIONS[message].sender is Sender.CSMS else Sender.CSMS
        return decode_request(message, raw, receiver=receiver, strict=strict)
    return decode_response(message.removesuffix("Response"), raw, strict=strict)


@pytest.mark.parametrize("message", MESSAGES)
@quick
@given(data=st.data())
def test_what_the_schema_accepts_is_read_and_written_back_with_the_same_meaning(
    message: str, data: st.DataObject
) -> None:
    document = data.draw(documents(message))
    assert referee(message).is_valid(document)

    written = read(encode_payload(decode(message, write(document))))

    assert referee(message).is_valid(written)
    assert meaning(written, schema_of(message)) == meaning(document, schema_of(message))


@pytest.mark.parametrize("message", MESSAGES)
def test_one_change_is_judged_as_the_schema_judges_it_with_the_code_of_one_of_its_reasons(
    message: str,
) -> None:
    judge = referee(message)
    for document in damaged_documents(message):
        codes = {CODE[str(error.validator)] for error in judge.iter_errors(document)}
        if not isinstance(document, dict):
            codes = {ErrorCode.FORMATION_VIOLATION}
        elif deviates(message, document):
            codes = set()

        assert refusal(message, document) in (codes or NOT_REFUSED), document


def deviates(message: str, document: Any) -> bool:
    """The unit of a frequency: MeterValues has it, StopTransaction takes it too though its schema forgot it."""
    return message == "StopTransaction" and '"unit":"Hertz"' in write(document).decode()


def refusal(message: str, document: Any, *, strict: bool = True) -> ErrorCode | None:
    try:
        decode(message, write(document), strict=strict)
    except PayloadError as error:
        return error.code
    return None


@pytest.mark.parametrize("message", MESSAGES)
@settings(quick, max_examples=5)
@given(data=st.data())
def test_a_lenient_reader_forgives_unknown_fields_and_nothing_else(message: str, data: st.DataObject) -> None:
    document = data.draw(documents(message))

    assert refusal(message, document | {"vendorSpecific": [1, {"a": None}]}, strict=False) is None
    assert refusal(message, document | {"vendorSpecific": 1}) is ErrorCode.FORMATION_VIOLATION
    for field in schema_of(message).get("required", []):
        incomplete = {key: value for key, value in document.items() if key != field}
        code = refusal(message, incomplete | {"vendorSpecific": 1}, strict=False)
        assert code is ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION
