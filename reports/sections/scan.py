"""What was found in the training data, and what was not looked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.audit import Audit
from harness.channels.wording.numbers import Shown, count, level, span
from harness.types import Measurement, Metric
from reports.details import Details, details
from reports.untrusted import Excerpt, excerpt

ORDER = 30
TITLE = "Training data"

FIRST = 25
MESSAGE = 160


@dataclass(frozen=True)
class MetricRow:
    """One metric of a scan."""

    name: str
    value: Shown | None
    interval: Shown | None
    n: str


@dataclass(frozen=True)
class SuiteScan:
    """One data suite."""

    name: str
    version: str
    metrics: tuple[MetricRow, ...]
    found: Details


@dataclass(frozen=True)
class FindingRow:
    """One finding: where, what kind, and its mask."""

    place: str
    suite: str
    entity: str
    message: Excerpt
    score: str


def build(audit: Audit) -> Mapping[str, Any] | None:
    """Shows the scan's metrics, its findings by kind, and the first of them by their place."""
    if not audit.scan:
        return None
    counted = Counter((_word(finding, "suite"), _word(finding, "entity")) for finding in audit.findings)
    ordered = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    return {
        "suites": [_suite(measurement) for measurement in audit.scan],
        "subject": sorted({measurement.subject for measurement in audit.scan}),
        "kinds": [(*kind, count(number)) for kind, number in ordered],
        "findings": [_finding(finding) for finding in audit.findings[:FIRST]],
        "total": len(audit.findings),
    }


def _suite(measurement: Measurement) -> SuiteScan:
    rows = tuple(map(_metric, measurement.metrics))
    return SuiteScan(measurement.suite, measurement.version, rows, details(measurement.details))


def _metric(metric: Metric) -> MetricRow:
    interval = span(metric.interval, metric.unit, is_change=False)
    return MetricRow(metric.name, level(metric.value, metric.unit), interval, count(metric.n))


def _finding(finding: Mapping[str, Any]) -> FindingRow:
    parts = [_word(finding, name) for name in ("file", "line", "field")]
    score = finding.get("score")
    return FindingRow(
        place=":".join(part for part in parts if part),
        suite=_word(finding, "suite"),
        entity=_word(finding, "entity"),
        # A message is masked by its suite already; masking again costs nothing and forgives a suite that forgot.
        message=excerpt(_word(finding, "message"), MESSAGE),
        score=f"{score:.2f}" if isinstance(score, float) else "",
    )


def _word(finding: Mapping[str, Any], name: str) -> str:
    value = finding.get(name)
    return "" if value is None else str(value)
