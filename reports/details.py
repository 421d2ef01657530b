"""A measurement's details, whatever its suite put there, as facts, lists and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from harness.channels.wording.numbers import count

# Beyond this a table is evidence to be queried, not to be read; the whole stands in the measurement's file.
MOST_ROWS, MOST_COLUMNS, LONGEST = 40, 10, 400

# Names under which suites say what they did not do; they are shown apart, and again in the limits.
NOT_DONE = ("not_looked_for", "not_measured", "not_covered", "limits")
WHY_NOT = "why_not"


@dataclass(frozen=True)
class Table:
    """A list of objects, or an object of numbers."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: int


@dataclass(frozen=True)
class Details:
    """Details sorted by how they are shown."""

    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    not_done: tuple[str, ...]


def details(found: Mapping[str, JsonValue]) -> Details:
    """Sorts a measurement's details into facts, tables and what was not done."""
    rest = {name: value for name, value in found.items() if name not in (*NOT_DONE, WHY_NOT)}
    tables = [table for name, value in rest.items() if (table := _table(spoken(name), value))]
    named = {table.caption for table in tables}
    facts = [(spoken(name), text(value)) for name, value in rest.items() if spoken(name) not in named]
    return Details(tuple(facts), tuple(tables), not_done(found))


def not_done(found: Mapping[str, JsonValue]) -> tuple[str, ...]:
    """Lists what a suite says it did not look for."""
    why = found.get(WHY_NOT)
    reasons = why if isinstance(why, Mapping) else {}
    named = [each for name in NOT_DONE for each in _sentences(found.get(name))]
    unnamed = [each for each in reasons if each not in named]
    return tuple(f"{each}: {text(reasons[each])}" if each in reasons else each for each in (*named, *unnamed))


def _sentences(value: JsonValue) -> list[str]:
    if value is None or value == "" or value is False:
        return []
    if isinstance(value, Mapping):
        return [f"{name}: {text(reason)}" for name, reason in value.items()]
    return [text(each) for each in value] if isinstance(value, list) else [text(value)]


def _table(caption: str, value: JsonValue) -> Table | None:
    if isinstance(value, list) and _is_rows(value):
        return _of_rows(caption, [row for row in value if isinstance(row, Mapping)])
    if isinstance(value, Mapping) and value:
        if all(_is_rows(rows) for rows in value.values()):
            flat = [{"": words(name), **row} for name, rows in value.items() if isinstance(rows, list) for row in rows]
            return _of_rows(caption, flat)
        if all(isinstance(row, Mapping) for row in value.values()):
            return _of_rows(caption, [{"": words(name), **row} for name, row in value.items() if isinstance(row, Mapping)])
        pairs = tuple((words(name), text(each)) for name, each in value.items())
        return Table(caption, ("", ""), pairs[:MOST_ROWS], len(pairs))
    return None


def _is_rows(value: JsonValue) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in value)


def _of_rows(caption: str, rows: Sequence[Mapping[str, JsonValue]]) -> Table:
    head = tuple(dict.fromkeys(name for row in rows for name in row))[:MOST_COLUMNS]
    cells = tuple(tuple(text(row.get(name)) for name in head) for row in rows[:MOST_ROWS])
    return Table(caption, tuple(map(spoken, head)), cells, len(rows))


def text(value: JsonValue) -> str:
    """Writes any JSON value for a person, clipped."""
    if value is None or isinstance(value, bool):
        return {None: "–", True: "yes", False: "no"}[value]
    if isinstance(value, int):
        return count(value)
    if isinstance(value, float):
        return f"{value:.4g}".replace("-", "\u2212", 1)
    if isinstance(value, Mapping):
        written = ", ".join(f"{name} {text(each)}" for name, each in value.items())
    else:
        written = value if isinstance(value, str) else ", ".join(text(each) for each in value)
    return written if len(written) <= LONGEST else f"{written[:LONGEST]} … ({count(len(written))} characters)"


def spoken(name: str) -> str:
    """Turns a field's name into words, the first with a capital."""
    return name[:1].upper() + name[1:].replace("_", " ")


def words(name: str) -> str:
    """Turns a field's name into words; one with a capital, such as a kind of entity, is left as it is."""
    return name.replace("_", " ") if name == name.lower() else name
