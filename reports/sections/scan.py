"""What was found in the training data, and what was not looked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from harness.audit import Audit
from harness.channels.wording.numbers import count
from harness.channels.wording.scanned import Counts, counts, doubts
from harness.types import Measurement
from reports.bars import MOST_BARS, Bars, bars
from reports.details import Details, details
from reports.untrusted import Excerpt, excerpt

ORDER = 30
TITLE = "Training data"

Names = tuple[str, str]

EACH, KINDS, MESSAGE = 3, 40, 160


@dataclass(frozen=True)
class SuiteScan:
    """One data suite: what it counted, how often it is wrong, and what it says besides."""

    name: str
    version: str
    scorer: str
    counts: Counts
    doubts: tuple[str, ...]
    found: Details


@dataclass(frozen=True)
class Example:
    """One finding: where it stands, its mask and its score."""

    place: str
    message: Excerpt
    score: str


@dataclass(frozen=True)
class Kind:
    """The findings of one kind: how many, and the first of them."""

    suite: str
    entity: str
    number: str
    examples: tuple[Example, ...]


def build(audit: Audit) -> Mapping[str, Any] | None:
    """Shows the scan's counts, its findings by kind with the first of each, and which groups of people rows name."""
    if not audit.scan:
        return None
    number, first = _by_kind(audit.findings)
    ordered = sorted(number.items(), key=lambda pair: (-pair[1], pair[0]))
    return {
        "suites": [_suite(measurement) for measurement in audit.scan],
        "subject": sorted({measurement.subject for measurement in audit.scan}),
        "kinds": [_kind(kind, found, first[kind]) for kind, found in ordered[:KINDS]],
        "kinds_more": max(0, len(ordered) - KINDS),
        "total": number.total(),
        "picture": _picture(dict(ordered[:MOST_BARS])),
        "groups": list(groups(audit.scan)),
    }


def _by_kind(findings: Iterable[Mapping[str, Any]]) -> tuple[Counter[Names], dict[Names, list[Mapping[str, Any]]]]:
    """Counts findings and keeps the first of each kind: there may be more of them than memory."""
    number: Counter[Names] = Counter()
    first: dict[Names, list[Mapping[str, Any]]] = {}
    for finding in findings:
        kind = _word(finding, "suite"), _word(finding, "entity")
        number[kind] += 1
        kept = first.setdefault(kind, [])
        if len(kept) < EACH:
            kept.append(finding)
    return number, first


def _picture(number: Mapping[Names, int]) -> Bars | None:
    named = {f"{suite}: {entity}": found for (suite, entity), found in number.items()}
    return bars("Findings by kind", named) if named else None


def groups(measurements: Sequence[Measurement]) -> Iterator[Bars]:
    """How many rows name each group, axis by axis, where a suite counts groups of people."""
    for each in measurements:
        looked = each.details.get("looked_for")
        if each.suite != "bias" or not isinstance(looked, dict):
            continue
        rows = max((metric.n for metric in each.metrics), default=0)
        axes: dict[str, dict[str, int]] = {}
        for name, number in looked.items():
            axis, _, group = name.partition(".")
            if isinstance(number, int) and number:
                axes.setdefault(axis, {})[group] = number
        for axis, named in axes.items():
            ordered = dict(islice(sorted(named.items(), key=lambda pair: (-pair[1], pair[0])), MOST_BARS))
            yield bars(f"Rows that name a group: {axis}", ordered, rows)


def _suite(measurement: Measurement) -> SuiteScan:
    told = measurement.details
    rest = {name: value for name, value in told.items() if name not in ("scorer", "measured_error")}
    scorer = told.get("scorer")
    return SuiteScan(
        measurement.suite, measurement.version, scorer if isinstance(scorer, str) else "", counts(measurement),
        doubts(measurement), details(rest),
    )  # fmt: skip


def _kind(names: Names, number: int, found: Sequence[Mapping[str, Any]]) -> Kind:
    return Kind(*names, count(number), tuple(map(_example, found)))


def _example(finding: Mapping[str, Any]) -> Example:
    parts = [_word(finding, name) for name in ("file", "line", "field")]
    score = finding.get("score")
    return Example(
        place=":".join(part for part in parts if part),
        # A message is masked by its suite already; masking again costs nothing and forgives a suite that forgot.
        message=excerpt(_word(finding, "message"), MESSAGE),
        score=f"{score:.2f}" if isinstance(score, float) else "",
    )


def _word(finding: Mapping[str, Any], name: str) -> str:
    value = finding.get(name)
    return "" if value is None else str(value)
