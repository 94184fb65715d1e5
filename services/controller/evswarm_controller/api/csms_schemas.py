"""The JSON of the routes about our central system's registry and archive: requests and answers, with examples."""

from datetime import UTC, datetime
from typing import Annotated, Final

from ocpp.v16.enums import AuthorizationStatus
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, Field

from evswarm_controller.api.schemas import Body
from evswarm_shared.bus.csms_records import BootDecision, StationEventKind

MAX_RULES: Final = 100
MAX_WISHES: Final = 100
FIRST_MOMENT: Final = datetime.min.replace(tzinfo=UTC)
LAST_MOMENT: Final = datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
"""The times that a message can carry, to the millisecond and in UTC (OCPP-J 1.6 §4), lie between these two."""

IdTag = Annotated[str, Field(min_length=1, max_length=20, examples=["CAFE0001"])]
Pattern = Annotated[str, Field(max_length=64)]


def _in_words(value: object) -> object:
    """A time as a date; the library would take a bare number for one too."""
    if isinstance(value, str | datetime | None) and not (isinstance(value, str) and "-" not in value):
        return value
    raise ValueError("Input should be a date with time and zone, such as 2027-01-01T00:00:00Z")


def _in_bounds(value: datetime) -> datetime:
    """The nearest time that can be written: "never" is often said with the very end of the calendar, in any zone."""
    return min(max(value, FIRST_MOMENT), LAST_MOMENT)


Moment = Annotated[AwareDatetime, BeforeValidator(_in_words), AfterValidator(_in_bounds)]


class TagRequest(Body):
    """What an id tag may do."""

    status: AuthorizationStatus = Field(
        default=AuthorizationStatus.accepted, description="As OCPP 1.6 has it.", examples=["Accepted"]
    )
    expiry_date: Moment | None = Field(
        default=None, description="From then on the tag is Expired.", examples=["2027-01-01T00:00:00Z"]
    )
    parent_id_tag: IdTag | None = Field(
        default=None, description="The group that the tag belongs to.", examples=["FLEET"]
    )
    concurrent: bool = Field(
        default=False, strict=True, description="Whether it may have several transactions at the same time."
    )


class TagEntry(TagRequest):
    """An id tag and what it may do."""

    id_tag: IdTag


class TagListRequest(Body):
    """Entries to write; others stay as they are."""

    tags: list[TagEntry] = Field(min_length=1, max_length=1000)


class TagView(BaseModel):
    """An entry of the authorisation list."""

    id_tag: str
    status: str
    expiry_date: datetime | None
    parent_id_tag: str | None
    concurrent: bool


class TagList(BaseModel):
    """The authorisation list, by tag."""

    tags: list[TagView]
    count: int


class RegistrationRequest(Body):
    """How a station has to show who it is."""

    security_profile: int | None = Field(
        default=None,
        strict=True,
        ge=0,
        le=3,
        description="Least profile it may connect with; null: that of the listener, and 1 at least with a key.",
        examples=[2],
    )
    authorization_key: str | None = Field(
        default=None,
        min_length=16,
        max_length=40,
        pattern="^[ -~]+$",
        description="Password of HTTP Basic; stored as a salted digest. Left out: as it was; null: none of its own.",
        examples=["0123456789abcdef0123456789abcdef"],
    )
    serial_number: str | None = Field(
        default=None,
        max_length=64,
        description="commonName of its certificate where that is not the station id.",
        examples=["SN-4711"],
    )


class CsmsStationView(BaseModel):
    """A station as our central system knows it."""

    station_id: str
    registered: bool = Field(description="By this API.")
    connected: bool
    accepted: bool = Field(description="By its last BootNotification.")
    vendor: str
    model: str
    firmware_version: str
    booted_at: datetime | None
    security_profile: int | None = Field(
        description="Least profile it may connect with; null: the listener's."
    )
    authorization_key: bool = Field(description="Whether it has one of its own.")
    serial_number: str | None


class CsmsStationList(BaseModel):
    """One page of stations, by id."""

    stations: list[CsmsStationView]
    total: int = Field(description="Stations on all pages.")
    next_after: str | None = Field(description="`after` of the next page; null on the last one.")


class ConfigurationRequest(Body):
    """The configuration that a station should have; it replaces what was wished before."""

    configuration: dict[
        Annotated[str, Field(min_length=1, max_length=50)], Annotated[str, Field(max_length=500)]
    ] = Field(
        max_length=MAX_WISHES, examples=[{"HeartbeatInterval": "120", "MeterValueSampleInterval": "30"}]
    )


class ConfigurationReportView(BaseModel):
    """What the station made of it."""

    applied_at: datetime
    results: dict[str, str] = Field(examples=[{"HeartbeatInterval": "Accepted"}])


class ConfigurationView(BaseModel):
    """Configuration wishes and what became of them."""

    station_id: str
    configuration: dict[str, str]
    report: ConfigurationReportView | None = Field(description="Null while they have not been applied.")


class EventView(BaseModel):
    """Something that happened at a station."""

    at: datetime = Field(description="When the central system learned of it.")
    kind: StationEventKind
    status: str = Field(examples=["FirmwareUpdated"])
    detail: str
    request_id: int | None
    reported_at: datetime | None = Field(description="The station's own time of it, where it gave one.")


class EventList(BaseModel):
    """A station's last events."""

    station_id: str
    events: list[EventView] = Field(description="Newest last.")
    count: int


class BootRuleBody(Body):
    """A rule for BootNotification. Patterns are shell-style (`*`, `?`) and ignore case; an empty one fits all."""

    status: BootDecision = Field(examples=["Pending"])
    station_id: Pattern = Field(default="", examples=["CP-0000*"])
    vendor: Pattern = ""
    model: Pattern = ""
    firmware_version: Pattern = ""
    interval_seconds: int | None = Field(
        default=None,
        strict=True,
        ge=0,
        le=86_400,
        description="Interval in the answer; null: the heartbeat interval.",
        examples=[10],
    )


class BootRuleList(Body):
    """The rules in their order; the first that fits decides, and without one the station is Accepted."""

    rules: list[BootRuleBody] = Field(max_length=MAX_RULES)


class UploadAddress(BaseModel):
    """Where a station may upload files: the `location` of GetDiagnostics, the `remoteLocation` of GetLog."""

    upload_url: str = Field(examples=["http://127.0.0.1:8000/uploads/Zm9vYmFy/"])
    expires_at: datetime
    max_bytes: int


class UploadView(BaseModel):
    """A file that a station has uploaded."""

    upload_id: str
    station_id: str
    filename: str
    size: int
    sha256: str
    received_at: datetime
    download: str = Field(description="Path to get it from.")


class UploadList(BaseModel):
    """The files that are kept, newest first."""

    uploads: list[UploadView]
    count: int
    total_bytes: int
