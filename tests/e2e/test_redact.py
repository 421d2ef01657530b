"""A run that redacts what it finds trains on the new rows and says so everywhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.store import digest_file


def test_a_run_trains_on_redacted_rows_and_its_record_says_so(tunegate: Callable[..., Any], small: Path) -> None:
    rows = small.parent / "rows.jsonl"
    lines = rows.read_text().splitlines()
    spoken = json.loads(lines[0])
    spoken["messages"][0]["content"] += " Write to ann.miller@example.com"
    rows.write_text("\n".join([json.dumps(spoken), *lines[1:], "{cut o"]) + "\n")
    text = small.read_text().replace("validation: 0.1", "validation: 0.1, bad_rows: skip")
    text = text.replace("scan: {", "scan: {pii: {on_finding: redact, ner: off}, ")
    small.write_text(text.replace("gates:\n", "gates:\n  - {metric: pii.findings, at_most: 0}\n"))
    said = tunegate("run", small, "--runs", small.parent / "runs", "--out", small.parent / "out")
    assert said.code in (0, 1, 3), said.out + said.err
    record, decision = said.record(), said.decision()
    stages = [entry["stage"] for entry in record["entries"]]
    assert stages[:5] == ["scan.pii", "scan.duplicates", "redact", "scan.pii", "scan.duplicates"]
    told = json.loads((said.folder / "redaction.json").read_text())["files"]["train"]
    assert (told["from"], told["rows_redacted"]) == (digest_file(rows), 1)
    trained = next(entry for entry in record["entries"] if entry["stage"] == "train.sft")
    assert trained["inputs"]["train"] == told["to"]
    assert "redaction.json" in record["files"]
    assert any("not those that were given" in note for note in decision["notes"])
    assert next(check for check in decision["checks"] if check["metric"] == "pii.findings")["outcome"] == "pass"
    assert "ann.miller" not in (said.folder / "report.html").read_text() + (said.folder / "findings.jsonl").read_text()
