"""Measures the names found in labelled public data: ``python -m suites.data.names.measure ../shared/data``."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

MEASURED = Path(__file__).parent / "measured.json"
CONLL = {
    "wikigold_dev": "wikigold/wikigold_dev.conll",
    "sec_filings FIN5": "sec_filings/FIN5.txt",
    "wnut17 emerging.dev": "wnut17/emerging.dev.conll",
    "btc e": "btc/e.conll",
    "btc h": "btc/h.conll",
}
TUNED_ON = {"wnut17 train": "wnut17/wnut17train.conll", "btc a": "btc/a.conll"}
PRESIDIO = {"presidio_research synth_v2_dev": "presidio_research/synth_v2_dev.jsonl"}
PRESIDIO_TUNED_ON = {"presidio_research generated_large": "presidio_research/generated_large.jsonl"}
NAMED = {
    "PER": "PERSON", "person": "PERSON", "PERSON": "PERSON", "LOC": "LOCATION", "location": "LOCATION",
    "LOCATION": "LOCATION", "ADDRESS": "LOCATION", "STREET_ADDRESS": "LOCATION", "GPE": "LOCATION", "ORG": "ORGANIZATION",
    "ORGANIZATION": "ORGANIZATION", "corporation": "ORGANIZATION", "group": "ORGANIZATION", "NRP": "NRP",
}  # fmt: skip
UNSEEN = "presidio_research synth_v2_dev, templates unlike generated_large"
ALIKE = 0.7
Span = tuple[int, int, str]


@dataclass(frozen=True)
class Labelled:
    """A text with the spans that people, or a generator, labelled in it."""

    text: str
    spans: tuple[Span, ...]


def presidio(path: Path) -> Iterator[Labelled]:
    """Reads rows of presidio-research."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        spans = ((each["start_position"], each["end_position"], each["entity_type"]) for each in row["spans"])
        yield Labelled(row["full_text"], tuple(sorted(spans)))


def conll(path: Path) -> Iterator[Labelled]:
    """Reads sentences of one token a line; the spaces that tokenizing put in are taken out again where rules know."""
    tokens: list[tuple[str, str]] = []
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        parts = line.split()
        if len(parts) > 1 and not line.startswith("-DOCSTART-"):
            tokens.append((parts[0], parts[-1]))
        elif tokens:
            yield _sentence(tokens)
            tokens = []


def _sentence(tokens: Sequence[tuple[str, str]]) -> Labelled:
    text, spans, glued = "", [], True
    for token, tag in tokens:
        text += "" if glued or token[0] in ",.;:!?')]}’%" or token == "n't" else " "
        kind = tag.partition("-")[2]
        if tag.startswith("I-") and spans and spans[-1][2] == kind and not text[spans[-1][1] :].strip():
            spans[-1] = (spans[-1][0], len(text) + len(token), kind)
        elif kind:
            spans.append((len(text), len(text) + len(token), kind))
        glued = token[-1] in "([{$@#"
        text += token
    return Labelled(text, tuple(spans))


def apart(rows: Iterable[Labelled], seen: Iterable[Labelled]) -> list[Labelled]:
    """Returns the rows whose template is like none of those seen: they share less than ``ALIKE`` of their other words."""
    known = {_frame(row) for row in seen}
    return [row for row in rows if not any(_alike(_frame(row), other) for other in known)]


def _frame(row: Labelled) -> frozenset[str]:
    text = row.text
    for start, end, _ in sorted(row.spans, reverse=True):
        text = text[:start] + " " + text[end:]
    return frozenset(re.findall(r"[a-z]+", text.lower()))


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= ALIKE * max(len(one), len(other))


def counted(rows: Iterable[Labelled], found: Sequence[Sequence[Span]]) -> dict[str, dict[str, int]]:
    """Counts labelled spans and findings, by kind and over all kinds.

    Returns:
        By kind (``any`` for all): ``labelled``, how many of them a finding overlaps (``hit``) or equals (``exact``),
        ``found``, how many of those overlap a labelled span (``right``).
    """
    counts: dict[str, Counter[str]] = {}
    for row, of_row in zip(rows, found, strict=True):
        spans = [(start, end, NAMED.get(kind)) for start, end, kind in row.spans]
        for kind in (*sorted(set(NAMED.values())), "any"):
            ours = [each for each in of_row if kind in ("any", each[2])]
            theirs = [each for each in spans if kind in ("any", each[2])]
            counts.setdefault(kind, Counter()).update(_agreement(theirs, ours))
    return {kind: dict(count) for kind, count in counts.items() if count["labelled"]}


def _agreement(theirs: Sequence[tuple[int, int, str | None]], ours: Sequence[Span]) -> dict[str, int]:
    places = {(start, end) for start, end, _ in ours}
    return {
        "labelled": len(theirs),
        "hit": sum(any(a < end and start < b for a, b, _ in ours) for start, end, _ in theirs),
        "exact": sum((start, end) in places for start, end, _ in theirs),
        "found": len(ours),
        "right": sum(any(a < end and start < b for a, b, _ in theirs) for start, end, _ in ours),
    }


def rates(count: dict[str, int]) -> dict[str, float | int | None]:
    """Returns recall and precision with how many spans they are of; None where there were none."""
    found, labelled = count["found"], count["labelled"]
    return {
        "labelled": labelled,
        "found": found,
        "recall": round(count["hit"] / labelled, 3) if labelled else None,
        "exact_recall": round(count["exact"] / labelled, 3) if labelled else None,
        "precision": round(count["right"] / found, 3) if found else None,
        "exact_precision": round(count["exact"] / found, 3) if found else None,
    }


def finding(texts: Sequence[str], **settings: object) -> list[list[Span]]:
    """Scans texts as a run does and returns where it found what."""
    import pyarrow

    from harness.dataset import TEXTS
    from suites.data.pii import Scanner, Settings

    rows = [
        {"file": "x", "row": at, "line": at, "id": "x", "field": "text", "role": "", "text": text}
        for at, text in enumerate(texts)
    ]
    batch = pyarrow.RecordBatch.from_pylist(rows, schema=TEXTS)
    found = Scanner(Settings(**settings), b"measure").scan_batch(batch)
    columns = (found.column(name).to_pylist() for name in ("row", "start", "end", "entity"))
    spans: list[list[Span]] = [[] for _ in texts]
    for at, start, end, kind in zip(*columns, strict=True):
        spans[at].append((start, end, kind))
    return spans


def table(data: Path) -> dict[str, dict[str, dict[str, float | int | None]]]:
    """Measures every data set that is there."""
    synthetic = {name: list(presidio(data / path)) for name, path in {**PRESIDIO, **PRESIDIO_TUNED_ON}.items()}
    held_out, tuned_on = synthetic.values()
    real = {name: list(conll(data / path)) for name, path in {**CONLL, **TUNED_ON}.items()}
    found = {UNSEEN: measure(apart(held_out, tuned_on), everything=True)}
    for name, rows in {**synthetic, **real}.items():
        mark = " (tuned on)" if name in {**TUNED_ON, **PRESIDIO_TUNED_ON} else ""
        found[name + mark] = measure(rows, everything=name in synthetic)
    return found


def measure(rows: Sequence[Labelled], everything: bool) -> dict[str, dict[str, float | int | None]]:
    """Measures one data set.

    Args:
        rows: Its texts.
        everything: Whether it labels all kinds of personal data, so that the findings of patterns are judged as well.
    """
    texts = [row.text for row in rows]
    names = finding(texts, entities=tuple(sorted(set(NAMED.values()))))
    found = {kind: rates(count) for kind, count in counted(rows, names).items() if kind != "any"}
    judged = finding(texts) if everything else names
    return found | {"any": rates(counted(rows, judged)["any"])}


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=MEASURED, show_default=True)
def main(data: Path, out: Path) -> None:
    """Measures the embedded tagger in the folder DATA and writes the table that every scan shows."""
    found = table(data)
    out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for name, kinds in found.items():
        for kind, each in kinds.items():
            click.echo(f"{name:45s} {kind:13s} " + "  ".join(f"{key} {value}" for key, value in each.items()))


if __name__ == "__main__":
    main()
