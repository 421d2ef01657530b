"""How often the gate errs where the truth is known: the real gate over candidates made from a model's own answers. Pure.

For each rule candidates are drawn (:mod:`harness.trials`) without a true change, with exactly the change that the rule must not
pass, and with twice that. What of this a rule may not do with more than alpha is an error: passing the latter two, or failing
(showing a violation of) the first. That it is inconclusive about an equal candidate is no error; it is counted beside.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.errors import MeasurementError
from harness.gate import decide
from harness.selftest import Cell, Untried
from harness.slices import each_slice, selected, slice_of
from harness.stats.intervals import clopper_pearson_high, is_binary
from harness.store import digest_of
from harness.suite import cluster_of
from harness.trials import Together, Trial, Twice, perfect, planted, redrawn, share_to_hit
from harness.types import Better, Measurement, Metric, Rule, Sample

CANDIDATE, BASELINE, ITEMS = (digest_of(f"a trial's {name}") for name in ("candidate", "baseline", "items"))

Arm = Mapping[str, Measurement]


@dataclass(frozen=True)
class Truth:
    """What is true of some candidates of one rule.

    Attributes:
        name: In words.
        change: Of the first metric; above 0 for the better.
        wrong: The outcome that is an error.
        flawless: Whether the candidates start with the best score everywhere, rather than with the model's own answers.
    """

    name: str
    change: float
    wrong: Literal["pass", "fail"]
    flawless: bool = False


def rates(rules: Sequence[Rule], first: Arm, second: Arm, runs: int, seed: int) -> Iterator[Cell | Untried]:
    """Tries every rule.

    Args:
        rules: The rules about the model.
        first: The baseline's measurements, by suite.
        second: The same with answers that were drawn again.
        runs: Candidates a cell.
        seed: Of the candidates.
    """
    for whole in rules:
        for rule in each_slice(whole, first[whole.suite].samples if whole.suite in first else ()):
            parts = [_twice(rule, metric, first, second) for metric in (rule.metric, *rule.also)]
            known = [part for part in parts if part is not None]
            if len(known) < len(parts):
                yield Untried(rule=rule, reason="its items are not there")
                continue
            yield from _tried(rule, known, runs, seed)


def _twice(rule: Rule, metric: str, first: Arm, second: Arm) -> Twice | None:
    suite, name = metric.partition(".")[0], slice_of(metric).name
    if suite not in first or suite not in second:
        return None
    part = rule.model_copy(update={"metric": metric, "also": ()})
    one, two = (selected(part, arm[suite].samples) for arm in (first, second))
    if not one or one.keys() != two.keys() or set(rule.items) - one.keys():
        return None
    better = first[suite].metric(f"{suite}.{name}")
    chances = tuple(each.tags["chance"] for each in one.values() if "chance" in each.tags)
    return Twice(
        tuple(each.scores[name] for each in one.values()), tuple(two[at].scores[name] for at in one),
        tuple(cluster_of(each) for each in one.values()), better.better if better else "higher",
        chances if len(chances) == len(one) else (),
    )  # fmt: skip


def _tried(rule: Rule, parts: Sequence[Twice], runs: int, seed: int) -> Iterator[Cell | Untried]:
    found = truths(rule, parts[0])
    if isinstance(found, str):
        yield Untried(rule=rule, reason=found)
        return
    clustered = any(len(part.members) < len(part.first) for part in parts)
    for truth in found:
        share = abs(truth.change) if truth.flawless else share_to_hit(parts[0], truth.change)
        if share is None or share > 1:
            yield Untried(rule=rule, reason=f"{truth.name}: the baseline has not so much to lose or to gain")
            continue
        ways: tuple[Together, ...] = ("items", "clusters") if clustered and truth.change else ("items",)
        for by in ways:
            yield _cell(rule, parts, truth, share, by, runs, seed)


def truths(rule: Rule, twice: Twice) -> tuple[Truth, ...] | str:
    """What candidates of a rule are made to be, or why none can be made.

    Args:
        rule: The rule.
        twice: The answers behind its first metric.
    """
    kind, bound = rule.kind, rule.bound
    if kind in ("max_drop", "budget"):
        return _around(-bound, True)
    if kind == "must_gain":
        return _around(bound, False)
    if kind in ("min_ratio", "max_ratio"):
        side = 1 if kind == "min_ratio" else -1
        return _around(twice.sign * (bound - 1) * twice.mean, side * (1 - bound) > 0)
    if kind in ("at_least", "at_most"):
        side = 1 if kind == "at_least" else -1
        return (
            Truth("no change", 0.0, "fail" if side * (twice.mean - bound) >= 0 else "pass"),
            Truth("at the number", twice.sign * (bound - twice.mean), "pass"),
        )
    if kind == "zero_tolerance":
        if bound == 0 or not twice.graded:
            return "no sample shows that nothing ever fails"
        return (Truth("at the number", -bound, "pass", True), Truth("twice the number", -2 * bound, "pass", True))
    return "it counts exactly, so there is no error rate" if kind == "no_flip" else f"nothing is known of '{kind}'"


def _around(change: float, equal_may_pass: bool) -> tuple[Truth, ...]:
    """No change, the change that must not pass, and twice that: on its far side for a rule that an equal candidate keeps."""
    at = Truth("at the number", change, "pass")
    if change == 0:
        return (at,)
    equal = Truth("no change", 0.0, "fail" if equal_may_pass else "pass")
    return (equal, at, Truth("twice the number", 2 * change, "pass" if equal_may_pass else "fail"))


def _cell(
    rule: Rule, parts: Sequence[Twice], truth: Truth, share: float, by: Together, runs: int, seed: int
) -> Cell:
    import numpy
    from scipy.special import bdtrc

    random = numpy.random.default_rng([seed, zlib.crc32(f"{rule.text()}/{truth.name}/{by}".encode())])
    outcomes = Counter(outcome(rule, parts, _made(parts, truth, share, by, random)) for _ in range(runs))
    errors = outcomes[truth.wrong]
    low = 1 - clopper_pearson_high(runs - errors, runs, 0.025)
    return Cell(
        rule=rule, truth=truth.name, change=truth.change, spoiled=by if truth.change else "", wrong=truth.wrong,
        runs=runs, passed=outcomes["pass"], failed=outcomes["fail"],
        interval=(low, clopper_pearson_high(errors, runs, 0.025)),
        p_value=float(bdtrc(errors - 1, runs, rule.alpha)) if errors else 1.0,
        discordance=max(part.discordance for part in parts),
    )  # fmt: skip


def _made(parts: Sequence[Twice], truth: Truth, share: float, by: Together, random: Any) -> list[Trial]:
    """One candidate: the first metric as the truth has it, the others without a true change."""
    trials = [redrawn(part, random) for part in parts]
    if truth.flawless:
        trials[0] = perfect(trials[0], parts[0])
    if truth.change:
        trials[0] = planted(trials[0], parts[0], truth.change, share, by, random)
    return trials


def outcome(rule: Rule, parts: Sequence[Twice], trials: Sequence[Trial]) -> str:
    """What the gate says of one candidate.

    Raises:
        MeasurementError: The gate finds the evidence itself at fault, which a trial never is.
    """
    # Every metric becomes a suite of its own: what is drawn of one says nothing of another.
    metrics = tuple(f"part{at}.score" for at in range(len(parts)))
    tried = rule.model_copy(update={"metric": metrics[0], "also": metrics[1:], "items": ()})
    arms = [
        [_measurement(metric, part, trial, scores, subject) for metric, part, trial, scores in every]
        for subject, every in (
            (CANDIDATE, [(m, p, t, t.mine) for m, p, t in zip(metrics, parts, trials, strict=True)]),
            (BASELINE, [(m, p, t, t.other) for m, p, t in zip(metrics, parts, trials, strict=True)]),
        )
    ]
    decision = decide("model", [tried], *arms, candidate_digest=CANDIDATE, baseline_digest=BASELINE)
    if decision.problems:
        raise MeasurementError(f"a trial of '{rule.text()}' is no evidence: {decision.problems[0].message}")
    return decision.checks[0].outcome


def _measurement(metric: str, twice: Twice, trial: Trial, scores: Any, subject: str) -> Measurement:
    values = scores.tolist()
    chances = [twice.chances[place] for place in trial.places.tolist()] if twice.chances else []
    samples = tuple(
        Sample(id=f"q{at}", prompt="", output="", scores={"score": value}, cluster=f"c{group}",
               tags={"chance": chances[at]} if chances else {})
        for at, (value, group) in enumerate(zip(values, trial.groups.tolist(), strict=True))
    )  # fmt: skip
    better: Better = twice.better
    whole = Metric(
        name=metric, value=math.fsum(values) / len(values), n=len(values), stderr=0.0, better=better,
        unit="rate" if is_binary(values) else "number",
    )  # fmt: skip
    return Measurement(
        suite=metric.partition(".")[0], version="trial", subject=subject, items=ITEMS, expected=len(samples),
        metrics=(whole,), samples=samples,
    )  # fmt: skip
