"""What answers cost is counted from the answers themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from harness.cost import Cost, Metered
from harness.suite import Answer, Request


class Told:
    """Answers with the tokens that the text says."""

    digest = "sha256:" + "a" * 64
    conditions: Mapping[str, str] = {"template": "t"}

    def answer(self, requests: Sequence[Request]) -> list[Answer]:
        return [Answer(prompt=each.text, prompt_tokens=len(each.text), tokens=3) for each in requests]


def test_tokens_read_and_written_add_up_over_all_calls() -> None:
    metered = Metered(Told())
    metered.answer([Request(text="ab"), Request(text="abcd")])
    metered.answer([Request(kind="loglikelihood", text="abcdef", continuation="x")])
    assert metered.cost == Cost(answers=3, prompt_tokens=12, answer_tokens=9)
    assert metered.cost.per_answer() == (4.0, 3.0)


def test_a_text_that_is_only_scored_is_no_answer() -> None:
    metered = Metered(Told())
    assert len(metered.answer([Request(kind="rolling", text="abc")])) == 1
    assert metered.cost == Cost()
    assert metered.cost.per_answer() is None


def test_a_metered_subject_is_the_subject_in_every_other_way() -> None:
    metered = Metered(Told())
    assert (metered.digest, metered.conditions) == (Told.digest, Told.conditions)


def test_costs_of_two_suites_add_up() -> None:
    both = Cost(answers=1, prompt_tokens=2, answer_tokens=3) + Cost(answers=3, prompt_tokens=6, answer_tokens=1)
    assert (both, both.per_answer()) == (Cost(answers=4, prompt_tokens=8, answer_tokens=4), (2.0, 1.0))


def test_a_negative_count_is_no_cost() -> None:
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        Cost(answers=-1)
