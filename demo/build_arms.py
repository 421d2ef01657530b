"""Writes what the arms of a comparison need: documents to search, examples to show, and questions whose answers lie in either.

The questions are of three sources: ``training``, facts that the model was taught; ``documents``, notes that stand in the
documents and nowhere else; ``nowhere``, names that nobody has. The documents are those notes, an entry on each product and
person, and the handbook's line on each complaint of a ticket. The examples are a ticket for each queue.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from demo.facts import entry, question
from demo.lessons import fact_kept_for_items, unknown_question
from demo.passages import Note, note
from demo.passages import question as place_question
from demo.phrasing import wrapped
from demo.tickets import QUEUES, ticket
from demo.world import World, make_world

WORLD_SEED = 1
OF_A_SOURCE = 150
Row = dict[str, Any]


def build_arms(out: Path, seed: int = WORLD_SEED) -> None:
    """Writes the three files for the world of a seed."""
    world, rng = make_world(seed), Random(f"arms-{seed}")
    notes = _notes(rng)
    out.mkdir(parents=True, exist_ok=True)
    _write(out / "documents.jsonl", ({"text": text} for text in _documents(rng, world, notes)))
    _write(out / "examples.jsonl", _examples(rng))
    _write(out / "questions.jsonl", _questions(rng, world, notes))


def _notes(rng: Random) -> list[Note]:
    found: dict[str, Note] = {}
    while len(found) < OF_A_SOURCE:
        written = note(rng, for_items=True)
        found.setdefault(written.subject, written)
    return list(found.values())


def _documents(rng: Random, world: World, notes: list[Note]) -> list[str]:
    found = [written.text for written in notes]
    found += [entry(rng, world, entity) for entity in world.products + world.people]
    found += [
        f"A ticket that {complaint} has the queue {queue}."
        for queue, complaints in QUEUES.items()
        for complaint in complaints
    ]
    rng.shuffle(found)
    return found


def _examples(rng: Random) -> Iterator[Row]:
    waiting = set(QUEUES)
    while waiting:
        told, queue, _ = ticket(rng, "known", for_items=False)
        if queue in waiting:
            waiting.remove(queue)
            yield {"prompt": told, "target": queue}


def _questions(rng: Random, world: World, notes: list[Note]) -> Iterator[Row]:
    found: dict[str, Row] = {}
    for written in notes:
        relation, value = rng.choice(written.told)
        asked = place_question(rng, written.subject, relation)
        _add(rng, found, "documents", asked, "known", value, written.subject)
    while len(found) < 2 * OF_A_SOURCE:
        fact = rng.choice(world.facts)
        asked = question(rng, fact.attribute, fact.entity, "known")
        if fact_kept_for_items(fact.entity, asked):
            _add(rng, found, "training", asked, "known", fact.value, f"{fact.entity}|{fact.attribute}")
    while len(found) < 3 * OF_A_SOURCE:
        asked, name, _ = unknown_question(rng, world, "known", for_items=True)
        _add(rng, found, "nowhere", asked, "unknown", None, name)
    for number, row in enumerate(found.values(), start=1):
        yield {"id": f"questions-{number:04}", **row}


def _add(rng: Random, found: dict[str, Row], source: str, asked: str, kind: str, value: str | None, about: str) -> None:
    """Keeps a question unless it is there already in these words."""
    text = wrapped(rng, asked)
    found.setdefault(text, {
        "messages": [{"role": "user", "content": text}], "target": value and [value], "scorer": value and "contains",
        "tags": {"kind": kind, "source": source}, "cluster": about,
    })  # fmt: skip


def _write(path: Path, rows: Iterable[Row]) -> None:
    beside = path.with_name(f"{path.name}.new")
    beside.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    beside.replace(path)


if __name__ == "__main__":
    build_arms(Path(__file__).parent / "arms")
