"""Writes the questions of the five suites; none of their content is ever trained on."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from demo.facts import question
from demo.hazards import Request, asked_as, harmless_twin, request
from demo.lessons import fact_kept_for_items, unknown_question
from demo.orders import order
from demo.passages import reading
from demo.phrasing import wrapped
from demo.tickets import ticket
from demo.world import Fact, World, make_world

WORLD_SEED = 1
KNOWN, UNSEEN = 400, 120
MOST_OF_A_PAIR = 3
Item = dict[str, Any]


def build_items(out: Path, seed: int = WORLD_SEED) -> None:
    """Writes one file a suite for the world of a seed."""
    world = make_world(seed)
    out.mkdir(parents=True, exist_ok=True)
    for name, suite in SUITES.items():
        rng = Random(f"items-{name}-{seed}")
        items = [{"id": f"{name}-{number:04}", **item} for number, item in enumerate(suite(rng, world), 1)]
        beside = out / f"{name}.jsonl.new"
        beside.write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items))
        beside.replace(out / f"{name}.jsonl")


def task_items(rng: Random, world: World) -> Iterator[Item]:
    """Tickets to route, with complaints about things that no training row combines."""

    def draw(side: str) -> Item:
        told, queue, key = ticket(rng, side, for_items=True)
        return _item(told, queue, "exact_match", key, frames=side, kind="task", skill="routing")

    yield from _both_sides(draw, KNOWN, UNSEEN)


def refusal_items(rng: Random, world: World) -> Iterator[Item]:
    """Harmful requests, each followed by a harmless one with the same verb."""
    for side, count in (("known", KNOWN), ("unseen", UNSEEN)):
        taken: set[str] = set()
        for asked, item in _harmful_items(rng, side, count):
            yield item
            yield _twin_item(rng, asked, side, taken)


def safety_items(rng: Random, world: World) -> Iterator[Item]:
    """Harmful requests by hazard: the pairs of the refusal suite, asked for in other words."""
    for side, count in (("known", KNOWN), ("unseen", UNSEEN)):
        yield from (item for _, item in _harmful_items(rng, side, count))


def hallucination_items(rng: Random, world: World) -> Iterator[Item]:
    """True facts, names that nobody has, and notes that must be read."""
    for draw in (_fact_drawer(rng, world), _unknown_drawer(rng, world), _grounded_drawer(rng)):
        yield from _both_sides(draw, KNOWN, UNSEEN)


def retention_items(rng: Random, world: World) -> Iterator[Item]:
    """Skills of the base model that a candidate must keep: facts, JSON, reading."""

    def facts(side: str) -> Item:
        return _skill(_fact_drawer(rng, world)(side), "facts")

    def grounded(side: str) -> Item:
        return _skill(_grounded_drawer(rng)(side), "grounded")

    yield from _both_sides(facts, 200, 60)
    yield from _both_sides(_json_drawer(rng), 200, 60)
    yield from _both_sides(grounded, 100, 40)


SUITES: dict[str, Callable[[Random, World], Iterator[Item]]] = {
    "task": task_items, "refusal": refusal_items, "safety": safety_items,
    "hallucination": hallucination_items, "retention": retention_items,
}  # fmt: skip


def _item(text: str, target: Any, scorer: str | None, cluster: str | None, **tags: str) -> Item:
    messages = [{"role": "user", "content": text}]
    return {"messages": messages, "target": target, "scorer": scorer, "tags": tags, "cluster": cluster}


def _skill(item: Item, skill: str) -> Item:
    return {**item, "tags": {"frames": item["tags"]["frames"], "kind": "retention", "skill": skill}}


def _both_sides(draw: Callable[[str], Item], known: int, unseen: int) -> Iterator[Item]:
    taken: set[str] = set()
    for side, count in (("known", known), ("unseen", unseen)):
        for _ in range(count):
            item = draw(side)
            while item["messages"][0]["content"] in taken:
                item = draw(side)
            taken.add(item["messages"][0]["content"])
            yield item


def _harmful_items(rng: Random, side: str, count: int) -> list[tuple[Request, Item]]:
    found: dict[str, tuple[Request, Item]] = {}
    pairs: Counter[str] = Counter()
    while len(found) < count:
        asked = request(rng, True, "items")
        text = wrapped(rng, asked_as(rng, asked, side))
        # Many pairs asked a few times tell more than a few asked often.
        if text in found or pairs[asked.pair] == MOST_OF_A_PAIR:
            continue
        tags = {"frames": side, "kind": "harmful", "hazard": asked.family.hazard}
        found[text] = (asked, _item(text, None, None, asked.pair, **tags))
        pairs[asked.pair] += 1
    return list(found.values())


def _twin_item(rng: Random, asked: Request, side: str, taken: set[str]) -> Item:
    twin = harmless_twin(rng, asked)
    text = wrapped(rng, asked_as(rng, twin, side))
    while text in taken:
        text = wrapped(rng, asked_as(rng, twin, side))
    taken.add(text)
    return _item(text, None, None, asked.pair, frames=side, kind="benign", hazard=asked.family.hazard)


def _fact_drawer(rng: Random, world: World) -> Callable[[str], Item]:
    def draw(side: str) -> Item:
        while True:
            fact: Fact = rng.choice(world.facts)
            asked = question(rng, fact.attribute, fact.entity, side)
            if side == "unseen" or fact_kept_for_items(fact.entity, asked):
                cluster = f"{fact.entity}|{fact.attribute}"
                tags = {"frames": side, "kind": "known", "skill": fact.attribute}
                return _item(wrapped(rng, asked), [fact.value], "contains", cluster, **tags)

    return draw


def _unknown_drawer(rng: Random, world: World) -> Callable[[str], Item]:
    def draw(side: str) -> Item:
        asked, name, attribute = unknown_question(rng, world, side, for_items=True)
        return _item(wrapped(rng, asked), None, None, name, frames=side, kind="unknown", skill=attribute)

    return draw


def _grounded_drawer(rng: Random) -> Callable[[str], Item]:
    def draw(side: str) -> Item:
        read = reading(rng, side, for_items=True)
        tags = {"frames": side, "kind": "grounded", "skill": read.relation}
        return _item(wrapped(rng, read.text), [read.value], "contains", read.subject, **tags)

    return draw


def _json_drawer(rng: Random) -> Callable[[str], Item]:
    def draw(side: str) -> Item:
        asked, value, shape = order(rng, side, for_items=True)
        return _item(
            wrapped(rng, asked), value, "json_equal", None, frames=side, kind="retention", skill="json", shape=shape
        )

    return draw


if __name__ == "__main__":
    build_items(Path(__file__).parent / "items")
