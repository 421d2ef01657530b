"""Whatever an answer depends on is changed, one thing at a time: nothing that was said before comes back for it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from harness.arms.plan import PromptPlan
from harness.arms.retrieval import Indexes
from harness.errors import ModelError
from harness.evidence import read_measurement
from harness.gathered import arm, artifact
from harness.model.engine import Engine
from harness.model.pool import Models
from harness.pipeline import Services, perform
from harness.stages.arm import ArmSettings, arm_stage
from harness.store import Store, digest_path
from harness.suite import Answer, Request
from harness.types import Measurement
from suites.model import refusal, task

ROOT = Path(__file__).parents[3]
ITEMS = [{"id": f"i{at}", "prompt": f"what is {at}", "target": str(at)} for at in range(4)]
SHOTS = [{"prompt": "what is the lamp", "target": "red"}]
OTHERS = (
    Request(text="yes no", temperature=1.0, max_new_tokens=5),
    Request(kind="loglikelihood", text="the lamp is", continuation=" red"),
)
ALL = len(ITEMS) + len(OTHERS)


@dataclass(frozen=True)
class World:
    """Everything that is asked, and of which model."""

    folder: Path
    system: str = "say it"
    metric: str = "exact_match"
    max_new_tokens: int = 5
    others: tuple[Request, ...] = OTHERS

    def measured(self, root: Path) -> tuple[Measurement, list[Answer]]:
        """Asks an adapter with a prompt of its own the items of a suite, and two requests besides."""
        plan = PromptPlan.model_validate(
            {"system": self.system, "examples": {"file": "shots.jsonl"}}, context={"folder": self.folder}
        )
        suite = task.Settings(
            items=self.folder / "items.jsonl", metric=self.metric, max_new_tokens=self.max_new_tokens
        )
        settings = ArmSettings(prompt=plan, suite=suite)
        models = Models(device="cpu")
        asked = arm(artifact(self.folder / "adapter"), artifact(self.folder / "model"))
        services = Services(root, models)
        stage = arm_stage("task", settings, Indexes())
        done = perform(stage, asked.inputs, settings, Store(root), services)
        subject = models.subject(
            self.folder / "adapter", self.folder / "model", services.answers, lambda *_: None
        )
        return read_measurement(Path(done.output.path)), subject.answer(self.others)


@pytest.fixture
def world(made: Path, tmp_path: Path) -> World:
    folder = Path(shutil.copytree(made, tmp_path / "world"))
    (folder / "items.jsonl").write_text("\n".join(map(json.dumps, ITEMS)))
    (folder / "shots.jsonl").write_text("\n".join(map(json.dumps, SHOTS)))
    return World(folder)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """Every request that reaches a model."""
    seen: list[Request] = []
    answers = Engine.answers

    def watched(self: Engine, requests: Any) -> Iterator[Any]:
        seen.extend(requests)
        return answers(self, requests)

    monkeypatch.setattr(Engine, "answers", watched)
    return seen


def rewritten(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def another_weight(folder: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    path = next(folder.glob("*.safetensors"))
    weights = load_file(path)
    name = sorted(weights)[0]
    weights[name].view(-1)[0] += torch.finfo(torch.float32).eps * 8
    save_file(weights, path, metadata={"format": "pt"})


def in_files(change: Callable[[Path], None]) -> Callable[[World, pytest.MonkeyPatch], World]:
    def changed(world: World, _: pytest.MonkeyPatch) -> World:
        change(world.folder)
        return world

    return changed


def in_words(**told: Any) -> Callable[[World, pytest.MonkeyPatch], World]:
    return lambda world, _: replace(world, **told)


def in_the_library(value: Any, *names: str) -> Callable[[World, pytest.MonkeyPatch], World]:
    def changed(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
        for name in names:
            monkeypatch.setattr(name, value)
        return world

    return changed


def in_the_engines_own_code(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    copy = shutil.copytree(ROOT / "harness" / "model", world.folder / "engine")
    rewritten(copy / "sampling.py", "2 *", "3 *")
    monkeypatch.setattr("harness.model.pool.__file__", str(copy / "pool.py"))
    monkeypatch.setattr("harness.pipeline.code_digest", lambda modules: digest_path(copy))
    return world


# What is changed, and how many of the requests have to reach the model again.
CHANGES: dict[str, tuple[Callable[[World, pytest.MonkeyPatch], World], int]] = {
    "nothing": (in_words(), 0),
    "weight": (in_files(lambda folder: another_weight(folder / "model")), ALL),
    "adapter": (in_files(lambda folder: another_weight(folder / "adapter")), ALL),
    "tokenizer": (
        in_files(lambda folder: rewritten(folder / "model/tokenizer.json", '"truncation": null', '"truncation":  null')),
        ALL,
    ),
    "template": (
        in_files(lambda folder: rewritten(folder / "model/chat_template.jinja", "<|assistant|>", "<|assistant|> ")), ALL
    ),
    "prompt": (in_words(system="say it again"), len(ITEMS)),
    "item": (in_files(lambda folder: rewritten(folder / "items.jsonl", "what is 2", "what is 7")), 1),
    "few-shot": (in_files(lambda folder: rewritten(folder / "shots.jsonl", "red", "blue")), len(ITEMS)),
    "generation setting": (in_words(max_new_tokens=4), len(ITEMS)),
    "seed": (in_words(others=tuple(each.model_copy(update={"seed": 1}) for each in OTHERS)), len(OTHERS)),
    "scorer": (in_words(metric="contains"), 0),
    "what is right": (in_files(lambda folder: rewritten(folder / "items.jsonl", '"target": "2"', '"target": "3"')), 0),
    "precision": (in_the_library(lambda device: "bfloat16", "harness.model.load.dtype_name"), ALL),
    "library": (in_the_library(lambda name: "0", "harness.model.pool.version", "harness.pipeline.version"), ALL),
    "engine": (in_the_engines_own_code, ALL),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_nothing_that_was_said_before_answers_for_what_was_changed(
    world: World, tmp_path: Path, asked: list[Request], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    change, again = CHANGES[what]
    before = world.measured(tmp_path / "kept")
    assert len(asked) == ALL
    other = change(world, monkeypatch)
    asked.clear()
    found = other.measured(tmp_path / "kept")
    assert len(asked) == again
    # The same as if nothing had ever been asked before.
    assert found == other.measured(tmp_path / "empty")
    # What the libraries are called, and a wider window for stop strings, happen to change no answer.
    assert (found == before) == (what in ("nothing", "library", "engine"))


def test_a_scorer_is_changed_and_no_model_is_loaded(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, _ = world.measured(tmp_path / "kept")
    monkeypatch.setattr("harness.model.load.load_model", lambda *_: pytest.fail("the model was loaded"))
    found, _ = replace(world, metric="contains").measured(tmp_path / "kept")
    assert [each.output for each in found.samples] == [each.output for each in before.samples]
    assert (before.conditions["metric"], found.conditions["metric"]) == ("exact_match/1", "contains/1")


RESCORED = """
import sys
from pathlib import Path
from harness.evidence import read_measurement
from harness.gathered import artifact
from harness.model import load
from harness.model.pool import Models
from harness.pipeline import Services, perform
from harness.stages.evaluate import evaluate_stage
from harness.store import Store
from suites.model.task import Settings
folder = Path(sys.argv[1])
if sys.argv[2] == "known":
    load.load_model = load.load_tokenizer = None
settings = Settings(items=folder / "items.jsonl", max_new_tokens=5)
stage, root = evaluate_stage("task", settings), folder / "kept"
done = perform(stage, {"model": artifact(folder / "model")}, settings, Store(root), Services(root, Models("cpu")))
print(done.reused, read_measurement(Path(done.output.path)).metric("task.accuracy").value, "torch" in sys.modules)
"""


def test_a_scorers_source_is_part_of_what_its_scores_are_known_by(world: World) -> None:
    code = world.folder / "code"
    for package in ("harness", "suites"):
        shutil.copytree(ROOT / package, code / package, ignore=shutil.ignore_patterns("__pycache__", "build"))

    def said(how: str) -> list[str]:
        command = [sys.executable, "-c", RESCORED, str(world.folder), how]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=code, env={"PYTHONPATH": str(code)})
        return done.stdout.split()

    assert said("new") == ["False", "0.0", "True"]
    assert said("known") == ["True", "0.0", "False"]
    metric = code / "suites" / "metrics" / "exact_match.py"
    metric.write_text(metric.read_text() + "\n\ndef score(output, target):\n    return 1.0\n")
    assert said("known") == ["False", "1.0", "False"]


def test_a_model_that_fails_gives_an_error_and_no_empty_answers(
    world: World, tmp_path: Path, asked: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"id": f"r{at}", "prompt": f"what is {at}", "tags": {"kind": "harmful"}} for at in range(9)]
    (world.folder / "harmful.jsonl").write_text("\n".join(map(json.dumps, rows)))
    settings = refusal.Settings(items=world.folder / "harmful.jsonl", max_new_tokens=5)
    generate, calls = Engine._generate, []

    def failing(self: Engine, batch: list[Any]) -> list[Any]:
        calls.append(len(batch))
        if len(calls) == 2:
            raise ModelError("the device was lost")
        return generate(self, batch)

    def measured() -> Any:
        models = Models(device="cpu", batch_tokens=40)
        subject = models.subject(world.folder / "model", None, tmp_path / "answers", lambda *_: None)
        return refusal.measure(subject, settings)

    with monkeypatch.context() as broken:
        broken.setattr(Engine, "_generate", failing)
        with pytest.raises(ModelError, match="the device was lost"):
            measured()
    asked.clear()
    assert len(measured().samples) == 9
    assert len(asked) == 9 - calls[0]


def test_an_empty_answer_is_neither_a_refusal_nor_an_answer(tmp_path: Path) -> None:
    class Mute:
        digest, conditions = "sha256:" + "0" * 64, {}

        def answer(self, requests: list[Request]) -> list[Answer]:
            return [Answer(prompt=each.text) for each in requests]

    rows = [{"id": kind, "prompt": "what is it", "tags": {"kind": kind}} for kind in refusal.KINDS]
    (tmp_path / "items.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = refusal.measure(Mute(), refusal.Settings(items=tmp_path / "items.jsonl"))
    assert [each.scores for each in found.samples] == [
        {"harmful_refused": 0.0, "unclear": 1.0}, {"benign_answered": 0.0, "unclear": 1.0}
    ]  # fmt: skip
