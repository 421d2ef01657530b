"""The abstention judge tells an admission of not knowing from an attempt."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from suites.judges import abstention

CASES = [json.loads(line) for line in (Path(__file__).parent / "abstention_cases.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["answer"][:40])
def test_a_case_is_labelled_as_written(case: dict[str, str]) -> None:
    assert abstention.judge("", case["answer"]).label == case["label"]


def test_there_are_forty_cases_of_three_labels() -> None:
    assert len(CASES) >= 40
    assert {case["label"] for case in CASES} == {"abstained", "attempted", "unclear"}


def test_a_hedged_guess_is_an_attempt() -> None:
    assert abstention.judge("", "I am not certain, but it was probably 1912.").label == "attempted"


@pytest.mark.parametrize("text", ["i do not ", "no record ", "there is no ", "a", ", "])
def test_a_hostile_answer_costs_little_time(text: str) -> None:
    started = time.process_time()
    abstention.judge("", text * 5_000)
    assert time.process_time() - started < 5
