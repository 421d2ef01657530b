"""Findings as SARIF 2.1.0, which code hosts show beside the line that a finding is about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from harness import __version__

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# Hosts refuse logs of more results than they can show; all are in findings.jsonl.
MOST = 5_000
LONGEST = 1_000


def sarif(findings: Iterable[Mapping[str, Any]], complete: bool = True) -> bytes:
    """Writes a log of findings.

    Args:
        findings: With the columns of :data:`harness.dataset.FINDINGS`, and ``column`` and ``end_column`` where known.
        complete: Whether all of the data was scanned.
    """
    rules: dict[str, int] = {}
    results: list[dict[str, Any]] = []
    total = 0
    for total, finding in enumerate(findings, start=1):
        if total <= MOST:
            name = f"{finding['suite']}.{finding['entity']}"
            results.append(_result(finding, name, rules.setdefault(name, len(rules))))
    driver = {
        "name": "tunegate", "version": __version__,
        "rules": [{"id": name, "shortDescription": {"text": _described(name)}} for name in rules],
    }  # fmt: skip
    run = {
        "tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results,
        "invocations": [{"executionSuccessful": complete, "toolExecutionNotifications": _left_out(total)}],
    }  # fmt: skip
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1).encode() + b"\n"


def _described(name: str) -> str:
    suite, _, kind = name.partition(".")
    return f"{kind.replace('_', ' ').lower()}, found by the suite '{suite}'"


def _left_out(total: int) -> list[dict[str, Any]]:
    if total <= MOST:
        return []
    text = f"the first {MOST:,} of {total:,} findings; all are in findings.jsonl"
    return [{"level": "note", "message": {"text": text}}]


def _result(finding: Mapping[str, Any], name: str, index: int) -> dict[str, Any]:
    region = {"startLine": max(1, int(finding.get("line") or 1))}
    if finding.get("column") and finding.get("end_column"):
        region |= {"startColumn": finding["column"], "endColumn": finding["end_column"]}
    where = {"physicalLocation": {"artifactLocation": {"uri": quote(str(finding.get("file", "")))}, "region": region}}
    if finding.get("field"):
        where["logicalLocations"] = [{"fullyQualifiedName": str(finding["field"])[:LONGEST]}]
    return {
        "ruleId": name, "ruleIndex": index, "level": "warning",
        "message": {"text": str(finding.get("message") or name)[:LONGEST]}, "locations": [where],
        "partialFingerprints": {"saltedValue/v1": str(finding.get("hash", ""))},
    }  # fmt: skip
