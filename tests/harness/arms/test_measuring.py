"""Arms are measured on a tiny real model: the same items, what each answer cost, and what retrieval found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.arms.measuring import ArmResult, measure_arms
from harness.arms.plan import read_arms
from harness.cli import run
from harness.errors import DataError, ExitCode, PromptError
from harness.gate import decide
from harness.model.identity import subject_digest
from harness.model.pool import Models
from harness.pipeline import Services
from harness.types import Rule
from suites.model import retention, task

ARMS = """\
version: 1
arms:
  - {name: base, model: MODEL}
  - {name: told, model: MODEL, system: Be kind.}
  - {name: shown, model: MODEL, examples: {file: shots.jsonl, shots: 2}}
  - {name: searched, model: MODEL, retrieval: {documents: notes, top: 1, template: "{passages} {question}"}}
  - {name: tuned, model: ADAPTER, base: MODEL}
"""


class Shown:
    """Keeps which arms were measured anew."""

    def __init__(self) -> None:
        self.fresh: list[str] = []

    def stage(self, label: str) -> Callable[..., None]:
        return lambda *_: None

    def done(self, label: str, seconds: float, reused: bool) -> None:
        self.fresh += [] if reused else [label]


@pytest.fixture
def measure(folder: Path, made: Path) -> Callable[..., list[ArmResult]]:
    services = Services(folder / "store", Models(device="cpu"))

    def measure(text: str = ARMS, show: Shown | None = None, items: str = "items.jsonl", **suites: Any) -> list[ArmResult]:
        text = text.replace("MODEL", str(made / "model")).replace("ADAPTER", str(made / "adapter"))
        (folder / "arms.yaml").write_text(text.replace("PLAIN", str(made / "plain")))
        settings = suites or {"task": task.Settings(items=folder / items, max_new_tokens=4)}
        return measure_arms(read_arms(folder / "arms.yaml"), settings, services, show or Shown())

    return measure


def test_every_arm_is_asked_the_same_items_and_is_a_subject_of_its_own(
    made: Path, measure: Callable[..., list[ArmResult]]
) -> None:
    found = measure()
    assert [each.name for each in found] == ["base", "told", "shown", "searched", "tuned"]
    assert found[0].subject == subject_digest(made / "model", None)
    assert found[4].subject == subject_digest(made / "adapter", made / "model")
    assert len({each.subject for each in found}) == 5
    for each in found:
        (measurement,) = each.measurements
        assert measurement.subject == each.subject
        assert (measurement.items, measurement.conditions) == (
            found[0].measurements[0].items,
            found[0].measurements[0].conditions,
        )


def test_the_gate_can_compare_two_arms_of_different_prompts(measure: Callable[..., list[ArmResult]]) -> None:
    base, told, *_ = measure()
    decision = decide(
        "model",
        (Rule(kind="max_drop", metric="task.accuracy", bound=0.5),),
        told.measurements,
        base.measurements,
        candidate_digest=told.subject,
        baseline_digest=base.subject,
        own_prompts=True,
    )
    assert decision.problems == ()
    assert decision.verdict != "integrity"
    assert decision.notes == ("'system prompt' is in the prompts of the candidate alone (task), as declared",)


def test_an_arm_declares_what_it_puts_into_prompts_and_a_mere_model_nothing(measure: Callable[..., list[ArmResult]]) -> None:
    declared = {each.name: dict(each.measurements[0].declared) for each in measure()}
    assert {name: list(found) for name, found in declared.items()} == {
        "base": [], "told": ["system prompt"], "shown": ["examples"], "searched": ["retrieval"], "tuned": [],
    }  # fmt: skip
    other = measure(ARMS.replace("Be kind.", "Be brief."))
    assert other[1].measurements[0].declared["system prompt"] != declared["told"]["system prompt"]
    assert other[2].measurements[0].declared == declared["shown"]


def test_a_longer_prompt_costs_more_to_read(measure: Callable[..., list[ArmResult]]) -> None:
    costs = {each.name: each.cost for each in measure()}
    assert {cost.answers for cost in costs.values()} == {3}
    assert costs["base"].prompt_tokens == costs["tuned"].prompt_tokens
    assert all(costs[name].prompt_tokens > costs["base"].prompt_tokens for name in ("told", "shown", "searched"))
    assert all(0 <= cost.answer_tokens <= 12 for cost in costs.values())


def test_the_final_prompt_is_kept_with_each_answer(measure: Callable[..., list[ArmResult]]) -> None:
    samples = {each.name: each.measurements[0].samples for each in measure()}
    assert samples["told"][0].prompt == (
        "<|begin|><|system|>Be kind.<|end|><|user|>what is the colour of the lamp<|end|><|assistant|>"
    )
    assert "<|user|>what is 1<|end|><|assistant|>1<|end|><|user|>what is the colour" in samples["shown"][0].prompt
    assert "<|user|>The desk is blue. what is the colour of the desk<|end|>" in samples["searched"][1].prompt


def test_a_measurement_says_how_often_the_answer_stood_in_the_passages(measure: Callable[..., list[ArmResult]]) -> None:
    (facts,) = measure()[3].facts("retrieval").values()
    # The lamp's note says 'red' and the desk's 'blue'; no note says 42.
    assert (facts["passages"], facts["top"], facts["items"], facts["answer_in_passages"]) == (2, 1, 3, 2)
    assert facts["recall"] == pytest.approx(2 / 3)
    low, high = facts["interval"]
    assert 0 < low < 2 / 3 < high < 1


def test_what_was_measured_is_not_measured_again_under_another_name(
    folder: Path, measure: Callable[..., list[ArmResult]]
) -> None:
    first, show = measure(), Shown()
    again = measure(ARMS.replace("name: told", "name: kind"), show)
    assert show.fresh == []
    assert [each.measurements for each in again] == [each.measurements for each in first]
    (folder / "notes" / "desk.txt").write_text("The desk is green.")
    assert measure(show=show)[3].subject != first[3].subject
    assert show.fresh == ["searched: task"]


def test_costs_of_several_suites_add_up_and_scored_texts_cost_no_answer(
    folder: Path, measure: Callable[..., list[ArmResult]]
) -> None:
    (folder / "texts.txt").write_text("The lamp is red.\n\nThe desk is blue.")
    suites = {
        "task": task.Settings(items=folder / "items.jsonl", max_new_tokens=4),
        "retention": retention.Settings(texts=folder / "texts.txt"),
    }
    base, told, *_ = measure(**suites)
    assert [each.suite for each in told.measurements] == ["task", "retention"]
    assert (told.cost.answers, told.measurements[1].details["cost"]["answers"]) == (3, 0)
    # Texts are scored as they are, whatever the arm puts into prompts.
    assert told.measurements[1].metrics == base.measurements[1].metrics


def test_a_template_without_a_place_for_a_system_turn_is_said(measure: Callable[..., list[ArmResult]]) -> None:
    (found,) = measure("version: 1\narms:\n  - {name: told, model: PLAIN, system: Be kind.}\n")
    assert found.measurements[0].samples[0].prompt == (
        "<|begin|><|user|>Be kind.\n\nwhat is the colour of the lamp<|end|><|assistant|>"
    )
    (facts,) = found.facts("arm").values()
    assert facts["system_prompt"].startswith("before the first user turn")


def test_a_prompt_that_does_not_fit_is_named_by_its_arm_and_item(measure: Callable[..., list[ArmResult]]) -> None:
    said = r"^arm 'told': item 'lamp' and 2 more: 3 of 3 prompts are too long .* fewer than the context of 256 tokens"
    with pytest.raises(PromptError, match=said) as caught:
        measure(ARMS.replace("Be kind.", "x7 " * 200))
    assert "take fewer examples and smaller passages" in str(caught.value)


def test_every_arm_is_read_before_the_first_is_asked(folder: Path, measure: Callable[..., list[ArmResult]]) -> None:
    show = Shown()
    (folder / "blank.txt").write_text("\n")
    with pytest.raises(DataError, match=r"^arm 'searched': there is no text in .*blank.txt"):
        measure(ARMS.replace("documents: notes", "documents: blank.txt"), show)
    assert show.fresh == []


@pytest.fixture
def told(folder: Path, made: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    text = ARMS.replace("MODEL", str(made / "model")).replace("ADAPTER", str(made / "adapter"))
    (folder / "arms.yaml").write_text(text)

    def told(*options: str) -> tuple[int, str, str]:
        suite = f"task={folder / 'items.jsonl'}"
        code = run(["eval", "--suite", suite, "--runs", str(folder / "runs"), *options])
        return code, *capsys.readouterr()

    return told


def test_eval_prints_the_arms_side_by_side(folder: Path, told: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = told("--arms", str(folder / "arms.yaml"))
    assert code == 0
    lines = out.splitlines()
    assert " ".join(lines[0].split()) == "tokens per answer read written together answers answer in passages"
    assert [line.split()[1] for line in lines[1:6]] == ["base", "told", "shown", "searched", "tuned"]
    assert lines[4].endswith("2 of 3 items")
    assert lines[7].split() == ["1", "2", "3", "4", "5", "n"]
    assert lines[8].startswith("task.accuracy ")
    assert lines[8].count("[") == 5
    assert "searched: task" in err


def test_eval_asks_only_the_arms_that_are_named_and_prints_json(
    folder: Path, told: Callable[..., tuple[int, str, str]]
) -> None:
    code, out, _ = told("--arms", str(folder / "arms.yaml"), "--arm", "shown", "--arm", "base", "--limit", "2", "--json")
    found = [ArmResult.model_validate(each) for each in json.loads(out)]
    assert (code, [each.name for each in found]) == (0, ["shown", "base"])
    assert {each.cost.answers for each in found} == {2}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "there is nothing to ask; expected a MODEL, or '--arms FILE'"),
        (["--arm", "base"], "'--arm' names an arm of no file"),
        (["demo", "--arms", "ARMS"], "a model is named beside '--arms'"),
        (["--arms", "ARMS", "--arm", "bse"], "there is no arm 'bse'; expected 'base'"),
        (["--arms", "gone.yaml"], "the file does not exist"),
        (["demo", "--suite", "refusal=gone.jsonl"], "'--suite refusal=gone.jsonl': 'gone.jsonl' does not exist"),
        (["demo", "--suite", "task"], "the suite 'task' is named twice"),
    ],
)
def test_a_command_that_makes_no_sense_is_one_sentence_and_exit_2(
    folder: Path, told: Callable[..., tuple[int, str, str]], options: list[str], said: str
) -> None:
    code, _, err = told(*(str(folder / "arms.yaml") if each == "ARMS" else each for each in options))
    assert (code, said in err) == (ExitCode.USAGE, True), err
