"""``kill -9`` at any moment and run again: it goes on, and the result is the same."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.audit import read_audit


def test_killed_at_random_moments_it_ends_with_the_same_candidate_and_decision(
    small: Path, tmp_path: Path, tunegate: Callable[..., Any], started: Callable[..., subprocess.Popen[bytes]]
) -> None:
    began = time.monotonic()
    whole = tunegate("run", small, "--runs", tmp_path / "whole", "--out", tmp_path / "whole" / "run")
    took = time.monotonic() - began
    chance = random.Random(7)
    for _ in range(4):
        process = started("run", small, "--runs", tmp_path / "cut", "--out", tmp_path / "cut" / "run")
        time.sleep(chance.uniform(0.2, 0.9) * took)
        process.send_signal(signal.SIGKILL)
        process.wait()
    cut = tunegate("run", small, "--runs", tmp_path / "cut", "--out", tmp_path / "cut" / "run")
    assert cut.code == whole.code
    assert cut.decision() == whole.decision()
    # Findings carry a hash with the store's own salt, a promotion its time and place; the rest is the same to the byte.
    assert _files(cut) == _files(whole)
    read_audit(cut.folder)


def _files(said: Any) -> dict[str, str]:
    return {name: digest for name, digest in said.record()["files"].items() if name not in ("findings.jsonl", "promotion.json")}
