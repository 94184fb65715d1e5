"""What can be said about a metric before it has a value: name, kind, labels, meaning, and who exposes it. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product

from evswarm_shared.telemetry.counts import OTHER


class Kind(StrEnum):
    """The metric types of Prometheus that are in use here."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Exposer(StrEnum):
    """A service with /metrics; also the value of its targets' label `job`."""

    WORKER = "worker"
    CSMS = "csms"
    CONTROLLER = "controller"
    HISTORIAN = "historian"


EVERYWHERE = (Exposer.WORKER, Exposer.CSMS, Exposer.CONTROLLER, Exposer.HISTORIAN)


@dataclass(frozen=True, slots=True)
class Label:
    """A label and all the values it can have."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BoundedLabels:
    """Labels whose values only the running process knows, and the most combinations it will expose."""

    names: tuple[str, ...]
    what: str
    limit: int


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One metric as it is published.

    `labels` are closed lists; with `catch_all`, one more series, `other` in every label, holds what is on no list.
    `bounds` are the upper bounds of a histogram's buckets, in the unit of the name.
    """

    name: str
    kind: Kind
    help: str
    exposers: tuple[Exposer, ...]
    labels: tuple[Label, ...] = ()
    catch_all: bool = False
    bounded: BoundedLabels | None = None
    bounds: tuple[float, ...] = field(default=(), repr=False)
    ours: bool = True
    """False: the metric comes with the client library."""

    @property
    def label_names(self) -> tuple[str, ...]:
        """The label names, in the order in which values are given."""
        return self.bounded.names if self.bounded else tuple(label.name for label in self.labels)

    def combinations(self) -> Iterator[tuple[str, ...]]:
        """Every combination of label values that is there from the start."""
        if self.bounded:
            return
        yield from product(*(label.values for label in self.labels))
        if self.catch_all:
            yield (OTHER,) * len(self.labels)

    def sample_names(self) -> tuple[str, ...]:
        """The names under which samples of it are found in Prometheus."""
        if self.kind is Kind.HISTOGRAM:
            return tuple(f"{self.name}_{part}" for part in ("bucket", "sum", "count"))
        return (self.name,)

    def most_series(self) -> int:
        """How many series of one target it can become at most."""
        combinations = self.bounded.limit if self.bounded else sum(1 for _ in self.combinations())
        per_combination = len(self.bounds) + 3 if self.kind is Kind.HISTOGRAM else 1
        return combinations * per_combination


def label(name: str, values: Iterable[str]) -> Label:
    """A label of a closed list; members of an enum count by their value."""
    return Label(name, tuple(map(str, values)))
