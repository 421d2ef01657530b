"""Rules on judged scores: their bounds allow for the judge's error, and no evidence of it can be left out or swapped."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

import pytest

from harness.gate import decide
from harness.judge_error import judged_by
from harness.types import Decision, JudgeError, Measurement, Rule

Build = Callable[..., Measurement]
SURE = {"yes": {"yes": 2000, "no": 0}, "no": {"yes": 0, "no": 2000}}
SHAKY = {"yes": {"yes": 85, "no": 15}, "no": {"yes": 10, "no": 90}}


def error(table: Mapping[str, Mapping[str, int]], **further: object) -> JudgeError:
    told = {"allowed_for": True, "scores": {"accuracy": ("yes",)}, **further}
    return JudgeError(judge="j/1", labelled="l.jsonl", answers="sha256:" + "a" * 64, confusion=table, **told)


def judged(measurement: Measurement, *judges: JudgeError) -> Measurement:
    conditions = {**measurement.conditions, **judged_by(judges)}
    return measurement.model_copy(update={"judges": judges, "conditions": conditions})


@pytest.fixture
def decided(measured: Build, digests: Mapping[str, str]) -> Callable[..., Decision]:
    def run(
        rule: Rule, mine: Sequence[float], theirs: Sequence[float], *judges: JudgeError, better: str = "higher"
    ) -> Decision:
        arms = (measured(mine, better=better), measured(theirs, digests["baseline"], better=better))
        return decide(
            "model", [rule], [judged(arms[0], *judges)], [judged(arms[1], *judges)],
            candidate_digest=digests["candidate"], baseline_digest=digests["baseline"],
        )  # fmt: skip

    return run


def rule(kind: str, bound: float) -> Rule:
    return Rule(kind=kind, metric="task.accuracy", bound=bound)


LOST = [1.0] * 388 + [0.0] * 12
WHOLE = [1.0] * 396 + [0.0] * 4


def test_a_drop_that_passes_as_judged_cannot_be_told_where_the_judge_errs(decided: Callable[..., Decision]) -> None:
    asked = rule("max_drop", 0.05)
    plain, sure, shaky = (decided(asked, LOST, WHOLE, *judges) for judges in ((), (error(SURE),), (error(SHAKY),)))
    assert (plain.verdict, sure.verdict, shaky.verdict) == ("allowed", "allowed", "inconclusive")
    assert sure.checks[0].interval[0] < plain.checks[0].interval[0]
    assert shaky.checks[0].interval[0] < sure.checks[0].interval[0]
    assert shaky.checks[0].delta == plain.checks[0].delta
    assert "the judge's error allowed for" in shaky.checks[0].method
    assert shaky.checks[0].reason.endswith("; the judge's error is allowed for")
    assert "judge" not in plain.checks[0].reason
    assert "judge" not in plain.checks[0].method


def test_an_error_that_is_only_reported_moves_no_bound(decided: Callable[..., Decision]) -> None:
    asked = rule("max_drop", 0.05)
    plain = decided(asked, LOST, WHOLE)
    reported = decided(asked, LOST, WHOLE, error(SHAKY, allowed_for=False))
    assert reported.checks == plain.checks
    assert reported.notes == (
        "the judge 'j/1' of suite 'task' is taken at its word: its error is in no interval, since no answers with people's "
        "labels are named under 'calibration'",
    )
    assert decided(asked, LOST, WHOLE, error(SHAKY)).notes == plain.notes == ()
    assert decided(asked, LOST, WHOLE, error(SHAKY, allowed_for=False, scores={"other": ("yes",)})).notes == ()
    assert decided(asked, LOST, WHOLE, error(SHAKY, scores={"other": ("yes",)})).checks == plain.checks


@pytest.mark.parametrize(
    ("kind", "bound", "mine"),
    [("at_least", 0.94, LOST), ("at_least", 0.1, [1.0] * 60 + [0.0] * 340), ("at_most", 0.2, [1.0] * 60 + [0.0] * 340),
     ("must_gain", 0.02, WHOLE), ("zero_tolerance", 0.008, [1.0] * 400), ("min_ratio", 0.96, LOST)],
)  # fmt: skip
def test_every_kind_of_rule_is_stricter_by_the_judges_error(
    decided: Callable[..., Decision], kind: str, bound: float, mine: Sequence[float]
) -> None:
    theirs = [1.0] * 360 + [0.0] * 40 if kind == "must_gain" else WHOLE
    better = "higher" if kind != "at_most" else "lower"
    plain = decided(rule(kind, bound), mine, theirs, better=better)
    shaky = decided(rule(kind, bound), mine, theirs, error(SHAKY), better=better)
    assert plain.verdict == "allowed"
    # A gain that is seen through a judge that errs is only greater in truth: the level of the items alone gets stricter.
    assert shaky.verdict == ("allowed" if kind == "must_gain" else "inconclusive")


def test_a_loss_that_is_shown_is_shown_through_any_judge(decided: Callable[..., Decision]) -> None:
    lost = [1.0] * 300 + [0.0] * 100
    assert decided(rule("max_drop", 0.05), lost, WHOLE, error(SHAKY)).verdict == "blocked"
    assert decided(rule("zero_tolerance", 0.01), WHOLE, WHOLE, error(SHAKY)).verdict == "blocked"


def test_a_judge_of_nothing_decides_nothing(decided: Callable[..., Decision]) -> None:
    useless = error({"yes": {"yes": 50, "no": 50}, "no": {"yes": 50, "no": 50}})
    for kind, bound in (("max_drop", 0.05), ("must_gain", 0.0), ("min_ratio", 0.9)):
        assert decided(rule(kind, bound), [1.0] * 400, WHOLE, useless).verdict == "inconclusive"


def test_no_room_is_what_the_judge_may_have_called_so_by_mistake(decided: Callable[..., Decision]) -> None:
    few = [1.0] * 40 + [0.0] * 360
    assert decided(rule("max_drop", 0.05), few, few, error(SURE)).verdict == "allowed"
    made = decided(rule("max_drop", 0.05), few, few, error(SHAKY))
    assert made.verdict == "inconclusive"
    assert "cannot get worse" in made.checks[0].reason


def test_an_error_left_out_of_either_arm_is_an_integrity_problem(measured: Build, digests: Mapping[str, str]) -> None:
    whole = (judged(measured(LOST), error(SHAKY)), judged(measured(WHOLE, digests["baseline"]), error(SHAKY)))
    for change in ({"judges": ()}, {"judges": (error(SURE),)}):
        for at in (0, 1):
            arms = [[each.model_copy(update=change) if at == place else each] for place, each in enumerate(whole)]
            made = decide(
                "model", [rule("max_drop", 0.05)], *arms,
                candidate_digest=digests["candidate"], baseline_digest=digests["baseline"],
            )  # fmt: skip
            assert made.verdict == "integrity"
            assert "judge error" in made.problems[0].message


def test_another_calibration_in_one_arm_is_not_comparable(measured: Build, digests: Mapping[str, str]) -> None:
    made = decide(
        "model", [rule("max_drop", 0.05)],
        [judged(measured(WHOLE), error(SURE))], [judged(measured(WHOLE, digests["baseline"]), error(SHAKY))],
        candidate_digest=digests["candidate"], baseline_digest=digests["baseline"],
    )  # fmt: skip
    assert made.verdict == "integrity"
    assert "'judge error' is" in made.problems[0].message


def test_below_the_wanted_kappa_a_rule_decides_nothing_either_way(decided: Callable[..., Decision]) -> None:
    low = error(SHAKY, min_kappa=0.8, allowed_for=False)
    for mine, was in ((WHOLE, "allowed"), ([0.0] * 400, "blocked")):
        assert decided(rule("max_drop", 0.05), mine, WHOLE).verdict == was
        made = decided(rule("max_drop", 0.05), mine, WHOLE, low)
        assert made.verdict == "inconclusive"
        assert made.checks[0].reason.endswith(
            "the judge 'j/1' reaches kappa 0.75 on 200 labelled answers (l.jsonl) for 'accuracy'; at least 0.8 is wanted, "
            "so this decides nothing"
        )
    assert decided(rule("max_drop", 0.05), WHOLE, WHOLE, error(SHAKY, min_kappa=0.75, allowed_for=False)).allowed
    assert decided(rule("no_flip", 0), WHOLE, WHOLE, low).verdict == "inconclusive"
    missing = Rule(kind="max_drop", metric="task.absent", bound=0.05)
    assert decided(missing, WHOLE, WHOLE, error(SHAKY, min_kappa=0.8, scores={"absent": ("yes",)})).verdict == "incomplete"


def test_a_worse_answer_never_turns_a_denial_into_a_promotion(decided: Callable[..., Decision]) -> None:
    found = random.Random(5)
    kinds = {"max_drop": 0.1, "must_gain": 0.0, "at_least": 0.6, "zero_tolerance": 0.2, "min_ratio": 0.9, "max_ratio": 1.2}
    for _ in range(60):
        kind, bound = found.choice(sorted(kinds.items()))
        better = "lower" if kind == "max_ratio" else "higher"
        theirs = [float(found.random() < 0.8) for _ in range(80)]
        mine = [each if found.random() < 0.9 else 1 - each for each in theirs]
        worst = 1.0 if better == "lower" else 0.0
        at = found.randrange(80)
        worse = [*mine[:at], worst, *mine[at + 1 :]]
        table = found.choice([SURE, SHAKY])
        before = decided(rule(kind, bound), mine, theirs, error(table), better=better)
        after = decided(rule(kind, bound), worse, theirs, error(table), better=better)
        assert before.allowed or not after.allowed


def test_a_budget_of_which_one_metric_is_judged_says_that_the_error_is_allowed_for(
    measured: Build, digests: Mapping[str, str]
) -> None:
    shared = Rule(kind="budget", metric="task.accuracy", bound=0.5, also=("refusal.accuracy",))
    arms = [
        [judged(measured(WHOLE, digests[arm]), error(SURE)), measured(WHOLE, digests[arm], suite="refusal")]
        for arm in ("candidate", "baseline")
    ]
    for told in (arms, [each[::-1] for each in arms]):
        named = {"candidate_digest": digests["candidate"], "baseline_digest": digests["baseline"]}
        made = decide("model", [shared], *told, **named)
        assert made.allowed
        assert made.checks[0].reason.endswith("; the judge's error is allowed for")
    low = error(SHAKY, min_kappa=0.8, allowed_for=False)
    arms = [
        [measured(WHOLE, digests[arm]), judged(measured(WHOLE, digests[arm], suite="refusal"), low)]
        for arm in ("candidate", "baseline")
    ]
    made = decide("model", [shared], *arms, **named)
    assert made.verdict == "inconclusive"
    assert made.checks[0].reason.endswith("so this decides nothing")
