"""Data and weights that this project did not make: scanned, trained on and gated where they are at hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared"
STORIES = SHARED / "models" / "stories260K-hf"
SHAKESPEARE = SHARED / "data" / "tinyshakespeare" / "input_dev.txt"

OPENINGS = ("Once upon a time, there was a", "One day, a", "There was once a")
CHARACTERS = (
    "little girl", "little boy", "big dog", "small cat", "happy bird", "funny frog", "red car", "kind man", "sad bear",
    "old tree", "brave mouse", "green fish", "tiny bug", "pretty doll", "shy bunny", "loud duck",
)  # fmt: skip
NAMES = ("Lily", "Tom", "Max", "Sara", "Ben", "Mia")

RUN = """\
version: 1
project: stories
base: {base}
data: {{train: plays.txt, validation: 0.1}}
scan: {{duplicates: {{}}}}
train: {{method: pretrain, adapter: {{kind: none}}, epochs: 1, learning_rate: 1.0e-3, batch_tokens: 4096, threads: 1{replay}}}
evaluate: {{retention: {{items: null, texts: held_out.jsonl}}}}
gates: [{{metric: retention.bits_per_byte, max_drop: 0.1}}]
promote: {{alias: champion}}
"""

SCANNED = ("presidio_research/synth_v2_dev.jsonl", "hh_rlhf", "self_instruct", "gsm8k")


def _file(name: str) -> Path:
    path = SHARED / "data" / name
    return next(iter(sorted(path.glob("*.jsonl"))), path) if path.is_dir() else path


@pytest.mark.parametrize("name", SCANNED)
def test_a_public_data_set_is_scanned_to_its_end(name: str, tunegate: Callable[..., Any], tmp_path: Path) -> None:
    if not _file(name).is_file():
        pytest.skip(f"{name} is not at hand")
    said = tunegate("scan", _file(name), "--runs", tmp_path, "--json")
    assert said.code == 0, said.err
    assert {each["suite"] for each in json.loads(said.out)} >= {"pii", "secrets", "bias", "duplicates"}


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The base model's own greedy stories: what it knew before it was trained on plays."""
    if not STORIES.is_dir() or not SHAKESPEARE.is_file():
        pytest.skip("stories260K and tinyshakespeare are not at hand")
    from harness.model.pool import Models
    from harness.pipeline import silent
    from harness.suite import Request

    prompts = [f"{opening} {one} named {name}." for opening in OPENINGS for one in CHARACTERS for name in NAMES]
    answers_path = tmp_path_factory.mktemp("answers") / "answers.sqlite"
    subject = Models(threads=1).subject(STORIES, None, answers_path, silent)
    answers = subject.answer([Request(text=prompt, max_new_tokens=120) for prompt in prompts])
    return [prompt + answer.text for prompt, answer in zip(prompts, answers, strict=True)]


def _write(folder: Path, stories: list[str], replay: str) -> Path:
    (folder / "plays.txt").write_text(SHAKESPEARE.read_text()[:150_000])
    (folder / "held_out.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in stories[::2]))
    (folder / "replay.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in stories[1::2]))
    (folder / "run.yaml").write_text(RUN.format(base=STORIES, replay=replay))
    return folder / "run.yaml"


def _lost(said: Any) -> tuple[str, float]:
    (check,) = [check for check in said.decision()["checks"] if check["metric"] == "retention.bits_per_byte"]
    return check["outcome"], check["delta"]


def test_stories_continued_on_plays_are_blocked_since_the_model_forgot_its_stories_and_replay_keeps_them(
    stories: list[str], tunegate: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "without").mkdir()
    (tmp_path / "with").mkdir()
    bare = _write(tmp_path / "without", stories, "")
    kept = _write(tmp_path / "with", stories, ", replay: {data: replay.jsonl, share: 0.5}")
    without = tunegate("run", bare, "--runs", tmp_path / "runs", "--out", tmp_path / "runs" / "without")
    with_replay = tunegate("run", kept, "--runs", tmp_path / "runs", "--out", tmp_path / "runs" / "with")
    assert without.code == 1, without.out + without.err
    assert _lost(without)[0] == "fail"
    assert _lost(with_replay)[1] < _lost(without)[1] / 2
