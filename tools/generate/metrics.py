"""docs/metrics.md, from the catalogue of metrics."""

from typing import Final

from evswarm_shared.telemetry.catalogue import CATALOGUE, GROUPS, SAMPLES_PER_TARGET
from evswarm_shared.telemetry.counts import ACTIONS, ERROR_CODES, OTHER
from evswarm_shared.telemetry.metric_spec import Exposer, Kind, MetricSpec

NAMED_LISTS: Final = {
    (*ACTIONS,): "the Actions of OCPP 1.6",
    (*ACTIONS, OTHER): f"the Actions of OCPP 1.6, `{OTHER}`",
    (*ERROR_CODES,): "the error codes of OCPP-J §4.2.3",
}
"""Lists too long for a table, by their name."""


def files() -> dict[str, str]:
    """The one file."""
    lines = [
        "# Metrics",
        "",
        "Every worker, every replica of the central system and every controller serves `/metrics`; who it is stands in the",
        "labels of the target (`job`, `instance`, and `worker` or `csms`). Label values come from the closed lists below and",
        "are there with 0 from the start; what a peer invents counts as `other`. So the number of series does not depend on",
        "the number of stations: at most",
        f"{', '.join(_budget(exposer) for exposer in Exposer)}; the budget is {SAMPLES_PER_TARGET:,} a target.",
        "",
        "[The rules and alerts](../prometheus/rules) and [the dashboards](../grafana/dashboards) are made of these;",
        "[the runbook](runbook.md) says what to do when an alert fires.",
        "",
        "Generated from `shared/evswarm_shared/telemetry/catalogue.py`.",
    ]
    for title, specs in GROUPS.items():
        lines += ["", f"## {title}", ""]
        lines += ["| metric | type | labels | of | meaning |", "|---|---|---|---|---|", *map(_row, specs)]
    return {"docs/metrics.md": "\n".join(lines) + "\n"}


def _budget(exposer: Exposer) -> str:
    most = sum(spec.most_series() for spec in CATALOGUE if exposer in spec.exposers)
    return f"{most:,} of a {exposer}"


def _row(spec: MetricSpec) -> str:
    meaning = spec.help
    if spec.kind is Kind.HISTOGRAM:
        meaning += f" {len(spec.bounds)} buckets from {spec.bounds[0]:g} to {spec.bounds[-1]:g}."
    exposers = "all" if len(spec.exposers) == len(Exposer) else ", ".join(spec.exposers)
    return f"| `{spec.name}` | {spec.kind} | {_labels(spec)} | {exposers} | {meaning} |"


def _labels(spec: MetricSpec) -> str:
    if spec.bounded is not None:
        names = ", ".join(f"`{name}`" for name in spec.bounded.names)
        return f"{names}: {spec.bounded.what}, at most {spec.bounded.limit}"
    told = []
    for label in spec.labels:
        values = NAMED_LISTS.get(label.values) or ", ".join(f"`{value}`" for value in label.values)
        told.append(f"`{label.name}`: {values}")
    if spec.catch_all:
        told.append(f"everything else: `{OTHER}`")
    return "; ".join(told) or "–"
