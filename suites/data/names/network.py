"""The tagger's network in numpy: what pieces look like, two windows over them, labels, and the best path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy

WIDTH, HIDDEN, UPPER = 32, 64, 48
NEAR, FAR = (-2, -1, 0, 1, 2), (-3, -1, 0, 1, 3)
GAP = 3
DEPTH = 0.1
KINDS = ("PER", "LOC", "ADR", "ORG")
LABELS = ("O", *(f"{edge}-{kind}" for kind in KINDS for edge in "BI"))


def log_probabilities(
    weights: Mapping[str, numpy.ndarray], looks: numpy.ndarray, rows: numpy.ndarray, wanted: numpy.ndarray
) -> numpy.ndarray:
    """Returns the natural-log probability of every label for some of the pieces.

    Args:
        weights: Of a trained network.
        looks: What each known piece looks like, (known, ``WIDTH``); row 0, the gap between texts, is zero.
        rows: The row of each piece; it begins and ends with at least ``2 * GAP`` gaps.
        wanted: Which pieces to score, ascending; none is a gap.

    Returns:
        (wanted, labels).
    """
    import numpy

    near, far = numpy.array(NEAR), numpy.array(FAR)
    below = numpy.zeros(len(rows), dtype=bool)
    for by in FAR:
        below[wanted + by] = True
    below &= rows > 0
    lower = numpy.flatnonzero(below)
    # Row 0 stands for every gap.
    low = numpy.zeros((len(lower) + 1, HIDDEN), dtype=numpy.float32)
    seen = looks.take(rows[lower[:, None] + near].ravel(), axis=0).reshape(len(lower), len(NEAR) * WIDTH)
    numpy.maximum(seen @ weights["near"] + weights["near_bias"], 0, out=low[1:])
    place = numpy.zeros(len(rows), dtype=numpy.int64)
    place[lower] = numpy.arange(1, len(lower) + 1)
    seen = low.take(place[wanted[:, None] + far].ravel(), axis=0).reshape(len(wanted), len(FAR) * HIDDEN)
    scores = numpy.maximum(seen @ weights["far"] + weights["far_bias"], 0) @ weights["out"] + weights["out_bias"]
    scores -= scores.max(axis=1, keepdims=True)
    return scores - numpy.log(numpy.exp(scores).sum(axis=1, keepdims=True))


def best_path(scores: numpy.ndarray, starts: numpy.ndarray, sizes: numpy.ndarray) -> numpy.ndarray:
    """Returns the likeliest allowed labels of many runs of pieces at once: no name continues that did not begin.

    Args:
        scores: Natural-log probabilities, (pieces, labels).
        starts: First piece of each run.
        sizes: Pieces of each run, above 0.

    Returns:
        One label for every piece; 0 outside the runs.
    """
    import numpy

    order = numpy.argsort(-sizes, kind="stable")
    starts, sizes = starts[order], sizes[order]
    allowed = _allowed()
    longest = int(sizes[0]) if len(sizes) else 0
    alive = [int(numpy.searchsorted(-sizes, -step, side="left")) for step in range(longest + 1)]
    best, back = scores[starts].copy(), []
    best[:, 2::2] = -1e9
    for step in range(1, longest):
        running = alive[step]
        paths = best[:running, :, None] + allowed
        came = paths.argmax(axis=1)
        back.append(came)
        best[:running] = numpy.take_along_axis(paths, came[:, None], axis=1)[:, 0] + scores[starts[:running] + step]
    return _walk_back(best, back, starts, sizes, len(scores))


def _walk_back(best, back, starts, sizes, count):
    import numpy

    labels = numpy.zeros(count, dtype=numpy.int64)
    now = best.argmax(axis=1)
    for step in range(len(back), -1, -1):
        running = int(numpy.searchsorted(-sizes, -step, side="left"))
        labels[starts[:running] + step] = now[:running]
        if step:
            now[:running] = back[step - 1][numpy.arange(running), now[:running]]
    return labels


def _allowed() -> numpy.ndarray:
    import numpy

    allowed = numpy.zeros((len(LABELS), len(LABELS)), dtype=numpy.float32)
    for inside in range(2, len(LABELS), 2):
        allowed[:, inside] = -1e9
        allowed[[inside - 1, inside], inside] = 0
    return allowed
