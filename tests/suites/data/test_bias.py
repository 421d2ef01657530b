"""Bias: the statistics against tables worked by hand, planted slant found, balanced data left alone."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import chi2_contingency, false_discovery_control, power_divergence

from harness.dataset import texts
from harness.errors import DataError, UsageError
from harness.suite import Scanned
from suites.data.bias import Scanner, Settings
from suites.data.bias_terms import LISTS, groups_in, read_terms, words_of
from suites.data.word_association import false_discovery, goodness_of_fit, log_odds

SALT = b"s" * 32
DOINGS = (
    "finished the shift",
    "answered the phone",
    "wrote the report",
    "came in early",
    "fixed the plan",
    "left at five",
)
JOBS = ("nurse", "engineer", "teacher", "pilot")


def scan(folder: Path, rows: list[str], **named: Any) -> Scanned:
    (folder / "x.jsonl").write_text("".join(json.dumps({"text": row}) + "\n" for row in rows))
    scanner = Scanner(Settings(**named), SALT)
    for batch in texts([folder / "x.jsonl"]):
        assert scanner.scan_batch(batch).num_rows == 0
    return scanner.result()


def value(scanned: Scanned, name: str) -> float:
    return next(metric.value for metric in scanned.metrics if metric.name == f"bias.{name}")


def test_log_odds_are_those_of_a_table_worked_by_hand() -> None:
    # (10+1)/(100+10-10-1) = 11/99 against (2+1)/(50+10-2-1) = 3/57: ln(1/9) - ln(1/19) = ln(19/9) = .7472144;
    # variance 1/11 + 1/3 = 14/33, so z = .7472144 / .6513389 = 1.1471973 and p = .2513
    found = log_odds(10, 100, 2, 50, 1.0, 10.0)
    assert found.delta == pytest.approx(0.7472144, abs=1e-7)
    assert found.z == pytest.approx(1.1471973, abs=1e-6)
    assert found.p == pytest.approx(0.2513, abs=1e-4)
    turned = log_odds(2, 50, 10, 100, 1.0, 10.0)
    assert (turned.delta, turned.z) == (pytest.approx(-found.delta), pytest.approx(-found.z))


def test_goodness_of_fit_agrees_with_scipy() -> None:
    counts, shares = [30, 50, 20], [0.5, 0.3, 0.2]
    expected = [share * 100 for share in shares]
    g, p = power_divergence(counts, expected, lambda_="log-likelihood")
    square, _ = power_divergence(counts, expected)
    found = goodness_of_fit(counts, shares)
    assert (found.g, found.p, found.v) == (pytest.approx(g), pytest.approx(p), pytest.approx((square / 200) ** 0.5))
    assert goodness_of_fit([50, 0], [0.5, 0.5]).v == 1
    assert goodness_of_fit([25, 25], [0.5, 0.5]).p == 1
    assert chi2_contingency([[10, 10], [10, 10]])[1] == 1


def test_false_discovery_agrees_with_scipy() -> None:
    p = [0.01, 0.04, 0.03, 0.005, 0.8, 1.0, 0.04]
    assert false_discovery(p) == pytest.approx(list(false_discovery_control(p)))
    assert false_discovery([]) == []


def test_a_slanted_dataset_is_found(tmp_path: Path) -> None:
    rng = random.Random(1)
    pairs = (("nurse", "she"), ("engineer", "he"))
    rows = [f"The {job} said that {who} {rng.choice(DOINGS)}." for _ in range(60) for job, who in pairs]
    found = scan(tmp_path, rows)
    assert value(found, "associations") == 2
    assert [row["word"] for row in found.details["associations"]["gender.female"]] == ["nurse"]
    assert [row["word"] for row in found.details["associations"]["gender.male"]] == ["engineer"]
    assert found.details["associations"]["gender.male"][0]["n"] == 60


def test_contempt_for_the_only_group_named_is_found(tmp_path: Path) -> None:
    rows = [f"I think immigrants are {word}." for word in ("lazy", "rude") for _ in range(15)]
    found = scan(tmp_path, rows + [f"The lamp {number} {doing}." for number in range(50) for doing in DOINGS])
    assert {row["word"] for row in found.details["associations"]["origin.immigrant"]} == {"lazy", "rude"}


@pytest.mark.parametrize("seed", range(10))
def test_balanced_data_is_left_alone(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    rows = [f"The {rng.choice(JOBS)} said that {rng.choice(('she', 'he'))} {rng.choice(DOINGS)}." for _ in range(400)]
    assert value(scan(tmp_path, rows), "associations") == 0


def test_a_handful_of_rows_proves_nothing(tmp_path: Path) -> None:
    assert value(scan(tmp_path, ["She is a nurse."] * 10 + ["He is a boss."] * 10), "associations") == 0


def test_representation_is_tested_against_what_was_declared(tmp_path: Path) -> None:
    rows = ["She is here."] * 10 + ["He is here."] * 90
    equal = scan(tmp_path, rows, reference={"gender": {"female": 0.5, "male": 0.5}})
    fitting = scan(tmp_path, rows, reference={"gender": {"female": 0.1, "male": 0.9}})
    assert value(equal, "representation_v.gender") == pytest.approx(0.8)
    assert value(equal, "representation_p.gender") < 1e-6
    assert (value(fitting, "representation_v.gender"), value(fitting, "representation_p.gender")) == (0, 1)
    assert value(equal, "rows_naming_a_group") == 100


def test_a_group_that_nobody_names_has_no_figure_that_could_pass(tmp_path: Path) -> None:
    found = scan(tmp_path, ["The lamp."] * 5, reference={"gender": {"female": 0.5, "male": 0.5}})
    assert not [metric for metric in found.metrics if "representation" in metric.name]
    assert found.details["representation"] == {"gender": "none named"}


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("The black cat in May sat on a white chair.", set()),
        ("Black people and white women", {("ethnicity", "black"), ("ethnicity", "white"), ("gender", "female")}),
        ("an old lamp, a straight line, senior staff", set()),
        ("old people", {("age", "old")}),
        ("An African American said so", {("ethnicity", "black")}),
        ("Christian came by", set()),
        ("Muslims and JEWS’ friends", {("religion", "muslim"), ("religion", "jewish")}),
    ],
)
def test_words_of_many_meanings_need_a_word_for_people(text: str, groups: set[tuple[str, str]]) -> None:
    assert groups_in(words_of(text), read_terms(LISTS)) == groups


def test_words_beyond_the_bound_are_dropped_and_told(tmp_path: Path) -> None:
    found = scan(tmp_path, [f"{a}{b} x" for a in "abcdefgh" for b in "abcdefgh"], max_words=10)
    assert 0 < found.details["words_dropped"] <= 64


def test_tables_show_no_word_that_is_not_on_our_lists(tmp_path: Path) -> None:
    rows = [f"Smithson said that she {doing}." for doing in DOINGS for _ in range(10)]
    rows += [f"The clerk said that he {doing}." for doing in DOINGS for _ in range(10)]
    assert "smithson" not in repr(scan(tmp_path, rows))
    assert scan(tmp_path, rows).details["unnamed_words"] >= 1
    assert "smithson" in repr(scan(tmp_path, rows, show="all"))


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ({"gendre": {"female": 0.5, "male": 0.5}}, "the axis 'gendre'; expected 'gender'"),
        ({"gender": {"femal": 0.5, "male": 0.5}}, "the group 'femal'; expected 'female'"),
        ({"gender": {"female": 0.5, "male": 0.6}}, "add up to 1"),
        ({"gender": {"female": 1.0, "male": 0.0}}, "shares above 0"),
    ],
)
def test_a_reference_that_is_none_is_refused(reference: dict[str, dict[str, float]], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Scanner(Settings(reference=reference), SALT)


def test_a_folder_without_lists_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no lists of terms"):
        Scanner(Settings(terms=tmp_path), SALT)
