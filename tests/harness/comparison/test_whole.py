"""A whole comparison: in order, against one baseline or each against its own, and readable as JSON again."""

from __future__ import annotations

import dataclasses

import pytest

from harness.comparison.whole import Comparison, Policy, compare
from harness.errors import UsageError
from harness.suite import metrics_of


@pytest.fixture
def policy(rule) -> Policy:
    return Policy((rule("at_least", 0.4), rule()), frozenset(), "the rules of a test")


def test_everything_stands_in_the_order_of_the_steps(arm, rates, policy) -> None:
    arms = [arm("c", rates(0.5), step=30), arm("a", rates(0.8), step=10), arm("b", rates(0.75), step=20)]
    found = compare(policy, arm("base", rates(0.8)), arms)
    assert found.order == "step"
    assert [column.name for column in found.columns] == ["a", "b", "c"]
    assert [point.name for point in found.trajectories[0].points] == ["a", "b", "c"]
    assert [count.candidate for count in found.flips[0].counts] == ["a", "b", "c"]
    assert found.breaks[1].first_bad == "c"
    assert (found.choice.allowed, found.choice.best) == (("a", "b"), "a")
    assert {place.name for place in found.front.places} == {"a", "b", "c", "base"}


def test_it_is_read_back_as_it_was_written(arm, rates, policy) -> None:
    found = compare(policy, arm("base", rates(0.8)), [arm("a", rates(0.7))])
    assert Comparison.model_validate_json(found.model_dump_json()) == found


def test_each_run_may_be_compared_with_its_own_baseline(arm, rates, policy) -> None:
    arms, own = [arm("b", rates(0.5), step=2), arm("a", rates(0.5), step=1)], [arm("x", rates(0.5)), arm("y", rates(0.9))]
    found = compare(policy, own, arms)
    assert [(column.name, column.check(policy.rules[1]).delta) for column in found.columns] == [
        ("a", pytest.approx(-0.4)), ("b", 0.0),
    ]  # fmt: skip
    assert (found.baseline, found.flips) == (None, ())


def test_named_metrics_decide_and_make_the_axes(arm, rates, policy) -> None:
    extra = ("retention", "bits", "lower", [0.5, 1.5, 2.5])
    arms = [arm("a", rates(0.8), extra), arm("b", rates(0.8), extra)]
    found = compare(
        policy, arm("base", rates(0.8), extra), arms, prefer="retention.bits", pareto=["task.accuracy", "retention.bits"]
    )
    assert found.choice.metric == "retention.bits"
    assert [axis.name for axis in found.front.axes] == ["task.accuracy", "retention.bits"]
    assert "retention.bits" in [each.metric for each in found.trajectories]


@pytest.mark.parametrize("named", [{"prefer": "task.acuracy"}, {"pareto": ["task.acuracy"]}])
def test_a_metric_that_nobody_has_is_refused_with_the_nearest(arm, rates, policy, named) -> None:
    with pytest.raises(UsageError, match=r"no candidate has a metric .task\.acuracy.; expected .task\.accuracy."):
        compare(policy, arm("base", rates(0.8)), [arm("a", rates(0.8))], **named)


def test_a_rule_on_every_slice_is_a_row_for_each_slice(arm, rule, rates) -> None:
    star = rule(bound=0.1, metric="task.accuracy@lang=*")

    def tagged(found):
        tags = [{"lang": "de" if at % 2 else "en"} for at in range(200)]
        (plain,) = found.measurements
        samples = tuple(each.model_copy(update={"tags": tag}) for each, tag in zip(plain.samples, tags, strict=True))
        metrics = metrics_of("task", samples, {"accuracy": "higher"})
        changed = plain.model_copy(update={"samples": samples, "metrics": metrics})
        return dataclasses.replace(found, measurements=(changed,))

    lost = tagged(arm("b", [float(at % 2 == 0) for at in range(200)]))
    policy = Policy((star, rule()), frozenset(), "the rules of a test")
    found = compare(policy, tagged(arm("base", rates(1.0))), [tagged(arm("a", rates(1.0))), lost])
    slices = ["task.accuracy@lang=de", "task.accuracy@lang=en"]
    assert [each.metric for each in found.rules] == [*slices, "task.accuracy"]
    assert [each.metric for each in found.trajectories] == [*slices, "task.accuracy"]
    assert [each.first_bad for each in found.breaks] == ["b", None, "b"]
    nobody = compare(policy, arm("base", rates(1.0)), [arm("a", rates(1.0))])
    assert [each.metric for each in nobody.rules] == ["task.accuracy@lang=*", "task.accuracy"]
    assert nobody.columns[0].decision.verdict == "incomplete"
