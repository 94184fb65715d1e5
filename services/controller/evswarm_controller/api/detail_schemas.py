"""The JSON of one station in detail, with what only its page shows: the worker writes it, this describes it."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from evswarm_shared.bus.messages import StationState


class CarView(BaseModel):
    """The car at a connector."""

    soc_percent: float = Field(description="State of charge.", examples=[42.5])
    target_soc_percent: float = Field(description="At which it stops taking energy.")
    capacity_kwh: float
    max_power_kw: float = Field(description="The most that car and outlet manage together.")
    phases: int
    phases_in_use: int
    seconds_to_target: int | None = Field(description="At the present limit; null while nothing flows.")


class ReservationView(BaseModel):
    """A connector, or any one of them, kept for a tag."""

    reservation_id: int
    id_tag: str | None
    expires_at: datetime


class OpenTransactionView(BaseModel):
    """A transaction as its station has it."""

    transaction_id: int | None = Field(description="null until the central system has given one.")
    state: str = Field(description="started, confirmed, refused or lost.", examples=["confirmed"])
    id_tag: str | None
    started_at: datetime
    meter_start_wh: int
    energy_kwh: float
    granted_kw: float | None = Field(description="By the station's own rules, before any charging profile.")


class ConnectorView(BaseModel):
    """One outlet. Times are simulated ones."""

    connector_id: int
    status: str = Field(examples=["Charging"])
    error_code: str = Field(examples=["NoError"])
    operative: bool
    plugged: bool
    tag_state: str = Field(description="What became of the tag presented last: none, asked or authorized.")
    id_tag: str | None
    waits_for: str = Field(description="Why the policy lets it wait; empty when it does not.")
    power_kw: float
    limit_kw: float | None = Field(description="What it offers; null without a transaction.")
    energy_kwh: float = Field(description="Its meter.")
    earnings: float
    car: CarView | None
    transaction: OpenTransactionView | None
    reservation: ReservationView | None
    next_arrival_at: datetime | None = Field(description="When the next driver comes by himself.")


class ConfigurationKeyView(BaseModel):
    """A configuration key."""

    key: str = Field(examples=["HeartbeatInterval"])
    value: str | None = Field(description="null: can be written and is never told.")
    readonly: bool
    write_only: bool
    changed: bool = Field(description="It has another value than at delivery.")
    reboot_required: bool = Field(description="A new value holds after the next boot.")


class ChargingProfileView(BaseModel):
    """An installed charging profile."""

    installed_at: datetime
    request: dict[str, Any] = Field(description="The payload of the SetChargingProfile that installs it.")


class SchedulePeriodView(BaseModel):
    """From `start_seconds` after the beginning of the schedule on."""

    start_seconds: int
    limit_kw: float


class CompositeScheduleView(BaseModel):
    """What all charging profiles together allow."""

    connector_id: int = Field(description="0: the station as a whole.")
    starts_at: datetime
    duration_seconds: int
    periods: list[SchedulePeriodView]


class FirmwareUpdateView(BaseModel):
    """The last firmware update, under way or over."""

    stage: str = Field(examples=["downloading"])
    from_host: str
    signed: bool
    status: str | None = Field(description="What the central system was told last.")


class FirmwareView(BaseModel):
    """What runs on the station."""

    version: str
    update: FirmwareUpdateView | None


class FileUploadView(BaseModel):
    """The last upload of its kind."""

    what: str = Field(examples=["Diagnostics"])
    to_host: str
    status: str | None
    over: bool


class SecurityView(BaseModel):
    """How the station proves who it is."""

    profile: int = Field(description="0 not at all, 1 Basic, 2 TLS and Basic, 3 TLS with a certificate.")
    password_set: bool
    trusted_roots: int
    certificate_valid_until: datetime | None


class LocalListView(BaseModel):
    """The local authorisation list."""

    version: int
    entries: int


class StationDetail(BaseModel):
    """A station with everything inside, as its worker has it at this moment."""

    station_id: str = Field(examples=["CP-000001"])
    status: StationState = Field(description="One word for the whole station.")
    error_code: str = Field(description="Of the station as a whole.", examples=["NoError"])
    at: datetime
    simulated_at: datetime
    worker_id: str
    profile: str
    vendor: str
    model: str
    current: str = Field(description="AC or DC.")
    phases: int
    max_power_kw: float = Field(description="Of each connector.")
    link: str = Field(
        description="off, down, cut, connecting, registering, pending, rejected or accepted.",
        examples=["accepted"],
    )
    connected_since: datetime | None
    next_attempt_at: datetime | None = Field(description="When it tries to connect again.")
    autonomous: bool = Field(description="Drivers come and go by themselves, and the policy is asked.")
    operative: bool = Field(description="Not taken out of service as a whole.")
    clock_offset_seconds: float = Field(description="What its own clock is ahead of simulated time.")
    waiting_messages: int = Field(description="Transaction messages that are not delivered.")
    security: SecurityView
    firmware: FirmwareView
    uploads: list[FileUploadView]
    reservation: ReservationView | None = Field(description="Of any one of the connectors.")
    local_list: LocalListView | None
    cached_tags: int
    connectors: list[ConnectorView]
    configuration: list[ConfigurationKeyView]
    charging_profiles: list[ChargingProfileView]
    schedules: list[CompositeScheduleView] = Field(description="Empty without charging profiles.")


class PowerSeries(BaseModel):
    """One connector over time: pairs of unix seconds and a value, oldest first."""

    connector_id: int
    power_kw: list[tuple[float, float]] = Field(description="As MeterValues told it.")
    limit_kw: list[tuple[float, float | None]] = Field(
        description="What was offered from then on; null: no transaction."
    )
    soc_percent: list[tuple[float, float]]


class PowerHistory(BaseModel):
    """Power, limit and state of charge of a station's connectors."""

    station_id: str
    since: datetime
    until: datetime
    complete: bool = Field(description="false: there was too much, and the oldest part is missing.")
    connectors: list[PowerSeries]
