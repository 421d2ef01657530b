"""Where a rule broke: over all candidates, and by asking only about log2 of them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.comparison.breaks import breaks, search, standing
from harness.comparison.matrix import column
from harness.types import Problem

NONE = frozenset[str]()


def columns(arm, rule, rates, shares):
    before = arm("base", rates(0.8))
    return [column([rule()], NONE, arm(f"s{at}", rates(share)), before) for at, share in enumerate(shares)]


def test_the_first_failure_and_the_last_pass_before_it_are_found(arm, rule, rates) -> None:
    found = breaks([rule()], columns(arm, rule, rates, [0.8, 0.8, 0.7, 0.5, 0.4]))[0]
    assert (found.last_good, found.first_bad, found.undecided, found.passes_again) == ("s1", "s3", ("s2",), ())


def test_what_passes_again_is_said(arm, rule, rates) -> None:
    found = breaks([rule()], columns(arm, rule, rates, [0.8, 0.5, 0.8]))[0]
    assert (found.last_good, found.first_bad, found.passes_again) == ("s0", "s1", ("s2",))


def test_a_rule_that_nobody_fails_has_no_first_failure(arm, rule, rates) -> None:
    found = breaks([rule()], columns(arm, rule, rates, [0.8, 0.7]))[0]
    assert (found.last_good, found.first_bad, found.undecided) == ("s0", None, ("s1",))


def test_a_rule_that_was_not_put_to_anybody_has_nothing(arm, rule, rates) -> None:
    found = breaks([rule("at_least", 0.1)], columns(arm, rule, rates, [0.8]))[0]
    assert (found.last_good, found.first_bad, found.undecided, found.passes_again) == (None, None, (), ())


def run(outcomes, baseline="pass"):
    asked: list[int] = []

    def ask(at: int):
        asked.append(at)
        return outcomes[at], "because"

    found = search([], [f"s{at}" for at in range(len(outcomes))], baseline, ask)
    assert len(set(asked)) == len(asked) == len(found.asked)
    return found


def test_a_search_asks_about_log2_of_the_candidates() -> None:
    found = run(["pass"] * 11 + ["fail"] * 53)
    assert (found.last_good, found.first_bad, found.between) == ("s10", "s11", 0)
    assert len(found.asked) <= 1 + math.ceil(math.log2(64))
    assert found.of == 64


@pytest.mark.parametrize("good", range(9))
def test_a_search_finds_every_place(good: int) -> None:
    found = run(["pass"] * good + ["fail"] * (8 - good))
    assert found.last_good == (f"s{good - 1}" if good else None)
    assert found.first_bad == (f"s{good}" if good < 8 else None)
    assert found.between == 0


def test_where_the_last_does_not_fail_none_is_searched_for() -> None:
    found = run(["pass"] * 20)
    assert (found.last_good, found.first_bad, len(found.asked)) == ("s19", None, 1)


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12))
def test_what_cannot_be_told_widens_the_range_to_both_its_ends(good: int, unsure: int, bad: int) -> None:
    outcomes = ["pass"] * good + ["inconclusive"] * unsure + ["fail"] * bad
    found = run(outcomes)
    assert found.last_good == (f"s{good - 1}" if good else None)
    assert found.first_bad == (f"s{good + unsure}" if bad else None)
    assert found.between == unsure
    assert set(found.undecided) <= {f"s{at}" for at in range(good, good + unsure)}
    assert bool(found.undecided) == bool(unsure)
    assert len(found.asked) <= 1 + 2 * math.ceil(math.log2(max(2, len(outcomes))))


def test_an_unsure_one_below_a_pass_is_no_matter_where_broken_stays_broken() -> None:
    found = run(["pass", "pass", "inconclusive", "pass", "pass", "fail", "fail"])
    assert (found.last_good, found.first_bad) == ("s4", "s5")


@pytest.mark.parametrize("baseline", ["fail", "missing"])
def test_a_rule_that_the_baseline_does_not_keep_is_not_searched_for(baseline) -> None:
    found = run(["fail"] * 5, baseline)
    assert (found.asked, found.last_good, found.first_bad) == ((), None, None)


def test_where_a_candidate_stands_is_the_outcome_that_weighs_most(arm, rule, rates) -> None:
    found = columns(arm, rule, rates, [0.8, 0.5])
    assert standing(found[0])[0] == "pass"
    assert standing(found[1])[0] == "fail"
    assert "fell by 30.0 points" in standing(found[1])[1]


def test_who_cannot_be_compared_stands_nowhere(arm, rule, rates) -> None:
    fault = (Problem(stage="evaluate.task", kind="incomplete", message="no memory"),)
    found = column([rule()], NONE, arm("a", rates(0.8), problems=fault), arm("base", rates(0.8)))
    assert standing(found) == ("missing", "no memory")
