"""What every suite measured, candidate beside baseline, with intervals and slices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.audit import Audit
from harness.channels.wording.numbers import Shown, Unit, change, count, level, span, units
from harness.types import Check, Measurement, Metric, Outcome
from reports.charts import Dumbbell, dumbbell
from reports.details import Details, details

ORDER = 50
TITLE = "Suites"


@dataclass(frozen=True)
class MetricRow:
    """One metric of both arms; ``slice`` is the part of the items that it is about."""

    name: str
    slice: str
    better: str
    candidate: Shown | None
    candidate_interval: Shown | None
    baseline: Shown | None
    baseline_interval: Shown | None
    delta: Shown | None
    outcome: Outcome | None
    n: str
    plot: Dumbbell | None


@dataclass(frozen=True)
class SuiteTable:
    """One suite."""

    name: str
    version: str
    items: str
    asked: str
    conditions: tuple[tuple[str, str], ...]
    differs: tuple[str, ...]
    whole: tuple[MetricRow, ...]
    slices: tuple[MetricRow, ...]
    found: Details


def build(audit: Audit) -> Mapping[str, Any] | None:
    """Shows one table a suite, its slices folded away."""
    if not audit.candidate and not audit.baseline:
        return None
    arms = [{measurement.suite: measurement for measurement in arm} for arm in (audit.candidate, audit.baseline)]
    names = list(dict.fromkeys([*arms[0], *arms[1]]))
    return {"suites": [_suite(audit, arms[0].get(name), arms[1].get(name)) for name in names]}


def _suite(audit: Audit, candidate: Measurement | None, baseline: Measurement | None) -> SuiteTable:
    either = candidate or baseline
    assert either is not None
    names = dict.fromkeys(metric.name for arm in (candidate, baseline) if arm for metric in arm.metrics)
    known, checks = units(audit), {check.metric: check for check in audit.decision.checks}
    rows = [_row(name, candidate, baseline, known[name], checks.get(name)) for name in names]
    return SuiteTable(
        name=either.suite,
        version=either.version,
        items=either.items,
        asked=count(either.expected),
        conditions=tuple(sorted(either.conditions.items())),
        differs=_differs(candidate, baseline),
        whole=tuple(row for row in rows if not row.slice),
        slices=tuple(row for row in rows if row.slice),
        found=details(either.details),
    )


def _differs(candidate: Measurement | None, baseline: Measurement | None) -> tuple[str, ...]:
    """Names what keeps the two arms from being compared."""
    if candidate is None or baseline is None:
        return ("the baseline was not measured" if baseline is None else "the candidate was not measured",)
    keys = sorted({*candidate.conditions, *baseline.conditions})
    unequal = [key for key in keys if candidate.conditions.get(key) != baseline.conditions.get(key)]
    whole = [("items", candidate.items == baseline.items), ("version", candidate.version == baseline.version)]
    return tuple([*(name for name, same in whole if not same), *unequal])


def _row(
    name: str, candidate: Measurement | None, baseline: Measurement | None, unit: Unit, check: Check | None
) -> MetricRow:
    ours, theirs = (arm.metric(name) if arm else None for arm in (candidate, baseline))
    whole, _, part = name.partition("@")
    either = ours or theirs
    assert either is not None
    return MetricRow(
        name=whole.split(".", 1)[-1],
        slice=part,
        better=either.better,
        candidate=level(ours.value, unit) if ours else None,
        candidate_interval=span(ours.interval, unit, False) if ours else None,
        baseline=level(theirs.value, unit) if theirs else None,
        baseline_interval=span(theirs.interval, unit, False) if theirs else None,
        delta=change(_delta(ours, theirs), unit),
        outcome=check.outcome if check else None,
        n=count(either.n),
        plot=dumbbell(ours, theirs, unit) if ours else None,
    )


def _delta(ours: Metric | None, theirs: Metric | None) -> float | None:
    # A gate's delta comes from pairs; over the same items it is this difference, and it carries an interval there.
    return ours.value - theirs.value if ours and theirs else None
