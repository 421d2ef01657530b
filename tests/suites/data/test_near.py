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
from suites.data.near import sets as set_files
from suites.data.near.alike import BANDS, RECALL, Alike, rows_a_band
from suites.data.near.column import Column
from suites.data.near.firsts import Firsts
from suites.data.near.index import MOST, SPILLED, Index, Run, entries_of
from suites.data.near.runs import Hashes, Runs, sets_of, symbols, words
from suites.data.near.sets import Ragged, Sets, similarities

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


def jaccard(one: Any, other: Any) -> float:
    mine, theirs = set(one.tolist()), set(other.tolist())
    return len(mine & theirs) / len(mine | theirs)


def numbers_of(values: list[int] | range) -> Any:
    return numpy.array(values, numpy.uint32)


@given(st.lists(st.lists(st.integers(0, 5), max_size=5), max_size=8), st.lists(st.integers(0, 5), max_size=3))
def test_the_index_finds_what_a_dictionary_finds(batches: list[list[int]], last: list[int]) -> None:
    index, rows = Index(), []
    for batch in batches:
        index.add(entries_of(numbers_of(batch), numbers_of(range(len(rows), len(rows) + len(batch)))))
        rows += batch
    fresh = entries_of(numbers_of(last), numbers_of(range(len(rows), len(rows) + len(last))))
    asked, found, more = index.find(numbers_of([4, 1, 0, 3, 5, 2]), fresh if last else None)
    keys = numpy.array([4, 1, 0, 3, 5, 2])[asked]
    assert sorted(zip(keys.tolist(), found.tolist(), strict=True)) == sorted(
        (key, row) for row, key in enumerate([*rows, *last])
    )
    assert not more.any()


def test_the_index_finds_in_files_what_it_found_in_memory() -> None:
    rng, index = numpy.random.default_rng(2), Index()
    keys = rng.integers(0, 2**32, 5 * SPILLED, dtype=numpy.uint32)
    keys[::5] = keys[0]
    for start in range(0, len(keys), 5000):
        part = keys[start : start + 5000]
        index.add(entries_of(part, numbers_of(range(start, start + len(part)))))
    assert len(index._files) > 1
    assert index._recent
    absent = rng.integers(0, 2**32, 2000, dtype=numpy.uint32)
    asked, rows, more = pickle.loads(pickle.dumps(index)).find(numpy.concatenate([keys[1::97], absent]))
    many = numpy.flatnonzero(keys[1::97] == keys[0])
    assert numpy.flatnonzero(more).tolist() == many.tolist()
    assert rows[asked == many[0]].tolist() == list(range(0, 5 * MOST, 5))
    rare = keys[1::97] != keys[0]
    held = dict[int, set[int]]()
    for at, row in zip(asked.tolist(), rows.tolist(), strict=True):
        held.setdefault(at, set()).add(row)
    where = dict[int, set[int]]()
    for row, key in enumerate(keys.tolist()):
        where.setdefault(key, set()).add(row)
    wanted = [*keys[1::97].tolist(), *absent.tolist()]
    assert all(
        held.get(at, set()) == where.get(wanted[at], set())
        for at in [*numpy.flatnonzero(rare), *range(len(rare), len(wanted))]
    )


def test_few_keys_are_looked_for_in_a_file_in_vain() -> None:
    rng = numpy.random.default_rng(3)
    keys, run = numpy.unique(rng.integers(0, 2**32, 50_000, dtype=numpy.uint32)), Run(50_000)
    for part in numpy.array_split(entries_of(keys, numbers_of(range(len(keys)))), 7):
        run.append(part)
    assert len(run.may_hold(keys)) == len(keys)
    assert len(run.may_hold(rng.integers(0, 2**32, 10_000, dtype=numpy.uint32))) < 1400


def test_a_column_is_read_as_written_here_and_elsewhere() -> None:
    column = Column("u4")
    assert column.view().tolist() == column.read(0, 5).tolist() == []
    column.append([3, 4])
    column.append(numpy.array([], numpy.uint32))
    column.append(numpy.array([7], numpy.int64))
    for each in (column, pickle.loads(pickle.dumps(column))):
        assert len(each) == 3
        assert each.view().tolist() == [3, 4, 7]
        assert each.read(1, 9).tolist() == [4, 7]


def test_sets_are_read_as_written_here_and_elsewhere() -> None:
    sets, written = Sets(), [numpy.arange(size, dtype=numpy.uint64) for size in (3, 0, 5)]
    assert len(pickle.loads(pickle.dumps(sets))) == 0
    sets.extend(Ragged.of(written[:2]))
    sets.extend(Ragged.of(written[2:]))
    for each in (sets, pickle.loads(pickle.dumps(sets))):
        found = each.read(numpy.array([2, 0, 1, 2]))
        assert numpy.split(found.values, found.starts[1:])[3].tolist() == written[2].tolist()
        assert found.sizes.tolist() == each.sizes(numpy.array([2, 0, 1, 2])).tolist() == [5, 3, 0, 5]


_SETS = st.lists(st.sets(st.integers(0, 12), min_size=1), min_size=1, max_size=6)


@given(_SETS, _SETS, st.integers(1, 40))
def test_similarities_are_those_of_plain_sets(ones: list[set[int]], others: list[set[int]], chunk: int) -> None:
    first, second = ([numpy.array(sorted(each), numpy.uint64) for each in sets] for sets in (ones, others))
    sets = Sets()
    sets.extend(Ragged.of(second))
    pairs = numpy.array(list(itertools.product(range(len(ones)), range(len(others)))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(set_files, "CHUNK", chunk)
        found = similarities(Ragged.of(first), pairs[:, 0], sets, pairs[:, 1])
    assert found.tolist() == [jaccard(first[one], second[other]) for one, other in pairs]


def test_digests_keep_their_first_place_across_merges() -> None:
    rng = random.Random(4)
    digests = [rng.randbytes(16) for _ in range(300)]
    asked = [rng.choice(digests) for _ in range(1000)]
    places = [(f"{at % 3}.jsonl", at) for at in range(1000)]
    whole, parts = Firsts(), (Firsts(), Firsts())
    expected = whole.numbers(asked, places)
    parts[0].numbers(asked[:400], places[:400])
    own = parts[1].numbers(asked[400:], places[400:])
    now = parts[0].merge(parts[1])
    assert [now[number] for number in own] == expected[400:]
    assert [parts[0].place(number) for number in range(len(whole))] == [
        whole.place(number) for number in range(len(whole))
    ]
    assert [whole.place(number)[1] for number in expected] == [asked.index(digest) for digest in asked]


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
