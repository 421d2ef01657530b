"""Agreement of a judge with people: against statsmodels, and at the edges where nothing can be told."""

from __future__ import annotations

import numpy
import pytest
from statsmodels.stats.inter_rater import cohens_kappa

from harness.stats.agreement import collapsed, f1, kappa, kappa_value, share, two_by_two
from harness.stats.judged import Errors

TABLE = {"a": {"a": 20, "b": 5, "unclear": 1}, "b": {"a": 3, "b": 30, "unclear": 0}, "c": {"a": 2, "b": 4, "unclear": 1}}


def test_kappa_is_statsmodels_with_every_label_of_either_side() -> None:
    labels = ["a", "b", "c", "unclear"]
    counts = numpy.array([[TABLE.get(row, {}).get(column, 0) for column in labels] for row in labels])
    oracle = cohens_kappa(counts)
    found = kappa(TABLE)
    assert found.value == pytest.approx(float(oracle.kappa))
    assert kappa_value(TABLE) == found.value
    assert found.interval is not None
    assert found.interval == pytest.approx((oracle.kappa_low, oracle.kappa_upp), abs=0.03)


def test_the_interval_is_the_middle_of_what_2000_tables_drawn_with_the_seed_1_give() -> None:
    labels = ["a", "b", "c", "unclear"]
    counts = numpy.array([[TABLE.get(row, {}).get(column, 0) for column in labels] for row in labels])
    drawn = numpy.random.default_rng(1).multinomial(66, counts.ravel() / 66, size=2000)
    kappas = [float(cohens_kappa(each.reshape(4, 4), return_results=False)) for each in drawn]
    assert kappa(TABLE).interval == pytest.approx(tuple(numpy.quantile(kappas, [0.025, 0.975])), rel=1e-12)


def test_perfect_agreement_is_one_and_chance_is_nought() -> None:
    assert kappa_value({"a": {"a": 5}, "b": {"b": 7}}) == 1.0
    assert kappa_value({"a": {"a": 25, "b": 25}, "b": {"a": 25, "b": 25}}) == 0.0


def test_one_label_alone_has_no_kappa() -> None:
    assert kappa_value({"a": {"a": 9}}) is None
    assert kappa({"a": {"a": 9}}).interval is None
    assert kappa({"a": {"a": 9}}).value is None


def test_labels_are_told_from_all_others_and_unclear_is_another() -> None:
    assert collapsed(TABLE, ("a",)) == Errors(20, 26, 35, 40)
    assert collapsed(TABLE, ("a", "b")) == Errors(58, 59, 1, 7)
    assert collapsed(TABLE, ("unclear",)) == Errors(0, 0, 64, 66)


def test_a_two_way_table_counts_what_the_errors_count() -> None:
    errors = Errors(8, 10, 15, 20)
    assert two_by_two(errors) == {"yes": {"yes": 8, "no": 2}, "no": {"yes": 5, "no": 15}}
    assert collapsed(two_by_two(errors), ("yes",)) == errors


def test_f1_is_the_harmonic_mean_of_precision_and_recall() -> None:
    found = f1(Errors(8, 10, 15, 20))
    precision, recall = 8 / 13, 8 / 10
    assert found.value == pytest.approx(2 * precision * recall / (precision + recall))
    assert found.interval is not None
    assert found.interval[0] < found.value < found.interval[1]
    assert f1(Errors(0, 0, 5, 5)).value is None


def test_figures_do_not_change_from_one_call_to_the_next() -> None:
    assert kappa(TABLE) == kappa(TABLE)


def test_a_share_has_its_exact_interval() -> None:
    assert share(0, 10).value == 0.0
    assert share(8, 10).value == 0.8
    assert share(8, 10).interval == pytest.approx((0.4439, 0.9748), abs=1e-4)
    assert share(0, 0).value is None
    assert share(0, 0).interval is None
