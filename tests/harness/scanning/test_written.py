"""Findings of a file: gone over again and again, and never held."""

from pathlib import Path

import pytest

from harness.scanning.written import Findings


def test_findings_are_a_sequence_that_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "findings.jsonl"
    found = Findings(path)
    path.write_text('{"row": 1}\n{"row": 2}\n{"row": 3}\n')
    assert list(found) == list(found) == [{"row": 1}, {"row": 2}, {"row": 3}]
    assert len(found) == 3
    assert found[:2] == [{"row": 1}, {"row": 2}]
    assert found[2] == {"row": 3}
    with pytest.raises(IndexError):
        found[3]
    assert found == Findings(path) != Findings(tmp_path / "others.jsonl")
