"""What the rules of a run file will be able to say, before anything is trained or asked. Pure.

For every rule: the items that it reads, the smallest change that they can show, how often it does not pass a candidate that is
exactly as good as the baseline, and whether it can pass, fail, or be decided at all. There is no second formula: candidates
are drawn with a fixed seed and the rule's own plug-in says what becomes of them.

How many answers will differ between the arms (the discordance) is not known before, nor whether the items of a cluster change
one by one or all at once. Both ends of the second are given for each of several assumptions of the first. Where a finished run
asked the same items, its answers take the place of both.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

from harness import plugins
from harness.draws import SEED, Draws, Part, Turn, checked, evened, leveled, resampled, turned
from harness.gate import decide
from harness.judge_error import allowed_for
from harness.rehearsal import Rehearsal
from harness.rule import Evidence
from harness.slices import each_slice, selected, slice_of
from harness.store import digest_of
from harness.suite import cluster_of, scored_by_metric
from harness.trials import Twice
from harness.types import Check, Measurement, Metric, Noun, Rule

DISCORDANCES = (0.05, 0.12, 0.20)
POWER = 0.8
# The discordance at which the gain that a rule wants is looked for.
TYPICAL = 0.12
CANDIDATE, BASELINE = digest_of("an imagined candidate"), digest_of("an imagined baseline")

Range = tuple[float, float]
Arm = Mapping[str, Measurement]


class Scenario(Noun):
    """What a rule does under one assumption, or with what was measured.

    Attributes:
        discordance: The share of items on which the arms differ; None for a rule that reads one arm.
        not_passed: How often a candidate without any true change is not passed. From items that change one by one to clusters
            that change all at once; equal where nothing shares a cluster, and where it was measured.
        sees: The smallest change that is told from none with a probability of 80 %, likewise; None where a rule has none.
    """

    discordance: float | None
    not_passed: Range
    sees: Range | None


class Outlook(Noun):
    """What one rule, or one slice of it, will be able to say.

    Attributes:
        rule: The rule.
        read: ``items``, which are a sample and leave doubt; ``rows``, an exact count over a data set.
        items: How many of them.
        clusters: How many of those are independent.
        answers: The answers that the rule reads: those of both arms, where it compares them.
        scenarios: What becomes of a candidate that is as good as the baseline.
        wanted: The level, or gain, that a candidate truly has to have to be passed with a probability of 80 %, where being
            as good as the baseline is not what is asked. None where no level does.
        sees: For a rule with ``wanted``, the smallest change that is seen there.
        measured: Whether a finished run's answers were drawn from, rather than assumptions.
        warnings: Why it cannot be decided, or cannot pass, or cannot fail.
        method: How the figures came about.
    """

    rule: Rule
    read: Literal["items", "rows"] = "items"
    items: int = 0
    clusters: int = 0
    answers: int = 0
    scenarios: tuple[Scenario, ...] = ()
    wanted: Range | None = None
    sees: Range | None = None
    measured: bool = False
    warnings: tuple[str, ...] = ()
    method: str = ""


def outlooks(
    rules: Sequence[Rule],
    rehearsals: Mapping[str, Rehearsal],
    discordances: Sequence[float] = DISCORDANCES,
    after: tuple[Arm, Arm] | None = None,
) -> Iterator[Outlook]:
    """Looks ahead, rule by rule.

    Args:
        rules: The policy.
        rehearsals: What each suite would ask; a suite that is not here scans data.
        discordances: What to assume where nothing is known.
        after: What a finished run measured of its candidate and of its baseline, by suite.
    """
    asked = [rule for rule in rules if rule.suite in rehearsals]
    whole = [part for rule in asked for part in each_slice(rule, rehearsals[rule.suite].samples)]
    limits = iter(_limits(whole, rehearsals))
    for rule in rules:
        if rule.suite not in rehearsals:
            yield Outlook(rule=rule, read="rows", method="exact count over every row, without doubt")
            continue
        for part in each_slice(rule, rehearsals[rule.suite].samples):
            yield _outlook(part, rehearsals, next(limits), discordances, after)


def _outlook(
    rule: Rule, rehearsals: Mapping[str, Rehearsal], limits: tuple[str, ...], discordances: Sequence[float],
    after: tuple[Arm, Arm] | None,
) -> Outlook:  # fmt: skip
    compares = plugins.load("rule", rule.kind).NEEDS_BASELINE
    parts = [_part(each, rehearsals[each.suite]) for each in _metrics(rule) if each.suite in rehearsals]
    items = sum(len(part.ids) for part in parts)
    found = Outlook(
        rule=rule, items=items, clusters=sum(len(set(part.clusters)) for part in parts), answers=items * (1 + compares),
        warnings=limits,
    )  # fmt: skip
    if any(text.startswith(UNDECIDED) for text in limits):
        return found
    known = _known(rule, parts, after) if after else None
    if isinstance(known, str):
        found = found.model_copy(update={"warnings": (*found.warnings, known)})
    elif known:
        return found.model_copy(update=_measured(rule, parts, known, compares))
    if not all(part.graded for part in parts):
        said = "scores of no known range: how they spread is not known before a run; give a finished one with --after"
        return found.model_copy(update={"method": said})
    return found.model_copy(update=_assumed(rule, parts, discordances, compares))


def _metrics(rule: Rule) -> list[Rule]:
    return [rule.model_copy(update={"metric": each, "also": ()}) for each in (rule.metric, *rule.also)]


def _part(rule: Rule, rehearsal: Rehearsal) -> Part:
    name = slice_of(rule.metric).name
    # Those of a cluster one after another; no rule minds the order.
    found = sorted(selected(rule, rehearsal.samples).values(), key=cluster_of)
    said = [float(each.tags["chance"]) for each in found if "chance" in each.tags]
    return Part(
        rule.metric, rehearsal.better.get(name, "higher"), tuple(each.id for each in found),
        tuple(map(cluster_of, found)), math.fsum(said) / len(said) if said and len(said) == len(found) else None,
        all(0 <= each.scores[name] <= 1 for each in found), allowed_for(rehearsal.judges, name),
    )  # fmt: skip


# What was measured


def _known(rule: Rule, parts: Sequence[Part], after: tuple[Arm, Arm]) -> tuple[Twice, ...] | str:
    """What a finished run measured of the very items of a rule, or why that is of no use."""
    found = []
    for each, part in zip(_metrics(rule), parts, strict=True):
        arms = [selected(each, arm[each.suite].samples) if each.suite in arm else {} for arm in after]
        if any(set(arm) != set(part.ids) for arm in arms):
            return f"the finished run asked other items for '{each.metric}': its answers are not used here"
        name = slice_of(each.metric).name
        mine, other = (tuple(arm[at].scores[name] for at in part.ids) for arm in arms)
        found.append(Twice(mine, other, part.clusters, part.better))
    return tuple(found)


def _measured(rule: Rule, parts: Sequence[Part], known: Sequence[Twice], compares: bool) -> dict[str, object]:
    draws = resampled(parts, known, rule.alpha, compares)
    turn, differs = turned(rule, draws), max(each.discordance for each in known)
    scenario = Scenario(
        discordance=differs if compares else None, not_passed=(1 - turn.passed,) * 2,
        sees=None if turn.sees is None else (turn.sees, turn.sees),
    )  # fmt: skip
    drawn = "its clusters drawn again, the arms changing places" if compares else "the clusters of its baseline drawn again"
    return {"scenarios": (scenario,), "measured": True, "method": f"{_method(draws)} from the finished run: {drawn}"}


def _method(draws: Draws) -> str:
    return f"{len(draws.looks)} candidates, decided by the rule itself, drawn with seed {SEED}"


# What is assumed


def _assumed(rule: Rule, parts: Sequence[Part], discordances: Sequence[float], compares: bool) -> dict[str, object]:
    ways = (False, True) if any(part.clustered for part in parts) else (False,)
    if not compares:
        return _level(rule, parts[0], ways)
    near: dict[bool, float] = {}
    scenarios = []
    for discordance in discordances:
        turns = []
        for together in ways:
            draws = evened(parts, rule.alpha, discordance, together, gains=rule.kind != "no_flip")
            # The answer turns at about the same place in all of them.
            turns.append(turned(rule, draws, near.get(together, near.get(False))))
            near[together] = turns[-1].look
        scenarios.append(
            Scenario(discordance=discordance, not_passed=_range([1 - each.passed for each in turns]), sees=_seen(turns))
        )
    found: dict[str, object] = {"scenarios": tuple(scenarios), "method": _method(draws)}
    if rule.kind == "must_gain":
        found |= _gain(rule, parts, ways)
    return found


def _gain(rule: Rule, parts: Sequence[Part], ways: Sequence[bool]) -> dict[str, object]:
    found = [
        _least(rule, lambda gain, way=way: evened(parts, rule.alpha, TYPICAL, way, gain), 0.0, 1.0, rule.bound) for way in ways
    ]
    return _ends(found)


def _level(rule: Rule, part: Part, ways: Sequence[bool]) -> dict[str, object]:
    """The level of one arm from which a rule passes it: upwards or downwards, whichever way the rule asks."""
    side = 1 if part.better == "higher" else -1
    if _passes_all(rule, part, 1.0 if side == -1 else 0.0):
        side = -side
    # Seen from the side of the worst level: more of this is more likely to pass.
    found = [
        _least(rule, lambda up, way=way: leveled(part, rule.alpha, up if side == 1 else 1 - up, way, side), 0.0, 1.0,
               rule.bound if side == 1 else 1 - rule.bound)
        for way in ways
    ]  # fmt: skip
    turned_back = [(up if side == 1 or up is None else 1 - up, turn) for up, turn in found]
    return _ends(turned_back) | {"method": _method(leveled(part, rule.alpha, 0.5, False, side))}


def _passes_all(rule: Rule, part: Part, score: float) -> bool:
    scores = (score,) * len(part.ids)
    metric = Metric(name=part.metric, value=score, n=len(scores), stderr=0.0, better=part.better, unit="rate")
    check = checked(rule, (Evidence(metric, scores, clusters=part.clusters, ids=part.ids, judge=part.judge),))
    return check is not None and check.outcome == "pass"


def _least(rule: Rule, make: Callable[[float], Draws], low: float, high: float, start: float) -> tuple[float | None, Turn]:
    """The least of something that passes with a probability of 80 %, and the turn there."""
    surest = checked(rule, make(high).evidence(0))
    if surest is None or surest.outcome != "pass":
        return None, Turn(0.0, math.inf, None)
    at, best, near = min(max(start, low), high), high, None
    for _ in range(3):
        turn = turned(rule, make(at), near)
        near = turn.look
        # Where the answer turns hardly depends on the level: the level follows from the draws alone.
        best = _crossing(lambda level, look=turn.look: float((make(level).looks >= look).mean()), low, high)
        if abs(best - at) < 1e-3:
            break
        at = best
    return best, turn


def _crossing(share: Callable[[float], float], low: float, high: float) -> float:
    for _ in range(11):
        middle = (low + high) / 2
        low, high = (low, middle) if share(middle) >= POWER else (middle, high)
    return high


def _ends(found: Sequence[tuple[float | None, Turn]]) -> dict[str, object]:
    levels = [level for level, _ in found if level is not None]
    whole = len(levels) == len(found)
    return {"wanted": _range(levels) if whole else None, "sees": _seen([turn for _, turn in found])}


def _seen(turns: Sequence[Turn]) -> Range | None:
    return _range([each.sees for each in turns if each.sees is not None])


def _range(values: Sequence[float]) -> Range | None:
    return (min(values), max(values)) if values else None


# What can never be

UNDECIDED = "it can never be decided"
# Candidate and baseline that have everything right, half of it, or nothing. The later ones are for rules that the earlier ones
# have not shown to be able to pass and to fail.
IMAGINED = (("right", "right"), ("wrong", "right"), ("half", "half"), ("right", "half"), ("wrong", "half"))


def _limits(rules: Sequence[Rule], rehearsals: Mapping[str, Rehearsal]) -> Iterator[tuple[str, ...]]:
    """Lets the gate decide the best and the worst that there could be, and says of each rule what that rules out."""
    seen: list[dict[tuple[str, str], Check]] = [{} for _ in rules]
    for arms in IMAGINED:
        open_ = [at for at, checks in enumerate(seen) if not {"pass", "fail"} <= {each.outcome for each in checks.values()}]
        for at, check in zip(open_, _imagined([rules[at] for at in open_], rehearsals, *arms), strict=True):
            seen[at][arms] = check
    for checks in seen:
        yield tuple(_warnings(checks))


def _warnings(checks: Mapping[tuple[str, str], Check]) -> Iterator[str]:
    outcomes, equal = {each.outcome for each in checks.values()}, checks["right", "right"]
    if outcomes == {"missing"}:
        yield f"{UNDECIDED}: {equal.reason}"
        return
    alike = {check.outcome for (mine, other), check in checks.items() if mine == other}
    if "pass" not in outcomes:
        yield f"it can never pass, however good the candidate: {equal.reason}"
    elif equal.rule.kind != "must_gain" and "pass" not in alike and checks["wrong", "right"].outcome != "pass":
        yield f"it cannot pass a candidate that changes nothing, only one that is shown to be better: {equal.reason}"
    if "fail" not in outcomes:
        yield f"it can never fail, only be inconclusive: {checks['wrong', 'right'].reason}"


def _imagined(rules: Sequence[Rule], rehearsals: Mapping[str, Rehearsal], mine: str, other: str) -> tuple[Check, ...]:
    return decide(
        "model", rules, [_measurement(each, mine, CANDIDATE) for each in rehearsals.values()],
        [_measurement(each, other, BASELINE) for each in rehearsals.values()], candidate_digest=CANDIDATE,
        baseline_digest=BASELINE,
    ).checks  # fmt: skip


def _measurement(rehearsal: Rehearsal, how: str, subject: str) -> Measurement:
    """What a suite would measure of a model that has everything right, every second item, or nothing."""
    better = dict(rehearsal.better)

    def odd(name: str) -> bool:
        # By their names, since items of two kinds often stand in turns.
        return zlib.crc32(name.encode()) % 2 == 1

    samples = tuple(
        each.model_copy(update={"scores": {
            name: _score(value, (how == "right" or (how == "half" and odd(each.id))) == (better[name] == "higher"))
            for name, value in each.scores.items()
        }})
        for each in rehearsal.samples
    )  # fmt: skip
    metrics = tuple(
        Metric(name=name, value=math.fsum(value for value, _ in found) / len(found), n=len(found),
               better=better[slice_of(name).name], unit="rate")
        for name, found in scored_by_metric(rehearsal.suite, samples, better).items()
    )  # fmt: skip
    return Measurement(
        suite=rehearsal.suite, version="rehearsed", subject=subject, items=rehearsal.items, expected=len(samples),
        metrics=metrics, samples=samples,
    )  # fmt: skip


def _score(value: float, high: bool) -> float:
    """The highest or the lowest score; of scores of no known range one that is far away."""
    if 0 <= value <= 1:
        return float(high)
    return value * (1.5 if high else 0.5)
