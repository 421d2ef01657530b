"""The whole comparison as one value: what the terminal, the JSON document and the page show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.comparison.arms import Arm, Order, in_order
from harness.comparison.breaks import Break, breaks
from harness.comparison.choice import Choice, choose, preferred
from harness.comparison.expense import Expenses, expenses
from harness.comparison.flips import MetricFlips, metric_flips
from harness.comparison.front import TOKENS, Front, default_axes, front, metric_axis
from harness.comparison.matrix import Column, column
from harness.comparison.trajectories import Trajectory, trajectory
from harness.errors import UsageError
from harness.plugins import suggestion
from harness.slices import is_part
from harness.types import Digest, Noun, Rule

MOST_ITEMS = 12


@dataclass(frozen=True)
class Policy:
    """By what the candidates are decided.

    Attributes:
        rules: The rules.
        data_suites: The suites that measure training data rather than a model.
        source: Where the rules are from, in words.
    """

    rules: tuple[Rule, ...]
    data_suites: frozenset[str]
    source: str


class Comparison(Noun):
    """Candidates beside one baseline.

    Attributes:
        policy: Where the rules are from, in words.
        rules: The rules, in the order of the policy; one on every slice of a tag as the slices that were found.
        baseline: The baseline's name; None where each run was compared with its own.
        baseline_subject: Its digest.
        baseline_declared: What it puts into its prompts of its own accord, each by its digest.
        order: Whether the candidates stand by their training step, or as they were given.
        columns: One a candidate.
        trajectories: One a metric.
        front: The Pareto front.
        flips: One a metric that is a mean over answers.
        breaks: One a rule.
        choice: The best that every rule allows.
        expenses: What an answer of each arm costs in tokens; None where that is not known.
    """

    schema_number: Literal[1] = 1
    policy: str
    rules: tuple[Rule, ...]
    baseline: str | None
    baseline_subject: Digest | None
    baseline_declared: dict[str, Digest] = {}
    order: Order
    columns: tuple[Column, ...]
    trajectories: tuple[Trajectory, ...]
    front: Front
    flips: tuple[MetricFlips, ...]
    breaks: tuple[Break, ...]
    choice: Choice
    expenses: Expenses | None = None

    @property
    def prompted(self) -> bool:
        """Whether an arm has a prompt of its own; such arms are alternatives, and none comes before another."""
        return any((self.baseline_declared, *(column.declared for column in self.columns)))


def compare(
    policy: Policy,
    baselines: Arm | Sequence[Arm],
    candidates: Sequence[Arm],
    *,
    prefer: str | None = None,
    pareto: Sequence[str] = (),
    most_items: int = MOST_ITEMS,
) -> Comparison:
    """Compares candidates with one baseline, or each with its own.

    Args:
        policy: The rules.
        baselines: The baseline; or one a candidate, in their order.
        candidates: What is compared.
        prefer: The metric that decides among the allowed candidates; None is the one that the policy asks to be high.
        pareto: The metrics of the Pareto front; none is the preferred one against the worst bounded change.
        most_items: How many flipped items a metric are listed with their answers.

    Raises:
        UsageError: A named metric was measured for no candidate.
    """
    places, order = in_order([arm.step for arm in candidates])
    arms, one = [candidates[place] for place in places], baselines if isinstance(baselines, Arm) else None
    against = [one or _each(baselines)[place] for place in places]
    pairs = zip(arms, against, strict=True)
    columns = tuple(column(policy.rules, policy.data_suites, arm, base) for arm, base in pairs)
    rules, everyone = _spread(policy.rules, columns), [*arms, *([one] if one else [])]
    metric = _known(prefer, everyone) if prefer else preferred(policy.rules, policy.data_suites)
    chosen = (metric_axis(_known(name, everyone, TOKENS), everyone) for name in pareto)
    own = [rule for rule in rules if rule.suite not in policy.data_suites]
    axes = tuple(axis for axis in chosen if axis) or default_axes(own, metric, everyone)
    named = dict.fromkeys([*(rule.metric for rule in own), *([metric] if metric else []), *pareto])
    curves, costs = (trajectory(name, rules, arms, columns, one) for name in named), expenses(everyone)
    flips = (metric_flips(name, arms, one, most_items) for name in named) if one else ()
    return Comparison(
        policy=policy.source,
        rules=rules,
        baseline=one.name if one else None,
        baseline_subject=one.subject if one else None,
        baseline_declared=one.declared if one else {},
        order=order,
        columns=columns,
        trajectories=tuple(each for each in curves if each),
        front=front(axes, everyone, columns, costs),
        flips=tuple(each for each in flips if each),
        breaks=breaks(rules, columns),
        choice=choose(rules, metric, arms, columns, one),
        expenses=costs,
    )


def _each(baselines: Arm | Sequence[Arm]) -> Sequence[Arm]:
    return () if isinstance(baselines, Arm) else baselines


def _spread(rules: Sequence[Rule], columns: Sequence[Column]) -> tuple[Rule, ...]:
    """The rules with every slice of a star by itself, as the gate decided them; a rule that nobody was asked stays."""
    decided = dict.fromkeys(check.rule for column in columns for check in column.decision.checks)
    parts = ([part for part in decided if is_part(part, rule)] or [rule] for rule in rules)
    return tuple(dict.fromkeys(part for each in parts for part in each))


def _known(name: str, arms: Sequence[Arm], *besides: str) -> str:
    if name in besides or any(arm.metric(name) for arm in arms):
        return name
    known = [*besides, *sorted({metric.name for arm in arms for each in arm.measurements for metric in each.metrics})]
    raise UsageError(f"no candidate has a metric '{name}'", suggestion(name, known))
