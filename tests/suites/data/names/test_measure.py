"""Measuring names: reading labelled data, counting, and what ships about it."""

import json
from pathlib import Path

import pytest

from suites.data.names.choice import measured
from suites.data.names.measure import Labelled, apart, conll, counted, finding, presidio, rates


def test_sentences_are_put_together_again_with_their_spans(tmp_path: Path) -> None:
    (tmp_path / "x.conll").write_text("Ann B-PER\nLee I-PER\n, O\n( O\nUK I-LOC\n) O\n\nBob I-PER\nAnn B-PER\n")
    first, second = conll(tmp_path / "x.conll")
    assert first == Labelled("Ann Lee, (UK)", ((0, 7, "PER"), (10, 12, "LOC")))
    assert second.spans == ((0, 3, "PER"), (4, 7, "PER"))


def test_rows_of_presidio_research_are_read(tmp_path: Path) -> None:
    row = {"full_text": "I am Ann", "spans": [{"entity_type": "PERSON", "start_position": 5, "end_position": 8}]}
    (tmp_path / "x.jsonl").write_text(json.dumps(row) + "\n")
    assert list(presidio(tmp_path / "x.jsonl")) == [Labelled("I am Ann", ((5, 8, "PERSON"),))]


def test_counting_by_hand() -> None:
    rows = [Labelled("x" * 40, ((0, 5, "PERSON"), (10, 15, "STREET_ADDRESS"), (30, 32, "AGE")))]
    found = [[(0, 5, "PERSON"), (12, 20, "LOCATION"), (22, 25, "PERSON")]]
    counts = counted(rows, found)
    assert counts["PERSON"] == {"labelled": 1, "hit": 1, "exact": 1, "found": 2, "right": 1}
    assert counts["LOCATION"] == {"labelled": 1, "hit": 1, "exact": 0, "found": 1, "right": 1}
    assert counts["any"] == {"labelled": 3, "hit": 2, "exact": 1, "found": 3, "right": 2}
    assert rates(counts["any"])["recall"] == pytest.approx(0.667)
    assert rates({"labelled": 0, "hit": 0, "exact": 0, "found": 0, "right": 0})["precision"] is None


def test_rows_of_a_template_that_was_seen_are_told_from_others() -> None:
    seen = [Labelled("Please call Ann about the bill", ((12, 15, "PERSON"),))]
    same = Labelled("please call Bartholomew about the bill", ((12, 23, "PERSON"),))
    other = Labelled("Ann is about to call the bank of Oslo", ((0, 3, "PERSON"), (33, 37, "GPE")))
    assert apart([same, other], seen) == [other]


def test_findings_are_those_of_a_scan() -> None:
    (found,) = finding(["Maria Fernandez, m@example.com"])
    assert {kind for _, _, kind in found} >= {"PERSON", "EMAIL_ADDRESS"}


def test_what_ships_says_how_many_spans_it_is_of() -> None:
    for kinds in measured().values():
        for each in kinds.values():
            assert each["labelled"] > 0 and 0 <= each["recall"] <= 1
