"""The network gives the same wherever it looks, and the best path is the best of all paths."""

import itertools

import numpy
import pytest

from suites.data.names.network import FAR, GAP, HIDDEN, LABELS, NEAR, UPPER, WIDTH, best_path, log_probabilities

DICE = numpy.random.default_rng(3)


def weights() -> dict[str, numpy.ndarray]:
    sizes = {"near": (len(NEAR) * WIDTH, HIDDEN), "far": (len(FAR) * HIDDEN, UPPER), "out": (UPPER, len(LABELS)),
             "near_bias": (HIDDEN,), "far_bias": (UPPER,), "out_bias": (len(LABELS),)}  # fmt: skip
    return {name: DICE.normal(size=size).astype(numpy.float32) / 4 for name, size in sizes.items()}


def plainly(own: dict[str, numpy.ndarray], looks: numpy.ndarray, rows: numpy.ndarray, at: int) -> numpy.ndarray:
    def low(place: int) -> numpy.ndarray:
        if not 0 <= place < len(rows) or rows[place] == 0:
            return numpy.zeros(HIDDEN)
        seen = numpy.concatenate([looks[rows[place + by]] for by in NEAR])
        return numpy.maximum(seen @ own["near"] + own["near_bias"], 0)

    high = numpy.maximum(numpy.concatenate([low(at + by) for by in FAR]) @ own["far"] + own["far_bias"], 0)
    scores = high @ own["out"] + own["out_bias"]
    return scores - numpy.log(numpy.exp(scores).sum())


def test_scores_are_those_of_the_plain_formula_and_sum_to_one() -> None:
    own, looks = weights(), DICE.normal(size=(9, WIDTH)).astype(numpy.float32)
    looks[0] = 0
    rows = numpy.array([0] * 2 * GAP + [1, 2, 3, 4] + [0] * GAP + [5, 6, 7, 8, 1] + [0] * 2 * GAP)
    wanted = numpy.array([6, 8, 13, 17])
    found = log_probabilities(own, looks, rows, wanted)
    assert found == pytest.approx(numpy.array([plainly(own, looks, rows, at) for at in wanted]), abs=1e-4)
    assert numpy.exp(found).sum(axis=1) == pytest.approx(1, abs=1e-5)


def legal(path: tuple[int, ...]) -> bool:
    return all(
        label % 2 or not label or before in (label, label - 1) for before, label in itertools.pairwise((0, *path))
    )


def test_the_path_of_each_run_is_the_best_legal_one() -> None:
    scores = DICE.normal(size=(9, len(LABELS))).astype(numpy.float32)
    starts, sizes = numpy.array([0, 3, 5]), numpy.array([2, 1, 4])
    found = best_path(scores, starts, sizes)
    assert found[[2, 4]].tolist() == [0, 0]
    for start, size in zip(starts, sizes, strict=True):
        paths = [path for path in itertools.product(range(len(LABELS)), repeat=int(size)) if legal(path)]
        best = max(paths, key=lambda path: sum(scores[start + at, label] for at, label in enumerate(path)))
        assert tuple(found[start : start + size]) == best


def test_no_runs_have_no_labels() -> None:
    none = numpy.array([], dtype=numpy.int64)
    assert best_path(numpy.zeros((3, len(LABELS)), dtype=numpy.float32), none, none).tolist() == [0, 0, 0]
