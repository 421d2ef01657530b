"""Not one failure among the items, and few enough can have been missed: an exact test of a rate that has to be nought.

A failure is an item that does not have the best score there is (1 where higher is better, 0 where lower is). One failure
fails. None passes once the exact upper bound of the rate, about 3/n (Clopper and Pearson), is at most the number: none among
few items says little. A count over a whole data set passes when it is nought, whatever the number.
"""

from __future__ import annotations

import math

from harness.rule import Evidence, amount
from harness.stats.intervals import is_graded, share_high
from harness.types import Check, Outcome, Rule

NEEDS_BASELINE = False
RANGE = (0.0, 1.0)


def check(rule: Rule, evidence: Evidence) -> Check:
    """Decides whether there is a failure, and how many can have been missed.

    Raises:
        ValueError: The scores do not lie between 0 and 1, so there is no best one.
    """
    metric = evidence.candidate
    if not evidence.scores:
        outcome: Outcome = "fail" if metric.value else "pass"
        counted = f"{metric.name} is {amount(metric.value, metric)} (counted over all {metric.n}); none is tolerated"
        return Check(
            rule=rule, metric=rule.metric, outcome=outcome, reason=counted, candidate=metric.value, n=metric.n,
            method="exact count",
        )  # fmt: skip
    if not is_graded(evidence.scores):
        raise ValueError("a score is below 0 or above 1; expected shares, of which 0 or 1 is the best")
    lost = [1 - score if metric.better == "higher" else score for score in evidence.scores]
    failed = [name for name, part in zip(evidence.ids, lost, strict=True) if part > 0]
    high = _bound(evidence, lost, rule.alpha)
    outcome = "fail" if failed else "pass" if high <= rule.bound else "inconclusive"
    return Check(
        rule=rule, metric=rule.metric, outcome=outcome, reason=_reason(rule, evidence, failed, high),
        candidate=metric.value, interval=(1 - high, 1.0) if metric.better == "higher" else (0.0, high), n=metric.n,
        detectable=1 - 0.2 ** (1 / len(set(evidence.clusters))), method="exact upper bound",
    )  # fmt: skip


def _bound(evidence: Evidence, lost: list[float], alpha: float) -> float:
    """The most that the rate can be; of a judge that misses some failures, the more of them there can be."""
    high, least = share_high(lost, evidence.clusters, evidence.items_alpha(alpha)), evidence.least(alpha)
    if least is None:
        return high
    seen = least.specificity if evidence.candidate.better == "higher" else least.sensitivity
    return min(1.0, high / seen) if seen > 0 else 1.0


def _reason(rule: Rule, evidence: Evidence, failed: list[str], high: float) -> str:
    name, n = evidence.candidate.name, evidence.candidate.n
    if failed:
        more = f" and {len(failed) - 3} more" if len(failed) > 3 else ""
        shown = ", ".join(f"'{each}'" for each in failed[:3])
        return f"{name} failed on {len(failed)} of {n} items, {shown}{more}; none is tolerated"
    sure = f"none of {n} items failed, so the rate is at most {100 * high:.2g} % with {100 * (1 - rule.alpha):g} % confidence"
    wanted = "" if high <= rule.bound else _wanted(rule)
    return f"{name}: {sure}; at most {100 * rule.bound:.2g} % is wanted{wanted}"


def _wanted(rule: Rule) -> str:
    if rule.bound <= 0:
        return ", which no number of items shows"
    return f", which takes {math.ceil(math.log(rule.alpha) / math.log1p(-rule.bound))} independent items"
