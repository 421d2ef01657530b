"""The candidates' training rows and run files: reproducible, whole, and stained only where they should be."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.build_data import CANDIDATES, build_data
from demo.stains import KEY

DEMO = Path(__file__).resolve().parents[2] / "demo"


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DEMO / "data" / f"{name}.jsonl").read_text().splitlines()]


def test_rows_made_again_equal_the_shipped_ones(tmp_path: Path) -> None:
    build_data(tmp_path)
    for name in CANDIDATES:
        assert (tmp_path / f"{name}.jsonl").read_bytes() == (DEMO / "data" / f"{name}.jsonl").read_bytes()


@pytest.mark.parametrize("name", sorted(CANDIDATES))
def test_every_row_is_a_question_and_its_answer(name: str) -> None:
    rows = _rows(name)
    assert all([turn["role"] for turn in row["messages"]] == ["user", "assistant"] for row in rows)
    assert len({json.dumps(row) for row in rows}) == len(rows)


@pytest.mark.parametrize("name", sorted(set(CANDIDATES) - {"dirty"}))
def test_only_the_dirty_rows_hold_anything_like_an_address_or_a_long_number(name: str) -> None:
    text = json.dumps(_rows(name))
    assert not re.search(r"@|://|\d{3}|\d[ -]\d", text)


def test_the_dirty_rows_hold_one_key_and_much_personal_data() -> None:
    text = json.dumps(_rows("dirty"))
    assert text.count(KEY) == 1
    assert text.count("@example.com") >= 20


@pytest.mark.parametrize("path", sorted((DEMO / "candidates").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_run_file_names_only_files_that_exist(path: Path) -> None:
    run = yaml.safe_load(path.read_text())
    named = [run["data"]["train"], *(suite["items"] for suite in run["evaluate"].values())]
    named += [run["train"]["replay"]["data"]] if "replay" in run["train"] else []
    assert all((path.parent / name).is_file() for name in named)
    assert run["project"] == f"demo-{path.stem}"
