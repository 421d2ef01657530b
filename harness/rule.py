"""What a rule is: one file in ``harness/rules/`` with ``NEEDS_BASELINE`` and a pure ``check(rule, evidence) -> Check``.

The file's name is the key that a run file uses: ``{metric: task.accuracy, at_least: 0.8}`` is ruled by
``harness/rules/at_least.py``. The gate finds the evidence and refuses what is missing or incomparable before a rule sees
it; this module holds what rules share: their evidence, the answer they give, and how they say numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.stats.intervals import is_binary, is_graded, mean_interval
from harness.stats.judged import Errors, Least, parts
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
        ids: The id of every item.
        chance: The mean that guessing reaches; None where the items do not say.
        judge: How the judge of the scores did on labelled answers; None where no interval has to allow for that.
        known: What was already computed from them; rules on one metric share their evidence.
    """

    candidate: Metric
    scores: tuple[float, ...] = ()
    baseline: Metric | None = None
    pairs: tuple[tuple[float, float], ...] = ()
    clusters: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    chance: float | None = None
    judge: Errors | None = None
    known: dict[tuple[str, float], Any] = field(default_factory=dict, repr=False, compare=False)

    def change(self, alpha: float) -> Difference:
        """The paired difference to the baseline, oriented so that more is better."""
        if ("change", alpha) not in self.known:
            made = paired_difference(self.oriented(), self.items_alpha(alpha), self.clusters)
            self.known["change", alpha] = _allowed_for(made, self.least(alpha))
        return self.known["change", alpha]  # type: ignore[no-any-return]

    def items_alpha(self, alpha: float) -> float:
        """What of an error is left for the items once the judge's part is set apart."""
        return alpha if self.judge is None else parts(alpha)[0]

    def least(self, alpha: float) -> Least | None:
        """The least that the judge has to be reckoned with at its part of an error; None where it is taken as it is."""
        return None if self.judge is None else self.judge.least(parts(alpha)[1])

    def oriented(self) -> Sequence[tuple[float, float]]:
        """The pairs, negated where less is better."""
        return self.pairs if self.sign == 1 else [(-mine, -other) for mine, other in self.pairs]

    @property
    def worst(self) -> float | None:
        """The worst score that either side of a pair can have; None where scores have no known range."""
        if not is_graded([score for pair in self.pairs for score in pair]):
            return None
        return 0.0 if self.candidate.better == "higher" else 1.0

    @property
    def sign(self) -> int:
        """1 where a higher value is better, -1 where a lower one is."""
        return 1 if self.candidate.better == "higher" else -1


def _allowed_for(made: Difference, least: Least | None) -> Difference:
    """The difference with an interval of the true change, where a judge errs."""
    if least is None:
        return made
    method = f"{made.method}, the judge's error allowed for"
    return Difference(made.delta, made.n, least.change(made.interval), least.detectable(made.detectable), method)


def no_room(rule: Rule, evidence: Evidence, end: float | None, verb: str) -> str:
    """Why the baseline leaves no room for the change that a rule is about; empty where it does.

    Args:
        rule: The rule.
        evidence: What it reads.
        end: The end of the range that the change would move towards; None where there is none.
        verb: What the candidate cannot do.
    """
    if end is None or evidence.baseline is None:
        return ""
    least = evidence.least(rule.alpha)
    # What the judge may have called better than the worst by mistake cannot be lost.
    missed = 0.0 if least is None or end != evidence.worst else 1 - (least.sensitivity if end else least.specificity)
    room = abs(evidence.baseline.value - end) - missed
    if room > 0 and room >= rule.bound:
        return ""
    metric = evidence.candidate
    return (
        f"{metric.name} of the baseline is {amount(evidence.baseline.value, metric)} and cannot {verb} by "
        f"{points(rule.bound, metric)}: these items decide nothing"
    )


def bounds(evidence: Evidence, alpha: float) -> tuple[float, float]:
    """The one-sided bounds of the candidate's metric with confidence 1 - alpha; a census is its own bounds."""
    if not evidence.scores:
        return evidence.candidate.value, evidence.candidate.value
    if ("bounds", alpha) not in evidence.known:
        least, confidence = evidence.least(alpha), 1 - 2 * evidence.items_alpha(alpha)
        judged = mean_interval(evidence.scores, confidence, evidence.clusters).interval
        evidence.known["bounds", alpha] = least.level(judged) if least else judged
    return evidence.known["bounds", alpha]  # type: ignore[no-any-return]


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


def ratio_check(rule: Rule, evidence: Evidence, side: int) -> Check:
    """The Check of a rule on candidate / baseline: with side 1 at least the number is wanted, with -1 at most.

    Raises:
        ValueError: The baseline is not above nought.
    """
    theirs = evidence.baseline.value if evidence.baseline else 0.0
    if theirs <= 0:
        raise ValueError(f"the baseline is {theirs:g}, and a ratio to it says nothing; expected a baseline above 0")
    # Divided by what keeps shares between 0 and 1, so that their range is known.
    size = max(1.0, rule.bound)
    pairs = [(mine / size, rule.bound * other / size) for mine, other in evidence.pairs]
    ordered = pairs if side == 1 else [(other, mine) for mine, other in pairs]
    kept, least = paired_difference(ordered, evidence.items_alpha(rule.alpha), evidence.clusters), evidence.least(rule.alpha)
    low, high = least.kept(kept.interval, rule.bound, side) if least else kept.interval
    outcome: Outcome = "pass" if low >= 0 else "fail" if high < 0 else "inconclusive"
    words = {"pass": "and it is shown", "fail": "and it is shown not to be", "inconclusive": "and these items cannot tell"}
    metric, wanted = evidence.candidate, f"at {'least' if side == 1 else 'most'} {rule.bound:g} times is wanted"
    before = f"{amount(metric.value, metric)} after {amount(theirs, metric)}"
    sure = f"with {100 * (1 - rule.alpha):g} % confidence, n = {kept.n}"
    reason = f"{metric.name} is {metric.value / theirs:.3g} times the baseline ({before}); {wanted} {words[outcome]} ({sure})"
    return compared(rule, evidence, evidence.change(rule.alpha), outcome, reason)


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
    return _items_method(evidence) + (", the judge's error allowed for" if evidence.judge else "")


def _items_method(evidence: Evidence) -> str:
    count = len(set(evidence.clusters))
    if not evidence.scores:
        return "exact count"
    clustered = count < len(evidence.scores)
    if not is_graded(evidence.scores):
        return f"cluster-robust t interval, {count} clusters" if clustered else "t interval"
    if clustered:
        return f"Gaffke's bound, {count} clusters"
    return "Clopper-Pearson interval" if is_binary(evidence.scores) else "Gaffke's bound"


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
