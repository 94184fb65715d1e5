"""The shapes that `services` answers with."""

from datetime import datetime

from pydantic import BaseModel, Field


class ProcessView(BaseModel):
    """A process that says that it lives."""

    host: str
    pid: int
    started_at: datetime | None
    last_seen_at: datetime | None
    cpu_percent: float | None = Field(description="Of one processor, between its last two heartbeats.")
    memory_bytes: int | None


class ControllerView(ProcessView):
    """A controller."""

    controller_id: str
    version: str
    leads: bool = Field(description="Whether it plans; one of them does.")
    dashboards: int = Field(description="Clients of its live feed.")
    answering: bool = Field(description="Whether it is the one that answers here.")


class ReplicaView(ProcessView):
    """A replica of our CSMS."""

    replica_id: str
    stations_connected: int
    capacity: int | None = Field(description="Most connections it holds.")


class StoreView(BaseModel):
    """The store in which the services meet."""

    available: bool
    address: str
    ping_ms: float | None
    problem: str


class HistorianView(BaseModel):
    """The historian, which brings what happened into a database."""

    enabled: bool = Field(description="Whether this controller leaves anything for it (EVSWARM_HISTORY).")
    answers: bool
    address: str
    state: str | None = Field(description="writing, store_away, database_away or disk_full.")
    problem: str
    waiting: dict[str, int] = Field(description="Records that are not in the database yet, by stream.")
    written: dict[str, int] = Field(description="Rows it has written since its start, by table.")


class LostWorkerView(BaseModel):
    """A worker that went without a word in the last 15 minutes, and what became of its stations."""

    worker_id: str
    host: str
    pid: int
    lease_epoch: int
    last_seen_at: datetime | None
    lost_at: datetime | None
    stations: int
    taken_over: dict[str, int] = Field(description="How many of them each worker runs now.")
    waiting: int = Field(description="How many nobody runs.")
    stopped: int
    removed: int


class ServiceList(BaseModel):
    """The processes around the swarm."""

    store: StoreView
    controllers: list[ControllerView]
    csms: list[ReplicaView]
    historian: HistorianView
    shortage: str = Field(
        description="What the swarm has no room for, and what to do; empty when there is room."
    )
    lost_workers: list[LostWorkerView] = Field(description="Newest first.")


class RunView(BaseModel):
    """The run: one swarm from its founding on."""

    run_id: str
    seed: int
    id_prefix: str
    began_at: datetime | None
    simulated_at: datetime | None = Field(description="What the stations take the time for.")
    clock_factor: float
    generation: int
    stations: int = Field(description="Stations that are wanted.")


class SettingView(BaseModel):
    """A setting of this controller."""

    name: str
    value: str = Field(description="Empty where there is none.")
    changed: bool = Field(description="Whether it is another than by default.")
    description: str


class About(BaseModel):
    """What this system is."""

    version: str
    python: str
    platform: str
    controller_id: str
    run: RunView
    prometheus_url: str | None
    settings: list[SettingView]
