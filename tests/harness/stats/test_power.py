"""What a number of items can show."""

from __future__ import annotations

import math

import pytest
import scipy.stats

from harness.stats.power import detectable_drop, items_needed


@pytest.mark.parametrize(("discordance", "expected"), [(0.12, 825), (0.20, 1374)])
def test_a_margin_of_three_points_needs_the_known_number_of_items(discordance: float, expected: int) -> None:
    assert items_needed(0.03, discordance) == expected


def test_the_needed_items_are_just_enough_to_detect_the_margin() -> None:
    for alpha, power in [(0.05, 0.8), (0.01, 0.9)]:
        need = items_needed(0.03, 0.12, alpha, power)
        assert detectable_drop(0.12, need, alpha, power) <= 0.03 < detectable_drop(0.12, need - 1, alpha, power)


def test_the_detectable_drop_is_the_sum_of_two_quantiles_of_the_standard_error() -> None:
    quantiles = scipy.stats.norm.ppf(0.95) + scipy.stats.norm.ppf(0.8)
    assert detectable_drop(0.2, 500) == pytest.approx(quantiles * math.sqrt(0.2 / 500))
    assert detectable_drop(1, 1) == pytest.approx(quantiles)
    assert detectable_drop(0, 10) == 0.0
    assert detectable_drop(0.2, 0.5) == pytest.approx(quantiles * math.sqrt(0.4))


def test_one_item_is_needed_even_where_nothing_differs() -> None:
    assert items_needed(0.03, 0) == 1
    assert items_needed(1.0, 1.0) == 7


@pytest.mark.parametrize(("discordance", "n"), [(0.1, 0), (0.1, -1), (-0.01, 10), (1.01, 10), (math.nan, 10), (0.1, math.nan)])
def test_no_pairs_and_no_share_detect_nothing(discordance: float, n: float) -> None:
    with pytest.raises(ValueError, match="expected a share"):
        detectable_drop(discordance, n)


@pytest.mark.parametrize(
    ("margin", "discordance"), [(0, 0.1), (-0.1, 0.1), (0.1, -0.01), (0.1, 1.01), (math.nan, 0.1), (0.1, math.nan)]
)
def test_a_margin_of_nothing_needs_no_number_of_items(margin: float, discordance: float) -> None:
    with pytest.raises(ValueError, match="positive margin"):
        items_needed(margin, discordance)
