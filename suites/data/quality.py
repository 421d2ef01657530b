"""Rows that teach something other than what they were meant to: empty, cut off, damaged, or at odds with each other.

*What it measures*: rows without an answer (``empty``); turns in an order that no conversation has (``roles``); answers
that end in the middle of a sentence (``truncated``), and many answers at one greatest length (``at_cap``); signs of a
wrong decoding (``encoding``); rows in another language than most (``language``); rows whose length stands far apart from
the others' (``length``); and rows whose question stands elsewhere with another answer (``conflict``).

*Why it can block promotion*: a model learns to stop where its answers were cut off, to speak for the user where the
turns were mixed up, and to write what a wrong decoding left; of two answers to one question it learns neither.

*How it can be fooled*: the language is told by scripts and by commonest words: of short texts not at all, and languages
without a list in ours are taken for none. An answer that ends where it was cut may end a sentence by chance; one that
needs no full stop (a title, a name in a long line) can look cut off. Conflicts are found between equal questions only,
and questions that have many answers ("Tell me a joke") conflict rightly: the numbers are to be read, and gated with care.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any

from pydantic import Field

from harness.settings import Settings as PluginSettings
from harness.suite import Scanned
from suites.data.findings import Found, as_batch, census, salted_hash, spans_of_rows
from suites.data.row_faults.encoding import damage
from suites.data.row_faults.languages import commonest, language
from suites.data.row_faults.lengths import at_cap, bounds
from suites.data.row_faults.turns import Conversation, conversations, cut_off, said, unanswered, wrong_order

if TYPE_CHECKING:
    import pyarrow

VERSION = "1"
METRICS = {"rows.*": "lower", "share.*": "lower"}
PACKAGES = ("numpy",)
KINDS = ("empty", "roles", "truncated", "at_cap", "encoding", "language", "length", "conflict")
SHOWN, FEW_WORDS = 10, 50
_CHUNK = 4096
_WHERE = ("file", "row", "field", "role", "text")


class Settings(PluginSettings):
    """What counts as apart."""

    language: str | None = Field(default=None, description="code of the expected language; the commonest where None")
    length_z: float = Field(default=5.0, gt=0, description="robust standard score of the logarithm of a row's length")
    cap_rows: int = Field(default=10, ge=2, description="answers of one greatest length that make it a limit")
    cap_share: float = Field(default=0.005, ge=0, le=1, description="share of all answers that have it")


class Scanner:
    """Counts faults: seven bytes of memory for a question, 40 in temporary files, and some for every distinct length."""

    def __init__(self, settings: Settings, salt: bytes) -> None:
        """Starts at zero."""
        from suites.data.near.column import Column
        from suites.data.near.firsts import Firsts

        self.settings, self._salt = settings, salt
        self._counts: Counter[str] = Counter()
        self._lengths: Counter[int] = Counter()
        self._answers: Counter[int] = Counter()
        self._languages: Counter[str] = Counter()
        self._places: dict[str, list[tuple[str, int]]] = {}
        self._extremes: list[tuple[int, str, int]] = []
        self._rows = self._short = 0
        self._questions = Firsts()
        self._answer_of, self._asked = Column("u8"), array("I")
        self._conflicts = bytearray()

    def scan_batch(self, batch: pyarrow.RecordBatch) -> pyarrow.RecordBatch:
        """Looks at every row by itself, then at what was asked before."""
        columns = {name: batch.column(name).to_pylist() for name in _WHERE}
        found: list[Found] = []
        pairs: list[tuple[bytes, int, range, int]] = []
        for row in spans_of_rows(batch):
            talks = conversations((at, *(columns[name][at] for name in _WHERE[2:])) for at in row)
            self._rows += 1
            of_row = [*self._of_turns(row, columns, talks), *self._of_texts(row, columns)]
            self._counts.update({each.entity.lower() for each in of_row})
            found += of_row
            self._measure(row, columns)
            pairs += [(*self._pair(talk), row, talk.answer.at) for talk in talks[:1] if talk.answer and talk.asked]
            self._answers.update(len(talk.answer.text) for talk in talks if talk.answer)
        found += self._against_earlier(columns, pairs)
        return as_batch(batch, "quality", sorted(found, key=lambda each: each.at))

    def _of_turns(self, row: range, columns: dict[str, list[Any]], talks: list[Conversation]) -> list[Found]:
        found = []
        if not any(columns["text"][at].strip() for at in row):
            return [self._found("EMPTY", row[0], columns, "a row without any text")]
        for talk in talks:
            silent, wrong = unanswered(talk), wrong_order(talk)
            if silent is not None:
                found.append(self._found("EMPTY", silent.at, columns, "a question without an answer"))
            if wrong is not None:
                found.append(self._found("ROLES", wrong[0].at, columns, wrong[1]))
            why = cut_off(talk.answer.text) if talk.answer else ""
            if talk.answer and why:
                found.append(self._found("TRUNCATED", talk.answer.at, columns, f"ends early: {why}"))
        return found

    def _of_texts(self, row: range, columns: dict[str, list[Any]]) -> list[Found]:
        found = []
        for at in row:
            hurt = damage(columns["text"][at])
            if hurt is not None:
                found.append(self._found("ENCODING", at, columns, hurt[0], *hurt[1:]))
        spoken = language("\n".join(columns["text"][at] for at in row if columns["field"][at] != "id"))
        self._languages[spoken] += 1
        self._keep(self._places.setdefault(spoken, []), (columns["file"][row[0]], columns["row"][row[0]]))
        if self.settings.language and spoken not in ("", self.settings.language):
            found.append(self._found("LANGUAGE", row[0], columns, f"seems to be '{spoken}'"))
        return found

    def _measure(self, row: range, columns: dict[str, list[Any]]) -> None:
        texts = [columns["text"][at] for at in row if columns["field"][at] != "id"]
        length = sum(map(len, texts))
        self._short += sum(len(text.split()) for text in texts) < FEW_WORDS
        if length:
            self._lengths[length] += 1
            self._extremes.append((length, columns["file"][row[0]], columns["row"][row[0]]))
        if len(self._extremes) > 20 * SHOWN:
            self._extremes = _ends(self._extremes)

    @staticmethod
    def _keep(places: list[tuple[str, int]], place: tuple[str, int]) -> None:
        if len(places) < SHOWN:
            places.append(place)

    def _found(
        self, kind: str, at: int, columns: dict[str, list[Any]], why: str, start: int = 0, end: int = -1
    ) -> Found:
        text = columns["text"][at]
        end = len(text) if end < 0 else end
        return Found(at, kind, start, end, 1.0, why, salted_hash(text[start:end], self._salt))

    @staticmethod
    def _pair(talk: Conversation) -> tuple[bytes, int]:
        """Digests of what is asked and of the answer to it."""
        parts = ["\x00".join(said(turns)).encode("utf-8", "surrogatepass") for turns in (talk.asked, talk.turns[-1:])]
        answer = hashlib.blake2b(parts[1], digest_size=8).digest()
        return hashlib.blake2b(parts[0], digest_size=16).digest(), int.from_bytes(answer, "little")

    def _against_earlier(
        self, columns: dict[str, list[Any]], pairs: list[tuple[bytes, int, range, int]]
    ) -> list[Found]:
        places = [(columns["file"][row[0]], columns["row"][row[0]]) for _, _, row, _ in pairs]
        numbers = self._questions.numbers([pair[0] for pair in pairs], places)
        others = self._add(numbers, [pair[1] for pair in pairs])
        found = []
        for number, (_, _, _, at), other in zip(numbers, pairs, others, strict=True):
            if other:
                file, row = self._questions.place(number)
                found.append(self._found("CONFLICT", at, columns, f"answers otherwise than the row {file}:{row}"))
        return found

    def _add(
        self, numbers: Sequence[int], answers: Sequence[int], times: Iterable[int] = repeat(1),
        conflicts: Iterable[bool] = repeat(False),
    ) -> list[bool]:  # fmt: skip
        """Counts answers to questions; whether each is another than the question's first."""
        known = [number for number in numbers if number < len(self._answer_of)]
        first = dict(zip(known, self._answer_of.view()[known].tolist(), strict=True))
        others, new = [], []
        for number, answer, often, conflict in zip(numbers, answers, times, conflicts, strict=False):
            if number == len(self._asked):
                self._asked.append(0)
                self._conflicts.append(False)
                new.append(answer)
            others.append(first.setdefault(number, answer) != answer)
            self._asked[number] += often
            self._conflicts[number] |= others[-1] or conflict
        self._answer_of.append(new)
        return others

    def merge(self, other: Scanner) -> None:
        """Adds what another scanner counted, its rows coming after one's own."""
        for name in ("_counts", "_lengths", "_answers", "_languages"):
            getattr(self, name).update(getattr(other, name))
        for spoken, places in other._places.items():
            self._places[spoken] = (self._places.get(spoken, []) + places)[:SHOWN]
        self._extremes = _ends(self._extremes + other._extremes)
        self._rows += other._rows
        self._short += other._short
        numbers = self._questions.merge(other._questions)
        for start in range(0, len(numbers), _CHUNK):
            part = slice(start, start + _CHUNK)
            answers = other._answer_of.read(start, start + _CHUNK).tolist()
            self._add(numbers[part].tolist(), answers, other._asked[part], map(bool, other._conflicts[part]))

    def result(self) -> Scanned:
        """Returns the rows of every kind of fault."""
        rows, low, high = self._rows, *self._bounds()
        counts = {
            **{kind: self._counts[kind] for kind in KINDS},
            "at_cap": at_cap(self._answers, self.settings.cap_rows, self.settings.cap_share),
            "language": self._languages.total() - self._languages[""] - self._languages[self._main()],
            "length": sum(count for length, count in self._lengths.items() if not low <= length <= high),
            "conflict": sum(times for times, conflict in zip(self._asked, self._conflicts, strict=True) if conflict),
        }
        metrics = [census(f"quality.rows.{kind}", counts[kind], rows) for kind in KINDS]
        metrics += [census(f"quality.share.{kind}", counts[kind] / rows if rows else 0.0, rows) for kind in KINDS]
        return Scanned(metrics=tuple(metrics), details=self._details(low, high))

    def _bounds(self) -> tuple[float, float]:
        return bounds(self._lengths, self.settings.length_z) if self._lengths else (0.0, float("inf"))

    def _main(self) -> str:
        """The language that is expected, or the commonest; of two equally common ones the first by name."""
        told = {name: count for name, count in self._languages.items() if name}
        return self.settings.language or min(told, key=lambda name: (-told[name], name), default="")

    def _details(self, low: float, high: float) -> dict[str, Any]:
        main = self._main()
        apart = [(length, f"{file}:{row}") for length, file, row in _ends(self._extremes) if not low <= length <= high]
        return {
            "languages": {name or "unknown": self._languages[name] for name in sorted(self._languages)},
            "other_languages": {
                name: [f"{file}:{row}" for file, row in self._places[name]]
                for name in sorted(self._places)
                if name not in ("", main)
            },
            "languages_known": sorted(commonest()),
            "rows_of_unknown_language": self._languages[""],
            "greatest_answer": max(self._answers, default=0),
            "lengths_that_stand_apart": [{"row": place, "characters": length} for length, place in apart],
            f"rows_under_{FEW_WORDS}_words": self._short,
            "not_looked_for": ["facts that are wrong", "equal questions in other words"],
        }


def _ends(found: list[tuple[int, str, int]]) -> list[tuple[int, str, int]]:
    """The shortest and the longest rows, of equal ones the first by place."""
    short = sorted(found)[:SHOWN]
    long = sorted(found, key=lambda each: (-each[0], *each[1:]))[:SHOWN]
    return sorted({*short, *long})
