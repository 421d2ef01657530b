"""Findings as SARIF 2.1.0, which code hosts show beside the line that a finding is about."""

from __future__ import annotations

import json
from collections import Counter
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

    Where there are more than a host shows, the rarer kinds are there in whole: a key must not be hidden by ten thousand
    long rows.

    Args:
        findings: With the columns of :data:`harness.dataset.FINDINGS`, and ``column`` and ``end_column`` where known. They
            are iterated twice, and never held.
        complete: Whether all of the data was scanned.
    """
    number = Counter(map(_kind, findings))
    total, room, rules = number.total(), shares(number, MOST), {name: index for index, name in enumerate(number)}
    results: list[dict[str, Any]] = []
    for finding in findings:
        name = _kind(finding)
        if room[name]:
            room[name] -= 1
            results.append(_result(finding, name, rules[name]))
    driver = {
        "name": "tunegate", "version": __version__,
        "rules": [{"id": name, "shortDescription": {"text": _described(name)}} for name in rules],
    }  # fmt: skip
    run = {
        "tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results,
        "invocations": [{"executionSuccessful": complete, "toolExecutionNotifications": _left_out(total)}],
    }  # fmt: skip
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1).encode() + b"\n"


def _kind(finding: Mapping[str, Any]) -> str:
    return f"{finding['suite']}.{finding['entity']}"


def shares(number: Mapping[str, int], most: int) -> dict[str, int]:
    """How many of each kind there is room for: all of a kind that has no more than its part, else that part."""
    left, found = most, {}
    for place, (name, count) in enumerate(sorted(number.items(), key=lambda pair: (pair[1], pair[0]))):
        found[name] = min(count, left // (len(number) - place))
        left -= found[name]
    return found


def _described(name: str) -> str:
    suite, _, kind = name.partition(".")
    return f"{kind.replace('_', ' ').lower()}, found by the suite '{suite}'"


def _left_out(total: int) -> list[dict[str, Any]]:
    if total <= MOST:
        return []
    text = f"{MOST:,} of {total:,} findings, the first of each kind; all are in findings.jsonl"
    return [{"level": "note", "message": {"text": text}}]


def _result(finding: Mapping[str, Any], name: str, index: int) -> dict[str, Any]:
    region = {"startLine": max(1, int(finding.get("line") or 1))}
    if finding.get("column") and finding.get("end_column"):
        region |= {"startColumn": finding["column"], "endColumn": finding["end_column"]}
    # A name need not be UTF-8: its bytes are what an address holds.
    uri = quote(str(finding.get("file") or "data").encode(errors="surrogateescape"))
    where: dict[str, Any] = {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}
    if finding.get("field"):
        where["logicalLocations"] = [{"fullyQualifiedName": str(finding["field"])[:LONGEST]}]
    return {
        "ruleId": name, "ruleIndex": index, "level": "warning",
        "message": {"text": str(finding.get("message") or name)[:LONGEST]}, "locations": [where],
        "partialFingerprints": {"saltedValue/v1": str(finding["hash"])} if finding.get("hash") else {},
    }  # fmt: skip
