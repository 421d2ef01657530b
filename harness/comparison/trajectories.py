"""How each metric moved from candidate to candidate: value, interval, and the change against the baseline."""

from __future__ import annotations

from collections.abc import Sequence

from harness.comparison.arms import Arm
from harness.comparison.matrix import Column
from harness.types import Better, Check, Metric, Noun, Outcome, Rule


class Point(Noun):
    """One metric of one candidate; ``interval`` is its own 95 % one, ``change_interval`` the rule's paired one."""

    name: str
    step: int | None
    value: float | None
    interval: tuple[float, float] | None = None
    n: int = 0
    change: float | None = None
    change_interval: tuple[float, float] | None = None
    outcome: Outcome | None = None


class Trajectory(Noun):
    """One metric over all candidates.

    Attributes:
        metric: Its full name.
        better: Which way is better.
        unit: How it is read.
        baseline: The baseline's value; None where it was not measured.
        baseline_interval: The baseline's own 95 % interval.
        limits: The values at which a rule draws its line: a bound, or the baseline less a margin.
        points: One a candidate, in the order of the comparison.
    """

    metric: str
    better: Better
    unit: str
    baseline: float | None
    baseline_interval: tuple[float, float] | None = None
    limits: tuple[float, ...] = ()
    points: tuple[Point, ...]


def trajectory(
    metric: str, rules: Sequence[Rule], candidates: Sequence[Arm], columns: Sequence[Column], baseline: Arm | None
) -> Trajectory | None:
    """Follows one metric; None where no arm has it."""
    before = baseline.metric(metric) if baseline else None
    known = [found for arm in candidates if (found := arm.metric(metric))]
    shown = before or next(iter(known), None)
    if shown is None:
        return None
    ruling = [rule for rule in rules if rule.metric == metric]
    return Trajectory(
        metric=metric,
        better=shown.better,
        unit="rate" if all(each.unit == "rate" for each in (*known, shown)) else "number",
        baseline=before.value if before else None,
        baseline_interval=before.interval if before else None,
        limits=tuple(limit for rule in ruling if (limit := _limit(rule, shown, before)) is not None),
        points=tuple(_point(arm, metric, column, ruling) for arm, column in zip(candidates, columns, strict=True)),
    )


def _limit(rule: Rule, metric: Metric, baseline: Metric | None) -> float | None:
    sign = 1 if metric.better == "higher" else -1
    if rule.kind in ("at_least", "at_most"):
        return rule.bound
    if baseline is None or rule.kind not in ("max_drop", "must_gain"):
        return None
    return baseline.value + sign * (rule.bound if rule.kind == "must_gain" else -rule.bound)


def _point(arm: Arm, metric: str, column: Column, rules: Sequence[Rule]) -> Point:
    found = arm.metric(metric)
    checks = [check for rule in rules if (check := column.check(rule))]
    paired: Check | None = next((check for check in checks if check.delta is not None), None)
    return Point(
        name=arm.name,
        step=arm.step,
        value=found.value if found else None,
        interval=found.interval if found else None,
        n=found.n if found else 0,
        change=paired.delta if paired else None,
        change_interval=paired.interval if paired else None,
        outcome=worst([check.outcome for check in checks]),
    )


def worst(outcomes: Sequence[Outcome]) -> Outcome | None:
    """The outcome that weighs most; None of none."""
    order: tuple[Outcome, ...] = ("fail", "missing", "inconclusive", "pass")
    return next((each for each in order if each in outcomes), None)
