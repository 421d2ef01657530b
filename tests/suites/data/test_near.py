"""Near duplicates: sets of runs, an index against a plain dictionary, and recall against all pairs."""

import itertools
import json
import pickle
import random
from pathlib import Path
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.dataset import texts
from suites.data.duplicates import Scanner, Settings
from suites.data.near.alike import BANDS, RECALL, Alike, jaccard, rows_a_band
from suites.data.near.index import Index
from suites.data.near.runs import Hashes, Runs, sets_of, symbols, words
from suites.data.near.sets import Sets

ALPHABET = [f"w{number}" for number in range(5000)]


def test_words_are_the_same_whatever_their_case() -> None:
    assert Hashes()["Straße"] == Hashes()["STRASSE"] != Hashes()["strase"]


def plain(text: str, length: int) -> set[tuple[str, ...]]:
    split = words(text)
    size = min(length, len(split))
    return {tuple(split[at : at + size]) for at in range(len(split) - size + 1)} if split else set()


@given(st.lists(st.text("ab ", max_size=20), max_size=6), st.integers(1, 4))
def test_sets_have_as_many_runs_as_counted_plainly(found: list[str], length: int) -> None:
    sets = sets_of(found, range(len(found)), len(found), length, Hashes())
    assert [len(each) for each in sets] == [len(plain(text, length)) for text in found]
    for (one, mine), (other, theirs) in itertools.combinations(zip(found, sets, strict=True), 2):
        shared = len(plain(one, length) & plain(other, length))
        assert len(numpy.intersect1d(mine, theirs)) == shared


@given(st.lists(st.integers(0, 3), max_size=30), st.integers(1, 5))
def test_equal_runs_have_equal_hashes_and_others_have_not(numbers: list[int], length: int) -> None:
    hashed = Runs(Hashes().of([str(number) for number in numbers])).of(length)
    tuples = [tuple(numbers[at : at + length]) for at in range(len(numbers) - length + 1)]
    assert len(hashed) == len(tuples)
    for one, other in itertools.combinations(range(len(tuples)), 2):
        assert (hashed[one] == hashed[other]) == (tuples[one] == tuples[other])


def test_hashes_of_words_are_the_same_in_every_process() -> None:
    assert Hashes()["word"] == 0x958EC7D727CFA44A


def test_scripts_without_spaces_are_read_sign_by_sign() -> None:
    assert words("東京 is Tokyo") == ["東", "京", "is", "Tokyo"]
    assert [word for word, _, _ in symbols("3 * 4 - 5, well-known")] == ["3", "*", "4", "-", "5", "well", "known"]


@given(st.lists(st.lists(st.integers(0, 5), max_size=5), max_size=8))
def test_the_index_finds_what_a_dictionary_finds(batches: list[list[int]]) -> None:
    index, rows = Index(), []
    for batch in batches:
        index.add(numpy.array(batch, numpy.uint32), numpy.arange(len(rows), len(rows) + len(batch), dtype=numpy.uint32))
        rows += batch
    asked, found, more = index.find(numpy.arange(6, dtype=numpy.uint32))
    expected = {(key, row) for row, key in enumerate(rows)}
    assert set(zip(asked.tolist(), found.tolist(), strict=True)) == expected
    assert len(found) == len(rows)
    assert not more.any()
    assert index.keys(len(rows)).tolist() == rows


def test_sets_are_read_as_written_here_and_elsewhere() -> None:
    sets, written = Sets(), [numpy.arange(size, dtype=numpy.uint64) for size in (3, 0, 5)]
    assert [len(each) for each in pickle.loads(pickle.dumps(sets)).sizes] == []
    sets.extend(written[:2])
    sets.extend(written[2:])
    for copy in (sets, pickle.loads(pickle.dumps(sets))):
        assert [copy[number].tolist() for number in range(len(copy))] == [each.tolist() for each in written]


@pytest.mark.parametrize("threshold", [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0])
def test_pairs_at_the_threshold_meet_almost_surely(threshold: float) -> None:
    assert 1 - (1 - threshold ** rows_a_band(threshold)) ** BANDS >= RECALL


def pairs(rng: random.Random, count: int) -> tuple[list[str], list[str]]:
    one = [" ".join(rng.choices(ALPHABET, k=rng.randint(30, 120))) for _ in range(count)]
    other = [" ".join(word if rng.random() < 0.965 else rng.choice(ALPHABET) for word in text.split()) for text in one]
    return one, other


def test_of_pairs_as_alike_as_the_threshold_nearly_all_are_found_and_no_other() -> None:
    one, other = pairs(random.Random(3), 2500)
    alike, hashes = Alike(0.8), Hashes()
    first, second = (sets_of(part, range(len(part)), len(part), 3, hashes) for part in (one, other))
    assert alike.add(first) == [None] * len(first)
    found = alike.add(second)
    true = [jaccard(mine, theirs) for mine, theirs in zip(first, second, strict=True)]
    near = [value for value in true if 0.8 <= value < 0.86]
    assert len(near) > 400
    assert all(match.similarity >= 0.8 for match in found if match)
    assert all(match is None for match, value in zip(found, true, strict=True) if value < 0.8)
    hits = sum(match is not None for match, value in zip(found, true, strict=True) if 0.8 <= value < 0.86)
    assert hits >= 0.99 * len(near)


def test_similarity_is_the_share_of_both() -> None:
    one, other = numpy.array([1, 2, 3, 9], numpy.uint64), numpy.array([2, 3, 4], numpy.uint64)
    assert jaccard(one, other) == jaccard(other, one) == 2 / 5


def scan(folder: Path, *rows: dict[str, Any], **named: Any) -> tuple[dict[str, float], list[dict[str, Any]]]:
    (folder / "x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    scanner = Scanner(Settings(**named), b"s" * 32)
    found = [each for batch in texts([folder / "x.jsonl"]) for each in scanner.scan_batch(batch).to_pylist()]
    return {metric.name: metric.value for metric in scanner.result().metrics}, found


LONG = " ".join(ALPHABET[:40])


def test_a_near_row_names_the_earlier_one_and_how_alike_they_are(tmp_path: Path) -> None:
    metrics, found = scan(tmp_path, {"text": "else"}, {"text": LONG}, {"text": LONG + " more"}, {"text": LONG.upper()})
    assert metrics["duplicates.near_rows"] == 1
    assert metrics["duplicates.near_share"] == 0.25
    assert metrics["duplicates.rows"] == 1
    assert [(each["row"], each["entity"], each["score"]) for each in found] == [
        (2, "NEAR_DUPLICATE", 0.9744),
        (3, "DUPLICATE", 1.0),
    ]
    assert found[0]["message"] == "shares 97% of its runs of 3 words with the row x.jsonl:1"


def test_punctuation_alone_makes_a_near_duplicate_even_of_two_words(tmp_path: Path) -> None:
    assert scan(tmp_path, {"text": "Thank you!"}, {"text": "thank you"})[0]["duplicates.near_rows"] == 1
    assert scan(tmp_path, {"text": "!!!"}, {"text": "???"})[0]["duplicates.near_rows"] == 0


def test_a_system_message_that_all_rows_share_makes_none_alike(tmp_path: Path) -> None:
    def row(said: str) -> dict[str, Any]:
        return {"messages": [{"role": "system", "content": LONG}, {"role": "user", "content": said}]}

    assert (
        scan(tmp_path, row("what is rain made of"), row("tell me a joke about bread"))[0]["duplicates.near_rows"] == 0
    )


def test_no_near_duplicates_are_looked_for_where_none_are_asked_for(tmp_path: Path) -> None:
    metrics, found = scan(tmp_path, {"text": LONG}, {"text": LONG + " more"}, near=None)
    assert set(metrics) == {"duplicates.rows", "duplicates.share"}
    assert found == []


def test_a_row_with_more_candidates_than_are_verified_is_counted(tmp_path: Path) -> None:
    rng = random.Random(5)
    head = ALPHABET[:30]
    # All share about six tenths of their runs, so that they often meet and are never alike.
    rows = [{"text": " ".join([*head, *rng.choices(ALPHABET, k=9)])} for _ in range(450)]
    (tmp_path / "x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    scanner = Scanner(Settings(), b"s" * 32)
    for batch in texts([tmp_path / "x.jsonl"]):
        assert not scanner.scan_batch(batch).num_rows
    assert scanner.result().details["rows_not_compared_with_all_candidates"] > 0
