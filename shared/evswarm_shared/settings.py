"""The settings of every service, read from the environment (`EVSWARM_…`) once, in `__main__`, and passed down.

All classes stand here together because the command builds the environments of all services, and because a name
that no service knows must stop any of them. `.env.example` and docs/configuration.md are generated from here.
"""

import ipaddress
import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

from pydantic import AwareDatetime, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from evswarm_shared.errors import LocalError

PREFIX: Final = "EVSWARM_"
DEPLOYMENT_NAMES: Final = frozenset({"EVSWARM_REGISTRY", "EVSWARM_VERSION"})
"""Where deploy/stack.yml finds the images. Services pass them by: who deploys has them in the shell that the commands run in."""


class SettingsError(LocalError):
    """The environment does not configure this service; the message names the variable and what it takes."""


class LogFormat(StrEnum):
    """How a service writes its own log."""

    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


class ShutdownPolicy(StrEnum):
    """What a worker does with its stations' open transactions when it ends."""

    HAND_OVER = "hand_over"
    STOP = "stop"


class AuthKeyForm(StrEnum):
    """What stations make of an AuthorizationKey of 32 to 40 hexadecimal digits."""

    BYTES = "bytes"
    TEXT = "text"


class HistoryMessages(StrEnum):
    """Which OCPP messages are kept in the history."""

    ALL = "all"
    SAMPLED = "sampled"
    ERRORS = "errors"
    OFF = "off"


class ServiceSettings(BaseSettings):
    """What every service needs: the store, its own log and its own metrics."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
    )

    redis_url: str = Field(
        default="redis://127.0.0.1:6379/0",
        description="Where the store listens: redis:// or rediss:// with an optional database number.",
    )
    key_prefix: str = Field(
        default="evswarm",
        min_length=1,
        description="First part of every key, so that one store can hold several swarms.",
    )
    lease_seconds: float = Field(
        default=10.0,
        ge=2,
        le=120,
        description="How long a silent worker, CSMS replica or leader is believed alive.",
    )
    log_level: str = Field(
        default="INFO",
        pattern="^(DEBUG|INFO|WARNING|ERROR)$",
        description="Least severe level written to the service log.",
    )
    log_format: LogFormat = Field(
        default=LogFormat.AUTO, description="`auto` is text in a terminal and JSON elsewhere."
    )
    currency: str = Field(
        default="EUR", pattern="^[A-Z]{3}$", description="Currency of prices and earnings (ISO 4217)."
    )
    traces_url: str | None = Field(
        default=None,
        pattern="^https?://",
        description="Where traces of commands are sent (OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces); by default none are made.",
    )
    metrics_host: str = Field(
        default="127.0.0.1", description="Address on which /metrics is served (worker and csms)."
    )
    metrics_port: int = Field(
        default=0, ge=0, le=65535, description="Port of /metrics (worker and csms); 0 takes a free one."
    )

    history: bool = Field(
        default=True, description="Whether logs, messages and transactions are given to the historian."
    )
    history_sample_every: int = Field(
        default=10, ge=1, description="With `sampled`, one of so many answered messages is kept."
    )
    history_entries_kept: int = Field(
        default=4096,
        ge=16,
        le=1_000_000,
        description="Batches, each of at most 64 KiB, that wait in a stream for a historian that is away.",
    )

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read and check the environment.

        Raises:
            SettingsError: a value is wrong, or a variable begins with EVSWARM_ and no service knows it.
        """
        environ = os.environ if environ is None else environ
        known = known_names() | DEPLOYMENT_NAMES
        unknown = sorted(name for name in environ if name.startswith(PREFIX) and name not in known)
        if unknown:
            raise SettingsError(
                f"unknown setting {', '.join(unknown)}: see docs/configuration.md for the names"
            )
        values = {
            field: environ[PREFIX + field.upper()]
            for field in cls.model_fields
            if environ.get(PREFIX + field.upper(), "") != ""
        }
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            problems = "; ".join(
                f"{PREFIX}{'.'.join(str(part) for part in e['loc']).upper()}: {e['msg']}"
                for e in error.errors()
            )
            raise SettingsError(problems) from None


class CsmsSettings(ServiceSettings):
    """The central system."""

    csms_host: str = Field(default="127.0.0.1", description="Address on which the CSMS listens for stations.")
    csms_port: int = Field(
        default=9000, ge=0, le=65535, description="Port on which the CSMS listens for stations."
    )
    csms_accept_unknown_stations: bool = Field(
        default=True, description="Whether a station that was never registered may boot."
    )
    csms_accept_unknown_tags: bool = Field(
        default=True, description="Whether an id tag that is not in the authorisation list is accepted."
    )
    csms_heartbeat_interval_seconds: int = Field(
        default=60, ge=1, description="Heartbeat interval given in BootNotification.conf."
    )
    csms_max_frame_bytes: int = Field(
        default=65536, ge=1024, description="Larger messages close the connection with 1009."
    )
    csms_call_timeout_seconds: float = Field(
        default=30.0, gt=0, description="How long the CSMS waits for a station's answer."
    )
    csms_ping_interval_seconds: float = Field(
        default=30.0, gt=0, description="Time between WebSocket pings to a silent station."
    )
    csms_history_messages: HistoryMessages = Field(
        default=HistoryMessages.ERRORS,
        description="Messages kept as the CSMS saw them: `sampled` and `errors` keep every one that went wrong. Our own stations tell theirs by themselves.",
    )
    csms_strict: bool = Field(
        default=True, description="Refuse unknown extra fields (FormationViolation) instead of dropping them."
    )
    csms_security_profile: int = Field(
        default=0,
        ge=0,
        le=3,
        description="Least security profile of a station that has none of its own: 0 plain, 1 Basic, 2 TLS with Basic, 3 mutual TLS.",
    )
    csms_auth_key: str | None = Field(
        default=None,
        min_length=1,
        description="AuthorizationKey of stations that have none of their own; with it they need profile 1 at least.",
        repr=False,
    )
    csms_tls_port: int = Field(
        default=9443, ge=0, le=65535, description="Port for stations that connect by TLS."
    )
    csms_tls_cert: Path | None = Field(
        default=None,
        description="PEM file with the server certificate, its chain and its key; without it there is no TLS.",
    )
    csms_tls_cert_rsa: Path | None = Field(
        default=None, description="The same with an RSA key, for stations that know nothing else."
    )
    csms_tls_client_ca: Path | None = Field(
        default=None,
        description="PEM file with the authorities whose client certificates are trusted (profile 3).",
    )
    csms_tls_client_crl: Path | None = Field(
        default=None,
        description="PEM file with a revocation list of each of these authorities; stations whose certificate is in it are refused.",
    )
    csms_cpo_name: str | None = Field(
        default=None,
        description="organizationName that client certificates and requests must have; by default any.",
    )
    csms_signing_ca: Path | None = Field(
        default=None,
        description="PEM file with the certificate and key that sign stations' requests; without it SignCertificate is rejected.",
    )
    csms_certificate_days: int = Field(
        default=365, ge=1, le=3650, description="How long certificates signed for stations are valid."
    )


class WorkerSettings(ServiceSettings):
    """A worker, and how its stations reach their central system."""

    csms_url: str = Field(
        default="ws://127.0.0.1:9000",
        description="Central system of the stations: ws:// or wss://; the station id is appended as last path segment.",
    )
    csms_auth_key: str | None = Field(
        default=None,
        description="AuthorizationKey: stations send HTTP Basic with their id and this key.",
        repr=False,
    )
    csms_auth_key_form: AuthKeyForm = Field(
        default=AuthKeyForm.BYTES,
        description="What is sent of a key of 32 to 40 hexadecimal digits: the `bytes` that they stand for, or the `text`, as some central systems want it.",
    )
    csms_ca: Path | None = Field(
        default=None, description="PEM file with the certificate authorities trusted for wss."
    )
    client_cert: Path | None = Field(
        default=None,
        description="PEM file with the client certificate and key for mutual TLS; `{station_id}` in it is each station's id.",
    )
    firmware_crl: Path | None = Field(
        default=None,
        description="PEM file with revocation lists of firmware manufacturers, looked into before signed firmware is taken.",
    )
    csms_tls_url: str | None = Field(
        default=None,
        description="Where stations with security profile 2 or 3 connect when csms_url is ws://; by default the same place with wss://.",
    )
    csms_require_subprotocol: bool = Field(
        default=True, description="Close the connection to a server that does not select ocpp1.6."
    )
    station_strict: bool = Field(
        default=True, description="Stations refuse unknown extra fields instead of dropping them."
    )
    call_timeout_seconds: float = Field(
        default=30.0,
        gt=0,
        description="How long a station waits for the answer to its CALL, unless its MessageTimeout is changed.",
    )
    connect_timeout_seconds: float = Field(
        default=20.0, gt=0, description="How long opening a WebSocket may take."
    )
    source_addresses: str | None = Field(
        default=None,
        description="IP addresses of this machine that stations connect from in turn, separated by commas; each allows about 28,000 connections.",
    )
    reconnect_ceiling_seconds: float = Field(
        default=60.0, ge=2, description="Longest pause between connection attempts."
    )
    max_frame_bytes: int = Field(
        default=65536, ge=1024, description="Larger messages close a station's connection with 1009."
    )
    tick_seconds: float = Field(
        default=1.0, ge=0.1, le=10, description="How often snapshots and logs are published."
    )
    history_messages: HistoryMessages = Field(
        default=HistoryMessages.ALL,
        description="Messages kept as the stations saw them: `sampled` and `errors` keep every one that went wrong.",
    )
    timezone: str = Field(default="UTC", description="IANA zone in which the charging policy's hour is told.")
    worker_id: str | None = Field(
        default=None, description="Name of the worker; by default made from host, process and chance."
    )
    worker_capacity: int | None = Field(
        default=None,
        ge=1,
        description="Most stations this worker takes; by default what the open-file limit allows.",
    )
    worker_on_shutdown: ShutdownPolicy = Field(
        default=ShutdownPolicy.HAND_OVER,
        description="`hand_over` leaves open transactions to the other workers, `stop` ends them.",
    )
    worker_grace_seconds: float = Field(
        default=10.0, gt=0, description="How long draining may take after SIGTERM."
    )


class ControllerSettings(ServiceSettings):
    """The controller: REST API, dashboard and planner."""

    host: str = Field(default="127.0.0.1", description="Address of the API and the dashboard.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port of the API and the dashboard.")
    api_token: str | None = Field(
        default=None,
        min_length=16,
        max_length=256,
        pattern="^[!-~]*$",
        description="Token that API, feed and dashboard ask for; at least 16 characters. The commands send it from here.",
        repr=False,
    )
    session_hours: float = Field(
        default=12.0, gt=0, le=8784, description="How long a browser that gave the token stays signed in."
    )
    trusted_network: bool = Field(
        default=False,
        description="Whether whoever reaches this controller may do everything without a token: true, false, or the address on which a gateway publishes it, of which a loopback address counts as true.",
    )
    allowed_hosts: str = Field(
        default="",
        pattern="^[A-Za-z0-9_.*, -]*$",
        description="Names under which clients reach this controller, beside localhost and addresses, separated by commas; `*.example.com` stands for all names under one.",
    )
    rate_limit_per_second: float = Field(
        default=100.0,
        ge=0,
        description="Changes a second that one client may ask for in the long run; 0 is no limit.",
    )
    rate_limit_burst: int = Field(
        default=500, ge=1, description="Changes that one client may ask for all at once."
    )
    stations: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        description="Stations a swarm starts with when the store holds none yet.",
    )
    profile: str | None = Field(
        default=None, description="Behaviour profile of those stations; by default the mix of all presets."
    )
    ramp_per_second: float | None = Field(
        default=None,
        ge=0.1,
        le=100_000,
        description="How many of those stations start a second; by default as many as the machine can.",
    )
    seed: int = Field(default=1, ge=0, le=2**63 - 1, description="Seed of everything random in a new swarm.")
    id_prefix: str = Field(
        default="CP-",
        pattern="^[A-Za-z0-9_.-]{1,16}$",
        description="First part of every numbered station's identity.",
    )
    clock_start: AwareDatetime | None = Field(
        default=None,
        description="Simulated time at which a new swarm begins, RFC 3339 with zone, for example 2026-11-22T17:30:00Z; by default now.",
    )
    clock_factor: float = Field(
        default=1.0,
        ge=0,
        le=600,
        description="Simulated seconds a real second in a new swarm: 60 makes an hour a minute, 0 stands still.",
    )
    price: float = Field(
        default=0.30, ge=0, le=100, description="Price a kWh that a new swarm starts with, in the currency."
    )
    command_timeout_seconds: float = Field(
        default=35.0, gt=0, description="How long the API waits for a station's answer to a command."
    )
    upload_url: str | None = Field(
        default=None,
        pattern="^https?://[^?#]+$",
        description="Where stations reach this controller to upload files; by default as the asker of an address does.",
    )
    upload_max_bytes: int = Field(
        default=8 * 1024 * 1024,
        ge=1024,
        le=256 * 1024 * 1024,
        description="Largest file a station may upload.",
    )
    upload_total_bytes: int = Field(
        default=64 * 1024 * 1024,
        ge=1024,
        description="Bytes that all uploaded files may take in the store; beyond it the oldest go.",
    )
    upload_keep_seconds: int = Field(
        default=7 * 24 * 3600, ge=60, description="How long an uploaded file is kept."
    )
    upload_ticket_seconds: int = Field(
        default=24 * 3600, ge=60, description="How long an upload address is good for."
    )
    timezone: str = Field(
        default="UTC", description="IANA zone in which the station logs tell the time of a price change."
    )

    grafana_url: str | None = Field(
        default=None,
        pattern="^https?://",
        description="Where browsers reach Grafana; the dashboard's cards link to its panels. By default there are no links.",
    )
    live_window_above: int = Field(
        default=30_000,
        ge=1,
        description="Beyond so many stations the dashboard gets only the rows that it shows, sorted and searched by the controller.",
    )
    historian_url: str = Field(
        default="http://127.0.0.1:8100",
        pattern="^https?://",
        description="Where the historian answers; /history is read from there.",
    )
    prometheus_url: str | None = Field(
        default=None,
        pattern="^https?://",
        description="Where browsers reach Prometheus; the dashboard links to it. By default there is no link.",
    )

    @field_validator("trusted_network", mode="before")
    @classmethod
    def _published_on(cls, value: object) -> object:
        """An address as whether only this machine reaches it."""
        try:
            return ipaddress.ip_address(str(value)).is_loopback
        except ValueError:
            return value

    def require_protection(self) -> None:
        """Make sure that nobody can reach this controller who should not.

        Raises:
            SettingsError: it listens on more than loopback, and nothing says who may use it.
        """
        if self.api_token is not None or self.trusted_network or _is_loopback(self.host):
            return
        raise SettingsError(
            f"{self.host} can be reached from other machines, and whoever reaches the controller there could do "
            "everything. Set EVSWARM_API_TOKEN to a secret of 16 characters or more (openssl rand -hex 24 makes one), "
            "or listen on 127.0.0.1 (EVSWARM_HOST, or --host of 'evswarm up'), or say that only trusted people reach "
            "it with EVSWARM_TRUSTED_NETWORK=true"
        )


class HistorianSettings(ServiceSettings):
    """The historian: the history in a database. A limit of 0 is none."""

    database_url: str = Field(
        default="sqlite:///evswarm-history.db",
        pattern="^(sqlite|postgresql)://",
        description="Where the history is kept: `sqlite:///file` (four slashes for an absolute path) or `postgresql://user:password@host/database`.",
        repr=False,
    )
    historian_host: str = Field(
        default="127.0.0.1", description="Address on which the historian answers the controller."
    )
    historian_port: int = Field(
        default=8100, ge=0, le=65535, description="Port on which the historian answers the controller."
    )
    history_logs_days: float = Field(default=7.0, ge=0, description="Days that log lines are kept.")
    history_messages_days: float = Field(default=3.0, ge=0, description="Days that OCPP messages are kept.")
    history_transactions_days: float = Field(
        default=90.0, ge=0, description="Days that transactions are kept."
    )
    history_events_days: float = Field(
        default=90.0, ge=0, description="Days that commands, operations and price changes are kept."
    )
    history_logs_mb: int = Field(default=1024, ge=0, description="Most MB of log lines, indexes not counted.")
    history_messages_mb: int = Field(default=4096, ge=0, description="Most MB of OCPP messages, likewise.")
    history_transactions_mb: int = Field(default=1024, ge=0, description="Most MB of transactions, likewise.")
    history_events_mb: int = Field(default=256, ge=0, description="Most MB of events, likewise.")
    history_min_free_mb: int = Field(
        default=256, ge=0, description="With SQLite: stop writing while the disk has less room than this."
    )


SERVICES: Final[dict[str, type[ServiceSettings]]] = {
    "csms": CsmsSettings,
    "worker": WorkerSettings,
    "controller": ControllerSettings,
    "historian": HistorianSettings,
}
"""The settings class of each service."""


def _is_loopback(host: str) -> bool:
    """Whether only this machine reaches a listener on `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def known_names() -> frozenset[str]:
    """Every environment variable that some service reads."""
    return frozenset(
        PREFIX + field.upper() for service in SERVICES.values() for field in service.model_fields
    )
