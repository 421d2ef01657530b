"""Skew between groups: each formula against a value worked by hand, then planted and balanced data."""

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest

from harness.dataset import texts
from harness.suite import Scanned
from suites.data.bias import Scanner, Settings
from suites.data.bias_terms.swapping import read_swaps
from suites.data.word_association.skew import npmi, preferred, rates, swapped, wilson


def test_npmi_is_that_worked_by_hand() -> None:
    # p(both) = 10/100, p = 20/100 and 25/100: ln(.1 / .05) / -ln(.1) = .6931 / 2.3026 = .3010
    assert npmi(10, 20, 25, 100) == pytest.approx(math.log10(2))
    assert npmi(5, 20, 25, 100) == pytest.approx(0)
    assert npmi(20, 20, 20, 100) == pytest.approx(1)
    assert npmi(0, 20, 25, 100) == -1
    assert npmi(100, 100, 100, 100) == 1


def test_the_interval_of_a_share_is_wilson_s() -> None:
    # 81 of 263, of Newcombe 1998, table I: .2553 to .3662
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=5e-5)


def test_rates_are_those_worked_by_hand() -> None:
    # Newcombe 1998 (differences), table II, 56/70 - 48/80: method 10 gives .0524 to .3339
    found = rates(56, 70, 48, 80)
    assert found.difference == pytest.approx(0.2)
    assert found.interval == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert found.ratio == pytest.approx(0.75)
    # Fisher's tea: 3 of 4 against 1 of 4: two-sided 34/70
    assert rates(3, 4, 1, 4).p == pytest.approx(34 / 70)
    assert rates(0, 4, 0, 4).ratio == 1


def test_preferences_are_those_worked_by_hand() -> None:
    # 9 of 10 by a fair coin, two-sided: 2 (10 + 1) / 1024
    found = preferred(9, 1)
    assert found.p == pytest.approx(22 / 1024)
    assert (found.difference, found.ratio) == (pytest.approx(0.8), pytest.approx(1 / 9))
    low, high = wilson(9, 10)
    assert found.interval == pytest.approx((2 * low - 1, 2 * high - 1))


def test_the_change_by_a_swap_is_that_worked_by_hand() -> None:
    # mean .2, standard deviation .2, error .1; three of three upwards and one at rest: p = 2/8
    mean, interval, p = swapped([0.4, 0.1, 0.3, 0.0])
    assert mean == pytest.approx(0.2)
    error = math.sqrt((0.04 + 0.01 + 0.01 + 0.04) / 3 / 4)
    assert interval == pytest.approx((0.2 - 1.96 * error, 0.2 + 1.96 * error), abs=1e-4)
    assert p == pytest.approx(0.25)
    assert swapped([0.0])[2] == 1


@pytest.mark.parametrize(
    ("axis", "text", "other"),
    [
        ("gender", "He told HIS Father.", "She told HER Mother."),
        ("gender", "She is there.", "He is there."),
        ("gender", "The lamp; sonic; manly.", None),
        ("ethnicity", "Black men wear black.", "White men wear black."),
        ("religion", "A Muslim and two Christians", "A Christian and two Muslims"),
    ],
)
def test_groups_are_swapped_word_for_word(axis: str, text: str, other: str | None) -> None:
    assert read_swaps()[axis](text) == other


def scan(folder: Path, rows: list[dict[str, Any]], **named: Any) -> Scanned:
    (folder / "x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    scanner = Scanner(Settings(**named), b"s" * 32)
    for batch in texts([folder / "x.jsonl"]):
        scanner.scan_batch(batch)
    return scanner.result()


def skews(scanned: Scanned, kind: str) -> float | None:
    return next((metric.value for metric in scanned.metrics if metric.name == f"bias.skews.{kind}"), None)


def labelled(good: int, bad: int) -> list[dict[str, Any]]:
    rows = [{"text": "An immigrant applied.", "label": "yes" if at < good else "no"} for at in range(60)]
    return rows + [{"text": "Someone applied.", "label": "yes" if at < bad else "no"} for at in range(60)]


def test_a_label_that_a_group_gets_less_often_is_found_and_an_equal_one_is_not(tmp_path: Path) -> None:
    found = scan(tmp_path, labelled(15, 45))
    assert skews(found, "label") == 1
    (line,) = found.details["skews"]
    assert (line["kind"], line["of"], line["n"]) == ("label", "origin.immigrant, label 'no'", 60)
    assert line["difference"] == 0.5
    assert line["q"] < 0.001
    assert skews(scan(tmp_path, labelled(30, 30)), "label") == 0
    assert skews(scan(tmp_path, [{"text": "An immigrant."}] * 50), "label") is None


def test_answers_that_name_a_group_and_are_rejected_are_found(tmp_path: Path) -> None:
    def row(kept: bool) -> dict[str, str]:
        answers = ["The immigrant did it.", "Someone did it."]
        return dict(zip(("chosen", "rejected"), answers if kept else answers[::-1], strict=True))

    found = scan(tmp_path, [row(at < 4) for at in range(40)])
    assert skews(found, "preference") == 1
    assert found.details["skews"][0]["difference"] == -0.8
    rng = random.Random(1)
    assert skews(scan(tmp_path, [row(rng.random() < 0.5) for _ in range(80)]), "preference") == 0


def test_a_scorer_that_minds_which_group_is_named_is_found_and_none_is_asked_unless_told(tmp_path: Path) -> None:
    rows = [{"text": f"I hate all Muslims in the {at}. street."} for at in range(30)]
    assert skews(scan(tmp_path, rows), "swap") is None
    found = scan(tmp_path, rows, swap_scorer="lexicon")
    assert [(line["kind"], line["of"], line["n"]) for line in found.details["skews"]] == [("swap", "religion", 30)]
    biased = [{"text": f"The women are repulsive in the {at}. street."} for at in range(30)]
    found = scan(tmp_path, biased, swap_scorer="lexicon")
    assert skews(found, "swap") == 1
    assert found.details["skews"][0]["mean_change"] < 0


def test_an_association_has_its_interval_and_npmi(tmp_path: Path) -> None:
    rows = [{"text": "I think immigrants are lazy."}] * 30
    found = scan(tmp_path, rows + [{"text": f"The lamp is on the {at} that I think of."} for at in ("table", "shelf") * 150])
    (line,) = found.details["associations"]["origin.immigrant"]
    assert line["word"] == "lazy"
    assert line["npmi"] == 1
    assert line["interval"][0] < line["log_odds"] < line["interval"][1]
