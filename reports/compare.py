"""Several runs side by side: rules in rows, runs in columns, each run's own verdict on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.audit import Audit
from harness.channels.wording.numbers import Shown
from harness.channels.wording.verdicts import ACCENTS, Line, condition, lines, short, title
from harness.types import Check, Outcome, Rule
from reports.render import environment


@dataclass(frozen=True)
class Column:
    """One run."""

    name: str
    verdict: str
    accent: Outcome
    candidate: str | None
    baseline: str | None
    policy: str
    is_reference: bool = False


@dataclass(frozen=True)
class Cell:
    """What one run says about one rule; ``absent`` says why it says nothing."""

    outcome: Outcome | None = None
    candidate: Shown | None = None
    delta: Shown | None = None
    interval: Shown | None = None
    absent: str = ""


@dataclass(frozen=True)
class Row:
    """One rule over all runs, in their order."""

    rule: Rule
    metric: str
    condition: str
    cells: tuple[Cell, ...]


def render_comparison(audits: Sequence[Audit], baseline: Audit | None = None) -> bytes:
    """Renders runs as one HTML file of the same kind as a report.

    Args:
        audits: The runs to be compared.
        baseline: A run that is shown first as the reference.
    """
    runs = [baseline, *audits] if baseline else list(audits)
    columns = [_column(audit, audit is baseline) for audit in runs]
    page = environment().get_template("comparison.html.j2")
    return page.render(columns=columns, rows=_rows(runs)).encode()


def comparison_rows(audits: Sequence[Audit]) -> list[dict[str, Any]]:
    """Lists rules by runs as JSON values, for a terminal or a tool.

    Returns:
        For every rule its text as ``rule`` and, in the order of the runs, ``cells``: None where a run did not decide
        it, else ``outcome``, ``candidate``, ``baseline``, ``delta``, ``interval`` and ``n``.
    """
    found = [{check.rule: check for check in audit.decision.checks} for audit in audits]
    rules = dict.fromkeys(rule for audit in audits for rule in _rules(audit))
    return [{"rule": rule.text(), "cells": [_values(run.get(rule)) for run in found]} for rule in rules]


def _values(check: Check | None) -> dict[str, Any] | None:
    if check is None:
        return None
    return check.model_dump(mode="json", include={"outcome", "candidate", "baseline", "delta", "interval", "n"})


def _rows(audits: Sequence[Audit]) -> tuple[Row, ...]:
    """Lines up the rules of several runs; two runs share a row only where the whole rule is the same."""
    found = [{line.check.rule: line for line in lines(audit)} for audit in audits]
    rules = dict.fromkeys(rule for audit in audits for rule in _rules(audit))
    return tuple(_row(rule, audits, found) for rule in rules)


def _rules(audit: Audit) -> list[Rule]:
    return [*(check.rule for check in audit.decision.checks), *audit.record.unreached]


def _row(rule: Rule, audits: Sequence[Audit], found: Sequence[dict[Rule, Line]]) -> Row:
    units = [run[rule].unit for run in found if rule in run]
    cells = [_cell(rule, audit, run.get(rule)) for audit, run in zip(audits, found, strict=True)]
    return Row(rule, rule.metric, condition(rule, units[0] if units else "number"), tuple(cells))


def _cell(rule: Rule, audit: Audit, line: Line | None) -> Cell:
    if line is None:
        return Cell(absent="not reached" if rule in audit.record.unreached else "not in this policy")
    interval = line.interval if line.interval_of_change else None
    return Cell(line.check.outcome, line.candidate, line.delta, interval)


def _column(audit: Audit, is_reference: bool) -> Column:
    decision = audit.decision
    name = audit.folder.name or f"{audit.record.project} {short(decision.candidate)}"
    accent = ACCENTS[decision.verdict]
    return Column(name, title(audit), accent, decision.candidate, decision.baseline, decision.policy, is_reference)
