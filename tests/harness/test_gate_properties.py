"""What holds for every piece of evidence: less of it, worse answers and another order never buy a promotion."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from harness.gate import decide
from harness.types import Decision, Measurement, Rule, Sample

Build = Callable[..., Measurement]
QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much]
)
KINDS = ("at_least", "at_most", "max_drop", "must_gain")
BOUNDS = {"at_least": [0.3, 0.6], "at_most": [0.4, 0.7], "max_drop": [0.1, 0.4], "must_gain": [-0.2, 0.1]}
SCORES = st.sampled_from([0.0, 1.0, 1.0, 1.0])


def outcome(
    rules: Sequence[Rule], mine: Sequence[Measurement], theirs: Sequence[Measurement], digests: Mapping[str, str]
) -> Decision:
    named = {f"{name}_digest": digests[name] for name in ("candidate", "baseline", "data")}
    return decide("model", rules, mine, theirs, **named)


@st.composite
def rules(draw: st.DrawFn, metrics: Sequence[str]) -> Rule:
    kind = draw(st.sampled_from(KINDS))
    return Rule(kind=kind, metric=draw(st.sampled_from(metrics)), bound=draw(st.sampled_from(BOUNDS[kind])))


METRICS = ("task.accuracy", "task.accuracy@lang=de", "refusal.accuracy", "pii.rows")


@st.composite
def sound(draw: st.DrawFn, measured: Build, counted: Build, digests: Mapping[str, str]) -> list[list[Measurement]]:
    """Both arms over the same items, measured honestly."""
    arms: list[list[Measurement]] = [[counted(draw(st.sampled_from([0.0, 0.5])))], []]
    for suite in ("task", "refusal"):
        n = draw(st.integers(2, 24))
        tags = [{"lang": draw(st.sampled_from(["de", "en"]))} for _ in range(n)]
        clusters = draw(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=n, max_size=n))
        for arm, name in enumerate(("candidate", "baseline")):
            scores = draw(st.lists(SCORES, min_size=n, max_size=n))
            arms[arm].append(measured(scores, digests[name], suite=suite, tags=tags, clusters=clusters))
    return arms


def without(items: Sequence[object], place: int) -> tuple[object, ...]:
    return (*items[:place], *items[place + 1 :])


def poorer(draw: st.DrawFn, found: Measurement, what: str) -> Measurement:
    """The measurement without one metric, condition or sample, or a sample without one of its facts."""
    if what == "metric" and found.metrics:
        return found.model_copy(update={"metrics": without(found.metrics, draw(st.integers(0, len(found.metrics) - 1)))})
    if what == "condition" and found.conditions:
        gone = draw(st.sampled_from(sorted(found.conditions)))
        return found.model_copy(update={"conditions": {k: v for k, v in found.conditions.items() if k != gone}})
    if what not in ("sample", "scores", "tags", "cluster") or not found.samples:
        return found
    place = draw(st.integers(0, len(found.samples) - 1))
    if what == "sample":
        return found.model_copy(update={"samples": without(found.samples, place)})
    bare = found.samples[place].model_copy(update={what: None if what == "cluster" else {}})
    return found.model_copy(update={"samples": (*found.samples[:place], bare, *found.samples[place + 1 :])})


@QUICK
@given(data=st.data())
def test_leaving_out_evidence_never_turns_a_denial_into_a_promotion(
    measured: Build, counted: Build, digests: Mapping[str, str], data: st.DataObject
) -> None:
    whole = data.draw(sound(measured, counted, digests))
    policy = data.draw(st.lists(rules(METRICS), max_size=3))
    before = outcome(policy, *whole, digests)
    assume(not before.allowed)
    left = [list(arm) for arm in whole]
    for _ in range(data.draw(st.integers(1, 4))):
        what = data.draw(st.sampled_from(["measurement", "metric", "condition", "sample", "scores", "tags", "cluster"]))
        arm = left[0] if what == "cluster" else left[data.draw(st.integers(0, 1))]
        if arm:
            place = data.draw(st.integers(0, len(arm) - 1))
            if what == "measurement":
                del arm[place]
            else:
                arm[place] = poorer(data.draw, arm[place], what)
    # The other arm is the only witness of which items belong together.
    clusters_hidden = any(
        mine.suite not in {each.suite for each in left[1]} and _clusters(mine) != _clusters(first)
        for mine in left[0]
        for first in whole[0]
        if mine.suite == first.suite
    )
    assume(not clusters_hidden)
    assert not outcome(policy, *left, digests).allowed


def _clusters(found: Measurement) -> dict[str, str]:
    return {sample.id: sample.cluster for sample in found.samples if sample.cluster}


def test_clusters_left_out_of_one_arm_are_missed_by_the_other(measured: Build, digests: Mapping[str, str]) -> None:
    clusters = [f"c{index // 20}" for index in range(200)]
    scores = [1.0] * 190 + [0.0] * 10
    rule = Rule(kind="at_least", metric="task.accuracy", bound=0.9)
    theirs = measured(scores, digests["baseline"], clusters=clusters)
    assert outcome([rule], [measured(scores, clusters=clusters)], [theirs], digests).verdict == "inconclusive"
    assert outcome([rule], [measured(scores)], [theirs], digests).verdict == "integrity"


SIDES = [(kind, better) for kind in KINDS for better in ("higher", "lower")]


@pytest.mark.parametrize(("kind", "better"), SIDES)
@QUICK
@given(data=st.data())
def test_a_worse_answer_never_turns_a_denial_into_a_promotion(
    measured: Build, digests: Mapping[str, str], kind: str, better: str, data: st.DataObject
) -> None:
    # "at_least" on a metric where lower is better asks for a bad model; there the worse answer is the lower score.
    falls = {"at_least": True, "at_most": False}.get(kind, better == "higher")
    mine = data.draw(st.lists(SCORES if falls else SCORES.map(lambda score: 1 - score), min_size=1, max_size=40))
    theirs = data.draw(st.lists(st.sampled_from([0.0, 1.0]), min_size=len(mine), max_size=len(mine)))
    worst = 0.0 if falls else 1.0
    fallen = data.draw(st.lists(st.booleans(), min_size=len(mine), max_size=len(mine)))
    worse = [worst if falls_now else score for falls_now, score in zip(fallen, mine, strict=True)]
    bound = data.draw(st.floats(0.0 if kind == "max_drop" else -0.5, 1.0))
    rule = Rule(kind=kind, metric="task.accuracy", bound=bound)
    baseline = [measured(theirs, digests["baseline"], better=better)]
    before = outcome([rule], [measured(mine, better=better)], baseline, digests)
    after = outcome([rule], [measured(worse, better=better)], baseline, digests)
    assert before.allowed or not after.allowed


@pytest.mark.parametrize(("kind", "better"), [side for side in SIDES if side[0].startswith("at_")])
@QUICK
@given(data=st.data())
def test_a_worse_grade_never_turns_a_denial_into_a_promotion(
    measured: Build, digests: Mapping[str, str], kind: str, better: str, data: st.DataObject
) -> None:
    grades = st.floats(0.0, 1.0).map(lambda grade: round(grade, 2))
    mine = data.draw(st.lists(grades, min_size=1, max_size=20))
    ends = [(0.0, score) if kind == "at_least" else (score, 1.0) for score in mine]
    worse = [data.draw(st.floats(*end)) for end in ends]
    rule = Rule(kind=kind, metric="task.accuracy", bound=data.draw(st.floats(0.0, 1.0)))
    before = outcome([rule], [measured(mine, better=better)], [], digests)
    after = outcome([rule], [measured(worse, better=better)], [], digests)
    assert before.allowed or not after.allowed


@QUICK
@given(data=st.data())
def test_the_order_of_the_items_does_not_matter(
    measured: Build, counted: Build, digests: Mapping[str, str], data: st.DataObject
) -> None:
    whole = data.draw(sound(measured, counted, digests))
    policy = data.draw(st.lists(rules(METRICS), min_size=1, max_size=4))
    seed = data.draw(st.integers(0, 10_000))
    turned = [[each.model_copy(update={"samples": shuffled(each.samples, seed)}) for each in arm] for arm in whole]
    assert outcome(policy, *turned, digests) == outcome(policy, *whole, digests)


def shuffled(samples: Sequence[Sample], seed: int) -> tuple[Sample, ...]:
    return tuple(random.Random(seed).sample(samples, len(samples)))


@QUICK
@given(data=st.data())
def test_the_order_of_the_rules_does_not_matter(
    measured: Build, counted: Build, digests: Mapping[str, str], data: st.DataObject
) -> None:
    whole = data.draw(sound(measured, counted, digests))
    policy = data.draw(st.lists(rules(METRICS), min_size=2, max_size=5))
    turned = data.draw(st.permutations(policy))
    first, second = outcome(policy, *whole, digests), outcome(turned, *whole, digests)
    assert second.verdict == first.verdict
    assert sorted(check.reason for check in second.checks) == sorted(check.reason for check in first.checks)


def test_an_honest_denial_can_be_an_honest_promotion(measured: Build, digests: Mapping[str, str]) -> None:
    """The properties above speak of something: the same rules allow a good candidate and deny a bad one."""
    good, bad, baseline = measured([1.0] * 40), measured([0.0] * 40), measured([1.0] * 40, digests["baseline"])
    bounds = {"max_drop": 0.1, "at_least": 0.6}
    policy = [Rule(kind=kind, metric="task.accuracy", bound=bound) for kind, bound in bounds.items()]
    assert outcome(policy, [good], [baseline], digests).allowed
    assert outcome(policy, [bad], [baseline], digests).verdict == "blocked"
