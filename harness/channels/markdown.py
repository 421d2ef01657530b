"""Markdown for a job summary or a comment: the verdict, what stands against the candidate, and every rule."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from harness.audit import Audit
from harness.channels.wording import regressions, verdicts
from harness.channels.wording.numbers import Shown, plural
from harness.channels.wording.verdicts import OUTCOMES, SEVERITY, Line, Mark, because, decided_at, granted, short

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
    blocks = [*_head(audit), *reasons, *_regressions(audit), *_table(audit), *_unreached(audit), *notes]
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
