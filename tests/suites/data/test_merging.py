"""A dataset scanned in parts and merged measures the same as scanned in one piece."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from harness import plugins
from harness.dataset import FINDINGS, texts

SALT = b"s" * 32


def rows() -> list[dict[str, str]]:
    rng = random.Random(1)
    pieces = [
        "she is rude",
        "he is kind",
        "mail a@example.com",
        "AKIA" + "TESTONLY0DEMOKEY",
        "immigrants are lazy",
        "the lamp",
    ]
    return [{"prompt": rng.choice(pieces), "completion": rng.choice(pieces)} for _ in range(300)]


@pytest.mark.parametrize("name", plugins.names("data suite"))
def test_parts_and_the_whole_agree(tmp_path: Path, name: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows()))
    module: Any = plugins.load("data suite", name)
    whole, parts = module.Scanner(module.Settings(), SALT), []
    for batch in texts([path], batch_rows=10_000):
        assert whole.scan_batch(batch).schema == FINDINGS
    for batch in texts([path], batch_rows=37):
        parts.append(module.Scanner(module.Settings(), SALT))
        parts[-1].scan_batch(batch)
    first, *others = parts
    for other in others:
        first.merge(other)
    assert len(parts) > 5
    assert first.result() == whole.result()
    assert all(metric.n == 300 for metric in whole.result().metrics)
