"""The best that every rule allows, and what choosing among many costs."""

from __future__ import annotations

import pytest

from harness.comparison.choice import choose, preferred
from harness.comparison.matrix import column

NONE = frozenset[str]()


def chosen(rules, metric, before, *arms):
    return choose(rules, metric, arms, [column(rules, NONE, each, before) for each in arms], before)


def test_the_best_is_the_allowed_one_with_the_highest_value(arm, rule, rates) -> None:
    kept = lambda share: ("retention", "right", "higher", rates(share))  # noqa: E731
    rules = [rule("at_least", 0.5), rule(metric="retention.right")]
    before = arm("base", rates(0.5), kept(0.9))
    arms = [arm("a", rates(0.7), kept(0.9)), arm("b", rates(0.9), kept(0.4)), arm("c", rates(0.8), kept(0.9))]
    found = chosen(rules, "task.accuracy", before, *arms)
    assert (found.allowed, found.best, found.value, found.baseline) == (("a", "c"), "c", 0.8, 0.5)


def test_of_equals_the_earlier_is_chosen(arm, rule, rates) -> None:
    arms = [arm(name, rates(0.8)) for name in "abc"]
    assert chosen([rule("at_least", 0.5)], "task.accuracy", arm("base", rates(0.5)), *arms).best == "a"


def test_where_less_is_better_the_lowest_is_chosen(arm, rule, rates) -> None:
    suite = lambda share: ("safety", "unsafe", "lower", rates(share))  # noqa: E731
    arms = [arm("a", (), suite(0.2)), arm("b", (), suite(0.1))]
    assert chosen([rule("at_most", 0.5, "safety.unsafe")], "safety.unsafe", arm("base", (), suite(0.2)), *arms).best == "b"


def test_nobody_allowed_is_nobody_chosen(arm, rule, rates) -> None:
    found = chosen([rule("at_least", 0.95)], "task.accuracy", arm("base", rates(0.5)), arm("a", rates(0.5)))
    assert (found.allowed, found.best, found.value) == ((), None, None)


def test_without_a_metric_nobody_is_chosen_but_the_allowed_are_named(arm, rule, rates) -> None:
    found = chosen([rule()], None, arm("base", rates(0.5)), arm("a", rates(0.5)))
    assert (found.allowed, found.best) == (("a",), None)


@pytest.mark.parametrize(("count", "bound"), [(1, 0.05), (4, 0.2), (30, 1.0)])
def test_choosing_among_many_multiplies_the_chance_of_a_false_pass(arm, rule, rates, count, bound) -> None:
    arms = [arm(f"s{at}", rates(0.8)) for at in range(count)]
    found = chosen([rule("at_least", 0.5), rule(alpha=0.01)], "task.accuracy", arm("base", rates(0.8)), *arms)
    assert (found.looked_at, found.alpha) == (count, 0.05)
    assert found.false_pass == pytest.approx(bound)


def test_the_policys_own_wish_decides_a_gain_before_a_level_and_never_the_data(rule) -> None:
    level, gain = rule("at_least", 0.5), rule("must_gain", 0.1, "refusal.right")
    data = rule("at_least", 1, "pii.rows")
    assert preferred([data, level, gain], frozenset({"pii"})) == "refusal.right"
    assert preferred([data, level], frozenset({"pii"})) == "task.accuracy"
    assert preferred([data, rule()], frozenset({"pii"})) is None
