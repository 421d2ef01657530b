"""SARIF 2.1.0: what the standard asks of every object that is written, rare kinds not hidden, and nothing of a value."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from harness.scanning.sarif import MOST, sarif, shares

# No package of the index that is kept up has the official schema; this is what it says of the objects that we write.
PART = json.loads((Path(__file__).parent / "sarif-2.1.0-part.json").read_text())
VALID = Draft202012Validator(PART, format_checker=Draft202012Validator.FORMAT_CHECKER)

FINDING = {
    "file": "my rows.jsonl", "row": 2, "line": 3, "id": "r", "field": "text", "suite": "pii", "entity": "US_SSN",
    "start": 4, "end": 15, "score": 0.9, "message": "US_SSN, 11 characters, hash ab", "hash": "abcd", "column": 14,
    "end_column": 25,
}  # fmt: skip
HOSTILE = FINDING | {
    "file": "a:b/../ü%20\udcff \n.jsonl", "field": "\u202e<b>" * 1_000, "message": "", "line": None, "column": None,
    "hash": None, "entity": "<script>",
}  # fmt: skip


def run_of(*findings: dict[str, Any], **named: Any) -> dict[str, Any]:
    log = json.loads(sarif(findings, **named))
    VALID.validate(log)
    (run,) = log["runs"]
    agrees_with_itself(run)
    return run


def agrees_with_itself(run: dict[str, Any]) -> None:
    """What the standard says in words only: an index and an id mean one rule, a region ends behind its start."""
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        region = result["locations"][0]["physicalLocation"]["region"]
        assert region.get("endColumn", 1) >= region.get("startColumn", 1)
    assert {result["ruleId"] for result in run["results"]} == set(rules)


def test_the_part_of_the_standard_is_a_schema_and_refuses_what_the_standard_does() -> None:
    Draft202012Validator.check_schema(PART)
    log = json.loads(sarif([FINDING]))
    spoilt: list[Callable[[Any], Any]] = [
        lambda each: each.pop("version"),
        lambda each: each["runs"][0].pop("tool"),
        lambda each: each["runs"][0].update(columnKind="bytes"),
        lambda each: each["runs"][0]["results"][0].pop("message"),
        lambda each: each["runs"][0]["results"][0].update(level="fatal"),
        lambda each: each["runs"][0]["results"][0].update(colour="red"),
        lambda each: each["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"].update(startLine=0),
        lambda each: each["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"].update(uri="a b"),
        lambda each: each["runs"][0]["invocations"][0].pop("executionSuccessful"),
    ]
    for spoil in spoilt:
        other = json.loads(json.dumps(log))
        spoil(other)
        with pytest.raises(ValidationError):
            VALID.validate(other)


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
    assert [each["ruleId"] for each in run["results"]] == ["pii.US_SSN", "pii.PHONE_NUMBER"]
    assert all(rule["shortDescription"]["text"] for rule in run["tool"]["driver"]["rules"])


def test_names_and_messages_that_anybody_may_choose_make_a_valid_log() -> None:
    (result,) = run_of(HOSTILE)["results"]
    location = result["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "a%3Ab/../%C3%BC%2520%FF%20%0A.jsonl"
    assert result["message"]["text"] == "pii.<script>" and result["partialFingerprints"] == {}


def test_no_findings_is_a_whole_log() -> None:
    run = run_of()
    assert run["results"] == [] and run["invocations"][0]["executionSuccessful"] is True
    assert run_of(complete=False)["invocations"][0]["executionSuccessful"] is False


def test_more_findings_than_a_host_shows_are_counted_and_hide_no_rare_kind() -> None:
    key = FINDING | {"suite": "secrets", "entity": "aws_access_key"}
    run = run_of(*[FINDING] * (MOST + 1), key, FINDING | {"entity": "PHONE_NUMBER"})
    assert len(run["results"]) == MOST
    count = Counter(each["ruleId"] for each in run["results"])
    assert count == {"pii.US_SSN": MOST - 2, "secrets.aws_access_key": 1, "pii.PHONE_NUMBER": 1}
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == "5,000 of 5,003 findings, the first of each kind; all are in findings.jsonl"


def test_room_is_shared_and_none_is_left_over() -> None:
    assert shares({"a": 9, "b": 2, "c": 9}, 12) == {"b": 2, "a": 5, "c": 5}
    assert shares({"a": 1, "b": 2}, 12) == {"a": 1, "b": 2}
    assert shares({}, 12) == {}
