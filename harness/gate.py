"""The gate: evidence and rules in, one Decision out. Pure, and closed to whatever is not shown.

The law. What was not measured, is not finite, has no items, is about another subject, or contradicts itself is never
passed: a rule without sound evidence is ``missing``, and evidence that contradicts itself is an ``integrity`` problem of
the whole decision. Leaving evidence out can therefore never turn a denial into a promotion.

    measurements ─► contradictions ─► problems ─┐
         │                                      ├─► settle ─► Decision
         └────────► evidence ─► rule's check ───┘
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from harness import plugins
from harness.errors import TunegateError
from harness.rule import Evidence
from harness.store import digest_of
from harness.suite import metrics_of
from harness.types import Check, Decision, Measurement, Metric, Problem, Rule, Sample, settle

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
    checks = tuple(_checked(rule, mine.get(rule.suite), other.get(rule.suite)) for rule in rules)
    return Decision(
        stage=stage,
        candidate=candidate_digest,
        baseline=baseline_digest,
        policy=digest_of([rule.model_dump(mode="json") for rule in rules]),
        verdict=settle(checks, found),
        checks=checks,
        problems=tuple(found),
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
    if len({sample.id for sample in each.samples}) != len(each.samples):
        yield _integrity(arm, f"suite '{each.suite}' has an item twice; expected every item once")
    better = {_name(metric): metric.better for metric in each.metrics}
    try:
        again = {metric.name: metric for metric in metrics_of(each.suite, _scored(each.samples, better), better)}
    except (TunegateError, ValueError, ArithmeticError) as error:
        yield Problem(stage=arm, kind="incomplete", message=str(error))
        return
    for metric in each.metrics:
        if not _same(metric, again.get(metric.name)):
            yield _integrity(arm, f"'{metric.name}' is not what its samples say; the evidence was changed")


def _scored(samples: Sequence[Sample], names: Mapping[str, object]) -> list[Sample]:
    """The samples with only those scores that a metric speaks of."""
    return [
        sample.model_copy(update={"scores": {name: score for name, score in sample.scores.items() if name in names}})
        for sample in samples
    ]


def _name(metric: Metric) -> str:
    """A metric's name within its suite and without its slice."""
    return metric.name.partition(".")[2].partition("@")[0]


def _same(said: Metric, found: Metric | None) -> bool:
    if found is None or said.n != found.n or said.better != found.better:
        return False
    return math.isclose(said.value, found.value, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


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


def _checked(rule: Rule, mine: Measurement | None, theirs: Measurement | None) -> Check:
    """Gathers the evidence of one rule and lets its plug-in decide; whatever is absent makes the check missing."""
    plugin = plugins.load("rule", rule.kind)
    found = _measured(rule, mine, "candidate")
    if isinstance(found, Check):
        return found
    metric, scores = found
    clusters = tuple(sample.cluster or f"item {sample.id}" for sample in scores.values())
    if not plugin.NEEDS_BASELINE:
        return _asked(plugin, rule, Evidence(metric, _values(rule, scores), clusters=clusters))
    against = _measured(rule, theirs, "baseline")
    if isinstance(against, Check):
        return against
    if not scores:
        return missing(rule, f"'{rule.metric}' is a count, not a sample; there is nothing to pair with the baseline")
    if scores.keys() != against[1].keys():
        unlike = len(scores.keys() ^ against[1].keys())
        return missing(rule, f"'{rule.metric}' was measured on other items for the baseline: {unlike} have no partner")
    mine_scores, their_scores = _values(rule, scores), _values(rule, {name: against[1][name] for name in scores})
    pairs = tuple(zip(mine_scores, their_scores, strict=True))
    return _asked(plugin, rule, Evidence(metric, mine_scores, against[0], pairs, clusters))


def _measured(rule: Rule, measurement: Measurement | None, arm: str) -> tuple[Metric, dict[str, Sample]] | Check:
    """The rule's metric in one arm, with the samples that it is the mean of."""
    if measurement is None:
        return missing(rule, f"'{rule.metric}' was not measured for the {arm}: suite '{rule.suite}' is absent")
    metric = measurement.metric(rule.metric)
    if metric is None:
        return missing(rule, f"'{rule.metric}' was not measured for the {arm}: suite '{rule.suite}' has no such metric")
    if metric.n == 0 or not math.isfinite(metric.value):
        return missing(
            rule, f"'{rule.metric}' of the {arm} is {metric.value} over {metric.n} items; expected a number over some"
        )
    name, tag, value = _parts(rule)
    samples = {
        sample.id: sample
        for sample in measurement.samples
        if name in sample.scores and (not tag or sample.tags.get(tag) == value)
    }
    if samples and len(samples) != metric.n:
        return missing(rule, f"'{rule.metric}' of the {arm} rests on {len(samples)} items; expected {metric.n}")
    if not samples and (measurement.expected or metric.stderr is not None):
        return missing(rule, f"'{rule.metric}' of the {arm} is an estimate without its items; expected their scores")
    return metric, samples


def _parts(rule: Rule) -> tuple[str, str, str]:
    """The score's name, and the tag and value of the slice where the rule names one."""
    name, _, part = rule.metric.partition(".")[2].partition("@")
    tag, _, value = part.partition("=")
    return name, tag, value


def _values(rule: Rule, samples: Mapping[str, Sample]) -> tuple[float, ...]:
    name = _parts(rule)[0]
    return tuple(sample.scores[name] for sample in samples.values())


def _asked(plugin: object, rule: Rule, evidence: Evidence) -> Check:
    try:
        return plugin.check(rule, evidence)  # type: ignore[attr-defined, no-any-return]
    except (ValueError, ArithmeticError) as error:
        return missing(rule, f"'{rule.metric}' cannot be decided: {error}")


def missing(rule: Rule, reason: str) -> Check:
    """The check of a rule whose evidence is not there."""
    return Check(rule=rule, metric=rule.metric, outcome="missing", reason=reason)
