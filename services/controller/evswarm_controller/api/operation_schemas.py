"""The JSON of operations: what was asked for, how far it has come, and what became of each station."""

from datetime import datetime

from pydantic import BaseModel, Field

from evswarm_controller.api.schemas import Body, HandActionRequest, StationId
from evswarm_controller.bulk_orders import DEFAULT_SECONDS, BulkAction
from evswarm_controller.station_query import STATUS_PATTERN
from evswarm_shared.bus.messages import OperationKind, OperationState, ProfileName
from evswarm_shared.bus.operation_results import StationOutcome

MOST_IDS = 5000
LONGEST_SECONDS = 3600.0


class OperationView(BaseModel):
    """Something that was asked for, and how far it has come."""

    operation_id: str
    kind: OperationKind
    action: str = Field(description="What is done at the stations; empty where the kind says it.")
    generation: int = Field(description="Of the desired state that this wrote; 0 where it wrote none.")
    state: OperationState
    target: int = Field(description="Stations that it is about, or that had to start or to go when it began.")
    done: int = Field(description="How many of these have.")
    failed: int = Field(description="How many will not, or nobody knows.")
    message: str
    cancelling: bool = Field(description="It was cancelled, and waits for what had begun.")
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None = Field(description="When what is not done has failed.")
    station_ids: list[str] = Field(description="The stations it is about, where these are one or two.")


class OperationList(BaseModel):
    """The last operations, newest first."""

    operations: list[OperationView]


class ResultView(BaseModel):
    """What became of one station."""

    station_id: str
    outcome: StationOutcome = Field(
        description="`unknown`: it was asked, and nobody learned whether it was done."
    )
    reason: str = Field(description="Why it did not succeed.")


class ResultList(BaseModel):
    """One page of results, by station id."""

    items: list[ResultView]
    total: int = Field(description="Results with that outcome, on all pages.")
    next_cursor: str | None = Field(description="For the next page; null on the last one.")


class FilterRequest(Body):
    """Which stations: those that fulfil all of it, as in `GET /stations`; an empty object means all."""

    q: str = Field(default="", max_length=100, description="Part of an id, worker, profile or message.")
    status: str = Field(
        default="",
        max_length=200,
        examples=["Charging,SuspendedEV"],
        json_schema_extra={"pattern": STATUS_PATTERN},
    )
    worker: str | None = Field(default=None, max_length=200)
    profile: ProfileName | None = None
    station_ids: list[StationId] | None = Field(
        default=None, max_length=MOST_IDS, examples=[["CP-000001", "CP-000002"]]
    )


class BulkRequest(Body):
    """Do the same to many stations."""

    filter: FilterRequest
    action: BulkAction = Field(examples=["reconnect"])
    payload: HandActionRequest | None = Field(
        default=None, description="As for the action by hand; none for start, stop and reconnect."
    )
    timeout_seconds: float = Field(
        default=DEFAULT_SECONDS,
        strict=True,
        ge=1,
        le=LONGEST_SECONDS,
        allow_inf_nan=False,
        description="Stations that are not done with by then have failed.",
    )
    preview: bool = Field(default=False, strict=True, description="Only say what it would be about.")


class BulkPreview(BaseModel):
    """What a bulk command would be about, now."""

    matches: int = Field(description="Stations.")
    active_transactions: int = Field(description="Open transactions at these.")
