"""A metric over candidates: values, intervals, and where rules draw their line."""

from __future__ import annotations

import pytest

from harness.comparison.matrix import column
from harness.comparison.trajectories import trajectory, worst

NONE = frozenset[str]()


def follow(rules, metric, before, *arms):
    columns = [column(rules, NONE, each, before) for each in arms]
    return trajectory(metric, rules, arms, columns, before)


def test_it_has_each_value_with_its_interval_and_the_rules_paired_change(arm, rule, rates) -> None:
    before, arms = arm("base", rates(0.8)), [arm("a", rates(0.8), step=10), arm("b", rates(0.5), step=20)]
    found = follow([rule()], "task.accuracy", before, *arms)
    assert [(point.step, point.value, point.change, point.outcome) for point in found.points] == [
        (10, 0.8, 0.0, "pass"), (20, 0.5, -0.3, "fail"),
    ]  # fmt: skip
    low, high = found.points[1].interval
    assert low < 0.5 < high
    assert found.points[1].change_interval[1] < -0.1
    assert (found.baseline, found.unit, found.better) == (0.8, "rate", "higher")


@pytest.mark.parametrize(("kind", "bound", "better", "limit"), [
    ("max_drop", 0.1, "higher", 0.7), ("max_drop", 0.1, "lower", 0.9), ("must_gain", 0.1, "higher", 0.9),
    ("must_gain", 0.1, "lower", 0.7), ("at_least", 0.4, "higher", 0.4), ("at_most", 0.4, "lower", 0.4),
])  # fmt: skip
def test_the_line_of_a_rule_lies_on_its_side_of_the_baseline(arm, rule, rates, kind, bound, better, limit) -> None:
    suite = ("safety", "rate", better, rates(0.8))
    found = follow([rule(kind, bound, "safety.rate")], "safety.rate", arm("base", (), suite), arm("a", (), suite))
    assert found.limits == pytest.approx((limit,))


def test_who_has_not_the_metric_has_a_point_without_a_value(arm, rule, rates) -> None:
    found = follow([rule()], "task.accuracy", arm("base", rates(0.8)), arm("a"), arm("b", rates(0.8)))
    assert [point.value for point in found.points] == [None, 0.8]
    assert found.points[0].outcome == "missing"
    assert follow([rule()], "task.f1", arm("base", rates(0.8)), arm("a", rates(0.8))) is None


def test_several_rules_on_a_metric_show_the_outcome_that_weighs_most(arm, rule, rates) -> None:
    rules = [rule("at_least", 0.1), rule("at_least", 0.99)]
    assert follow(rules, "task.accuracy", arm("base", rates(0.8)), arm("a", rates(0.8))).points[0].outcome == "fail"
    assert worst(["pass", "inconclusive", "missing"]) == "missing"
    assert worst([]) is None
