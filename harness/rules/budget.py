"""Several metrics share one margin: what they lose together stays within a budget. A gain on one does not pay for another.

``{metric: refusal.benign_answered, budget: 0.06, also: [retention.accuracy]}``. The most that each can have
lost is bounded with error alpha / k, so that all k bounds hold together with error alpha, however the metrics hang together
(Bonferroni); their sum is compared with the budget. Fails when the least that was lost, bounded likewise, is more than it.
"""

from __future__ import annotations

import math

from harness.rule import Evidence, points
from harness.types import Check, Outcome, Rule

NEEDS_BASELINE = True
OPTIONS = ("also",)
RANGE = (0.0, math.inf)


def check(rule: Rule, *metrics: Evidence) -> Check:
    """Decides whether the losses together stay within the budget."""
    changes = [evidence.change(rule.alpha / len(metrics)) for evidence in metrics]
    most = math.fsum(max(0.0, -change.interval[0]) for change in changes)
    least = math.fsum(max(0.0, -change.interval[1]) for change in changes)
    lost = math.fsum(max(0.0, -change.delta) for change in changes)
    outcome: Outcome = "pass" if most <= rule.bound else "fail" if least > rule.bound else "inconclusive"
    first = metrics[0].candidate
    parts = ", ".join(
        f"{evidence.candidate.name} {'lost' if change.delta < 0 else 'gained'} {points(change.delta, evidence.candidate)}"
        for evidence, change in zip(metrics, changes, strict=True)
    )
    said = f"{parts}; together at least {points(least, first)} and at most {points(most, first)} were lost"
    reason = f"{said} ({100 * (1 - rule.alpha):g} % confidence); the budget is {points(rule.bound, first)}"
    return Check(
        rule=rule, metric=rule.metric, outcome=outcome, reason=reason, delta=-lost, interval=(-most, -least),
        n=min(change.n for change in changes), detectable=math.fsum(change.detectable for change in changes),
        method=f"sum of {len(metrics)} bounds, each at {100 * rule.alpha / len(metrics):.2g} %",
    )  # fmt: skip
