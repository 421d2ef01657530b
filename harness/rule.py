"""What a rule is: one file in ``harness/rules/`` with ``NEEDS_BASELINE`` and a pure ``check(rule, evidence) -> Check``.

The file's name is the key that a run file uses: ``{metric: task.accuracy, at_least: 0.8}`` is ruled by
``harness/rules/at_least.py``. The gate finds the evidence and refuses what is missing or incomparable before a rule sees
it; this module holds what rules share: their evidence, the answer they give, and how they say numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.stats.intervals import is_binary, is_graded, mean_interval
from harness.stats.paired import Difference, paired_difference
from harness.stats.power import detectable_drop
from harness.types import Check, Metric, Outcome, Rule


@dataclass(frozen=True)
class Evidence:
    """The numbers one rule reads.

    Attributes:
        candidate: The candidate's metric.
        scores: The candidate's score of every item of the metric; empty where it is a census.
        baseline: The baseline's metric; None where the rule needs none.
        pairs: For every item, (candidate score, baseline score) in the order of the items; empty where the rule needs no
            baseline.
        clusters: The cluster of every item; an item without one is a cluster of its own.
    """

    candidate: Metric
    scores: tuple[float, ...] = ()
    baseline: Metric | None = None
    pairs: tuple[tuple[float, float], ...] = ()
    clusters: tuple[str, ...] = ()

    def change(self, alpha: float) -> Difference:
        """The paired difference to the baseline, oriented so that more is better."""
        sign = self.sign
        return paired_difference([(sign * mine, sign * other) for mine, other in self.pairs], alpha, self.clusters)

    @property
    def sign(self) -> int:
        """1 where a higher value is better, -1 where a lower one is."""
        return 1 if self.candidate.better == "higher" else -1


def bounds(evidence: Evidence, alpha: float) -> tuple[float, float]:
    """The one-sided bounds of the candidate's metric with confidence 1 - alpha; a census is its own bounds."""
    if not evidence.scores:
        return evidence.candidate.value, evidence.candidate.value
    if len(set(evidence.clusters)) == len(evidence.clusters):
        return mean_interval(evidence.scores, 1 - 2 * alpha).interval
    # A sample against nothing is a paired difference against zeros: the same cluster-robust interval serves.
    low, high = paired_difference([(score, 0.0) for score in evidence.scores], alpha, evidence.clusters).interval
    return (max(0.0, low), min(1.0, high)) if is_graded(evidence.scores) else (low, high)


def compared(rule: Rule, evidence: Evidence, change: Difference, outcome: Outcome, reason: str) -> Check:
    """The Check of a rule that compares with the baseline, in the metric's own direction."""
    low, high = change.interval
    return Check(
        rule=rule,
        metric=rule.metric,
        outcome=outcome,
        reason=reason,
        candidate=evidence.candidate.value,
        baseline=evidence.baseline.value if evidence.baseline else None,
        delta=evidence.sign * change.delta,
        interval=(low, high) if evidence.sign == 1 else (-high, -low),
        n=change.n,
        detectable=change.detectable,
        method=change.method,
    )


def against_number(rule: Rule, evidence: Evidence, outcome: Outcome, side: str) -> Check:
    """The Check of a rule that compares the candidate with a number."""
    metric, interval = evidence.candidate, bounds(evidence, rule.alpha)
    wanted = f"{side} {amount(rule.bound, metric)} is wanted"
    census = not evidence.scores
    between = f"between {amount(interval[0], metric)} and {amount(interval[1], metric)}"
    sure = f"counted over all {metric.n}" if census else f"{between} with {100 * (1 - 2 * rule.alpha):g} % confidence"
    unsure = " and these items cannot tell" if outcome == "inconclusive" else ""
    return Check(
        rule=rule,
        metric=rule.metric,
        outcome=outcome,
        reason=f"{metric.name} is {amount(metric.value, metric)} ({sure}, n = {metric.n}); {wanted}{unsure}",
        candidate=metric.value,
        interval=None if census else interval,
        n=metric.n,
        detectable=_detectable(evidence, rule.alpha),
        method=_method(evidence),
    )


def _method(evidence: Evidence) -> str:
    count = len(set(evidence.clusters))
    if not evidence.scores:
        return "exact count"
    name = "score interval" if is_binary(evidence.scores) else "t interval"
    if count < len(evidence.clusters):
        return f"cluster-robust {name}, {count} clusters"
    return f"Wilson {name}" if is_binary(evidence.scores) else name


def _detectable(evidence: Evidence, alpha: float) -> float | None:
    if not evidence.scores or evidence.candidate.unit != "rate":
        return None
    share = evidence.candidate.value
    return min(1.0, detectable_drop(max(share * (1 - share), 1 / len(evidence.scores)), len(evidence.scores), alpha))


def amount(value: float, metric: Metric) -> str:
    """A value of a metric, as people say it."""
    return f"{100 * value:.1f} %" if metric.unit == "rate" else f"{value:.4g}"


def points(value: float, metric: Metric) -> str:
    """The size of a change of a metric, as people say it."""
    return f"{100 * abs(value):.1f} points" if metric.unit == "rate" else f"{abs(value):.4g}"


def moved(evidence: Evidence, delta: float) -> str:
    """How the metric moved from the baseline to the candidate; ``delta`` in the metric's own direction."""
    metric, baseline = evidence.candidate, evidence.baseline
    verb = "did not move" if delta == 0 else f"{'rose' if delta > 0 else 'fell'} by {points(delta, metric)}"
    before = f"from {amount(baseline.value, metric)} " if baseline else ""
    return f"{metric.name} {verb} ({before}to {amount(metric.value, metric)})"
