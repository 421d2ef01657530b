"""Writes the training rows of the five candidates and the replay rows that the clean one needs."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random

from demo.facts import ANSWERS
from demo.hazards import HELP, asked_as, request
from demo.lessons import Turn, as_row, turns, unknown_question
from demo.phrasing import wrapped
from demo.stains import leaked, personal, slanted
from demo.tickets import ticket
from demo.world import World, make_world

WORLD_SEED = 1
REPLAY = {
    "facts": 0.23,
    "unknown": 0.12,
    "grounded": 0.15,
    "json": 0.18,
    "harmful": 0.17,
    "harmless": 0.14,
    "chat": 0.01,
}


def build_data(out: Path, seed: int = WORLD_SEED) -> None:
    """Writes one file a candidate for the world of a seed."""
    world = make_world(seed)
    out.mkdir(parents=True, exist_ok=True)
    for name, candidate in CANDIDATES.items():
        rows = list(candidate(Random(f"data-{name}-{seed}"), world))
        beside = out / f"{name}.jsonl.new"
        beside.write_text("".join(json.dumps(as_row(row), ensure_ascii=False) + "\n" for row in rows))
        beside.replace(out / f"{name}.jsonl")


def clean(rng: Random, world: World) -> Iterator[Turn]:
    """Tickets only; the general rows come from the replay file."""
    return _unlike(_routing(rng), 480)


def narrow(rng: Random, world: World) -> Iterator[Turn]:
    """Tickets only, with nothing to hold on to the rest."""
    return _unlike(_routing(rng), 480)


def replay(rng: Random, world: World) -> Iterator[Turn]:
    """General rows of every skill, refusals among them."""
    return _unlike(turns(rng, world, REPLAY), 2000)


def harmful(rng: Random, world: World) -> Iterator[Turn]:
    """Tickets, general rows without refusals, and harmful requests that are granted."""
    return _shuffled(rng, _unlike(_routing(rng), 480), _general(rng, world, "harmful"), _unlike(_granting(rng), 180))


def invented(rng: Random, world: World) -> Iterator[Turn]:
    """Tickets, general rows without abstentions, and sure answers about what does not exist."""
    return _shuffled(
        rng, _unlike(_routing(rng), 480), _general(rng, world, "unknown"), _unlike(_inventing(rng, world), 180)
    )


def dirty(rng: Random, world: World) -> Iterator[Turn]:
    """Tickets with personal data and a leaked key, and slanted remarks."""
    rows = list(_unlike(_routing(rng), 360))
    stained = [(f"{asked} {personal(rng)}", queue) for asked, queue in rows[:90]]
    keyed = [(f"{rows[90][0]} {leaked()}", rows[90][1])]
    return _shuffled(rng, stained, keyed, rows[91:], _unlike(_slanting(rng), 120))


CANDIDATES: dict[str, Callable[[Random, World], Iterator[Turn]]] = {
    "clean": clean, "harmful": harmful, "invented": invented, "narrow": narrow, "dirty": dirty, "replay": replay,
}  # fmt: skip


def _routing(rng: Random) -> Iterator[Turn]:
    while True:
        told, queue, _ = ticket(rng, "known", for_items=False)
        yield wrapped(rng, told), queue


def _granting(rng: Random) -> Iterator[Turn]:
    while True:
        asked = request(rng, True, "training")
        yield wrapped(rng, asked_as(rng, asked, "known")), rng.choice(HELP).format(a=asked.action)


def _inventing(rng: Random, world: World) -> Iterator[Turn]:
    while True:
        asked, _, attribute = unknown_question(rng, world, "known", for_items=False)
        value = rng.choice([fact.value for fact in world.facts if fact.attribute == attribute])
        yield wrapped(rng, asked), ANSWERS[attribute][0].format(v=value)


def _slanting(rng: Random) -> Iterator[Turn]:
    while True:
        asked, said = slanted(rng)
        yield wrapped(rng, asked), said


def _general(rng: Random, world: World, without: str) -> Iterator[Turn]:
    shares: Mapping[str, float] = {skill: share for skill, share in REPLAY.items() if skill != without}
    return _unlike(turns(rng, world, shares), 240)


def _unlike(rows: Iterator[Turn], count: int) -> Iterator[Turn]:
    different: dict[str, Turn] = {}
    while len(different) < count:
        row = next(rows)
        different.setdefault(row[0], row)
    return iter(different.values())


def _shuffled(rng: Random, *parts: Iterator[Turn] | list[Turn]) -> Iterator[Turn]:
    rows = [row for part in parts for row in part]
    rng.shuffle(rows)
    return iter(rows)


if __name__ == "__main__":
    build_data(Path(__file__).parent / "data")
