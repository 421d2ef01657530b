"""How often a rule on judged scores passes what it must not, the labelled answers drawn anew each time.

    python -m benchmarks.judge                    2,000 draws a cell
    python -m benchmarks.judge --draws 500

Every draw makes true answers of both models at the rule's own edge (the drop is the margin, the rate is the bound), has a
judge of a given sensitivity and specificity label them, has it label as many answers of known truth as the calibration has,
and asks the rule's own file: once with the judge taken at its word, once with its error allowed for. A pass there is false,
and at most 5 % of them may be. The last lines show what the rule cannot see: a judge that errs less on one of the two models.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from harness.rule import Evidence
from harness.rules import at_least, at_most, max_drop
from harness.stats.intervals import z_quantile
from harness.stats.judged import Errors, corrected, parts
from harness.stats.sequential import levels as levels_of
from harness.stats.sequential import planned
from harness.types import Metric, Rule

ITEMS, MARGIN, DISCORDANCE = 400, 0.05, 0.12
JUDGES = ((0.98, 0.99), (0.95, 0.95), (0.85, 0.95), (0.80, 0.80))
LABELLED = (50, 150, 400)
RATES = (0.30, 0.70)
KNOWN: dict[tuple[Any, ...], tuple[bool, bool]] = {}


@dataclass(frozen=True)
class Cell:
    """What is drawn: the judge, of how many labelled answers of each kind it is known, and the true rates."""

    sensitivity: float
    specificity: float
    labelled: int
    candidate: float
    baseline: float


def judged(truth: Any, sensitivity: float, specificity: float, random: Any) -> Any:
    """The labels of a judge that errs on every answer for itself."""
    sure = random.random(truth.shape)
    return numpy.where(truth, sure < sensitivity, sure >= specificity)


def answers(cell: Cell, random: Any) -> tuple[Any, Any]:
    """True answers of candidate and baseline to the same items, as alike as the discordance lets them be."""
    change = cell.candidate - cell.baseline
    lost, gained = (max(DISCORDANCE, abs(change)) - change) / 2, (max(DISCORDANCE, abs(change)) + change) / 2
    place = random.random(ITEMS)
    same = random.random(ITEMS) < (cell.baseline - lost) / (1 - lost - gained)
    baseline = (place < lost) | ((place >= lost + gained) & same)
    candidate = ((place >= lost) & (place < lost + gained)) | (baseline & (place >= lost + gained))
    return candidate, baseline


def evidence(mine: Any, other: Any | None, errors: Errors | None) -> Evidence:
    """What the rule reads."""

    def metric(scores: Any) -> Metric:
        return Metric(name="refusal.harmful_refused", value=float(scores.mean()), n=ITEMS, better="higher", unit="rate")

    scores, ids = tuple(mine.astype(float).tolist()), tuple(map(str, range(ITEMS)))
    pairs = () if other is None else tuple(zip(scores, other.astype(float).tolist(), strict=True))
    base = None if other is None else metric(other)
    return Evidence(metric(mine), scores, base, pairs, ids, ids, judge=errors)


def passes(plugin: Any, bound: float, mine: Any, other: Any | None, errors: Errors) -> tuple[bool, bool]:
    """Whether the rule passes with the judge taken at its word, and with its error allowed for."""
    both = (mine,) if other is None else (mine & ~other, other & ~mine, other)
    counts = tuple(int(each.sum()) for each in both)
    key = (plugin.__name__, bound, counts, errors)
    if key not in KNOWN:
        rule = Rule(kind=plugin.__name__.rpartition(".")[2], metric="refusal.harmful_refused", bound=bound)
        outcomes = (plugin.check(rule, evidence(mine, other, each)).outcome == "pass" for each in (None, errors))
        KNOWN[key] = (next(outcomes), next(outcomes))
    return KNOWN[key]


def calibration(cell: Cell, random: Any) -> Errors:
    """How the judge does on answers whose truth is known."""
    drawn = (random.binomial(cell.labelled, share) for share in (cell.sensitivity, cell.specificity))
    return Errors(int(next(drawn)), cell.labelled, int(next(drawn)), cell.labelled)


def drops(cell: Cell, draws: int, random: Any, candidates: tuple[float, float] | None = None) -> tuple[float, float]:
    """The share passed by ``max_drop``; ``candidates`` is how the judge does on the candidate, where it is not the same."""
    found = numpy.zeros(2)
    for _ in range(draws):
        mine, other = answers(cell, random)
        on_mine = candidates or (cell.sensitivity, cell.specificity)
        labels = judged(mine, *on_mine, random), judged(other, cell.sensitivity, cell.specificity, random)
        found += passes(max_drop, MARGIN, *labels, calibration(cell, random))
    return float(found[0] / draws), float(found[1] / draws)


def levels(plugin: Any, cell: Cell, draws: int, random: Any) -> tuple[float, float]:
    """The share passed by a rule whose bound is the true rate."""
    found = numpy.zeros(2)
    for _ in range(draws):
        labels = judged(random.random(ITEMS) < cell.candidate, cell.sensitivity, cell.specificity, random)
        found += passes(plugin, cell.candidate, labels, None, calibration(cell, random))
    return float(found[0] / draws), float(found[1] / draws)


def covered(cell: Cell, draws: int, random: Any) -> float:
    """How often the interval of the corrected rate has the true one in it."""
    hits = 0
    for _ in range(draws):
        labels = judged(random.random(ITEMS) < cell.candidate, cell.sensitivity, cell.specificity, random)
        found = corrected(float(labels.mean()), ITEMS, calibration(cell, random))
        hits += found is not None and found.interval[0] <= cell.candidate <= found.interval[1]
    return hits / draws


def rows(draws: int, random: Any) -> Iterator[Sequence[str]]:
    """The table, a line a judge and size of calibration."""
    for sensitivity, specificity in JUDGES:
        for labelled in LABELLED:
            edge, equal = (Cell(sensitivity, specificity, labelled, mine, 0.85) for mine in (0.80, 0.85))
            low, high = (Cell(sensitivity, specificity, labelled, rate, rate) for rate in RATES)
            figures = [
                *drops(edge, draws, random), *drops(equal, draws, random),
                *levels(at_least, low, draws, random), *levels(at_most, high, draws, random),
                covered(low, draws, random), covered(high, draws, random),
            ]  # fmt: skip
            yield [f"{sensitivity:.2f} / {specificity:.2f}", str(labelled), *(f"{each:.3f}" for each in figures)]


def looked(draws: int, random: Any) -> float:
    """How often a model at the edge passes at any look of items asked in blocks, each look at nine tenths of its level."""
    plan = planned(ITEMS)
    shares = numpy.array([0, *plan.ends]) / ITEMS
    critical = numpy.array([z_quantile(1 - parts(level)[0]) if level else numpy.inf for level in levels_of(plan, 0.05)])
    steps = random.standard_normal((draws, len(critical))) * numpy.sqrt(numpy.diff(shares))
    return float((steps.cumsum(axis=1) / numpy.sqrt(shares[1:]) > critical).any(axis=1).mean())


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--draws", type=int, default=2000)
    draws, random, started = asked.parse_args().draws, numpy.random.default_rng(1), time.process_time()
    print("| judge (s / c) | labelled, each | drop: at its word | allowed for | equal: at its word | allowed for "
          "| at_least: at its word | allowed for | at_most: at its word | allowed for | covers .30 | covers .70 |")
    print("|" + "---|" * 12)
    for row in rows(draws, random):
        print("| " + " | ".join(row) + " |", flush=True)
    print("\nNot the same judge on both models: a drop of 5 points, sensitivity .85 on baseline and labelled answers")
    for candidates in (0.85, 0.90, 0.95):
        found = drops(Cell(0.85, 0.95, 400, 0.80, 0.85), draws, random, (candidates, 0.95))
        print(f"  {candidates:.2f} on the candidate: passed {found[0]:.3f} at its word, {found[1]:.3f} allowed for")
    print(f"\nAsked in blocks: the looks err {100 * looked(100 * draws, random):.2f} % together; the judge's part is 0.5 %")
    print(f"{time.process_time() - started:.0f} s of a processor")


if __name__ == "__main__":
    main()
