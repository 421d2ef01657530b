"""A checkpoint is whole or not there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.errors import TrainingError
from trainers.loop import checkpoint

IDENTITY = {"base": "a", "settings": "b", "data": "c", "packages": "d"}


def write(scratch: Path, step: int) -> Path:
    with checkpoint.writing(scratch, step, IDENTITY, {"stale": step}) as folder:
        (folder / "optimizer.pt").write_bytes(b"state" * step)
        (folder / "weights").write_bytes(b"w" * step)
    return scratch / f"checkpoint-{step}"


def test_the_newest_whole_checkpoint_is_found_and_two_are_kept(tmp_path: Path) -> None:
    for step in (3, 9, 20):
        write(tmp_path, step)
    found = checkpoint.newest(tmp_path, IDENTITY)
    assert (found.step, found.progress) == (20, {"stale": 20})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-20", "checkpoint-9"]


@pytest.mark.parametrize("harm", [
    lambda folder: (folder / "optimizer.pt").unlink(), lambda folder: (folder / "weights").write_bytes(b"x"),
    lambda folder: (folder / "manifest.json").unlink(), lambda folder: (folder / "manifest.json").write_text("{"),
    lambda folder: (folder / "more").write_text(""),
])  # fmt: skip
def test_a_harmed_checkpoint_is_passed_over_for_an_older_one(tmp_path: Path, harm, caplog) -> None:
    write(tmp_path, 3)
    harm(write(tmp_path, 9))
    assert checkpoint.newest(tmp_path, IDENTITY).step == 3
    assert "checkpoint 'checkpoint-9' is refused" in caplog.text


def test_a_checkpoint_in_the_making_is_never_read(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), checkpoint.writing(tmp_path, 4, IDENTITY, {}):
        raise KeyboardInterrupt
    assert checkpoint.newest(tmp_path, IDENTITY) is None


@pytest.mark.parametrize("name", sorted(IDENTITY))
def test_a_checkpoint_of_another_run_is_refused_by_what_differs(tmp_path: Path, name: str) -> None:
    write(tmp_path, 3)
    with pytest.raises(TrainingError, match=f"'checkpoint-3' was made with other {name}"):
        checkpoint.newest(tmp_path, {**IDENTITY, name: "other"})


def test_a_training_that_is_killed_and_resumed_ends_in_the_same_bytes(
    base: Path, tmp_path: Path, tiny: SimpleNamespace
) -> None:
    rows = tiny.write_rows(tmp_path / "rows.jsonl", tiny.sums(120))
    script = Path(__file__).with_name("killed.py")
    places = ["step:20", "sync:17", "sync:32", "rename:2+step:9", "rename:3"]
    done = subprocess.run([sys.executable, script, base, tmp_path, rows, *places], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert list(found) == ["never", *places]
    assert len(set(map(tuple, found.values()))) == 1
