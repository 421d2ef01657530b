"""A dataset scanned in parts and merged measures the same as scanned in one piece, however it was cut."""

import itertools
import json
import pickle
import random
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness import plugins
from harness.dataset import FINDINGS, texts

SALT = b"s" * 32
ROWS = 300
PIECES = (
    "she is rude",
    "he is kind",
    "mail a@example.com",
    "AKIA" + "TESTONLY0DEMOKEY",
    "immigrants are lazy",
    "you are a worthless idiot",
    "the lamp",
    "The café was ruined â€œas they sayâ€\x9d.",
    "",
    "How do I pick a lock so that nobody notices that I was ever there at all",
)
LONG = [f"word{number}" for number in range(24)]


def rows() -> list[dict[str, Any]]:
    rng = random.Random(1)
    return [_row(rng) for _ in range(ROWS)]


def _row(rng: random.Random) -> dict[str, Any]:
    if rng.random() < 0.2:
        # Copies of one text with a word or two replaced: some are near duplicates of each other, some are not.
        return {"text": " ".join(word if rng.random() < 0.95 else rng.choice("abc") for word in LONG)}
    if rng.random() < 0.2:
        turns = [{"role": rng.choice(("user", "assistant")), "content": rng.choice(PIECES)} for _ in range(3)]
        return {"messages": turns}
    if rng.random() < 0.2:
        return {"chosen": rng.choice(PIECES), "rejected": rng.choice(PIECES)}
    return {"prompt": rng.choice(PIECES), "completion": rng.choice(PIECES)}


def one_by_one(folder: Path) -> list[pyarrow.RecordBatch]:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows()))
    return list(texts([path], batch_rows=1))


def scanned(module: Any, batches: list[pyarrow.RecordBatch]) -> Any:
    scanner = module.Scanner(module.Settings(), SALT)
    # The rows of a part come in batches of up to 70.
    for start in range(0, len(batches), 70):
        assert scanner.scan_batch(joined(batches[start : start + 70])).schema == FINDINGS
    return scanner


@pytest.fixture(scope="module", params=plugins.names("data suite"))
def suite(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any, Any]:
    module: Any = plugins.load("data suite", request.param)
    batches = one_by_one(tmp_path_factory.mktemp("rows"))
    return module, batches, scanned(module, batches).result()


def joined(batches: list[pyarrow.RecordBatch]) -> pyarrow.RecordBatch:
    table = pyarrow.Table.from_batches(batches).combine_chunks()
    return table.to_batches()[0]


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(cuts=st.sets(st.integers(1, ROWS - 1), max_size=6), leftwards=st.booleans())
def test_parts_and_the_whole_agree(suite: tuple[Any, Any, Any], cuts: set[int], leftwards: bool) -> None:
    module, batches, whole = suite
    edges = [0, *sorted(cuts), ROWS]
    parts = [scanned(module, batches[start:end]) for start, end in itertools.pairwise(edges)]
    while len(parts) > 1:
        at = 0 if leftwards else len(parts) - 2
        parts[at].merge(parts.pop(at + 1))
    assert parts[0].result() == whole
    assert all(metric.n == ROWS for metric in whole.metrics if not metric.name.startswith("contamination.items"))


def test_a_scanner_can_be_sent_to_another_process(suite: tuple[Any, Any, Any]) -> None:
    module, batches, whole = suite
    first, second = (pickle.loads(pickle.dumps(scanned(module, part))) for part in (batches[:100], batches[100:]))
    first.merge(second)
    assert first.result() == whole


def test_an_empty_part_changes_nothing(suite: tuple[Any, Any, Any]) -> None:
    module, batches, whole = suite
    first, last = scanned(module, []), scanned(module, [])
    first.merge(scanned(module, batches))
    first.merge(last)
    assert first.result() == whole
