"""The matrix of rules and candidates: one decision of the gate for each candidate against the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from harness.comparison.arms import Arm
from harness.gate import decide
from harness.types import WAIVABLE, Check, Decision, Digest, Noun, Rule, Waived


class Column(Noun):
    """One candidate: what it is, and what the gate says about it.

    Attributes:
        name: What it is called in every table.
        source: What was named on the command line.
        subject: Its digest.
        step: The training step that it was taken at, where that is known.
        kind: Whether it was read from a finished run or asked.
        decision: The gate's.
        undecided: Rules of the policy that were not put to it, because they are about training data that nobody
            scanned, or because its run ended before there was a model.
        declared: What it puts into its prompts of its own accord, each by its digest.
        excused: What its own run was excused and is not excused here, by the text of the rule.
    """

    name: str
    source: str
    subject: Digest | None
    step: int | None
    kind: Literal["run", "model"]
    decision: Decision
    undecided: tuple[Rule, ...] = ()
    declared: dict[str, Digest] = {}
    excused: dict[str, Waived] = {}

    def check(self, rule: Rule) -> Check | None:
        """What the gate said about one rule, or None where it was not asked."""
        return next((check for check in self.decision.checks if check.rule == rule), None)


def column(rules: Sequence[Rule], data_suites: frozenset[str], candidate: Arm, baseline: Arm | None) -> Column:
    """Decides one candidate against the baseline.

    Args:
        rules: The policy.
        data_suites: The suites that measure training data rather than a model.
        candidate: The candidate.
        baseline: The baseline; None where there is none, which makes every rule that needs one missing.
    """
    asked = [rule for rule in rules if _applies(rule, data_suites, candidate)]
    decision = _decision(asked, candidate, baseline)
    failed = {check.rule.text() for check in decision.checks if check.outcome in WAIVABLE and not check.waived}
    return Column(
        name=candidate.name,
        source=candidate.source,
        subject=candidate.subject,
        step=candidate.step,
        kind=candidate.kind,
        decision=decision,
        undecided=tuple(rule for rule in rules if rule not in asked),
        declared=candidate.declared,
        excused={text: by for text, by in candidate.excused.items() if text in failed},
    )


def _applies(rule: Rule, data_suites: frozenset[str], candidate: Arm) -> bool:
    about_data = rule.suite in data_suites
    return about_data if candidate.stage == "data" else not about_data or bool(candidate.data)


def _decision(rules: Sequence[Rule], candidate: Arm, baseline: Arm | None) -> Decision:
    with_model = candidate.stage == "model"
    return decide(
        candidate.stage,
        rules,
        (*candidate.data, *candidate.measurements),
        baseline.measurements if baseline and with_model else (),
        candidate_digest=candidate.subject,
        baseline_digest=baseline.subject if baseline and with_model else None,
        data_digest=candidate.data[0].subject if candidate.data else None,
        problems=(*candidate.problems, *(baseline.problems if baseline and baseline.kind == "model" else ())),
        waivers=candidate.waivers,
        on=candidate.on,
        notes=candidate.notes,
        own_prompts=True,
    )
