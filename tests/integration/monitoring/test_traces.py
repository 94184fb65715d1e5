"""One trace through all services, taken by a collector of our own."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tools.panel_check.local_stack import LocalStack

pytestmark = pytest.mark.timeout(120)


@dataclass(frozen=True)
class SeenSpan:
    """A span as it was exported."""

    service: str
    name: str
    trace_id: bytes
    span_id: bytes
    parent_id: bytes


@dataclass
class Collector:
    """Takes OTLP over HTTP."""

    url: str
    spans: list[SeenSpan] = field(default_factory=list)

    def take(self, body: bytes) -> None:
        """Remember what one export holds."""
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            names = {a.key: a.value.string_value for a in resource.resource.attributes}
            self.spans += [
                SeenSpan(names["service.name"], s.name, s.trace_id, s.span_id, s.parent_span_id)
                for scope in resource.scope_spans
                for s in scope.spans
            ]

    def named(self, name: str) -> list[SeenSpan]:
        """The spans of that name."""
        return [span for span in self.spans if span.name == name]


@pytest.fixture
def collector() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    taken = Collector(f"http://127.0.0.1:{server.server_port}/v1/traces")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield taken
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_command_is_one_trace_from_the_api_to_the_stations_answer(collector: Collector) -> None:
    with LocalStack(2, EVSWARM_TRACES_URL=collector.url) as stack:
        stack.service("worker")
        stack.wait_for_running(2)
        body = {"requestedMessage": "Heartbeat"}
        answer = stack.post("/csms/stations/CP-000001/commands/TriggerMessage", body)
        assert answer.json() == {"status": "Accepted"}
        stack.post("/stations/CP-000002/actions/plug_in", {"connector_id": 1}).raise_for_status()
        stack.wait(
            lambda: all(
                collector.named(name)
                for name in (
                    "command TriggerMessage",
                    "call TriggerMessage",
                    "station answers TriggerMessage",
                    "command plug_in",
                    "action plug_in",
                )
            ),
            "the spans do not come",
            30,
        )
    (command,) = collector.named("command TriggerMessage")
    (call,) = collector.named("call TriggerMessage")
    (answered,) = collector.named("station answers TriggerMessage")
    assert [command.service, call.service, answered.service] == [
        "evswarm-controller",
        "evswarm-csms",
        "evswarm-worker",
    ]
    assert command.trace_id == call.trace_id == answered.trace_id
    assert command.parent_id == b""
    assert call.parent_id == command.span_id
    assert answered.parent_id == call.span_id
    (action,) = collector.named("action plug_in")
    assert action.parent_id == collector.named("command plug_in")[0].span_id
    # What stations say by themselves is traced by nobody.
    assert len({span.trace_id for span in collector.spans}) == 2
