"""Makes stations: from the plan, the assignment and the worker's settings to a `Station`."""

from evswarm_shared.bus.messages import Assignment, StoredStation, Tariff
from evswarm_shared.settings import WorkerSettings
from evswarm_shared.telemetry.counts import StationCounts
from evswarm_worker.behaviour.profiles import id_tags, pick_profile
from evswarm_worker.delivered_security import delivered_security, revocations
from evswarm_worker.share import StationPlan
from evswarm_worker.station.config import StationConfig
from evswarm_worker.station.station import Station


def usual_tag(plan: StationPlan, seed: int) -> str:
    """The id tag that a driver at this station presents when nobody says which."""
    return id_tags(pick_profile(plan.mix, seed, plan.index), seed, plan.index)[0]


class StationBuilder:
    """Builds the stations of one worker."""

    def __init__(self, settings: WorkerSettings, worker_id: str, counts: StationCounts) -> None:
        self._settings = settings
        self._worker_id = worker_id
        self._counts = counts

    def __call__(
        self, plan: StationPlan, stored: StoredStation, assignment: Assignment, tariff: Tariff, now: float
    ) -> Station:
        """A station that resumes from what is stored of it; real unix seconds."""
        settings, spec = self._settings, plan.spec
        config = StationConfig(
            station_id=plan.station_id,
            index=plan.index,
            seed=assignment.seed,
            profile=pick_profile(plan.mix, assignment.seed, plan.index),
            run_id=assignment.run_id,
            worker_id=self._worker_id,
            timezone=settings.timezone,
            strict=settings.station_strict,
            connectors=None if spec is None else spec.connectors,
            call_timeout_seconds=settings.call_timeout_seconds,
            reconnect_ceiling_seconds=settings.reconnect_ceiling_seconds,
            configuration={} if spec is None else spec.configuration,
            stopped=plan.stopped,
            autonomous=spec is None or spec.autonomous,
            security=delivered_security(settings, spec, plan.station_id),
            creation=0 if spec is None else spec.creation,
            revocations="" if settings.firmware_crl is None else revocations(settings.firmware_crl),
        )
        return Station(
            config,
            stored=stored if stored.checkpoint is not None else None,
            tariff=tariff,
            clock=assignment.clock,
            counts=self._counts,
            conditions=assignment.conditions,
            now=now,
        )
