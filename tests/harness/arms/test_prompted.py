"""What an arm puts into a prompt, in which order, and which subject that makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.arms.documents import Passage
from harness.arms.plan import PromptPlan
from harness.arms.prompted import Prompt, Prompted, read_prompt
from harness.arms.retrieval import Index, Indexes, Retrieval
from harness.errors import PromptError
from harness.suite import Answer, Request
from harness.types import Message

MODEL = "sha256:" + "a" * 64
SHOT = (Message(role="user", content="q1"), Message(role="assistant", content="a1"))
NOTES = Index([Passage("The lamp is red.", "lamp"), Passage("The desk is blue.", "desk")])
LAMP = Retrieval(NOTES, 1, "{passages} {question}", " ")
WHOLE = Prompt("Be kind.", (SHOT,), LAMP)


def turns(*told: tuple[str, str]) -> tuple[Message, ...]:
    return tuple(Message(role=role, content=content) for role, content in told)


def put(prompt: Prompt, request: Request, system_turn: bool = True) -> list[tuple[str, str]] | str:
    final, _ = Prompted(_Silent(), prompt, system_turn).rewritten(request)
    return [(turn.role, turn.content) for turn in final.messages] or final.text


class _Silent:
    digest = MODEL
    conditions: dict[str, str] = {}

    def answer(self, requests: Any) -> list[Answer]:
        raise AssertionError("nothing is to be asked")


def test_a_system_turn_stands_first_then_the_examples_then_the_question_with_its_passages() -> None:
    assert put(WHOLE, Request(messages=turns(("user", "which lamp?")))) == [
        ("system", "Be kind."),
        ("user", "q1"),
        ("assistant", "a1"),
        ("user", "The lamp is red. which lamp?"),
    ]


def test_a_suites_own_system_turn_joins_the_arms_behind_it() -> None:
    request = Request(messages=turns(("system", "You route tickets."), ("user", "hello")))
    assert put(WHOLE, request) == [
        ("system", "Be kind.\n\nYou route tickets."),
        ("user", "q1"),
        ("assistant", "a1"),
        ("user", "hello"),
    ]


def test_a_suites_own_system_turn_stays_in_front_of_examples_where_the_arm_has_none() -> None:
    request = Request(messages=turns(("system", "You route tickets."), ("user", "hello")))
    assert put(Prompt(shots=(SHOT,)), request) == [
        ("system", "You route tickets."),
        ("user", "q1"),
        ("assistant", "a1"),
        ("user", "hello"),
    ]


def test_passages_are_looked_up_for_and_put_into_the_last_user_turn_alone() -> None:
    request = Request(messages=turns(("user", "the desk?"), ("assistant", "yes"), ("user", "the lamp?"), ("assistant", "It")))
    assert put(Prompt(retrieval=LAMP), request) == [
        ("user", "the desk?"),
        ("assistant", "yes"),
        ("user", "The lamp is red. the lamp?"),
        ("assistant", "It"),
    ]


def test_without_a_place_for_a_system_turn_its_text_stands_before_the_first_user_turn() -> None:
    request = Request(messages=turns(("system", "You route tickets."), ("user", "which lamp?")))
    assert put(WHOLE, request, system_turn=False) == [
        ("user", "Be kind.\n\nYou route tickets.\n\nq1"),
        ("assistant", "a1"),
        ("user", "The lamp is red. which lamp?"),
    ]
    assert put(Prompt("Be kind."), Request(messages=turns(("assistant", "Hi"))), system_turn=False) == [
        ("user", "Be kind."),
        ("assistant", "Hi"),
    ]


def test_a_prompt_of_text_gets_the_same_parts_as_text() -> None:
    assert put(WHOLE, Request(text="which lamp?")) == "Be kind.\n\nq1\na1\n\nThe lamp is red. which lamp?"


@pytest.mark.parametrize("kind", ["generate", "loglikelihood"])
def test_the_prompt_of_a_continuation_is_rewritten_and_the_rest_of_the_request_stays(kind: str) -> None:
    request = Request(kind=kind, messages=turns(("user", "hello")), continuation=" you", stop=("x",), seed=3)
    final, _ = Prompted(_Silent(), WHOLE).rewritten(request)
    assert final.model_copy(update={"messages": request.messages}) == request
    assert len(final.messages) == 4


@pytest.mark.parametrize(
    "request_", [Request(kind="rolling", text="The lamp is red."), Request(kind="loglikelihood", continuation="red")]
)
def test_a_text_that_is_scored_without_a_prompt_is_asked_as_it_is(request_: Request) -> None:
    assert Prompted(_Silent(), WHOLE).rewritten(request_) == (request_, None)


def test_the_subject_is_the_model_with_its_prompt_and_its_conditions_are_the_models(recorded: Any) -> None:
    prompted = Prompted(recorded, WHOLE)
    assert prompted.digest not in (MODEL, "")
    assert prompted.conditions == recorded.conditions
    assert Prompted(recorded, Prompt()).digest == MODEL


def test_another_prompt_is_another_subject_and_the_same_one_under_another_name_is_not(folder: Path) -> None:
    def digest(**told: Any) -> str:
        plan = PromptPlan.model_validate(told, context={"folder": folder})
        return read_prompt(plan, Indexes()).subject(MODEL)

    (folder / "system.txt").write_text("Be kind.\n")
    (folder / "copy.jsonl").write_text((folder / "shots.jsonl").read_text())
    notes = {"documents": "notes"}
    different = [
        digest(),
        digest(system="Be kind."),
        digest(system="Be brief."),
        digest(examples={"file": "shots.jsonl"}),
        digest(examples={"file": "shots.jsonl", "shots": 2}),
        digest(examples={"file": "shots.jsonl", "shots": 2, "seed": 2}),
        digest(retrieval=notes),
        digest(retrieval={**notes, "top": 1}),
        digest(retrieval={**notes, "words": 3}),
        digest(retrieval={**notes, "separator": " "}),
        digest(retrieval={**notes, "template": "{question} {passages}"}),
        digest(system="Be kind.", retrieval=notes),
    ]
    assert len(set(different)) == len(different)
    assert digest(system={"file": "system.txt"}) == digest(system="Be kind.")
    assert digest(examples={"file": "copy.jsonl", "shots": 4}) == digest(examples={"file": "shots.jsonl"})
    before = digest(retrieval=notes)
    (folder / "notes" / "lamp.md").write_text("The lamp is green.")
    assert digest(retrieval=notes) != before


def test_answers_come_back_in_order_and_the_passages_of_each_prompt_are_kept(recorded: Any) -> None:
    prompted = Prompted(recorded, Prompt(retrieval=LAMP))
    asked = [Request(text="the desk?"), Request(text="zebra"), Request(kind="rolling", text="the lamp")]
    prompts = [answer.prompt for answer in prompted.answer(asked)]
    assert prompts == ["The desk is blue. the desk?", "zebra", "the lamp"]
    assert {prompt: [each.source for each in found] for prompt, found in prompted.found.items()} == {
        prompts[0]: ["desk"],
        "zebra": [],
    }


def test_questions_that_stand_among_the_examples_are_counted(recorded: Any) -> None:
    prompted = Prompted(recorded, Prompt(shots=(SHOT,)))
    asked = [Request(messages=turns(("user", "q1"))), Request(text="q1"), Request(text="q2")]
    prompted.answer([*asked, asked[0]])
    assert prompted.shown == 2


def test_a_prompt_that_does_not_fit_is_named_by_the_request_it_came_from() -> None:
    class Narrow(_Silent):
        def answer(self, requests: Any) -> list[Answer]:
            raise PromptError("1 of 2 prompts are too long", "fewer", "shorten", [requests[1]])

    asked = [Request(text="a"), Request(text="b")]
    with pytest.raises(PromptError, match="take fewer examples and smaller passages") as caught:
        Prompted(Narrow(), WHOLE).answer(asked)
    assert caught.value.requests == (asked[1],)
