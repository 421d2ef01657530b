"""Kills trainings at chosen places and resumes them: ``killed.py BASE FOLDER ROWS PLACES...``.

Each place is one or more of ``step:N``, ``sync:N`` (while a checkpoint's files are flushed) and ``rename:N`` (before a
whole checkpoint gets its name), joined by ``+``. Prints the digests of the candidate and of the kept checkpoints: of an
undisturbed run, and of each run that was killed at its places and then resumed. The libraries are imported once; every
run is a process of its own.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main(base: str, folder: str, rows: str, *places: str) -> None:
    """Runs every scenario and prints what came out as one JSON object."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from harness.store import digest_path
    from trainers.loop.quiet import quieten

    quieten()
    import torch

    torch.set_num_threads(1)
    import peft  # noqa: F401
    from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer  # noqa: F401

    found = {}
    for number, place in enumerate(("never", *places)):
        home = Path(folder) / str(number)
        home.mkdir()
        killed = [forked(base, home, rows, when) for when in place.split("+") if when != "never"]
        assert killed == [-signal.SIGKILL] * len(killed), (place, killed)
        assert forked(base, home, rows, "never") == 0, place
        found[place] = [digest_path(home / "a-out"), digest_path(home / "a-kept")]
    print(json.dumps(found))


def forked(base: str, home: Path, rows: str, when: str) -> int:
    """Trains in a child process and returns how it ended."""
    for name in ("a-out", "a-kept"):
        shutil.rmtree(home / name, ignore_errors=True)
    child = os.fork()
    if not child:
        try:
            once(Path(base), home, Path(rows), when)
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def once(base: Path, home: Path, rows: Path, when: str) -> None:
    """Trains, from what an earlier process left, and dies where it is told."""
    spec = importlib.util.spec_from_file_location("tiny", Path(__file__).with_name("conftest.py"))
    tiny = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tiny)
    from trainers.loop import checkpoint

    place, _, count = when.partition(":")
    if place == "sync":
        checkpoint._sync = dying(checkpoint._sync, int(count))
    if place == "rename":
        os.rename = dying(os.rename, int(count))
    tick = dying(lambda *told: None, int(count)) if place == "step" else lambda *told: None
    tiny.train_once(base, home, rows, epochs=6, validation=0.2, patience=9, tick=tick, checkpoints=5,
                    keep_every=9, adapter={"kind": "lora", "r": 4, "dropout": 0.1})  # fmt: skip


def dying(function: Callable[..., Any], count: int) -> Callable[..., Any]:
    """Wraps a function so that its Nth call ends the process as kill -9 does."""
    calls: list[Any] = []

    def called(*said: Any, **named: Any) -> Any:
        calls.append(said)
        if len(calls) == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*said, **named)

    return called


if __name__ == "__main__":
    main(*sys.argv[1:])
