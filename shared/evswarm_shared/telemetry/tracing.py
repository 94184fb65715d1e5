"""Optional traces by OpenTelemetry: what one command did in every service that it went through. Off by default.

There is one tracer a process, as there is one root logger: `TRACER`. While it is off, a span is one attribute read and
OpenTelemetry is not even imported. Between our services a trace travels in the commands on the bus; over OCPP-J it
travels in the unique id of the CALL, which is any string of at most 36 characters (OCPP-J 1.6 §4.1.4) and which every
peer repeats without looking into it.
"""

import base64
import binascii
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final

from evswarm_shared.errors import LocalError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

MESSAGE_ID_PREFIX: Final = "otl."
CALL_PREFIX: Final = b'[2,"otl.'
"""How a CALL begins that carries a trace."""
TRACE_ID_BYTES: Final = 16
SPAN_ID_BYTES: Final = 8
EXPORT_SECONDS: Final = 5.0


class TracingError(LocalError):
    """Traces are wanted, but cannot be made; the message says what to install."""


class Place(tuple[int, int]):
    """A span as others refer to it: trace id and span id."""

    __slots__ = ()

    @property
    def message_id(self) -> str:
        """As the unique id of a CALL: 36 characters."""
        packed = self[0].to_bytes(TRACE_ID_BYTES) + self[1].to_bytes(SPAN_ID_BYTES)
        return MESSAGE_ID_PREFIX + base64.urlsafe_b64encode(packed).decode("ascii")

    @classmethod
    def of(cls, message_id: str) -> "Place | None":
        """What `message_id` made; None for a text that is none of ours."""
        if not message_id.startswith(MESSAGE_ID_PREFIX):
            return None
        try:
            packed = base64.b64decode(message_id.removeprefix(MESSAGE_ID_PREFIX), b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        if len(packed) != TRACE_ID_BYTES + SPAN_ID_BYTES:
            return None
        return cls((int.from_bytes(packed[:TRACE_ID_BYTES]), int.from_bytes(packed[TRACE_ID_BYTES:])))


class Tracer:
    """Makes spans once it is started."""

    def __init__(self) -> None:
        self.on = False
        self._provider: TracerProvider | None = None

    def start(self, service: str, traces_url: str | None) -> None:
        """Send spans to `traces_url` (OTLP over HTTP, with its path) from now on; None leaves it off.

        Raises:
            TracingError: the packages of OpenTelemetry are not installed.
        """
        if traces_url is None:
            return
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError:
            raise TracingError(
                "EVSWARM_TRACES_URL is set, but OpenTelemetry is not installed: pip install 'evswarm-shared[tracing]'"
            ) from None
        self._provider = TracerProvider(resource=Resource.create({"service.name": f"evswarm-{service}"}))
        exporter = OTLPSpanExporter(endpoint=traces_url, timeout=EXPORT_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000))
        self.on = True

    def stop(self) -> None:
        """Send what is left; nothing is traced any more."""
        self.on = False
        if self._provider is not None:
            self._provider.shutdown()
            self._provider = None

    def span(self, name: str, trace: str = "", **attributes: str) -> AbstractContextManager[str]:
        """A span while the block runs; the block gets the text by which another process goes on with the trace.

        `trace` is such a text: without one that can be read, a new trace begins. Off: the block gets "".
        """
        if not self.on:
            return nullcontext("")
        return self._span(name, trace, attributes)

    def span_of_call(self, frame: bytes, station_id: str) -> AbstractContextManager[str]:
        """A span for a CALL that carries a trace; for every other frame nothing happens."""
        if not self.on or not frame.startswith(CALL_PREFIX):
            return nullcontext("")
        message_id, _, rest = frame[len(b'[2,"') :].partition(b'"')
        action = rest.split(b'"', 2)[1:2]
        name = action[0].decode("ascii", "replace")[:50] if action else "call"
        return self._span(
            f"station answers {name}", message_id.decode("ascii", "replace"), {"station_id": station_id}
        )

    @contextmanager
    def _span(self, name: str, trace: str, attributes: dict[str, str]) -> Iterator[str]:
        from opentelemetry import trace as api

        context: Any = None
        place = Place.of(trace)
        if place is not None:
            parent = api.SpanContext(
                *place, is_remote=True, trace_flags=api.TraceFlags(api.TraceFlags.SAMPLED)
            )
            context = api.set_span_in_context(api.NonRecordingSpan(parent))
        if self._provider is None:
            yield ""
            return
        tracer = self._provider.get_tracer("evswarm")
        with tracer.start_as_current_span(name, context=context, attributes=attributes) as span:
            here = span.get_span_context()
            yield Place((here.trace_id, here.span_id)).message_id


TRACER: Final = Tracer()
"""The one of this process; `__main__` starts and stops it."""
