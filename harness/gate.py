"""The gate: evidence and rules in, one Decision out. Pure, and closed to whatever is not shown.

The law. What was not measured, is not finite, has no items, is about another subject, or contradicts itself is never
passed: a rule without sound evidence is ``missing``, and evidence that contradicts itself is an ``integrity`` problem of
the whole decision. Leaving evidence out can therefore never turn a denial into a promotion.

    measurements ─► contradictions ─► problems ─┐
         │                                      ├─► settle ─► Decision
         └────────► evidence ─► rule's check ───┘
                                     ▲ waivers excuse what failed, never what is missing or contradicts itself
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Literal

from harness import plugins
from harness.errors import TunegateError
from harness.looking import at_look, checked
from harness.rule import Evidence
from harness.slices import each_slice, selected, slice_of
from harness.stats.intervals import is_binary
from harness.store import digest_of
from harness.suite import cluster_of, score_of, scored_by_metric
from harness.types import Check, Decision, Measurement, Metric, PolicyName, Problem, Rule, Sample, settle
from harness.waiver import Verified, excused

TOLERANCE = 1e-9


def decide(
    stage: Literal["data", "model"],
    rules: Sequence[Rule],
    candidate: Sequence[Measurement],
    baseline: Sequence[Measurement],
    *,
    candidate_digest: str | None,
    baseline_digest: str | None,
    data_digest: str | None = None,
    problems: Sequence[Problem] = (),
    waivers: Sequence[Verified] = (),
    on: date = date.min,
    notes: Sequence[str] = (),
    policies: Sequence[PolicyName] = (),
) -> Decision:
    """Decides whether a candidate may go on.

    Args:
        stage: Which gate this is.
        rules: The policy; none at all allows nothing.
        candidate: Measurements of the training data and of the candidate.
        baseline: Measurements of the baseline.
        candidate_digest: The subject that measurements of the candidate must name.
        baseline_digest: The subject that measurements of the baseline must name.
        data_digest: The subject that measurements of the training data must name.
        problems: What already went wrong before the gate.
        waivers: Waivers that a trusted key signed for this project.
        on: The day (UTC) on which they have to count; without one none does.
        notes: What a reader should know besides, and what settles nothing.
        policies: The shared files that rules are from; noted, not read.
    """
    found = [*problems]
    # What is about the candidate itself needs samples, whatever else goes by the same digest.
    data = data_digest if data_digest != candidate_digest else None
    found += contradictions(candidate, {candidate_digest, data_digest} - {None}, data, "candidate")
    found += contradictions(baseline, {baseline_digest} - {None}, None, "baseline")
    found += differences(candidate, baseline)
    if not rules:
        found.append(Problem(stage="gate", kind="incomplete", message="there are no rules; expected at least one"))
    # Deciding a finished run again finds what was already found.
    found = list(dict.fromkeys(found))
    mine, other = _by_suite(candidate), _by_suite(baseline)
    parts = (part for rule in rules for part in _expanded(rule, mine))
    checks, unused = excused([_checked(rule, mine, other) for rule in parts], waivers, candidate_digest, on)
    return Decision(
        stage=stage,
        candidate=candidate_digest,
        baseline=baseline_digest,
        policy=policy_digest(rules),
        policies=tuple(policies),
        verdict=settle(checks, found),
        checks=checks,
        problems=tuple(found),
        notes=tuple(dict.fromkeys([*notes, *unused])),
    )


def contradictions(
    measurements: Sequence[Measurement], subjects: Iterable[str | None], data: str | None, arm: str
) -> Iterator[Problem]:
    """What in one arm cannot be true, or is about something else."""
    allowed = set(subjects)
    for suite, count in Counter(each.suite for each in measurements).items():
        if count > 1:
            yield _integrity(arm, f"suite '{suite}' was measured {count} times; expected once")
    for each in measurements:
        if each.subject not in allowed:
            expected = " or ".join(sorted(str(subject) for subject in allowed)) or "no measurement at all"
            yield _integrity(arm, f"suite '{each.suite}' measured '{each.subject}'; expected {expected}")
        for name, count in Counter(metric.name for metric in each.metrics).items():
            if count > 1:
                yield _integrity(arm, f"'{name}' is there {count} times; expected once")
        if each.subject != data or each.expected or each.samples:
            yield from _unsound(each, arm)


def _unsound(each: Measurement, arm: str) -> Iterator[Problem]:
    """What the samples of a measurement do not bear out."""
    if not each.expected or len(each.samples) != each.expected:
        wanted = each.expected if each.expected or each.samples else "at least one"
        yield _integrity(arm, f"suite '{each.suite}' has {len(each.samples)} samples; expected {wanted}")
    if each.looks is not None and len(each.samples) not in each.looks.ends:
        ended = f"suite '{each.suite}' ends within a block, after {len(each.samples)} items"
        yield _integrity(arm, f"{ended}; expected a whole block")
    if len({sample.id for sample in each.samples}) != len(each.samples):
        yield _integrity(arm, f"suite '{each.suite}' has an item twice; expected every item once")
    better = {score_of(metric.name): metric.better for metric in each.metrics}
    try:
        scored = scored_by_metric(each.suite, _scored(each.samples, better), better)
        wrong = [metric for metric in each.metrics if not _is_mean(metric, scored.get(metric.name, ()), better)]
    except (TunegateError, ArithmeticError) as error:
        yield Problem(stage=arm, kind="incomplete", message=str(error))
        return
    for metric in wrong:
        yield _integrity(arm, f"'{metric.name}' is not what its samples say; the evidence was changed")


def _scored(samples: Sequence[Sample], names: Mapping[str, object]) -> list[Sample]:
    """The samples with only those scores that a metric speaks of."""
    return [
        sample.model_copy(update={"scores": {name: score for name, score in sample.scores.items() if name in names}})
        for sample in samples
    ]


def _is_mean(metric: Metric, scored: Sequence[tuple[float, str]], better: Mapping[str, str]) -> bool:
    if not scored or metric.n != len(scored) or metric.better != better[score_of(metric.name)]:
        return False
    mean = math.fsum(value for value, _ in scored) / len(scored)
    return math.isclose(metric.value, mean, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def differences(candidate: Sequence[Measurement], baseline: Sequence[Measurement]) -> Iterator[Problem]:
    """What makes a suite's two arms incomparable: other items, another version, template, settings or judge."""
    other = _by_suite(baseline)
    for mine in candidate:
        theirs = other.get(mine.suite)
        if theirs is None:
            continue
        for name, left, right in _facts(mine, theirs):
            if left != right:
                left, right = (f"'{side}'" if side is not None else "absent" for side in (left, right))
                said = f"{name} is {left} for the candidate and {right} for the baseline"
                message = f"suite '{mine.suite}' is not comparable: {said}; expected the same in both arms"
                yield _integrity("gate", message)


def _facts(mine: Measurement, theirs: Measurement) -> Iterator[tuple[str, object, object]]:
    yield "the item set", mine.items, theirs.items
    yield "the suite's version", mine.version, theirs.version
    yield "the number of items", mine.expected, theirs.expected
    yield "the plan of the looks", mine.looks, theirs.looks
    known = {metric.name: metric.better for metric in theirs.metrics}
    for metric in mine.metrics:
        yield f"the better side of '{metric.name}'", metric.better, known.get(metric.name, metric.better)
    for name in sorted({*mine.conditions, *theirs.conditions}):
        yield f"'{name}'", mine.conditions.get(name), theirs.conditions.get(name)
    asked = {sample.id: sample for sample in theirs.samples}
    both = [(sample, asked[sample.id]) for sample in mine.samples if sample.id in asked]
    for what in ("cluster", "tags"):
        unlike = [each for each in both if getattr(each[0], what) != getattr(each[1], what)]
        for left, right in unlike[:1]:
            yield f"'{what}' of item '{left.id}'", getattr(left, what), getattr(right, what)


def _integrity(arm: str, message: str) -> Problem:
    return Problem(stage=arm, kind="integrity", message=message)


def _by_suite(measurements: Sequence[Measurement]) -> dict[str, Measurement]:
    return {each.suite: each for each in measurements}


def policy_digest(rules: Sequence[Rule]) -> str:
    """The digest of a list of rules; a rule that says nothing of a later field has the digest that it always had."""
    dumped = (rule.model_dump(mode="json") for rule in rules)
    return digest_of([{name: value for name, value in each.items() if value != []} for each in dumped])


def _expanded(rule: Rule, measured: Mapping[str, Measurement]) -> tuple[Rule, ...]:
    found = measured.get(rule.suite)
    return each_slice(rule, found.samples if found else ())


def _checked(rule: Rule, mine: Mapping[str, Measurement], theirs: Mapping[str, Measurement]) -> Check:
    """Gathers the evidence of one rule and lets its plug-in decide; whatever is absent makes the check missing."""
    plugin = plugins.load("rule", rule.kind)
    found = []
    for metric in (rule.metric, *rule.also):
        evidence = _evidence(rule.model_copy(update={"metric": metric, "also": ()}), mine, theirs, plugin.NEEDS_BASELINE)
        if isinstance(evidence, str):
            return missing(rule, evidence)
        found.append(evidence)
    first = mine[rule.suite]
    try:
        if first.looks is not None and not rule.also:
            place = {sample.id: number for number, sample in enumerate(first.samples, start=1)}
            places = [place[name] for name in found[0].ids]
            return checked(plugin, rule, found[0], places, len(first.samples), first.looks)
        return plugin.check(rule, *found)  # type: ignore[no-any-return]
    except (ValueError, ArithmeticError) as error:
        return missing(rule, f"'{rule.metric}' cannot be decided: {error}")


def checked_at(rule: Rule, mine: Measurement, theirs: Measurement, end: int) -> Check | None:
    """What a rule says after one block of a suite that is being asked; None where it needs more."""
    plugin = plugins.load("rule", rule.kind)
    evidence = _evidence(rule, {mine.suite: mine}, {theirs.suite: theirs}, plugin.NEEDS_BASELINE)
    if isinstance(evidence, str) or mine.looks is None:
        return None
    return at_look(plugin, rule, evidence, end, mine.looks)


def _evidence(
    rule: Rule, mine: Mapping[str, Measurement], theirs: Mapping[str, Measurement], needs_baseline: bool
) -> Evidence | str:
    """The numbers that a rule about one metric reads, or what is missing of them."""
    found = _measured(rule, mine.get(rule.suite), "candidate")
    if isinstance(found, str):
        return found
    metric, scores = found
    ids, clusters = tuple(scores), tuple(cluster_of(sample) for sample in scores.values())
    if not needs_baseline:
        return Evidence(metric, _values(rule, scores), clusters=clusters, ids=ids)
    against = _measured(rule, theirs.get(rule.suite), "baseline")
    if isinstance(against, str):
        return against
    if not scores:
        return f"'{rule.metric}' is a count, not a sample; there is nothing to pair with the baseline"
    if scores.keys() != against[1].keys():
        unlike = len(scores.keys() ^ against[1].keys())
        return f"'{rule.metric}' was measured on other items for the baseline: {unlike} have no partner"
    mine_scores, their_scores = _values(rule, scores), _values(rule, {name: against[1][name] for name in scores})
    pairs = tuple(zip(mine_scores, their_scores, strict=True))
    return Evidence(metric, mine_scores, against[0], pairs, clusters, ids, _chance(scores.values()))


def _chance(samples: Collection[Sample]) -> float | None:
    """What guessing reaches, where every item says it in its tag ``chance``."""
    said = [sample.tags["chance"] for sample in samples if "chance" in sample.tags]
    return math.fsum(map(float, said)) / len(said) if said and len(said) == len(samples) else None


def _measured(rule: Rule, measurement: Measurement | None, arm: str) -> tuple[Metric, dict[str, Sample]] | str:
    """The rule's metric in one arm with the samples that it is the mean of, or what is missing."""
    if measurement is None:
        return f"'{rule.metric}' was not measured for the {arm}: suite '{rule.suite}' is absent"
    samples = selected(rule, measurement.samples)
    absent = sorted(set(rule.items) - samples.keys())
    if absent:
        return f"'{rule.metric}' has no item '{absent[0]}' for the {arm}; expected every item that the rule names"
    metric = measurement.metric(rule.metric) if not rule.items else None
    metric = metric or _derived(rule, measurement, samples)
    if metric is None:
        return f"'{rule.metric}' was not measured for the {arm}: suite '{rule.suite}' has no such metric"
    if metric.n == 0 or not math.isfinite(metric.value):
        return f"'{rule.metric}' of the {arm} is {metric.value} over {metric.n} items; expected a number over some"
    if samples and len(samples) != metric.n:
        return f"'{rule.metric}' of the {arm} rests on {len(samples)} items; expected {metric.n}"
    if not samples and (measurement.expected or metric.stderr is not None):
        return f"'{rule.metric}' of the {arm} is an estimate without its items; expected their scores"
    return metric, samples


def _derived(rule: Rule, measurement: Measurement, samples: Mapping[str, Sample]) -> Metric | None:
    """The metric over items that the suite itself does not single out: named ones, or those of some severity."""
    wanted = slice_of(rule.metric)
    whole = measurement.metric(f"{rule.suite}.{wanted.name}")
    if whole is None or not samples or not (rule.items or wanted.relation == ">="):
        return None
    values = _values(rule, samples)
    return Metric(
        name=rule.metric, value=math.fsum(values) / len(values), n=len(values), better=whole.better,
        unit="rate" if is_binary(values) else "number",
    )  # fmt: skip


def _values(rule: Rule, samples: Mapping[str, Sample]) -> tuple[float, ...]:
    name = slice_of(rule.metric).name
    return tuple(sample.scores[name] for sample in samples.values())


def missing(rule: Rule, reason: str) -> Check:
    """The check of a rule whose evidence is not there."""
    return Check(rule=rule, metric=rule.metric, outcome="missing", reason=reason)
