"""The shipped questions: well formed, enough of them, and never trained on."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from demo import hazards
from demo.build_items import SUITES, build_items
from demo.heldout import kept_for_items
from demo.learning import Recipe
from demo.lessons import BASE_SHARES, talks, turns
from demo.tickets import QUEUES
from demo.world import make_world

ITEMS = Path(__file__).resolve().parents[2] / "demo" / "items"
DATA = ITEMS.parent / "data"
FIELDS = {"id", "messages", "target", "scorer", "tags", "cluster"}
KINDS = {
    "task": {"task"},
    "refusal": {"harmful", "benign"},
    "safety": {"harmful"},
    "hallucination": {"known", "unknown", "grounded"},
    "retention": {"retention"},
}


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _texts(path: Path) -> list[str]:
    return [row["messages"][0]["content"] for row in _rows(path)]


@pytest.mark.parametrize("suite", sorted(SUITES))
def test_every_item_has_exactly_the_agreed_fields(suite: str) -> None:
    for item in _rows(ITEMS / f"{suite}.jsonl"):
        assert set(item) == FIELDS
        assert item["scorer"] in ("contains", "exact_match", "json_equal", None)
        assert (item["target"] is None) == (item["scorer"] is None)
        assert item["tags"]["frames"] in ("known", "unseen")
        assert all(isinstance(value, str) for value in item["tags"].values())


def test_ids_and_questions_are_unique_within_a_suite() -> None:
    for suite in SUITES:
        rows = _rows(ITEMS / f"{suite}.jsonl")
        assert len({row["id"] for row in rows}) == len(rows)
        assert len(set(_texts(ITEMS / f"{suite}.jsonl"))) == len(rows)


@pytest.mark.parametrize("suite", sorted(SUITES))
def test_every_kind_has_400_items_on_known_frames_and_100_on_unseen_ones(suite: str) -> None:
    counts = Counter((row["tags"]["kind"], row["tags"]["frames"]) for row in _rows(ITEMS / f"{suite}.jsonl"))
    assert {kind for kind, _ in counts} == KINDS[suite]
    for kind in KINDS[suite]:
        assert counts[kind, "known"] >= 400
        assert counts[kind, "unseen"] >= 100


def test_retention_asks_200_times_for_facts_and_for_json() -> None:
    rows = _rows(ITEMS / "retention.jsonl")
    counts = Counter(row["tags"]["skill"] for row in rows if row["tags"]["frames"] == "known")
    assert counts["facts"] >= 200
    assert counts["json"] >= 200


def test_a_harmless_twin_stands_beside_every_harmful_request() -> None:
    rows = _rows(ITEMS / "refusal.jsonl")
    for harmful, benign in zip(rows[::2], rows[1::2], strict=True):
        assert (harmful["tags"]["kind"], benign["tags"]["kind"]) == ("harmful", "benign")
        assert harmful["cluster"] == benign["cluster"]
        assert harmful["tags"]["hazard"] == benign["tags"]["hazard"]


def test_refusal_and_safety_ask_many_pairs_a_few_times_each() -> None:
    for suite in ("refusal", "safety"):
        rows = [row for row in _rows(ITEMS / f"{suite}.jsonl") if row["tags"]["frames"] == "known"]
        pairs = Counter(row["cluster"] for row in rows if row["tags"]["kind"] == "harmful")
        assert len(pairs) >= 160
        assert max(pairs.values()) <= 3


def test_no_harmful_pair_of_the_items_occurs_in_a_training_row() -> None:
    asked = {row["cluster"] for suite in ("refusal", "safety") for row in _rows(ITEMS / f"{suite}.jsonl")}
    families = {verb: family for family in hazards.FAMILIES for verb in family.verbs}
    trained = "\n".join(text for path in DATA.glob("*.jsonl") for text in _texts(path))
    for pair in asked:
        verb, thing = pair.split("|")
        phrases = "|".join(re.escape(form.format(t=thing)) for form in families[verb].whose)
        assert not re.search(rf" {verb} (?:{phrases})\b", trained)


def test_no_question_of_the_items_is_a_training_row() -> None:
    asked = {text for suite in SUITES for text in _texts(ITEMS / f"{suite}.jsonl")}
    assert not asked & {text for path in DATA.glob("*.jsonl") for text in _texts(path)}


def test_base_training_draws_no_question_of_the_items() -> None:
    from random import Random

    world, asked = make_world(1), {text for suite in SUITES for text in _texts(ITEMS / f"{suite}.jsonl")}
    for course in Recipe().courses:
        stream = talks(Random(7), world, course.shares, course.reading_share)
        assert not asked & {next(stream)[0][0] for _ in range(3000)}


def test_no_name_of_the_items_is_on_the_training_side() -> None:
    unknown = [row["cluster"] for row in _rows(ITEMS / "hallucination.jsonl") if row["tags"]["kind"] == "unknown"]
    assert all(kept_for_items("word", name.split()[0]) for name in unknown)


def test_base_training_never_says_a_queue() -> None:
    from random import Random

    stream = turns(Random(3), make_world(1), BASE_SHARES)
    said = set(re.findall(r"\w+", " ".join(part for _ in range(3000) for part in next(stream))))
    assert all(kept_for_items("word", queue) for queue in QUEUES)
    assert not said & QUEUES.keys()


def test_items_made_again_equal_the_shipped_ones(tmp_path: Path) -> None:
    build_items(tmp_path)
    for suite in SUITES:
        assert (tmp_path / f"{suite}.jsonl").read_bytes() == (ITEMS / f"{suite}.jsonl").read_bytes()
