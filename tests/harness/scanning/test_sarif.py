"""SARIF 2.1.0: every property that the standard requires, and nothing of a value."""

import json
from typing import Any

from harness.scanning.sarif import MOST, sarif

FINDING = {
    "file": "my rows.jsonl", "row": 2, "line": 3, "id": "r", "field": "text", "suite": "pii", "entity": "US_SSN",
    "start": 4, "end": 15, "score": 0.9, "message": "US_SSN, 11 characters, hash ab", "hash": "abcd", "column": 14,
    "end_column": 25,
}  # fmt: skip


def run_of(*findings: dict[str, Any], **named: Any) -> dict[str, Any]:
    log = json.loads(sarif(findings, **named))
    assert log["version"] == "2.1.0" and log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    return run


def test_a_finding_names_its_file_line_and_columns() -> None:
    run = run_of(FINDING, FINDING | {"entity": "PHONE_NUMBER", "column": None, "end_column": None})
    first, second = run["results"]
    region = first["locations"][0]["physicalLocation"]
    assert region == {
        "artifactLocation": {"uri": "my%20rows.jsonl"},
        "region": {"startLine": 3, "startColumn": 14, "endColumn": 25},
    }
    assert second["locations"][0]["physicalLocation"]["region"] == {"startLine": 3}
    assert first["locations"][0]["logicalLocations"] == [{"fullyQualifiedName": "text"}]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[each["ruleIndex"]]["id"] for each in run["results"]] == ["pii.US_SSN", "pii.PHONE_NUMBER"]
    assert all(each["ruleId"] and each["message"]["text"] and each["level"] == "warning" for each in run["results"])
    assert all(rule["shortDescription"]["text"] for rule in rules)


def test_no_findings_is_a_whole_log() -> None:
    run = run_of()
    assert run["results"] == [] and run["invocations"][0]["executionSuccessful"] is True
    assert run_of(complete=False)["invocations"][0]["executionSuccessful"] is False


def test_more_findings_than_a_host_shows_are_counted() -> None:
    run = run_of(*[FINDING] * (MOST + 1))
    assert len(run["results"]) == MOST
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == "the first 5,000 of 5,001 findings; all are in findings.jsonl"
