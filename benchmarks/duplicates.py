"""Near duplicates planted at known similarities: what the suite finds, and its time beside datasketch's.

``python -m benchmarks.duplicates FILE.jsonl [--rows N]``: rows of text or chat; datasketch is compared where installed.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import numpy

from harness.dataset import texts
from suites.data.near.alike import Alike
from suites.data.near.runs import Hashes, sets_of, words

THRESHOLD, WORDS = 0.8, 3


def planted(originals: list[str], rng: random.Random) -> list[str]:
    """Each original and a copy of it with some words replaced, shuffled."""
    copies = []
    for text in originals:
        found, share = words(text), rng.uniform(0, 0.08)
        copies.append(" ".join(f"w{rng.random()}" if rng.random() < share else word for word in found))
    rows = originals + copies
    rng.shuffle(rows)
    return rows


def jaccard(one: numpy.ndarray, other: numpy.ndarray) -> float:
    """The share of two sets that both have."""
    both = len(numpy.intersect1d(one, other, assume_unique=True))
    return both / (len(one) + len(other) - both)


def alike_pairs(sets: list[numpy.ndarray]) -> dict[int, set[int]]:
    """Every earlier row that is as similar as the threshold, by comparing all rows that share a run."""
    holders: dict[int, list[int]] = {}
    found: dict[int, set[int]] = {}
    for row, each in enumerate(sets):
        for other in {before for run in each.tolist() for before in holders.get(run, ())}:
            if jaccard(each, sets[other]) >= THRESHOLD:
                found.setdefault(row, set()).add(other)
        for run in each.tolist():
            holders.setdefault(run, []).append(row)
    return found


def ours(rows: list[str]) -> tuple[set[int], float]:
    """The rows found near an earlier one, and CPU seconds."""
    started, alike, hashes, found = time.process_time(), Alike(THRESHOLD), Hashes(), set()
    for start in range(0, len(rows), 500):
        part = rows[start : start + 500]
        matches = alike.add(sets_of(part, range(len(part)), len(part), WORDS, hashes))
        found |= {start + at for at, match in enumerate(matches) if match}
    return found, time.process_time() - started


def theirs(rows: list[str]) -> tuple[set[int], float]:
    """The same by datasketch: 128 permutations, its own bands for the threshold."""
    from datasketch import MinHash, MinHashLSH

    started, index, found = time.process_time(), MinHashLSH(threshold=THRESHOLD, num_perm=128), set()
    for row, text in enumerate(rows):
        split = words(text)
        signature = MinHash(num_perm=128)
        signature.update_batch(
            {" ".join(split[at : at + WORDS]).encode() for at in range(max(1, len(split) - WORDS + 1))}
        )
        if index.query(signature):
            found.add(row)
        index.insert(row, signature)
    return found, time.process_time() - started


def show(name: str, of: tuple[set[int], float], true: dict[int, set[int]]) -> None:
    found, seconds = of
    hits = len(found & set(true))
    print(f"{name}: recall {hits / len(true):.4f}, precision {hits / max(1, len(found)):.4f}, {seconds:.2f} CPU s")


def main() -> None:
    """Prints both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--rows", type=int, default=1000)
    asked = parser.parse_args()
    read = [text for batch in texts([asked.file]) for text in batch.column("text").to_pylist()]
    long = sorted({text for text in read if len(words(text)) >= 20})
    rng = random.Random(1)
    rows = planted(rng.sample(long, min(asked.rows, len(long))), rng)
    true = alike_pairs(sets_of(rows, range(len(rows)), len(rows), WORDS, Hashes()))
    print(f"{len(rows)} texts, {len(true)} of them as similar as {THRESHOLD} to an earlier one")
    show("tunegate", ours(rows), true)
    try:
        show("datasketch", theirs(rows), true)
    except ModuleNotFoundError:
        print("datasketch is not installed")


if __name__ == "__main__":
    main()
