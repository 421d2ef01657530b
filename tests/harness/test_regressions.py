"""The list of metrics that got worse: which are compared, how many, and what the correction does to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from harness.gate import decide
from harness.regressions import Regressions, regressions
from harness.stats.several import holm, worse
from harness.types import Measurement, Rule

Build = Callable[..., Measurement]
LANGUAGES = [{"lang": "de" if at % 2 else "en"} for at in range(200)]
KEPT = [1.0] * 160 + [0.0] * 40


@pytest.fixture
def listed(measured: Build, digests: Mapping[str, str]) -> Callable[..., Regressions]:
    """The list over suites, each with the scores of candidate and baseline, by the checks of these rules."""

    def build(rules: Sequence[Rule], **suites: tuple[Sequence[float], Sequence[float]]) -> Regressions:
        mine = [measured(scores, suite=name, tags=LANGUAGES) for name, (scores, _) in suites.items()]
        theirs = [measured(scores, digests["baseline"], suite=name, tags=LANGUAGES) for name, (_, scores) in suites.items()]
        decision = decide(
            "model", rules, mine, theirs, candidate_digest=digests["candidate"], baseline_digest=digests["baseline"]
        )
        return regressions(decision.checks, mine, theirs)

    return build


def lost(count: int) -> tuple[list[float], list[float]]:
    """The candidate loses so many answers and gains none."""
    return [0.0] * count + KEPT[count:], KEPT


def names(found: Regressions) -> list[str]:
    return [each.name for each in found.compared]


def test_metrics_over_all_items_are_compared_and_slices_where_a_rule_compares_them(listed) -> None:
    rules = [
        Rule(kind="max_drop", metric="task.accuracy@lang=*", bound=0.1),
        Rule(kind="at_least", metric="refusal.accuracy@lang=de", bound=0.1),
        Rule(kind="no_flip", metric="refusal.accuracy", bound=0, items=("q1",)),
    ]
    found = listed(rules, task=lost(20), refusal=lost(0))
    assert sorted(names(found)) == ["refusal.accuracy", "task.accuracy", "task.accuracy@lang=de", "task.accuracy@lang=en"]
    shared = Rule(kind="budget", metric="task.accuracy@lang=de", bound=0.5, also=("refusal.accuracy@lang=en",))
    assert "refusal.accuracy@lang=en" in names(listed([shared], task=lost(20), refusal=lost(0)))


def test_each_has_its_own_p_value_and_the_one_that_is_left_of_it_among_all(listed) -> None:
    suites = {"task": lost(9), "refusal": lost(6), "safety": lost(5), "retention": lost(0)}
    found = listed([], **suites)
    expected = {f"{name}.accuracy": worse(list(zip(*arms, strict=True))).p for name, arms in suites.items()}
    assert {each.name: each.p for each in found.compared} == expected
    assert [each.adjusted for each in found.compared] == list(holm(sorted(expected.values())))
    assert [each.name for each in found.found] == ["task.accuracy", "refusal.accuracy"]
    assert names(found)[:3] == ["task.accuracy", "refusal.accuracy", "safety.accuracy"]


def test_what_is_found_alone_may_be_lost_among_many(listed) -> None:
    assert [each.name for each in listed([], task=lost(5)).found] == ["task.accuracy"]
    many = {f"suite{at}": lost(0) for at in range(5)}
    found = listed([], task=lost(5), **many)
    assert (len(found.compared), found.found) == (6, ())


def test_a_rise_is_worse_where_less_is_better(measured: Build, digests: Mapping[str, str]) -> None:
    mine, theirs = ([measured(scores, subject, name="errors", better="lower")] for scores, subject in
                    ((KEPT, digests["candidate"]), ([0.0] * 200, digests["baseline"])))  # fmt: skip
    assert [each.name for each in regressions((), mine, theirs).found] == ["task.errors"]
    assert regressions((), theirs, mine).found == ()


def test_what_cannot_be_compared_is_named_with_the_reason(measured: Build, digests: Mapping[str, str]) -> None:
    mine, theirs = measured(KEPT), measured(KEPT, digests["baseline"])
    other = theirs.model_copy(update={"samples": (theirs.samples[0].model_copy(update={"id": "x"}), *theirs.samples[1:])})
    found = regressions((), [mine], [other])
    assert found.compared == ()
    assert found.apart == (
        ("task.accuracy", "'task.accuracy' was measured on other items for the baseline: 2 have no partner"),
    )
    assert regressions((), [mine], []) == regressions((), [], [theirs]) == Regressions((), ())
    odd = [each.model_copy(update={"samples": tuple(s.model_copy(update={"tags": {"chance": "?"}}) for s in each.samples)})
           for each in (mine, theirs)]  # fmt: skip
    assert "cannot be compared: could not convert" in regressions((), odd[:1], odd[1:]).apart[0][1]
