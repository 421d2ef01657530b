"""Many metrics looked at: Holm's adjustment against statsmodels, and p-values against scipy and the intervals they invert."""

from __future__ import annotations

import math
import random
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, ttest_1samp
from statsmodels.stats.multitest import multipletests

from harness.stats.paired import paired_difference
from harness.stats.several import holm, worse

P = st.floats(0, 1)


@settings(deadline=None)
@given(st.lists(st.one_of(P, st.sampled_from([0.0, 0.01, 0.05, 0.5, 1.0])), min_size=1, max_size=30))
def test_holm_is_that_of_statsmodels(p_values: list[float]) -> None:
    with mock.patch("gc.collect"):  # which the library calls every time
        theirs = multipletests(p_values, method="holm")[1]
    assert holm(p_values) == pytest.approx(theirs, abs=1e-15)


def test_holm_of_nothing_is_nothing_and_of_one_is_itself() -> None:
    assert holm([]) == ()
    assert holm([0.03]) == (0.03,)
    assert holm([0.04, 0.01, 0.03]) == pytest.approx((0.06, 0.03, 0.06))
    assert holm([0.0, 1.0]) == (0.0, 1.0)


@pytest.mark.parametrize("p", [-1e-9, 1.000001, math.nan])
def test_what_is_no_p_value_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="expected numbers from 0 to 1"):
        holm([0.5, p])


def test_no_list_of_independent_metrics_that_did_not_change_is_false_more_often_than_alpha() -> None:
    chance = random.Random(1)
    draws = 4000
    false = sum(min(holm([chance.random() for _ in range(20)])) <= 0.05 for _ in range(draws))
    assert false / draws == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / draws))


def pairs(lost: int, gained: int, kept: int = 10) -> list[tuple[float, float]]:
    return [(0.0, 1.0)] * lost + [(1.0, 0.0)] * gained + [(1.0, 1.0)] * kept


@pytest.mark.parametrize(("lost", "gained"), [(0, 0), (0, 5), (1, 0), (1, 1), (5, 1), (9, 2), (30, 3), (3, 30), (200, 100)])
def test_single_items_are_compared_by_mcnemars_exact_test(lost: int, gained: int) -> None:
    found = worse(pairs(lost, gained))
    expected = binomtest(lost, lost + gained, 0.5, alternative="greater").pvalue if lost + gained else 1.0
    assert found.p == pytest.approx(expected, rel=1e-8)
    assert found.method == "McNemar's exact test"
    negated = [(-other, -mine) for mine, other in pairs(lost, gained)]
    assert worse(negated) == found


def test_numbers_of_no_known_range_are_compared_by_the_t_test() -> None:
    chance = random.Random(2)
    for drop, n in ((0.1, 200), (-0.1, 200), (-3.0, 200), (0.5, 19), (-0.5, 19), (0.5, 20)):
        both = [(chance.gauss(5 - drop, 1), chance.gauss(5, 1)) for _ in range(n)]
        expected = ttest_1samp([mine - other for mine, other in both], 0, alternative="less").pvalue
        assert worse(both).p == pytest.approx(expected, rel=1e-9)
        assert worse(both).method == "t test"


@pytest.mark.parametrize(("n", "students"), [(19, True), (20, False)])
def test_from_twenty_numbers_on_one_far_loss_makes_it_no_less_sure(n: int, students: bool) -> None:
    both = [(4.0 + 0.01 * at, 5.0) for at in range(n - 1)] + [(-95.0, 5.0)]
    expected = ttest_1samp([mine - other for mine, other in both], 0, alternative="less").pvalue
    assert bool(worse(both).p == pytest.approx(expected, rel=1e-9)) is students
    if not students:
        assert worse(both).p <= worse([*both[:-1], (4.0, 5.0)]).p < 1e-9 < expected


@pytest.mark.parametrize(
    ("change", "n", "p"), [(-1.0, 19, 1.0), (-1.0, 20, 0.0), (1.0, 20, 1.0), (0.0, 20, 1.0), (-1.0, 1, 1.0)]
)
def test_numbers_that_all_change_alike_say_something_only_where_there_are_enough(change: float, n: int, p: float) -> None:
    assert worse([(5.0 + change, 5.0)] * n).p == p


KINDS = ("clustered", "graded", "unequal", "numbers", "grouped numbers")


def drawn(kind: str, seed: int, drop: float, n: int = 60) -> tuple[list[tuple[float, float]], list[str]]:
    """Pairs of one kind, whose candidate loses some; and their clusters, none where every item stands for itself."""
    chance = random.Random(f"{kind} {seed}")
    before = [1.0 if chance.random() < 0.7 else 0.0 for _ in range(n)]
    after = [max(0.0, each - chance.random()) if chance.random() < drop else each for each in before]
    if kind == "clustered":
        return [(round(mine), other) for mine, other in zip(after, before, strict=True)], [f"c{at // 3}" for at in range(n)]
    if kind == "graded":
        graded = [0.2 + 0.6 * each for each in before]
        return [(each - drop * (chance.random() - 0.3), each) for each in graded][: n // 2], []
    if kind == "unequal":
        return list(zip(after, before, strict=True)), [f"c{int(math.sqrt(at))}" for at in range(n)]
    if kind.endswith("numbers"):
        groups = [f"c{at // (2 + at % 2)}" for at in range(n)] if kind == "grouped numbers" else []
        return [(10 * mine + chance.gauss(0, 1), 10 * other) for mine, other in zip(after, before, strict=True)], groups
    return list(zip(after, before, strict=True)), []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("negated", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_interval_lies_below_nought_from_that_alpha_on(kind: str, negated: bool, seed: int) -> None:
    both, clusters = drawn(kind, seed, 0.15 + 0.1 * seed)
    if negated:
        both = [(-other, -mine) for mine, other in both]
    p = worse(both, clusters).p
    assert 0 < p < 1
    if p < 0.49:
        assert paired_difference(both, p * (1 + 1e-6), clusters).interval[1] < 0
    if 1e-12 < p < 0.49:
        assert paired_difference(both, p * (1 - 1e-6), clusters).interval[1] >= 0
    if p > 0.5:
        assert paired_difference(both, 0.4999, clusters).interval[1] >= 0


def test_most_of_those_were_looked_at_on_both_sides() -> None:
    found = [worse(*drawn(kind, seed, 0.15 + 0.1 * seed)).p for kind in KINDS for seed in range(4)]
    assert sum(1e-12 < p < 0.49 for p in found) >= 12


def test_a_lost_part_says_less_than_a_lost_whole_and_more_than_none() -> None:
    rest = [(0.0, 1.0)] * 3 + [(1.0, 0.0)] * 2 + [(1.0, 1.0)] * 20
    found = [worse([(part, 1.0)] * 9 + rest) for part in (0.0, 0.01, 0.5, 0.99, 1.0)]
    assert [each.p for each in found] == sorted(each.p for each in found)
    assert (found[0].p, found[-1].p) == (worse(pairs(12, 2, 20)).p, worse(pairs(3, 2, 29)).p)
    assert [each.method for each in found[:2]] == ["McNemar's exact test", "Gaffke's bound"]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_worse_answer_never_makes_it_less_sure(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 25))
    score = st.sampled_from([0.0, 1.0]) if data.draw(st.booleans()) else st.sampled_from([0.0, 0.25, 0.5, 1.0])
    both = data.draw(st.lists(st.tuples(score, score), min_size=n, max_size=n))
    clusters = data.draw(st.sampled_from([[], [f"c{at // 2}" for at in range(n)]]))
    place = data.draw(st.integers(0, n - 1))
    poorer = [(0.0, other) if at == place else (mine, other) for at, (mine, other) in enumerate(both)]
    assert worse(poorer, clusters).p <= worse(both, clusters).p + 1e-9


def test_what_is_no_evidence_is_refused() -> None:
    for wrong, clusters in (([], []), ([(1.0, 1.0)], ["a", "b"])):
        with pytest.raises(ValueError, match="expected at least one pair, and a cluster for each"):
            worse(wrong, clusters)
    for value in (math.nan, math.inf):
        with pytest.raises(ValueError, match="a score is not finite"):
            worse([(1.0, value)])


def test_an_equal_model_is_not_worse_and_one_that_lost_everything_is_for_sure() -> None:
    clusters = [f"c{at // 4}" for at in range(100)]
    assert worse([(1.0, 1.0)] * 100, clusters).p == worse([(0.5, 0.5)] * 100).p == 1.0
    assert worse([(0.0, 1.0)] * 100, clusters).p < 1e-7
    assert worse([(0.0, 0.5)] * 100).p < 1e-15
