"""How many stations there is room for: on the workers, and at our central system where the stations talk to it. Pure."""

from collections.abc import Collection, Iterable

from evswarm_shared.bus.messages import CsmsHeartbeat, DesiredState, WorkerHeartbeat


def shortage(
    desired: DesiredState,
    workers: Iterable[WorkerHeartbeat],
    csms: Collection[CsmsHeartbeat],
    *,
    running: int,
) -> str:
    """What there is no room for in the swarm that is `desired`, and what to do; empty when nothing is known to be short.

    Without a worker nobody knows yet what there will be room for. When stations are `running` and none of them is
    connected to a replica of ours, they talk to another central system.
    """
    stations = desired.count + len(desired.individuals)
    able = [worker.capacity for worker in workers if not worker.draining]
    room = _sum(able)
    if room is not None and stations > room:
        return (
            f"{stations} stations are more than the {room} that {len(able)} worker(s) can take: add workers, or raise "
            "their limit of open files (ulimit -n) or of memory, or EVSWARM_WORKER_CAPACITY."
        )
    room = _sum([replica.capacity for replica in csms])
    elsewhere = sum(spec.csms_url is not None for spec in desired.individuals)
    if room is None or (running and not any(replica.stations_connected for replica in csms)):
        return ""
    if stations - elsewhere > room:
        return (
            f"{stations - elsewhere} stations are more than the {room} that {len(csms)} central system(s) can hold: add "
            "some (--scale csms=N), or raise their limit of open files (ulimit -n). Where stations talk to another central "
            "system, run none of ours."
        )
    return ""


def _sum(capacities: Collection[int | None]) -> int | None:
    """The sum, None where there is none or one has no bound."""
    known = [each for each in capacities if each is not None]
    return sum(known) if known and len(known) == len(capacities) else None
