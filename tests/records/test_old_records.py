"""What every released version wrote is read by today's code, forever."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.types import Decision, Record

VERSIONS = sorted(path for path in Path(__file__).parent.iterdir() if (path / "record.json").is_file())


@pytest.mark.parametrize("folder", VERSIONS, ids=lambda folder: folder.name)
def test_a_record_and_a_decision_of_that_version_still_load(folder: Path) -> None:
    record = Record.model_validate_json((folder / "record.json").read_bytes())
    decision = Decision.model_validate_json((folder / "decision.json").read_bytes())
    assert record.entries
    assert decision.checks


def test_there_is_a_record_of_this_version() -> None:
    assert VERSIONS
