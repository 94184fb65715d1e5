"""Bytes to frame and back (OCPP-J 1.6 §4.1, §4.2)."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ocpp.v16.enums import AuthorizationStatus, AvailabilityType, RegistrationStatus

from evswarm_shared.ocpp16.actions import Sender
from evswarm_shared.ocpp16.datatypes import IdTagInfo
from evswarm_shared.ocpp16.errors import ErrorCode, FrameError, FrameFault, PayloadError
from evswarm_shared.ocpp16.frames import (
    Call,
    CallError,
    CallResult,
    decode_frame,
    decode_request,
    decode_response,
    encode_call,
    encode_call_error,
    encode_call_result,
)
from evswarm_shared.ocpp16.messages import (
    BootNotificationResponse,
    ChangeAvailability,
    DataTransfer,
    Heartbeat,
    HeartbeatResponse,
    Request,
    StartTransactionResponse,
)
from evswarm_shared.ocpp16.timestamps import Timestamp

FORMATION = ErrorCode.FORMATION_VIOLATION


def test_a_call_has_four_elements_and_comes_back_as_it_was_sent() -> None:
    request = ChangeAvailability(connector_id=0, type=AvailabilityType.inoperative)

    data = encode_call("id-1", request)

    assert json.loads(data) == [2, "id-1", "ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}]
    call = decode_frame(data)
    assert isinstance(call, Call)
    assert (call.unique_id, call.action) == ("id-1", "ChangeAvailability")
    assert decode_request(call.action, call.payload, receiver=Sender.STATION) == request


def test_a_call_result_has_three_elements_and_comes_back_as_it_was_sent() -> None:
    response = BootNotificationResponse(RegistrationStatus.pending, Timestamp(1_795_346_132.25), 60)

    data = encode_call_result("id-1", response)

    assert json.loads(data) == [
        3,
        "id-1",
        {"status": "Pending", "currentTime": "2026-11-22T11:15:32.250Z", "interval": 60},
    ]
    result = decode_frame(data)
    assert isinstance(result, CallResult)
    assert decode_response("BootNotification", result.payload) == response


def test_a_call_error_has_five_elements_even_with_nothing_to_say() -> None:
    data = encode_call_error("id-1", ErrorCode.NOT_IMPLEMENTED)

    assert json.loads(data) == [4, "id-1", "NotImplemented", "", {}]
    error = decode_frame(data)
    assert isinstance(error, CallError)
    assert (error.unique_id, error.code, error.description) == ("id-1", "NotImplemented", "")


def test_a_long_description_is_cut() -> None:
    _, _, _, description, _ = json.loads(encode_call_error("id-1", ErrorCode.GENERIC_ERROR, "x" * 1000))

    assert description == "x" * 255


def test_text_and_bytes_are_read_alike_whatever_the_white_space() -> None:
    for data in ('\n[ 2 , "a" , "Heartbeat" , { } ]\r\n', b'[2,"a","Heartbeat",{}]'):
        call = decode_frame(data)
        assert isinstance(call, Call)
        assert decode_request(call.action, call.payload, receiver=Sender.CSMS) == Heartbeat()


@pytest.mark.parametrize(
    ("data", "unique_id"),
    [
        (b'[2,"id-1","Heartbeat"]', "id-1"),
        (b'[2,"id-1"]', "id-1"),
        (b'[2,"id-1","Heartbeat",{},{}]', "id-1"),
        (b'[2,"id-1","Heartbeat",{},{},[]]', "id-1"),
        (b'[2,"id-1",7,{}]', "id-1"),
        (b'[2,"id-1",null,{}]', "id-1"),
        (b'[2,"' + b"i" * 37 + b'","Heartbeat",{}]', "i" * 37),
        (b'[2,17,"Heartbeat",{}]', "17"),
        (b'[2,null,"Heartbeat",{}]', "-1"),
        (b'[2,["id-1"],"Heartbeat",{}]', "-1"),
        (b'[2,true,"Heartbeat",{}]', "-1"),
        (b'[2,"id-1","Heartbeat",{"a":}]', "id-1"),
        (b' [ 2, "id-1", "Heart', "id-1"),
        (b'[2,"id-1","Heartbeat",{"a":NaN}]', "id-1"),
        (b'[2,"id-1","Heartbeat",{}] trailing', "id-1"),
        (b'[2,"id-1","Heart\xff",{}]', "id-1"),
    ],
)
def test_a_malformed_call_is_answered_with_formation_violation_to_the_id_that_could_be_read(
    data: bytes, unique_id: str
) -> None:
    with pytest.raises(FrameError) as caught:
        decode_frame(data)

    assert (caught.value.unique_id, caught.value.code) == (unique_id, FORMATION)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"\xff\xfe",
        b"{}",
        b'"[]"',
        b"null",
        b"[]",
        b"[2]",
        b"[[2]]",
        b'{"2":"id-1"}',
        b'[2,"an\\"id","Heart',
        b"[2,17,",
    ],
)
def test_what_has_no_readable_id_of_a_call_is_not_answered(data: bytes) -> None:
    with pytest.raises(FrameError) as caught:
        decode_frame(data)

    assert (caught.value.unique_id, caught.value.code) == (None, None)


@pytest.mark.parametrize("kind", [0, 1, 5, -2, 2.0, 2.5, '"2"', "null", "true", "{}", 2**70])
def test_an_unknown_message_type_is_not_answered(kind: object) -> None:
    with pytest.raises(FrameError) as caught:
        decode_frame(f'[{kind},"id-1","Heartbeat",{{}}]')

    assert (caught.value.code, caught.value.fault) == (None, FrameFault.UNKNOWN_TYPE)


@pytest.mark.parametrize(
    "data",
    [
        b'[3,"id-1"]',
        b'[3,"id-1",{},{}]',
        b'[4,"id-1"]',
        b'[3,"' + b"i" * 37 + b'",{}]',
        b'[3,"id-1",',
        b'[3,"id-1",{"status":"Accepted"}',
        b'[3,"id-1",{"status":"\\ud800"}]',
        b'[4,"id-1","x',
    ],
)
def test_a_malformed_answer_is_not_answered_but_names_the_call(data: bytes) -> None:
    with pytest.raises(FrameError) as caught:
        decode_frame(data)

    assert (caught.value.code, caught.value.fault) == (None, FrameFault.MALFORMED)
    assert caught.value.unique_id is not None


@pytest.mark.parametrize("data", [b"[3]", b"[4]", b"[3,7,{}]", b'[4,null,"GenericError","",{}]'])
def test_an_answer_without_an_id_is_only_counted(data: bytes) -> None:
    with pytest.raises(FrameError) as caught:
        decode_frame(data)

    assert (caught.value.unique_id, caught.value.code) == (None, None)


@pytest.mark.parametrize(
    ("data", "code", "description"),
    [
        (b'[4,"id-1","NotSupported"]', "NotSupported", ""),
        (b'[4,"id-1","NotSupported","why"]', "NotSupported", "why"),
        (b'[4,"id-1","NotSupported",null,null]', "NotSupported", ""),
        (b'[4,"id-1","VendorsOwn","why",["x"],1]', "VendorsOwn", "why"),
        (b'[4,"id-1",12,"why",{}]', "GenericError", "why"),
    ],
)
def test_a_sloppy_call_error_is_understood(data: bytes, code: str, description: str) -> None:
    error = decode_frame(data)

    assert isinstance(error, CallError)
    assert (error.unique_id, error.code, error.description) == ("id-1", code, description)


@settings(database=None, derandomize=True)
@given(
    st.binary() | st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps)
)
def test_no_input_does_more_than_fail(data: bytes | str) -> None:
    try:
        frame = decode_frame(data)
    except FrameError:
        return
    assert isinstance(frame, (Call, CallResult, CallError))


def test_nesting_beyond_reason_fails_like_any_other_bad_frame() -> None:
    for data in (b"[" * 100_000, b'[2,"id-1","Heartbeat",' + b'{"a":' * 100_000):
        with pytest.raises(FrameError):
            decode_frame(data)


@pytest.mark.parametrize("payload", [b"null", b"{}"])
def test_a_payload_of_null_is_an_empty_one(payload: bytes) -> None:
    call = decode_frame(b'[2,"id-1","Heartbeat",' + payload + b"]")
    result = decode_frame(b'[3,"id-1",' + payload + b"]")

    assert isinstance(call, Call)
    assert decode_request("Heartbeat", call.payload, receiver=Sender.CSMS) == Heartbeat()
    assert isinstance(result, CallResult)
    with pytest.raises(PayloadError) as caught:
        decode_response("Heartbeat", result.payload)
    assert caught.value.code is ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION


def test_an_unknown_action_is_not_implemented() -> None:
    assert code_of(b'[2,"a","heartbeat",{}]', Sender.CSMS) is ErrorCode.NOT_IMPLEMENTED
    assert code_of(b'[2,"a","",{}]', Sender.STATION) is ErrorCode.NOT_IMPLEMENTED


def test_an_action_that_goes_the_other_way_is_not_supported_whatever_its_payload() -> None:
    assert code_of(b'[2,"a","Reset",{}]', Sender.CSMS) is ErrorCode.NOT_SUPPORTED
    assert code_of(b'[2,"a","Heartbeat",{}]', Sender.STATION) is ErrorCode.NOT_SUPPORTED


def test_data_transfer_goes_both_ways() -> None:
    call = decode_frame(encode_call("a", DataTransfer(vendor_id="v")))
    assert isinstance(call, Call)

    for receiver in (Sender.STATION, Sender.CSMS):
        assert decode_request(call.action, call.payload, receiver=receiver) == DataTransfer(vendor_id="v")


def test_a_lenient_reader_takes_a_timestamp_without_zone_as_utc_and_a_strict_one_refuses_it() -> None:
    result = decode_frame(b'[3,"a",{"currentTime":"2026-11-22 11:15:32"}]')
    assert isinstance(result, CallResult)

    assert decode_response("Heartbeat", result.payload, strict=False) == HeartbeatResponse(
        Timestamp(1_795_346_132)
    )
    with pytest.raises(PayloadError) as caught:
        decode_response("Heartbeat", result.payload)
    assert caught.value.code is ErrorCode.PROPERTY_CONSTRAINT_VIOLATION


def test_numbers_that_not_every_peer_can_hold_are_refused() -> None:
    for number in ("9007199254740992", "-9007199254740992", "1" * 400):
        code = code_of(
            f'[2,"a","RemoteStopTransaction",{{"transactionId":{number}}}]'.encode(), Sender.STATION
        )
        assert code is ErrorCode.PROPERTY_CONSTRAINT_VIOLATION


@pytest.mark.parametrize("limit", ["1e400", "-1e400", "1e999999999", "1e9999999999999999999999", "1" * 6000])
def test_a_limit_that_no_peer_can_hold_is_refused(limit: str) -> None:
    schedule = f'{{"chargingRateUnit":"A","chargingSchedulePeriod":[{{"startPeriod":0,"limit":{limit}}}]}}'
    profile = (
        '{"chargingProfileId":1,"stackLevel":0,"chargingProfilePurpose":"TxProfile",'
        f'"chargingProfileKind":"Absolute","chargingSchedule":{schedule}}}'
    )
    data = f'[2,"a","SetChargingProfile",{{"connectorId":1,"csChargingProfiles":{profile}}}]'
    code = code_of(data.encode(), Sender.STATION)
    assert code in (ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, FORMATION)


def test_a_lenient_reader_drops_unknown_fields_at_any_depth() -> None:
    result = decode_frame(
        b'[3,"a",{"transactionId":1,"new":[],"idTagInfo":{"status":"Accepted","new":{"deeper":null}}}]'
    )
    assert isinstance(result, CallResult)

    response = decode_response("StartTransaction", result.payload, strict=False)

    assert response == StartTransactionResponse(IdTagInfo(AuthorizationStatus.accepted), 1)
    with pytest.raises(PayloadError):
        decode_response("StartTransaction", result.payload)


def test_text_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(FrameError) as caught:
        decode_frame(b'[2,"a","Authorize",{"idTag":"\\ud800"}]')
    assert (caught.value.unique_id, caught.value.code) == ("a", FORMATION)


@pytest.mark.parametrize("depth", range(10, 1500, 149))
def test_a_payload_nested_beyond_reason_is_refused_at_whatever_depth_it_hurts(depth: int) -> None:
    data = b'[2,"a","DataTransfer",{"vendorId":' + b"[" * depth + b"]" * depth + b"}]"

    with pytest.raises((FrameError, PayloadError)) as caught:
        read_call(data, Sender.CSMS)

    assert isinstance(caught.value, (FrameError, PayloadError))
    assert caught.value.code in (FORMATION, ErrorCode.TYPE_CONSTRAINT_VIOLATION)


def read_call(data: bytes, receiver: Sender) -> Request:
    call = decode_frame(data)
    assert isinstance(call, Call)
    return decode_request(call.action, call.payload, receiver=receiver)


def code_of(data: bytes, receiver: Sender) -> ErrorCode:
    with pytest.raises(PayloadError) as caught:
        read_call(data, receiver)
    return caught.value.code
