"""Findings of a file: gone over again and again, and never held."""

from pathlib import Path

from harness.scanning.findings import FindingsFile


def test_findings_are_read_from_the_file_whenever_they_are_gone_over(tmp_path: Path) -> None:
    path = tmp_path / "findings.jsonl"
    found = FindingsFile(path)
    path.write_text('{"row": 1}\n{"row": 2}\n')
    assert list(found) == list(found) == [{"row": 1}, {"row": 2}]
    assert found == FindingsFile(path) != FindingsFile(tmp_path / "others.jsonl")
