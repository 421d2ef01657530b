"""Doing each thing once: reuse, resume, and never a half-written artifact."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import DataError, IntegrityError
from harness.pipeline import Services, Stage, Work, perform
from harness.settings import InputFile, Settings
from harness.store import Store
from harness.types import Artifact

ROOT = Path(__file__).resolve().parents[2]


class Doubling(Settings):
    factor: int = 2
    words: InputFile | None = None


class Counter:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, work: Work) -> None:
        self.calls += 1
        text = work.inputs["text"].read_text() * work.settings.factor
        (work.out / "text.txt").write_text(text)


def source(folder: Path, text: str) -> dict[str, Artifact]:
    from harness.store import digest_path

    path = folder / "text.in"
    path.write_text(text)
    return {"text": Artifact(path=str(path), digest=digest_path(path))}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def stage(run: Counter) -> Stage:
    return Stage("double", "", run, ("harness.types",), ("click",))


def test_a_stage_is_run_once_and_then_reused(tmp_path: Path, store: Store) -> None:
    run, services = Counter(), Services(store.root)
    first = perform(stage(run), source(tmp_path, "ab"), Doubling(), store, services)
    again = perform(stage(run), source(tmp_path, "ab"), Doubling(), store, services)
    assert run.calls == 1
    assert (first.reused, again.reused) == (False, True)
    assert (Path(again.output.path) / "text.txt").read_text() == "abab"
    assert again.entry == first.entry


def test_another_input_or_setting_or_file_in_the_settings_is_run_anew(tmp_path: Path, store: Store) -> None:
    run, services = Counter(), Services(store.root)
    words = tmp_path / "words.txt"
    words.write_text("one")
    perform(stage(run), source(tmp_path, "ab"), Doubling(), store, services)
    perform(stage(run), source(tmp_path, "cd"), Doubling(), store, services)
    perform(stage(run), source(tmp_path, "ab"), Doubling(factor=3), store, services)
    perform(stage(run), source(tmp_path, "ab"), Doubling(words=words), store, services)
    words.write_text("two")
    perform(stage(run), source(tmp_path, "ab"), Doubling(words=words), store, services)
    assert run.calls == 5


def test_where_a_file_lies_does_not_matter_only_its_bytes_do(tmp_path: Path, store: Store) -> None:
    run, services = Counter(), Services(store.root)
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        words = tmp_path / name / "words.txt"
        words.write_text("one")
        perform(stage(run), source(tmp_path / name, "ab"), Doubling(words=words), store, services)
    assert run.calls == 1


def test_a_failed_stage_leaves_no_output_and_keeps_its_scratch_for_the_next_try(tmp_path: Path, store: Store) -> None:
    def fail(work: Work) -> None:
        (work.out / "half.txt").write_text("half")
        (work.scratch / "checkpoint").write_text("1")
        raise DataError("broken")

    def resume(work: Work) -> None:
        assert list(work.out.iterdir()) == []
        (work.out / "text.txt").write_text((work.scratch / "checkpoint").read_text())

    inputs, services = source(tmp_path, "ab"), Services(store.root)
    with pytest.raises(DataError, match="broken"):
        perform(Stage("s", "", fail, ()), inputs, Doubling(), store, services)
    assert not (store.root / "objects").exists()
    done = perform(Stage("s", "", resume, ()), inputs, Doubling(), store, services)
    assert (Path(done.output.path) / "text.txt").read_text() == "1"


def test_a_changed_artifact_is_noticed_before_it_is_reused(tmp_path: Path, store: Store) -> None:
    run, services = Counter(), Services(store.root)
    done = perform(stage(run), source(tmp_path, "ab"), Doubling(), store, services)
    path = Path(done.output.path) / "text.txt"
    path.chmod(0o644)
    path.write_text("tampered")
    with pytest.raises(IntegrityError, match="was changed"):
        perform(stage(run), source(tmp_path, "ab"), Doubling(), store, services)


def test_a_changed_entry_is_noticed(tmp_path: Path, store: Store) -> None:
    run, services = Counter(), Services(store.root)
    perform(stage(run), source(tmp_path, "ab"), Doubling(), store, services)
    (path,) = (store.root / "entries").iterdir()
    path.write_text(path.read_text().replace("sha256:", "sha256:0", 1))
    with pytest.raises(IntegrityError, match="delete it"):
        perform(stage(run), source(tmp_path, "ab"), Doubling(), store, services)


def test_a_stage_killed_half_way_is_run_again_and_gives_the_same(tmp_path: Path, store: Store) -> None:
    script = tmp_path / "kill.py"
    script.write_text(
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from harness.pipeline import Services, Stage, perform\n"
        "from harness.settings import Settings\n"
        "from harness.store import Store\n"
        "def run(work):\n"
        "    (work.out / 'a.txt').write_text('a')\n"
        "    if sys.argv[2] == 'kill': os.kill(os.getpid(), signal.SIGKILL)\n"
        "    (work.out / 'b.txt').write_text('b')\n"
        "store = Store(Path(sys.argv[1]))\n"
        "print(perform(Stage('s', '', run, ()), {}, Settings(), store, Services(store.root)).output.digest)\n"
    )
    arguments = [sys.executable, str(script), str(store.root)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    killed = subprocess.run([*arguments, "kill"], env=environment, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not (store.root / "objects").exists()
    whole = subprocess.run([*arguments, "go"], env=environment, capture_output=True, text=True, check=True)
    other = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "other"), "go"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert whole.stdout == other.stdout
