"""The JSON of the API: requests and answers, with examples. Energy in kWh, power in kW, money in the currency, times
as RFC 3339 in UTC.
"""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from ocpp.v16.enums import AuthorizationStatus, ChargePointErrorCode, ConfigurationKey, Reason
from pydantic import BaseModel, ConfigDict, Field, field_validator

from evswarm_shared.bus.messages import ProfileName, StationState
from evswarm_shared.ocpp16.configuration_values import RULES

MAX_STATIONS: Final = 1_000_000
ERROR_CODES: Final = tuple(code.value for code in ChargePointErrorCode)
REASONS: Final = tuple(reason.value for reason in Reason)
TAG_STATUSES: Final = tuple(status.value for status in AuthorizationStatus)

StationId = Annotated[str, Field(min_length=1, max_length=48, examples=["CP-000001"])]


def whole_numbers(value: Any) -> Any:
    """5.0 as 5, also within lists and objects: to JSON it is the same number, and some clients write every number so."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [whole_numbers(item) for item in value]
    if isinstance(value, dict):
        return {key: whole_numbers(item) for key, item in value.items()}
    return value


class Body(BaseModel):
    """A request: unknown fields are refused, lest a misspelt one passes unnoticed."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _whole_as_json_has_it(cls, value: object) -> object:
        try:
            return whole_numbers(value)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None


class ScaleRequest(Body):
    """How many stations there shall be."""

    count: int = Field(
        strict=True,
        ge=0,
        le=MAX_STATIONS,
        description="Stations CP-000001 up to this number.",
        examples=[100],
    )
    profile: ProfileName | None = Field(
        default=None,
        description="Behaviour of the stations this adds; without it they draw from a mix of all profiles.",
        examples=["depot"],
    )
    ramp_per_second: float | None = Field(
        default=None,
        strict=True,
        gt=0,
        le=100_000,
        allow_inf_nan=False,
        description="Stations started a second over the whole swarm; without it, as fast as the workers can.",
        examples=[50],
    )


class StationRequest(Body):
    """Which station."""

    station_id: StationId


class PriceRequest(Body):
    """A new price from now on."""

    price: float = Field(
        strict=True,
        ge=0,
        le=100,
        allow_inf_nan=False,
        description="A kWh, in the currency.",
        examples=[0.42],
    )


class PolicyFields(Body):
    """What the charging policy of a profile goes by; in a request null gives the profile's own value back."""

    charge_if_price_below: float | None = Field(
        default=None, strict=True, ge=0, le=100, description="Charge below this price a kWh.", examples=[0.25]
    )
    max_energy_kwh: float | None = Field(
        default=None, strict=True, gt=0, le=10_000, description="Energy a car gets in one go, kWh."
    )
    allow_peak_hours: bool | None = Field(default=None, strict=True, description="Charge at peak hours too.")
    peak_hours: list[Annotated[int, Field(strict=True, ge=0, le=23)]] | None = Field(
        default=None, max_length=24, description="Hours of the day that are peak hours.", examples=[[17, 18]]
    )
    max_grid_load: float | None = Field(
        default=None, strict=True, gt=0, le=1, description="Wait or stop above this load of the grid, 0 to 1."
    )
    max_carbon_intensity: float | None = Field(
        default=None, strict=True, gt=0, le=10_000, description="Wait or stop above so many g of CO2 a kWh."
    )
    ramp_margin: float | None = Field(
        default=None, strict=True, ge=0, le=1, description="Lower the power within this share below a limit."
    )


class ConditionsRequest(Body):
    """What shall be different for the whole swarm; what is left out stays as it is."""

    clock_factor: float | None = Field(
        default=None,
        strict=True,
        ge=0,
        le=600,
        description="Simulated seconds a real second; 0 stands still.",
        examples=[60],
    )
    grid_load: float | None = Field(
        default=None, strict=True, ge=0, le=1, description="Load of the grid, 0 to 1; null: not known."
    )
    carbon_intensity: float | None = Field(
        default=None, strict=True, ge=0, le=10_000, description="g of CO2 a kWh; null: not known."
    )
    policies: dict[ProfileName, PolicyFields | None] = Field(
        default={}, description="By profile; null gives a profile all its own values back."
    )


class ConditionsView(BaseModel):
    """What holds for the whole swarm."""

    simulated_time: datetime = Field(description="What the clocks of the stations show.")
    clock_factor: float = Field(description="Simulated seconds a real second.")
    grid_load: float | None = Field(description="0 to 1; null: not known.")
    carbon_intensity: float | None = Field(description="g of CO2 a kWh; null: not known.")
    policies: dict[str, PolicyFields] = Field(description="What differs from the profiles' own values.")


class HandActionRequest(Body):
    """What a hand action needs; each takes only some of it."""

    connector_id: int | None = Field(
        default=None,
        strict=True,
        ge=0,
        le=100,
        description="Which outlet; the first without it. 0 is the station as a whole, for fault and clear_fault.",
        examples=[1],
    )
    id_tag: str | None = Field(
        default=None,
        min_length=1,
        max_length=20,
        description="For authorize and add_to_cache.",
        examples=["TAG-1"],
    )
    error_code: str | None = Field(
        default=None,
        pattern=f"^({'|'.join(ERROR_CODES)})$",
        description="For fault: a ChargePointErrorCode of OCPP 1.6.",
        examples=["GroundFailure"],
    )
    info: str | None = Field(
        default=None, max_length=50, description="For fault: what StatusNotification says besides."
    )
    reason: str | None = Field(
        default=None,
        pattern=f"^({'|'.join(REASONS)})$",
        description="For press_stop (Local without it) and power_cycle (PowerLoss without it).",
        examples=["EmergencyStop"],
    )
    key: str | None = Field(
        default=None,
        min_length=1,
        max_length=50,
        description="For set_configuration.",
        examples=["LocalPreAuthorize"],
    )
    value: str | None = Field(
        default=None, max_length=500, description="For set_configuration.", examples=["true"]
    )
    status: str | None = Field(
        default=None,
        pattern=f"^({'|'.join(TAG_STATUSES)})$",
        description="For add_to_cache; Accepted without it.",
        examples=["Blocked"],
    )
    parent_id_tag: str | None = Field(
        default=None, min_length=1, max_length=20, description="For add_to_cache: the group of the tag."
    )


_LETTER: Final = "[A-Za-z0-9_*=:+|@~-]"
_MORE: Final = "[A-Za-z0-9_.*=:+|@~-]"


class NewStationRequest(Body):
    """A station of one's own making."""

    station_id: str = Field(
        pattern=rf"^({_LETTER}{_MORE}{{0,47}}|\.{_LETTER}{_MORE}{{0,46}}|\.\.{_MORE}{{1,46}})$",
        description="Its identity, of 1 to 48 letters: the last part of its URL, percent-encoded there. `.` and `..` are none: "
        "they mean another place.",
        examples=["GARAGE-7"],
    )
    profile: ProfileName = Field(default=ProfileName.PUBLIC, description="What kind of station it is.")
    csms_url: str | None = Field(
        default=None,
        pattern=r"^wss?://[!-.0-~][!-~]*$",
        max_length=500,
        description="Its central system, if it is not that of the others.",
        examples=["ws://127.0.0.1:9000"],
    )
    connectors: int | None = Field(
        default=None, strict=True, ge=1, le=20, description="Without it as many as its profile has."
    )
    configuration: dict[Annotated[str, Field(max_length=50)], Annotated[str, Field(max_length=500)]] = Field(
        default_factory=dict,
        max_length=100,
        description="Configuration keys preset at delivery, read-only ones too; also those of the profile's maker.",
        examples=[{"MeterValueSampleInterval": "30"}],
        json_schema_extra={
            "properties": {
                key: {"type": "string", "pattern": rule.pattern}
                for key, rule in RULES.items()
                if key != ConfigurationKey.number_of_connectors  # that follows from `connectors`
            },
            "additionalProperties": False,
        },
    )
    autonomous: bool = Field(
        default=True,
        strict=True,
        description="false: nobody comes by himself and no policy is asked; everything is left to your hand.",
    )
    security_profile: int | None = Field(
        default=None,
        strict=True,
        ge=0,
        le=3,
        description="How it proves who it is: 0 not at all, 1 Basic, 2 TLS and Basic, 3 TLS with a certificate.",
        examples=[2],
    )
    authorization_key: str | None = Field(
        default=None,
        min_length=16,
        max_length=40,
        pattern="^[ -~]+$",
        description="Its password in profiles 1 and 2; of 32 to 40 hexadecimal digits it sends the bytes they stand for.",
        examples=["0123456789abcdef0123456789abcdef"],
    )
    root_certificates: str | None = Field(
        default=None, max_length=50_000, description="PEM of the authorities it trusts in profiles 2 and 3."
    )
    client_certificate: str | None = Field(
        default=None, max_length=50_000, description="PEM of its certificate and private key for profile 3."
    )
    csms_tls_url: str | None = Field(
        default=None,
        pattern=r"^wss://[!-.0-~][!-~]*$",
        max_length=500,
        description="Where it connects in profiles 2 and 3 when csms_url begins with ws://.",
    )


class StationChange(Body):
    """What can be changed of a station."""

    autonomous: bool = Field(
        strict=True,
        description="false holds its automatic behaviour still, so that a test can drive it step by step.",
    )


class StationView(BaseModel):
    """A station as it is now."""

    station_id: str = Field(examples=["CP-000001"])
    status: StationState = Field(description="One word for the whole station.")
    running: bool = Field(description="Accepted by the CSMS, connected, and its worker alive.")
    charging: bool = Field(description="With an open transaction.")
    connectors: list[str] = Field(
        description="OCPP status of each connector, the first first.", examples=[["Charging", "Available"]]
    )
    transactions: int = Field(description="Open transactions.")
    power_kw: float
    session_kwh: float = Field(description="Energy of the open transactions.")
    energy_kwh: float = Field(description="Energy over the station's life.")
    earnings: float = Field(description="Energy × the price when it flowed, over the station's life.")
    worker_id: str
    profile: str
    last_message: str = Field(examples=["MeterValues"])
    last_message_at: datetime | None
    changed_at: datetime | None


class StationList(BaseModel):
    """One page of stations."""

    stations: list[StationView]
    total: int = Field(description="Stations that match, on all pages.")
    next_cursor: str | None = Field(description="For the next page; null on the last one.")


class LogView(BaseModel):
    """A station's last log lines."""

    station_id: str
    logs: list[str] = Field(description="Newest last.", examples=[["[08:15:00] Boot accepted"]])
    count: int
    entries: list["LogEntryView"] = Field(
        description="The same lines with their labels, and the last OCPP calls among them; newest last."
    )
    messages: Literal["kept", "off", "away"] = Field(
        description="Whether calls can be among the entries: no history is kept (`off`), or the historian does not answer (`away`)."
    )


class LogEntryView(BaseModel):
    """A line of a log, or an OCPP call with its answer. Calls have the fields of `/history/messages` besides."""

    model_config = ConfigDict(extra="allow")

    at: float | None = Field(description="Real unix seconds; null where nobody knows.")
    time: str = Field(
        description="HH:MM:SS of the station's own clock; empty where nobody knows, as of calls before time ran at "
        "its present pace.",
        examples=["08:15:00"],
    )
    kind: str = Field(description="`call`, or what the line is about.", examples=["transaction"])
    level: Literal["info", "warning", "error"]
    text: str = Field(description="Without the time in front.", examples=["Boot accepted"])


class PriceView(BaseModel):
    """The price now."""

    price: float = Field(description="A kWh.", examples=[0.3])
    currency: str = Field(examples=["EUR"])
    since: datetime | None = Field(description="Simulated time of the last change.")
    version: int = Field(description="Grows by one with every change.")


class TotalsView(BaseModel):
    """The swarm in numbers."""

    stations: int = Field(description="Stations known.")
    desired: int = Field(description="Stations that should exist.")
    count: int = Field(description="The numbered ones of them: what `/stations/scale` sets.")
    id_prefix: str = Field(description="What the ids of the numbered ones begin with.", examples=["CP-"])
    running: int = Field(description="Accepted by the CSMS, connected, and their worker alive.")
    charging: int = Field(description="With an open transaction.")
    energy_kwh: float = Field(description="Delivered so far, removed stations included.")
    earnings: float = Field(description="Earned so far, removed stations included.")
    power_kw: float
    currency: str


class WorkerView(BaseModel):
    """A worker whose lease is valid."""

    worker_id: str
    host: str
    pid: int
    metrics_url: str | None
    addresses: list[str] = Field(description="Of its host, but for loopback.", examples=[["172.18.0.5"]])
    started_at: datetime | None
    last_seen_at: datetime | None
    lease_epoch: int
    applied_generation: int
    assigned: int = Field(description="Stations given to it.")
    stations: int = Field(description="Stations it holds.")
    running: int
    draining: bool
    loop_lag_ms: float
    capacity: int | None = Field(description="Most stations it takes.")
    cpu_percent: float | None = Field(description="Of one processor, between its last two heartbeats.")
    memory_bytes: int | None
    messages_per_second: float = Field(description="Both ways, over its last ten seconds.")
    round_trip_p95_ms: float | None = Field(description="Of its stations' calls, over its last ten seconds.")


class WorkerList(BaseModel):
    """All workers."""

    workers: list[WorkerView]


class TransactionView(BaseModel):
    """A transaction as our CSMS has it."""

    transaction_id: int
    station_id: str
    connector_id: int
    id_tag: str
    meter_start: int = Field(description="Wh.")
    meter_stop: int | None = Field(description="Wh; null while open.")
    last_meter_wh: int | None
    started_at: datetime
    stopped_at: datetime | None
    reason: str | None
    open: bool
    flags: list[str] = Field(description="What was implausible about it.")


class TransactionList(BaseModel):
    """One page of transactions, newest first."""

    transactions: list[TransactionView]
    next_before: int | None = Field(description="`before` of the next page; null on the last one.")


class PrometheusTarget(BaseModel):
    """An entry of Prometheus's http_sd list."""

    targets: list[str] = Field(examples=[["127.0.0.1:9100"]])
    labels: dict[str, str]


class Health(BaseModel):
    """That all is well."""

    status: str = Field(examples=["ok"])
