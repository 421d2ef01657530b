"""Imagined candidates: many draws of the evidence that one rule would read, and how often the rule passes them.

A draw has an array of scores for each arm. Each is given the lower bound that the normal approximation would give it; in that
order the rule's own plug-in is asked only where its answer turns, which takes a handful of checks instead of a thousand.
"""

from __future__ import annotations

import dataclasses
import functools
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from harness import plugins
from harness.rule import Evidence
from harness.stats.intervals import is_binary, z_quantile
from harness.stats.judged import Errors
from harness.trials import Trial, Twice, redrawn
from harness.types import Better, Check, Metric, Rule

SEED = 1
# Draws of one scenario, fewer where there are so many items that they would fill the memory.
DRAWS, FEWEST, CELLS = 1000, 100, 2_000_000
# The turn is found to within this share of the draws, so a share of passes is known to half of it.
RESOLUTION = 0.02
# The level that is assumed of a baseline; only ratios depend on it.
LEVEL = 0.7


@dataclass(frozen=True)
class Part:
    """The items behind one metric of a rule, those of a cluster one after another.

    Attributes:
        metric: Its name.
        better: Which way is better.
        ids: Of the items.
        clusters: Of the items.
        chance: What guessing reaches; None where the items do not say.
        graded: Whether its scores lie between 0 and 1.
        judge: How the judge that it rests on did on labelled answers, where the rule's intervals allow for that.
    """

    metric: str
    better: Better
    ids: tuple[str, ...]
    clusters: tuple[str, ...]
    chance: float | None = None
    graded: bool = True
    judge: Errors | None = None

    @functools.cached_property
    def sizes(self) -> Any:
        """The items of every cluster, shape (clusters,)."""
        import numpy

        return numpy.array(list(Counter(self.clusters).values()))

    @property
    def clustered(self) -> bool:
        """Whether any items share a cluster."""
        return len(self.sizes) < len(self.clusters)


@dataclass(frozen=True)
class Draws:
    """Many draws of one rule's evidence.

    Attributes:
        looks: How good each draw looks, shape (draws,): more is more likely to pass.
        evidence: The evidence of one draw, a part for each metric of the rule.
    """

    looks: Any
    evidence: Callable[[int], tuple[Evidence, ...]]


@dataclass(frozen=True)
class Turn:
    """Where the rule's answer turns.

    Attributes:
        passed: The share of draws that pass.
        look: How good the worst of those looks.
        sees: The smallest change that a typical draw would have shown with a probability of 80 %; None where a rule has none.
    """

    passed: float
    look: float
    sees: float | None


def evened(
    parts: Sequence[Part], alpha: float, discordance: float, together: bool, change: float = 0.0, gains: bool = True
) -> Draws:
    """Draws candidates beside a baseline that has :data:`LEVEL` of the items right.

    Args:
        parts: What the rule reads.
        alpha: The rule's.
        discordance: The share of items on which the arms differ.
        together: Whether the items of a cluster change all at once.
        change: The true change of the first part, for the better.
        gains: Whether a gain makes up for a loss, so that a draw looks the better for it.
    """
    import numpy

    random, arms = numpy.random.default_rng(SEED), []
    for at, part in enumerate(parts):
        moved = change if at == 0 else 0.0
        lose, differ = (max(discordance, abs(moved)) - moved) / 2, max(discordance, abs(moved))
        change_of, right_of = (_uniform(random, part, together) for _ in range(2))
        right = right_of < min(1.0, max(0.0, (LEVEL - lose) / (1 - differ))) if differ < 1 else right_of < 0
        lost, gained = change_of < lose, (change_of >= lose) & (change_of < differ)
        mine, other = gained | (right & ~lost), lost | (right & ~gained)
        arms.append(tuple(each.astype(float) if part.better == "higher" else 1.0 - each for each in (mine, other)))
    looks = [_looks(part, *each, alpha, gains) for part, each in zip(parts, arms, strict=True)]
    return Draws(_joined(looks), lambda at: tuple(
        evidence_of(part, mine[at], other[at]) for part, (mine, other) in zip(parts, arms, strict=True)
    ))  # fmt: skip


def leveled(part: Part, alpha: float, level: float, together: bool, side: int) -> Draws:
    """Draws candidates of a true level, alone.

    Args:
        part: What the rule reads.
        alpha: The rule's.
        level: The share of items whose score is 1.
        together: Whether the items of a cluster have the same score.
        side: 1 where more passes, -1 where less does.
    """
    import numpy

    mine = (_uniform(numpy.random.default_rng(SEED), part, together) < level).astype(float)
    oriented = mine if side == 1 else 1.0 - mine
    looks = _lower(part, oriented, alpha)
    return Draws(looks, lambda at: (evidence_of(part, mine[at]),))


def resampled(parts: Sequence[Part], known: Sequence[Twice], alpha: float, compares: bool) -> Draws:
    """Draws candidates without a true change from what was measured, as :mod:`harness.trials` does.

    Args:
        parts: What the rule reads.
        known: What was measured of each part.
        alpha: The rule's.
        compares: Whether the rule reads the baseline too; else the candidate alone is drawn from the second scores.
    """
    import numpy

    random = numpy.random.default_rng(SEED)
    wanted = known if compares else [dataclasses.replace(each, first=each.second) for each in known]
    rows = [[redrawn(each, random) for each in wanted] for _ in range(_draws(max(len(each.ids) for each in parts)))]
    columns = [
        numpy.array([_look(row[at], part, alpha, compares) for row in rows]) for at, part in enumerate(parts)
    ]
    return Draws(_joined(columns), lambda at: tuple(
        _drawn(part, trial, compares) for part, trial in zip(parts, rows[at], strict=True)
    ))  # fmt: skip


def _drawn(part: Part, trial: Trial, compares: bool) -> Evidence:
    """The evidence of a trial, in which an item may stand several times."""
    ids = tuple(map(str, range(len(trial.mine))))
    renamed = dataclasses.replace(part, ids=ids, clusters=tuple(map(str, trial.groups)))
    return evidence_of(renamed, trial.mine, trial.other if compares else None)


def _look(trial: Trial, part: Part, alpha: float, compares: bool) -> float:
    import numpy

    sign = 1 if part.better == "higher" else -1
    values = sign * (trial.mine - trial.other if compares else trial.mine)
    sizes = numpy.bincount(trial.groups)
    one = _bound(numpy.bincount(trial.groups, values)[None, :], sizes, alpha)
    return float(one[0])


def _draws(items: int) -> int:
    return max(FEWEST, min(DRAWS, CELLS // items))


def _uniform(random: Any, part: Part, together: bool) -> Any:
    count = _draws(len(part.clusters))
    if not together:
        return random.random((count, len(part.clusters)))
    return random.random((count, len(part.sizes))).repeat(part.sizes, axis=1)


def _looks(part: Part, mine: Any, other: Any, alpha: float, gains: bool) -> Any:
    change = (mine - other) * (1 if part.better == "higher" else -1)
    # What counts single items has nothing to do with a bound of their mean.
    return _lower(part, change, alpha) if gains else change.clip(max=0.0).sum(1)


def _lower(part: Part, values: Any, alpha: float) -> Any:
    import numpy

    starts = numpy.concatenate([[0], part.sizes.cumsum()[:-1]])
    return _bound(numpy.add.reduceat(values, starts, axis=1), part.sizes, alpha)


def _bound(sums: Any, sizes: Any, alpha: float) -> Any:
    """The lower bound of the normal approximation; one more cluster that is off stands in for what was not seen.

    Args:
        sums: Of the values of every cluster, shape (draws, clusters).
        sizes: Shape (clusters,).
        alpha: One-sided error.
    """
    mean = sums.sum(1) / sizes.sum()
    squares = ((sums - mean[:, None] * sizes) ** 2).sum(1) + (sizes**2).sum() / sizes.sum()
    return mean - z_quantile(1 - alpha) * squares**0.5 / sizes.sum()


def _joined(looks: Sequence[Any]) -> Any:
    """How good several parts look together: a gain on one pays for nothing."""
    import numpy

    return looks[0] if len(looks) == 1 else sum(numpy.minimum(each, 0.0) for each in looks)


def evidence_of(part: Part, mine: Any, other: Any = None) -> Evidence:
    """What a rule reads of one metric: arrays of scores, shape (items,); of the candidate alone where it reads no other."""
    scores = tuple(mine.tolist())
    others = () if other is None else tuple(other.tolist())
    return Evidence(
        candidate=_metric(part, scores),
        scores=scores,
        baseline=_metric(part, others) if others else None,
        pairs=tuple(zip(scores, others, strict=True)) if others else (),
        clusters=part.clusters,
        ids=part.ids,
        chance=part.chance if others else None,
        judge=part.judge,
    )


def _metric(part: Part, scores: Sequence[float]) -> Metric:
    mean, unit = sum(scores) / len(scores), "rate" if is_binary(scores) else "number"
    return Metric(name=part.metric, value=mean, n=len(scores), stderr=0.0, better=part.better, unit=unit)  # type: ignore[arg-type]


def checked(rule: Rule, evidence: Sequence[Evidence]) -> Check | None:
    """What the rule's plug-in says; None where it cannot be computed."""
    try:
        found = plugins.load("rule", rule.kind).check(rule, *evidence)
    except (ValueError, ArithmeticError):
        return None
    return found if isinstance(found, Check) else None


def turned(rule: Rule, draws: Draws, near: float | None = None) -> Turn:
    """Finds how many draws a rule passes.

    Args:
        rule: The rule.
        draws: Its evidence.
        near: Where the answer turned in a like scenario; None where nothing is known.
    """
    import numpy

    order = numpy.argsort(draws.looks, kind="stable")
    looks = draws.looks[order]
    known: dict[int, Check | None] = {}

    def passes(at: int) -> bool:
        found = known[at] = checked(rule, draws.evidence(int(order[at])))
        return found is not None and found.outcome == "pass"

    low, high = _between(passes, len(order), len(order) // 2 if near is None else int(numpy.searchsorted(looks, near)))
    return Turn(1 - (low + high + 1) / 2 / len(order), _look_at(looks, low, high), _typical(known.values()))


def _typical(checks: Iterable[Check | None]) -> float | None:
    """The median of what these checks say that they could have seen."""
    seen = [check.detectable for check in checks if check is not None and check.detectable is not None]
    return statistics.median(seen) if seen else None


def _between(passes: Callable[[int], bool], count: int, start: int) -> tuple[int, int]:
    """The last draw that is known not to pass and the first that is known to, a resolution apart at most.

    As if the draw before the first failed and the one after the last passed; from the start in growing steps, then halving.
    """
    low, high = -1, count
    close = step = max(1, round(RESOLUTION * count))
    at = min(max(start, 0), count - 1)
    while high - low > (1 if low == -1 or high == count else close):
        if passes(at):
            high, wanted = at, at - step
        else:
            low, wanted = at, at + step
        wanted = wanted if low == -1 or high == count else (low + high) // 2
        step, at = 3 * step, min(max(wanted, low + 1), high - 1)
    return low, high


def _look_at(looks: Any, low: int, high: int) -> float:
    if high == len(looks):
        return float(looks[-1]) + 1.0
    return float(looks[high]) if low < 0 else float(looks[low] + looks[high]) / 2
