"""Training rows that hold the items by which the trained model will be judged.

*What it measures*: rows that hold an item of the run's suites: thirteen words in a row that stand in the item, or its
whole question where that is shorter; and of each suite the items that some row holds, by name. Case and punctuation do
not count, signs of arithmetic do. In a run the items are those of its own model suites; elsewhere those that ship.

*Why it can block promotion*: a model that has read the questions, or their answers, is not measured by them. Every
score on such items is an upper bound.

*How it can be fooled*: a paraphrase, a translation, an item with every twelfth word changed or with its numbers replaced
is not found. Thirteen words that stand in more than three items are taken for a template and name no item. A question of
fewer than six words is only found where a text says nothing else. Answers shorter than thirteen words are not looked for.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field

from harness.settings import InputFile
from harness.settings import Settings as PluginSettings
from harness.suite import Scanned, shipped_items
from suites.data.findings import Found, as_batch, census, salted_hash, spans_of_rows

if TYPE_CHECKING:
    import pyarrow

    from suites.data.passages import Hit, Passages

VERSION = "1"
BY_ROW = True
METRICS = {"rows": "lower", "share": "lower", "items": "lower", "items.*": "lower", "items_share.*": "lower"}
PACKAGES = ("numpy",)


def _by_suite(told: Any) -> Any:
    """Names the files of a list by their own names."""
    if not isinstance(told, list | tuple):
        return told
    named = {Path(each).stem: each for each in told}
    if len(named) != len(told):
        raise ValueError("two of the files have the same name; expected a name for each, as in 'items: {NAME: FILE}'")
    return named


def _shipped() -> dict[str, Path]:
    return {path.stem: path for path in sorted(shipped_items("task").parent.glob("*.jsonl"))}


class Settings(PluginSettings):
    """Which items to look for."""

    items: Annotated[dict[str, InputFile], BeforeValidator(_by_suite)] = Field(
        default_factory=_shipped, description="files of items by suite; in a run those of its own suites"
    )
    words: int = Field(default=13, ge=5, le=100, description="words in a row that are no chance")


class Scanner:
    """Looks for items; the items are read with the first batch."""

    def __init__(self, settings: Settings, salt: bytes) -> None:
        """Has seen nothing."""
        self.settings, self._salt = settings, salt
        self._rows = self._held_in = 0
        self._rows_of: Counter[int] = Counter()

    @cached_property
    def _known(self) -> Passages:
        from suites.data.passages import Passages

        return Passages(self.settings.items, self.settings.words)

    def scan_batch(self, batch: pyarrow.RecordBatch) -> pyarrow.RecordBatch:
        """Looks for every item in every text of a batch."""
        said = batch.column("text").to_pylist()
        hits = self._known.find(said)
        of_text: dict[int, set[int]] = {}
        for hit in hits:
            of_text.setdefault(hit.at, set()).add(hit.item)
        for row in spans_of_rows(batch):
            held = set().union(*(of_text.get(at, ()) for at in row))
            self._rows += 1
            self._held_in += bool(held)
            self._rows_of.update(held)
        return as_batch(batch, "contamination", [self._found(hit, said[hit.at]) for hit in hits])

    def _found(self, hit: Hit, text: str) -> Found:
        from suites.data.near.runs import symbols

        places = [(start, end) for _, start, end in symbols(text)]
        start, end = places[hit.first][0], places[hit.last][1]
        item = self._known.items[hit.item]
        held = "the whole" if hit.share == 1 else f"{max(hit.share, 0.01):.0%}"
        message = f"holds {held} of the item '{item.id}' of '{item.suite}'"
        return Found(hit.at, "ITEM", start, end, round(hit.share, 4), message, salted_hash(text[start:end], self._salt))

    def merge(self, other: Scanner) -> None:
        """Adds what another scanner found."""
        self._rows += other._rows
        self._held_in += other._held_in
        self._rows_of += other._rows_of

    def result(self) -> Scanned:
        """Returns how many rows hold an item, and which items of each suite some row holds."""
        rows, items = self._rows, self._known.items
        suites = dict.fromkeys([*sorted(self.settings.items), *(item.suite for item in items)])
        of_suite = Counter(item.suite for item in items)
        held = {suite: sorted(items[at].id for at in self._rows_of if items[at].suite == suite) for suite in suites}
        metrics = [
            census("contamination.rows", self._held_in, rows),
            census("contamination.share", self._held_in / rows if rows else 0.0, rows),
            census("contamination.items", len(self._rows_of), len(items)),
        ]
        for suite in suites:
            count, total = len(held[suite]), of_suite[suite]
            metrics.append(census(f"contamination.items.{suite}", count, total))
            metrics.append(census(f"contamination.items_share.{suite}", count / total if total else 0.0, total))
        details = {
            "items_looked_for": dict(of_suite),
            "contaminated_items": {suite: found for suite, found in held.items() if found},
            "not_looked_for": ["paraphrases and translations", f"answers of fewer than {self.settings.words} words"],
        }
        return Scanned(metrics=tuple(metrics), details=details)
