"""What an answer of each arm costs in tokens, over the same suites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.comparison.arms import Arm
from harness.cost import Cost
from harness.types import Noun


class Expense(Noun):
    """Tokens that one arm read and wrote for an answer: means over its answers, counted and not estimated.

    Attributes:
        name: The arm.
        answers: How many answers they are means of.
        read: Tokens of the prompt, counted whole.
        written: Tokens of the answer, or of the continuation that was scored.
        suites: The same (answers, read, written) for each suite.
        passages: Of how many items the answer stood in the passages that were put in, and of how many that is known; None
            where nothing was searched.
    """

    name: str
    answers: int
    read: float
    written: float
    suites: dict[str, tuple[int, float, float]]
    passages: tuple[int, int] | None = None

    @property
    def together(self) -> float:
        """Tokens read and written."""
        return self.read + self.written


class Expenses(Noun):
    """The cost of every arm that has one, over the suites that all of those answered; ``absent`` says why others have none."""

    suites: tuple[str, ...]
    arms: tuple[Expense, ...]
    absent: dict[str, str] = {}

    def of(self, name: str) -> Expense | None:
        """The cost of one arm, or None."""
        return next((each for each in self.arms if each.name == name), None)


def expenses(arms: Sequence[Arm]) -> Expenses | None:
    """Counts what answers cost; None where there is no suite that every arm with a cost answered."""
    known = {arm.name: found for arm in arms if (found := _costs(arm))}
    shared = [suite for suite in next(iter(known.values()), {}) if all(suite in found for found in known.values())]
    if not shared:
        return None
    return Expenses(
        suites=tuple(shared),
        arms=tuple(_expense(arm, known[arm.name], shared) for arm in arms if arm.name in known),
        absent={arm.name: "its measurements say nothing of tokens" for arm in arms if arm.name not in known},
    )


def _costs(arm: Arm) -> dict[str, Cost]:
    found = {each.suite: Cost.model_validate(each.details["cost"]) for each in arm.measurements if "cost" in each.details}
    return {suite: cost for suite, cost in found.items() if cost.answers}


def _expense(arm: Arm, costs: Mapping[str, Cost], suites: Sequence[str]) -> Expense:
    total = sum((costs[suite] for suite in suites), Cost())
    read, written = total.per_answer() or (0.0, 0.0)
    by_suite = {suite: (costs[suite].answers, *(costs[suite].per_answer() or (0.0, 0.0))) for suite in suites}
    return Expense(
        name=arm.name, answers=total.answers, read=read, written=written, suites=by_suite, passages=_passages(arm, suites)
    )


def _passages(arm: Arm, suites: Sequence[str]) -> tuple[int, int] | None:
    details = [found.details.get("retrieval") for suite in suites if (found := arm.suite(suite))]
    counted = [each for each in details if isinstance(each, Mapping)]
    if not counted:
        return None
    hits, items = (sum(_number(each.get(name)) for each in counted) for name in ("answer_in_passages", "items"))
    return hits, items


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
