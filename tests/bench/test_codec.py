"""What a frame costs: one MeterValues with two readings, written, read, and answered.

Compare inside one run: `json` alone is what a program without types would pay, `ocpp` what its validating package does.
"""

import json
from dataclasses import asdict
from typing import Any

import ocpp.charge_point
import ocpp.messages
from ocpp.v16 import call as peer_calls
from ocpp.v16.datatypes import MeterValue as PeerMeterValue
from ocpp.v16.datatypes import SampledValue as PeerSampledValue
from ocpp.v16.enums import Measurand, ReadingContext
from ocpp.v16.enums import UnitOfMeasure as PeerUnit
from pytest_benchmark.fixture import BenchmarkFixture

from evswarm_shared.ocpp16.actions import Sender
from evswarm_shared.ocpp16.datatypes import MeterValue, SampledValue, UnitOfMeasure
from evswarm_shared.ocpp16.errors import ErrorCode, PayloadError
from evswarm_shared.ocpp16.frames import (
    Call,
    CallResult,
    decode_frame,
    decode_request,
    decode_response,
    encode_call,
    encode_call_result,
)
from evswarm_shared.ocpp16.messages import MeterValues, MeterValuesResponse, Request
from evswarm_shared.ocpp16.timestamps import Timestamp

peer_names: Any = ocpp.charge_point
peer_frames: Any = ocpp.messages

NOW = 1_795_346_132.25
UNIQUE_ID = "0190c2a4-7d1e-4f5b-9a51-6f2f7c1d2e3f"


def meter_values(now: float) -> MeterValues:
    return MeterValues(
        connector_id=1,
        transaction_id=4711,
        meter_value=[
            MeterValue(
                Timestamp(now),
                [
                    SampledValue(
                        "1234567",
                        context=ReadingContext.sample_periodic,
                        measurand=Measurand.energy_active_import_register,
                        unit=UnitOfMeasure.wh,
                    ),
                    SampledValue(
                        "7360",
                        context=ReadingContext.sample_periodic,
                        measurand=Measurand.power_active_import,
                        unit=UnitOfMeasure.w,
                    ),
                ],
            )
        ],
    )


CALL = encode_call(UNIQUE_ID, meter_values(NOW))
CALL_RESULT = encode_call_result(UNIQUE_ID, MeterValuesResponse())


def read_call(data: bytes) -> Request:
    frame = decode_frame(data)
    assert isinstance(frame, Call)
    return decode_request(frame.action, frame.payload, receiver=Sender.CSMS)


def test_a_station_builds_and_writes_the_call(benchmark: BenchmarkFixture) -> None:
    assert benchmark(lambda: encode_call(UNIQUE_ID, meter_values(NOW))) == CALL


def test_a_station_reads_the_answer(benchmark: BenchmarkFixture) -> None:
    def read() -> object:
        frame = decode_frame(CALL_RESULT)
        assert isinstance(frame, CallResult)
        return decode_response("MeterValues", frame.payload)

    assert benchmark(read) == MeterValuesResponse()


def test_a_central_system_reads_the_call(benchmark: BenchmarkFixture) -> None:
    assert benchmark(lambda: read_call(CALL)) == meter_values(NOW)


def test_a_central_system_writes_the_answer(benchmark: BenchmarkFixture) -> None:
    assert benchmark(lambda: encode_call_result(UNIQUE_ID, MeterValuesResponse())) == CALL_RESULT


def test_a_bad_call_is_diagnosed(benchmark: BenchmarkFixture) -> None:
    bad = CALL.replace(b'"unit":"Wh"', b'"unit":"Ws"')

    def diagnose() -> ErrorCode:
        try:
            read_call(bad)
        except PayloadError as error:
            return error.code
        raise AssertionError("a bad call was taken")

    assert benchmark(diagnose) is ErrorCode.PROPERTY_CONSTRAINT_VIOLATION


def test_for_comparison_json_alone_reads_and_writes_the_call(benchmark: BenchmarkFixture) -> None:
    assert benchmark(lambda: json.loads(json.dumps(json.loads(CALL)))) == json.loads(CALL)


def test_for_comparison_the_ocpp_package_writes_the_call(benchmark: BenchmarkFixture) -> None:
    def write() -> str:
        request = peer_calls.MeterValues(
            connector_id=1,
            transaction_id=4711,
            meter_value=[
                PeerMeterValue(
                    timestamp="2026-11-22T11:15:32.250Z",
                    sampled_value=[
                        PeerSampledValue(
                            value="1234567",
                            context=ReadingContext.sample_periodic,
                            measurand=Measurand.energy_active_import_register,
                            unit=PeerUnit.wh,
                        ),
                        PeerSampledValue(
                            value="7360",
                            context=ReadingContext.sample_periodic,
                            measurand=Measurand.power_active_import,
                            unit=PeerUnit.w,
                        ),
                    ],
                )
            ],
        )
        payload = peer_names.snake_to_camel_case(peer_names.remove_nones(asdict(request)))
        message = peer_frames.Call(UNIQUE_ID, "MeterValues", payload)
        peer_frames._validate_payload(message, "1.6")
        packed: str = peer_frames.pack(message)
        return packed

    assert json.loads(benchmark(write)) == json.loads(CALL)


def test_for_comparison_the_ocpp_package_reads_the_call(benchmark: BenchmarkFixture) -> None:
    text = CALL.decode()

    def read() -> Any:
        message = peer_frames.unpack(text)
        peer_frames._validate_payload(message, "1.6")
        return peer_names.camel_to_snake_case(message.payload)

    assert benchmark(read)["connector_id"] == 1
