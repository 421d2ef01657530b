"""A comparison on a terminal: rules in rows, candidates in columns, in blocks as wide as the screen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence

import click

from harness.channels.wording.comparing import (
    about,
    broke,
    names,
    outcome,
    prompts,
    puts,
    trust,
    undecided,
    unit_of,
    waivers,
)
from harness.channels.wording.verdicts import condition, with_waivers
from harness.cli.terminal import COLOURS
from harness.comparison.flips import MetricFlips
from harness.comparison.matrix import Column
from harness.comparison.whole import Comparison
from harness.types import Check, Rule

NARROW, WIDE, LABEL, HEAD = 14, 17, 50, 11
WAIVED, EXCUSED = " w", " w?"
WORDS = {"pass": "pass", "fail": "FAIL", "inconclusive": "?", "missing": "none"}


def told(found: Comparison) -> Iterator[str]:
    """The lines of a comparison for a person."""
    yield about(found)
    yield from legend(found.columns)
    yield ""
    yield from _matrix(found)
    yield from _waived(found)
    if not found.prompted:
        yield from _broken(found)
    yield from _front(found)
    yield from _flips(found)
    yield ""
    yield outcome(found)
    yield from trust(found.choice)
    yield from (said for said in (prompts(found), undecided(found)) if said)


def heads(columns: Sequence[Column]) -> list[str]:
    """What stands over each column: its name, or its number where a name is too long for a column."""
    short = all(len(column.name) <= HEAD for column in columns)
    return [column.name if short else f"[{at}]" for at, column in enumerate(columns, start=1)]


def legend(columns: Sequence[Column]) -> Iterator[str]:
    """The names behind the numbers, where columns are numbered, and what arms put into their prompts."""
    for head, column in zip(heads(columns), columns, strict=True):
        own = puts(column.declared)
        if head != column.name:
            yield f"  {head:<5}{column.name}" + (f" ({own})" if own else "")
        elif own:
            yield f"  {column.name} ({own})"


def _matrix(found: Comparison) -> Iterator[str]:
    screen = shutil.get_terminal_size((120, 24)).columns
    asked = [rule for rule in found.rules if any(column.check(rule) for column in found.columns)]
    label = min(LABEL, max([len(rule.metric) for rule in asked] + [len("verdict")])) + 2
    whole = label + WIDE * len(found.columns) <= screen
    width = WIDE if whole else NARROW
    fit = max(1, (screen - label) // width)
    titles = heads(found.columns)
    for start in range(0, len(found.columns), fit):
        columns, shown = found.columns[start : start + fit], titles[start : start + fit]
        yield " " * label + "".join(head.rjust(width) for head in shown)
        for rule in asked:
            yield from _row(found, rule, columns, label, width, whole)
        yield "verdict".ljust(label) + "".join(_verdict(column, width) for column in columns)
        yield from _costs(found, columns, label, width)
        yield ""
    if not whole:
        yield "Paired intervals stand in the page (--html) and the document (--json), and here on a wider terminal."


def _row(
    found: Comparison, rule: Rule, columns: Sequence[Column], label: int, width: int, intervals: bool
) -> Iterator[str]:
    checks = [column.check(rule) for column in columns]
    rate = unit_of(found, rule) == "rate"
    cells = (_cell(check, width, rate, _mark(column, check)) for column, check in zip(columns, checks, strict=True))
    yield _clipped(rule.metric, label - 2).ljust(label) + "".join(cells)
    second = f"  {condition(rule, 'rate' if rate else 'number')}".ljust(label)
    yield second + "".join(_span(check, rate).rjust(width) for check in checks) if intervals else second.rstrip()


def _mark(column: Column, check: Check | None) -> str:
    """How a check is marked that is waived here, or that only its own run was excused."""
    if check is None:
        return ""
    return WAIVED if check.waived else EXCUSED if check.rule.text() in column.excused else ""


def _verdict(column: Column, width: int) -> str:
    verdict, also = column.decision.verdict, with_waivers(column.decision)
    return _coloured(f"{verdict}{WAIVED if also else ''}", width, "inconclusive" if also else verdict)


def _costs(found: Comparison, columns: Sequence[Column], label: int, width: int) -> Iterator[str]:
    """What an answer of each column costs in tokens, read and written, with the baseline's beneath the name."""
    if found.expenses is None:
        return
    known = {each.name: f"{each.read:.1f}+{each.written:.1f}" for each in found.expenses.arms}
    yield "tokens an answer, read+written".ljust(label) + "".join(known.get(each.name, "-").rjust(width) for each in columns)
    if found.baseline in known:
        yield f"  baseline {known[found.baseline]}"


def _waived(found: Comparison) -> Iterator[str]:
    said = list(waivers(found))
    if said:
        yield f"Waived ({WAIVED.strip()}: not met and excused; {EXCUSED.strip()}: excused in its own run only)"
        yield from (f"  {each}" for each in said)


def _cell(check: Check | None, width: int, rate: bool, mark: str) -> str:
    if check is None:
        return "-".rjust(width)
    return _coloured(f"{WORDS[check.outcome]}{mark} {_number(check, rate)}".rstrip(), width, check.outcome)


def _number(check: Check, rate: bool) -> str:
    if check.delta is not None:
        return f"{100 * check.delta:+.1f}" if rate else f"{check.delta:+.2g}"
    if check.candidate is None:
        return ""
    return f"{100 * check.candidate:.1f}%" if rate else f"{check.candidate:.4g}"


def _span(check: Check | None, rate: bool) -> str:
    if check is None or check.interval is None:
        return ""
    sign = "+" if check.delta is not None else ""
    low, high = (f"{100 * end:{sign}.1f}" if rate else f"{end:{sign}.3g}" for end in check.interval)
    return f"{low}..{high}"


def _coloured(text: str, width: int, kind: str) -> str:
    return click.style(text.rjust(width), fg=COLOURS[kind])


def _clipped(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _broken(found: Comparison) -> Iterator[str]:
    yield ""
    yield "Where each rule is first failed"
    yield from (f"  {each.rule.text()}: {broke(each)}" for each in found.breaks if each.asked)


def _front(found: Comparison) -> Iterator[str]:
    if len(found.front.axes) < 2:
        return
    yield ""
    yield f"Pareto front of {' against '.join(axis.name for axis in found.front.axes)} (by estimates, not by a test)"
    yield f"  nobody is better on everything: {names(each.name for each in found.front.places if each.on_front)}"
    for each in found.front.places:
        if not each.on_front:
            yield f"  {each.name}: beaten by {names(each.beaten_by)}"
    yield from (f"  {name}: {why}" for name, why in found.front.absent.items())


def _flips(found: Comparison) -> Iterator[str]:
    if not found.flips:
        return
    screen = shutil.get_terminal_size((120, 24)).columns
    fit = max(1, (screen - LABEL - 2) // NARROW)
    titles = heads(found.columns)
    yield ""
    yield f"Answers lost and gained against '{found.baseline}' (answers side by side: --html)"
    for start in range(0, len(titles), fit):
        yield " " * (LABEL + 2) + "".join(head.rjust(NARROW) for head in titles[start : start + fit])
        chosen = [column.name for column in found.columns[start : start + fit]]
        yield from (_flip_row(each, chosen) for each in found.flips)


def _flip_row(found: MetricFlips, chosen: Sequence[str]) -> str:
    counts = {each.candidate: f"-{len(each.lost)} +{len(each.gained)}" for each in found.counts}
    cells = "".join(counts.get(name, "-").rjust(NARROW) for name in chosen)
    return _clipped(found.metric, LABEL).ljust(LABEL + 2) + cells
