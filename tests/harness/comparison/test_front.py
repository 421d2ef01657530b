"""The Pareto front: who is beaten, by whom, and who has no place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.comparison.front import WORST, Axis, _beaten, _oriented, default_axes, front
from harness.comparison.matrix import column

NONE = frozenset[str]()
UP, DOWN = Axis(name="up"), Axis(name="down", better="lower")


def test_who_is_worse_on_everything_is_beaten_and_a_trade_is_not(arm, rule, rates) -> None:
    suite = lambda share: ("retention", "right", "higher", rates(share))  # noqa: E731
    arms = [
        arm("plain", rates(0.5), suite(0.9)), arm("trade", rates(0.9), suite(0.5)), arm("bad", rates(0.4), suite(0.4)),
        arm("half", rates(0.5), suite(0.8)),
    ]  # fmt: skip
    axes = [Axis(name="task.accuracy"), Axis(name="retention.right")]
    found = {place.name: place.beaten_by for place in front(axes, arms, ()).places}
    assert found == {"plain": (), "trade": (), "bad": ("plain", "trade", "half"), "half": ("plain",)}


def test_the_worst_bounded_change_is_counted_in_margins(arm, rule, rates) -> None:
    lower = lambda share: ("safety", "unsafe", "lower", rates(share))  # noqa: E731
    before, after = arm("base", rates(0.8), lower(0.1)), arm("a", rates(0.75), lower(0.2))
    rules = [rule(bound=0.1), rule(bound=0.05, metric="safety.unsafe"), rule("at_least", 0.1)]
    columns = [column(rules, NONE, after, before)]
    axes = default_axes(rules, "task.accuracy", [after, before])
    assert [axis.name for axis in axes] == ["task.accuracy", WORST]
    found = front(axes, [after, before], columns)
    assert {place.name: place.values for place in found.places}["a"] == pytest.approx((0.75, -2.0))
    assert {place.name: place.values for place in found.places}["base"] == pytest.approx((0.8, 0.0))


def test_without_a_bounded_change_the_rules_own_metrics_are_weighed(arm, rule, rates) -> None:
    rules = [rule("at_least", 0.5), rule("at_most", 0.5, "safety.unsafe")]
    arms = [arm("a", rates(0.8), ("safety", "unsafe", "lower", rates(0.1)))]
    axes = default_axes(rules, "task.accuracy", arms)
    assert [(axis.name, axis.better) for axis in axes] == [("task.accuracy", "higher"), ("safety.unsafe", "lower")]


def test_who_lacks_a_metric_has_no_place_and_it_is_said_why(arm, rule, rates) -> None:
    found = front([Axis(name="task.accuracy")], [arm("a", rates(0.8)), arm("b")], ())
    assert [place.name for place in found.places] == ["a"]
    assert found.absent == {"b": "task.accuracy not measured"}


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.tuples(*[st.integers(0, 4)] * 2), min_size=1))
def test_whoever_is_beaten_is_beaten_by_somebody_on_the_front(placed) -> None:
    beaten = {name: _beaten(name, [UP, DOWN], placed) for name in placed}
    on_front = {name for name, by in beaten.items() if not by}
    assert on_front
    for name, by in beaten.items():
        assert not by or on_front & set(by)
        for other in by:
            mine, theirs = _oriented([UP, DOWN], placed[name]), _oriented([UP, DOWN], placed[other])
            assert all(left >= right for left, right in zip(theirs, mine, strict=True))
            assert theirs != mine
