"""Kept checkpoints: the candidate as it was on its way, loadable, and without a trace in the candidate itself."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.errors import TrainingError
from harness.store import digest_path

LORA = {"kind": "lora", "r": 4}


@pytest.fixture
def rows(tiny: SimpleNamespace, tmp_path: Path) -> Path:
    return tiny.write_rows(tmp_path / "rows.jsonl", tiny.sums(60))


@pytest.mark.parametrize("adapter", [LORA, {"kind": "none"}])
def test_keeping_changes_nothing_of_the_candidate_and_the_last_one_is_the_candidate(
    fit: Any, rows: Path, tmp_path: Path, adapter: Any
) -> None:
    _, plain = fit(rows, adapter=adapter)
    trained, out = fit(rows, adapter=adapter, keep_every=3, name="b")
    assert digest_path(out) == digest_path(plain)
    kept = sorted((tmp_path / "b-kept").iterdir())
    steps = trained.facts["steps"]
    assert [path.name for path in kept] == [f"step-{step:06}" for step in (*range(3, steps, 3), steps)]
    assert digest_path(kept[-1]) == digest_path(out)
    assert len({digest_path(path) for path in kept}) == len(kept)
    assert not (tmp_path / "a-kept").exists()


def test_a_kept_checkpoint_is_what_a_training_of_so_many_steps_would_have_left(
    base: Path, fit: Any, rows: Path, tmp_path: Path
) -> None:
    # A constant rate without warm-up, so that the planned length of the training has no part in it.
    said = {"schedule": "constant", "warmup": 0, "adapter": LORA}
    short, out = fit(rows, epochs=1, **said)
    fit(rows, epochs=2, keep_every=short.facts["steps"], name="b", **said)
    first = tmp_path / "b-kept" / f"step-{short.facts['steps']:06}"
    assert digest_path(first) == digest_path(out)


def test_a_kept_adapter_loads_as_the_candidate_does(base: Path, fit: Any, rows: Path, tmp_path: Path) -> None:
    from harness.model.pool import Models
    from harness.suite import Request

    fit(rows, adapter=LORA, keep_every=4, epochs=6)
    models, question = Models(), Request(text="say red 0", max_new_tokens=4)
    said = [
        models.subject(path, base, tmp_path / "answers.sqlite", lambda *told: None).answer([question])[0].text
        for path in sorted((tmp_path / "a-kept").iterdir())
    ]
    assert len(set(said)) > 1


def test_an_early_stop_keeps_its_last_step(fit: Any, tiny: SimpleNamespace, tmp_path: Path) -> None:
    import hashlib

    rows = [tiny.chat(f"say {n}", hashlib.sha256(str(n).encode()).hexdigest()[:12]) for n in range(60)]
    said = {"validation": 0.3, "validations": 20, "epochs": 30, "learning_rate": 2e-2}
    trained, _ = fit(rows, **said, patience=2, keep_every=1000)
    assert trained.facts["stopped_early"]
    assert [path.name for path in (tmp_path / "a-kept").iterdir()] == [f"step-{trained.facts['steps']:06}"]


def test_a_kept_checkpoint_that_was_changed_before_the_end_is_refused(
    base: Path, rows: Path, tmp_path: Path, tiny: SimpleNamespace
) -> None:
    def harm(done: int, total: int, facts: Any) -> None:
        if done == total:
            (tmp_path / "a-scratch" / "kept" / "step-000003" / "tokenizer.json").write_text("{}")

    with pytest.raises(TrainingError, match=r"the kept checkpoint '.*step-000003' is sha256:.*; expected sha256:"):
        tiny.train_once(base, tmp_path, rows, keep_every=3, tick=harm)


def test_a_kept_checkpoint_that_is_gone_before_the_end_is_refused(
    base: Path, rows: Path, tmp_path: Path, tiny: SimpleNamespace
) -> None:
    def harm(done: int, total: int, facts: Any) -> None:
        if done == total:
            shutil.rmtree(tmp_path / "a-scratch" / "kept" / "step-000003")

    with pytest.raises(TrainingError, match=r"the kept checkpoint '.*step-000003' is nothing; expected sha256:"):
        tiny.train_once(base, tmp_path, rows, keep_every=3, tick=harm)
