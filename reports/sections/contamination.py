"""Scores with all items beside those without the ones that training rows hold, and what rules would have said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.audit import Audit
from harness.channels.wording import rescored as wording
from harness.channels.wording.numbers import Shown, Unit, count, level, span, units
from harness.rescored import Again, Ruled, metrics_changed
from harness.types import Measurement, Metric, Outcome

ORDER = 27
TITLE = "Without the items in the training rows"


@dataclass(frozen=True)
class Cell:
    """A metric of one arm over some items."""

    value: Shown | None
    interval: Shown | None


@dataclass(frozen=True)
class MetricRow:
    """One metric: candidate and baseline over all items, and over those that no row holds."""

    name: str
    whole: tuple[Cell, Cell]
    rest: tuple[Cell, Cell]
    n: str
    left: str


@dataclass(frozen=True)
class SuiteRows:
    """One suite: which of its items are held, and the metrics of which one is gone."""

    name: str
    held: str
    asked: str
    ids: str
    metrics: tuple[MetricRow, ...]
    slices: tuple[MetricRow, ...]


@dataclass(frozen=True)
class RuleRow:
    """One rule: what it said, and what it says of the rest."""

    text: str
    before: Outcome
    after: Outcome
    differs: bool
    why: str


def build(audit: Audit) -> Mapping[str, Any] | None:
    """Shows every affected suite; None where no item is known to stand in the training rows."""
    found = wording.rescored_of(audit)
    if found is None:
        return None
    known = units(audit)
    return {
        "outcome": wording.outcome(found),
        "why": wording.WHY,
        "differs": bool(found.differing),
        "suites": [_suite(audit, each, known) for each in found.suites],
        "rules": [_rule(each) for each in sorted(found.rules, key=lambda each: not each.differs)],
        "unmatched": wording.unmatched(found),
    }


def _suite(audit: Audit, again: Again, known: Mapping[str, Unit]) -> SuiteRows:
    whole = {arm: each for arm in again.arms for each in audit.arm(arm) if each.suite == again.suite}
    changed = {arm: dict(_by_name(whole[arm], again.arms[arm])) for arm in again.arms}
    names = dict.fromkeys(name for pairs in changed.values() for name in pairs)
    rows = [_row(name, changed, known[name]) for name in names]
    return SuiteRows(
        again.suite, count(len(again.held)), count(again.asked), wording.ids(again),
        tuple(row for row in rows if "@" not in row.name), tuple(row for row in rows if "@" in row.name),
    )  # fmt: skip


def _by_name(whole: Measurement, left: Measurement) -> list[tuple[str, tuple[Metric, Metric | None]]]:
    return [(pair[0].name, pair) for pair in metrics_changed(whole, left)]


def _row(name: str, changed: Mapping[str, Mapping[str, tuple[Metric, Metric | None]]], unit: Unit) -> MetricRow:
    pairs = [changed.get(arm, {}).get(name, (None, None)) for arm in ("candidate", "baseline")]
    before, after = next(pair for pair in pairs if pair[0] is not None)
    ours, theirs = pairs
    return MetricRow(
        name.partition(".")[2],
        whole=(_cell(ours[0], unit), _cell(theirs[0], unit)),
        rest=(_cell(ours[1], unit), _cell(theirs[1], unit)),
        n=count(before.n if before else 0),
        left=count(after.n if after else 0),
    )


def _cell(metric: Metric | None, unit: Unit) -> Cell:
    if metric is None:
        return Cell(None, None)
    return Cell(level(metric.value, unit), span(metric.interval, unit, is_change=False))


def _rule(each: Ruled) -> RuleRow:
    return RuleRow(each.check.rule.text(), each.check.outcome, each.again.outcome, each.differs, each.again.reason)
