"""What an answer costs, counted over the suites that every arm answered."""

from __future__ import annotations

import dataclasses

import pytest

from harness.comparison.expense import Expense, expenses
from harness.comparison.front import TOKENS, default_axes, front


@pytest.fixture
def spending(arm, rates):
    """An arm with (answers, tokens read, tokens written) for each of its suites, and further details."""

    def build(name: str, costs: dict[str, tuple[int, int, int]], **details):
        found = arm(name, (), *((suite, "accuracy", "higher", rates(0.5)) for suite in costs))
        names = ("answers", "prompt_tokens", "answer_tokens")
        told = [{"cost": dict(zip(names, cost, strict=True)), **details} for cost in costs.values()]
        measurements = tuple(
            each.model_copy(update={"details": about}) for each, about in zip(found.measurements, told, strict=True)
        )
        return dataclasses.replace(found, measurements=measurements)

    return build


def test_the_cost_is_a_mean_over_the_answers_of_the_shared_suites(spending) -> None:
    one = spending("one", {"task": (10, 100, 30), "refusal": (30, 900, 30), "safety": (5, 5000, 5)})
    other = spending("other", {"refusal": (30, 1200, 60), "task": (10, 400, 20)})
    found = expenses([one, other])
    assert found.suites == ("task", "refusal")
    assert found.of("one") == Expense(
        name="one", answers=40, read=25.0, written=1.5, suites={"task": (10, 10.0, 3.0), "refusal": (30, 30.0, 1.0)}
    )
    assert (found.of("other").read, found.of("other").written, found.of("other").together) == (40.0, 2.0, 42.0)
    assert found.of("gone") is None


def test_an_arm_without_counts_is_named_and_takes_nothing_from_the_others(spending, arm, rates) -> None:
    found = expenses([arm("old", rates(0.5)), spending("new", {"task": (10, 100, 30)}), spending("mute", {"task": (0, 0, 0)})])
    assert [each.name for each in found.arms] == ["new"]
    assert set(found.absent) == {"old", "mute"}


def test_without_a_shared_suite_nothing_is_compared(spending, arm, rates) -> None:
    assert expenses([spending("a", {"task": (1, 1, 1)}), spending("b", {"refusal": (1, 1, 1)})]) is None
    assert expenses([arm("old", rates(0.5))]) is None
    assert expenses([]) is None


def test_how_often_the_answer_stood_in_the_passages_is_summed_over_the_suites(spending) -> None:
    searched = {"retrieval": {"answer_in_passages": 3, "items": 4, "top": 1}}
    found = expenses([spending("a", {"task": (1, 1, 1), "refusal": (1, 1, 1)}, **searched), spending("b", {"task": (1, 1, 1)})])
    assert (found.of("a").passages, found.of("b").passages) == ((3, 4), None)


def test_tokens_are_an_axis_on_which_less_is_better(spending, rule) -> None:
    short, long = spending("short", {"task": (1, 10, 2)}), spending("long", {"task": (1, 90, 2)})
    rules = [rule()]
    assert TOKENS not in [axis.name for axis in default_axes(rules, "task.accuracy", [short, long])]
    declared = tuple(each.model_copy(update={"declared": {"retrieval": each.items}}) for each in long.measurements)
    axes = default_axes(rules, "task.accuracy", [short, dataclasses.replace(long, measurements=declared)])
    assert [(axis.name, axis.better) for axis in axes][-1] == (TOKENS, "lower")
    found = front([axes[0], axes[-1]], [short, long], (), expenses([short, long]))
    assert {place.name: (place.values[1], place.beaten_by) for place in found.places} == {
        "short": (12.0, ()), "long": (92.0, ("short",)),
    }  # fmt: skip
    assert set(front(axes[-1:], [short], ()).absent) == {"short"}
