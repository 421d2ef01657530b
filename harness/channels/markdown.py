"""Markdown for a job summary or a comment: the verdict, what stands against the candidate, and every rule."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from harness.audit import Audit
from harness.channels.wording import regressions, rescored, verdicts
from harness.channels.wording.numbers import Shown, Unit, level, plural, span, units
from harness.channels.wording.verdicts import OUTCOMES, SEVERITY, Line, Mark, because, decided_at, granted, short
from harness.rescored import Again, metrics_changed
from harness.types import Metric

FILENAME = "summary.md"

# GitHub accepts 65,536 characters in a comment; bytes are counted here, which is stricter.
MOST_BYTES = 64 * 1024
LONGEST = 600
MOST_ROWS = 200
MOST_REASONS = 50

MARKS: dict[Mark, str] = {"pass": "✅", "fail": "❌", "inconclusive": "❔", "missing": "⬜", "waived": "⚠️"}

# A bracket begins a link, an at sign a mention, a hash a reference: nothing here may notify or lead anywhere.
SPECIAL = re.compile(r"([\\`*_{}\[\]#!|~$@])")
LINKS = re.compile(r"(://|www(?=\.)|@)", re.IGNORECASE)


def render(audit: Audit) -> bytes:
    """Says the decision as Markdown of at most 64 KiB."""
    reasons = [*_list("", because(audit)), *_list("Waived:", verdicts.waived(audit))]
    notes = _list("Notes:", audit.decision.notes)
    blocks = [*_head(audit), *reasons, *_regressions(audit), *_table(audit), *_rescored(audit)]
    blocks += [*_unreached(audit), *notes]
    return _fit(blocks)


def _head(audit: Audit) -> list[str]:
    decision, record = audit.decision, audit.record
    facts = [
        f"candidate `{short(decision.candidate)}`",
        f"baseline `{short(decision.baseline)}`",
        f"policy `{short(decision.policy)}`",
        *(f"policy file {plain(each.name)} `{short(each.digest)}`" for each in decision.policies),
    ]
    when = decided_at(audit)
    heading = f"## {MARKS[verdicts.accent(decision)]} {verdicts.title(audit)}: {plain(record.project)}"
    return [heading, f"**{plain(verdicts.reason(audit))}**", " · ".join([*facts, plain(when)] if when else facts)]


def _list(head: str, found: Sequence[str]) -> list[str]:
    if not found:
        return []
    rest = [f"- and {len(found) - MOST_REASONS} more"] if len(found) > MOST_REASONS else []
    points = "\n".join([*(f"- {plain(each)}" for each in found[:MOST_REASONS]), *rest])
    return [head, points] if head else [points]


def _regressions(audit: Audit) -> list[str]:
    """One line beside the verdict, in words that do not pass for it."""
    found = regressions.regressions_of(audit)
    return [f"Apart from the verdict: {plain(regressions.outcome(found))}"] if found else []


def _table(audit: Audit) -> list[str]:
    shown = sorted(verdicts.lines(audit), key=lambda line: SEVERITY.index(line.check.outcome))
    if not shown:
        return []
    head = [
        "| outcome | rule | candidate | baseline | change | interval | detectable | n |",
        "|---|---|---:|---:|---:|---|---:|---:|",
    ]
    rest = [f"\n{plural(len(shown) - MOST_ROWS, 'more rule')} in decision.json"] if len(shown) > MOST_ROWS else []
    return ["\n".join([*head, *map(_row, shown[:MOST_ROWS])]), *rest]


def _row(line: Line) -> str:
    outcome = line.check.outcome
    numbers = [line.candidate, line.baseline, line.delta, line.interval, line.detectable]
    cells = [
        f"{MARKS[outcome]} {OUTCOMES[outcome]}" + (f", {MARKS['waived']} waived" if granted(line.check) else ""),
        f"{plain(line.check.metric)} {plain(line.condition)}",
        *map(_cell, numbers),
        line.n,
    ]
    return "| " + " | ".join(cells) + " |"


def _rescored(audit: Audit) -> list[str]:
    """Scores of both arms with and without the items that training rows hold."""
    found = rescored.rescored_of(audit)
    if found is None:
        return []
    head = [
        "| metric | items | candidate | baseline | n |",
        "|---|---|---:|---:|---:|",
    ]
    rows = [row for each in found.suites for row in _with_and_without(audit, each)]
    table = ["\n".join([*head, *rows[:MOST_ROWS]])] if rows else []
    return [plain(rescored.outcome(found)), *table, *_list("", rescored.unmatched(found))]


def _with_and_without(audit: Audit, again: Again) -> Iterator[str]:
    known = units(audit)
    whole = {arm: each for arm in again.arms for each in audit.arm(arm) if each.suite == again.suite}
    first = next(iter(whole))
    for metric, _ in metrics_changed(whole[first], again.arms[first]):
        if "@" not in metric.name:
            for items, arms in (("all", whole), ("not in the training rows", again.arms)):
                both = [arms[arm].metric(metric.name) if arm in arms else None for arm in ("candidate", "baseline")]
                n = next((str(each.n) for each in both if each), "0")
                values = " | ".join(_estimate(each, known[metric.name]) for each in both)
                yield f"| {plain(metric.name)} | {items} | {values} | {n} |"


def _estimate(metric: Metric | None, unit: Unit) -> str:
    value = level(metric.value, unit) if metric else None
    interval = span(metric.interval, unit, is_change=False) if metric else None
    return _cell(value) + (f" ({interval.text})" if interval else "")


def _cell(shown: Shown | None) -> str:
    return shown.text if shown else "–"


def _unreached(audit: Audit) -> list[str]:
    rules = audit.record.unreached
    if not rules:
        return []
    named = [f"- {plain(rule.metric)} {plain(verdicts.condition(rule, 'number'))}" for rule in rules[:MOST_ROWS]]
    return [
        f"Not reached, because an earlier gate did not allow the run to go on ({plural(len(rules), 'rule')}):",
        "\n".join(named),
    ]


def plain(text: str) -> str:
    """Makes any text one line that Markdown and HTML show as it is written, control characters as their numbers."""
    clipped = text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"
    visible = "".join(map(_visible, " ".join(clipped.split())))
    escaped = SPECIAL.sub(r"\\\1", visible.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    # A word joiner takes no room, and what it parts is no address any more.
    return LINKS.sub(lambda found: f"{found[0][0]}\u2060{found[0][1:]}", escaped)


def _visible(character: str) -> str:
    hidden = unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    return f"⟨U+{ord(character):04X}⟩" if hidden else character


def _fit(blocks: list[str]) -> bytes:
    """Leaves out whole blocks from the end, so that a table is never cut in its middle."""
    note = "The rest is left out here; report.html and decision.json hold all of it."
    for kept in range(len(blocks), 0, -1):
        text = "\n\n".join([*blocks[:kept], *([note] if kept < len(blocks) else [])]) + "\n"
        if len(text.encode()) <= MOST_BYTES:
            return text.encode()
    return (note + "\n").encode()
