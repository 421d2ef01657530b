"""The best candidate that every rule allows, and how far choosing among many can be trusted."""

from __future__ import annotations

from collections.abc import Sequence

from harness.comparison.arms import Arm
from harness.comparison.matrix import Column
from harness.slices import slice_of
from harness.types import Better, Noun, Rule


class Choice(Noun):
    """Which candidates every rule allows, and which of them is best.

    Attributes:
        allowed: The candidates that every rule allows, in order.
        metric: The metric that decides among them; None where no rule asks for one and none was named.
        better: Which way is better.
        best: The allowed candidate with the best value, the earlier of equals; None where none is allowed or no metric
            decides.
        value: Its value, which is optimistic: the best of many is best by luck too.
        baseline: The baseline's value.
        looked_at: How many candidates were compared.
        alpha: The largest chance that one rule accepts of passing a candidate which violates it.
        false_pass: A bound on the chance that a candidate chosen among all of them violates a rule: alpha times their
            number, at most 1.
    """

    allowed: tuple[str, ...]
    metric: str | None
    better: Better = "higher"
    best: str | None = None
    value: float | None = None
    baseline: float | None = None
    looked_at: int
    alpha: float
    false_pass: float


def preferred(rules: Sequence[Rule], data_suites: frozenset[str]) -> str | None:
    """The metric that the policy itself asks to be high: that of the first rule for a gain, or for a level."""
    own = [rule for rule in rules if rule.suite not in data_suites and slice_of(rule.metric).value != "*"]
    wanted = [rule for kind in ("must_gain", "at_least") for rule in own if rule.kind == kind]
    return wanted[0].metric if wanted else None


def choose(
    rules: Sequence[Rule],
    metric: str | None,
    candidates: Sequence[Arm],
    columns: Sequence[Column],
    baseline: Arm | None,
) -> Choice:
    """Chooses among the candidates that every rule allows.

    Args:
        rules: The policy.
        metric: What decides among the allowed ones.
        candidates: In the order of ``columns``.
        columns: What the gate said about each.
        baseline: For its value of the metric.
    """
    allowed = [arm for arm, column in zip(candidates, columns, strict=True) if column.decision.allowed]
    found = next((each for arm in candidates if metric and (each := arm.metric(metric))), None)
    better = found.better if found else "higher"
    sign = 1 if better == "higher" else -1
    values = {arm.name: each.value for arm in allowed if metric and (each := arm.metric(metric))}
    # The first of equals is the earlier one: max keeps it.
    best = max(values, key=lambda name: sign * values[name], default=None)
    alpha = max((rule.alpha for rule in rules), default=0.0)
    before = baseline.metric(metric) if baseline and metric else None
    return Choice(
        allowed=tuple(arm.name for arm in allowed),
        metric=metric,
        better=better,
        best=best,
        value=values[best] if best else None,
        baseline=before.value if before else None,
        looked_at=len(columns),
        alpha=alpha,
        false_pass=min(1.0, alpha * len(columns)),
    )
