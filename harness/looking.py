"""One rule over items that were asked in blocks: what each look said, the first that decided, and the evidence it had.

A rule whose file has ``doubt(rule, evidence) -> (values, mean)`` can be decided early; the others wait for the last block, or
for what fails them for good. See :mod:`harness.stats.sequential` for the plan and its error rates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from harness.rule import Evidence
from harness.stats.betting import shown_below
from harness.stats.sequential import Plan, decided, levels
from harness.types import Check, Looks, Rule


def checked(plugin: Any, rule: Rule, evidence: Evidence, places: Sequence[int], asked: int, looks: Looks) -> Check:
    """The first decision of a rule over the blocks that were asked.

    Args:
        plugin: The rule's file.
        rule: The rule.
        evidence: Of every item that was asked, in the order of asking.
        places: How many items had been asked when each item of the evidence had been.
        asked: Items of the suite that were asked.
        looks: The plan.
    """
    if not hasattr(plugin, "doubt"):
        whole: Check = plugin.check(rule, evidence)
        return whole if asked == looks.ends[-1] or whole.outcome == "fail" else _waiting(whole, asked, looks)
    for end in looks.ends:
        found = at_look(plugin, rule, until(evidence, places, end), end, looks) if end <= asked else None
        if found is not None:
            return found
    return _waiting(plugin.check(rule, evidence), asked, looks)


def at_look(plugin: Any, rule: Rule, evidence: Evidence, end: int, looks: Looks) -> Check | None:
    """What one look says; None to go on."""
    if not evidence.scores:
        return None
    plan = Plan(looks.ends, looks.largest)
    level = levels(plan, rule.alpha)[plan.ends.index(end)] or rule.alpha

    def outcome(alpha: float) -> str:
        return str(plugin.check(rule.model_copy(update={"alpha": alpha}), evidence).outcome)

    found = decided(plan, end, rule.alpha, outcome, _dropped(plugin, rule, evidence, looks))
    if found is None:
        return None
    used = level if found == "pass" else rule.alpha
    made: Check = plugin.check(rule.model_copy(update={"alpha": used}), evidence)
    return _said(made, rule, found, end, looks, used)


def until(evidence: Evidence, places: Sequence[int], end: int) -> Evidence:
    """The evidence of the items that had been asked by then."""
    keep = [index for index, place in enumerate(places) if place <= end]
    if len(keep) == len(places):
        return evidence
    scores = tuple(evidence.scores[index] for index in keep)
    pairs = tuple(evidence.pairs[index] for index in keep) if evidence.pairs else ()

    def mean(values: Sequence[float]) -> float:
        return math.fsum(values) / len(values) if values else math.nan

    def cut(metric: Any, value: float) -> Any:
        return metric.model_copy(update={"value": value, "n": len(keep), "stderr": None, "interval": None})

    return replace(
        evidence,
        candidate=cut(evidence.candidate, mean(scores)),
        scores=scores,
        baseline=cut(evidence.baseline, mean([other for _, other in pairs])) if evidence.baseline else None,
        pairs=pairs,
        clusters=tuple(evidence.clusters[index] for index in keep),
        ids=tuple(evidence.ids[index] for index in keep),
        known={},
    )


def _dropped(plugin: Any, rule: Rule, evidence: Evidence, looks: Looks) -> bool:
    """Whether the bet against the candidate is won; scores of no known range cannot be bet on."""
    values, least = plugin.doubt(rule, evidence)
    # Of a mean of 1 there is nothing to bet: one value below it would refute it.
    if not all(abs(each) <= 1 for each in (*values, least)) or least == 1:
        return False
    return shown_below(values, least, evidence.items_alpha(rule.alpha), evidence.clusters, looks.largest)


def _said(made: Check, rule: Rule, outcome: str, end: int, looks: Looks, level: float) -> Check:
    """The check as it is told: with the rule's own alpha, what decided, and after how many items."""
    share = f"after {end} of {looks.ends[-1]} items"
    if outcome == "pass":
        how = f"decided {share}, at the level of {100 * level:.2g} % that this look may use"
    elif outcome == "fail" and made.outcome != "fail":
        errs = f"which errs {100 * rule.alpha:g} % of the time however often one looks"
        how = f"given up {share}: a bet against it, {errs}, is won"
    else:
        how = f"decided {share}"
    return made.model_copy(update={"rule": rule, "outcome": outcome, "reason": f"{made.reason}; {how}"})


def _waiting(made: Check, asked: int, looks: Looks) -> Check:
    """A rule that no look has decided yet."""
    reason = f"{made.reason}; asking stopped after {asked} of {looks.ends[-1]} items, before this was decided"
    return made.model_copy(update={"outcome": "inconclusive", "reason": reason})
