"""Every pair is the gate's own decision, and what cannot be compared is never allowed."""

from __future__ import annotations

import dataclasses
from datetime import date

from harness.comparison.matrix import column
from harness.gate import decide
from harness.types import Problem
from harness.waiver import Verified, Waiver, excused

DAY = date(2026, 3, 15)
NONE = frozenset[str]()


def test_a_column_is_what_the_gate_decides(arm, rule, rates) -> None:
    before, after, rules = arm("base", rates(0.8)), arm("a", rates(0.5)), [rule(), rule("at_least", 0.4)]
    found = column(rules, NONE, after, before)
    assert found.decision == decide(
        "model", rules, after.measurements, before.measurements,
        candidate_digest=after.subject, baseline_digest=before.subject,
    )  # fmt: skip
    assert found.decision.verdict == "blocked"
    assert found.check(rules[0]).delta == -0.3


def test_other_items_are_not_comparable(arm, rule, rates) -> None:
    before, after = arm("base", rates(0.8)), arm("a", rates(0.8))
    other = after.measurements[0].model_copy(update={"items": before.subject})
    found = column([rule()], NONE, dataclasses.replace(after, measurements=(other,)), before)
    assert found.decision.verdict == "integrity"
    assert "not comparable" in found.decision.problems[0].message


def test_what_was_not_measured_is_never_allowed(arm, rule, rates) -> None:
    assert column([rule()], NONE, arm("a"), arm("base", rates(0.8))).decision.verdict == "incomplete"
    assert column([rule()], NONE, arm("a", rates(0.8)), arm("base")).decision.verdict == "incomplete"
    assert column([rule()], NONE, arm("a", rates(0.8)), None).decision.verdict == "incomplete"


def test_a_rule_on_training_data_is_put_only_to_who_was_scanned(arm, rule, rates, counted) -> None:
    data = rule("at_most", 0, "pii.rows")
    rules, suites = [data, rule()], frozenset({"pii"})
    before = arm("base", rates(0.8))
    plain = column(rules, suites, arm("a", rates(0.8)), before)
    assert (plain.decision.verdict, plain.undecided) == ("allowed", (data,))
    scanned = column(rules, suites, arm("b", rates(0.8), data=(counted(3),), kind="run"), before)
    assert (scanned.decision.verdict, scanned.undecided) == ("blocked", ())


def test_a_run_that_its_data_stopped_is_decided_by_its_data(arm, rule, rates, counted) -> None:
    data = rule("at_most", 0, "pii.rows")
    stopped = dataclasses.replace(arm("a", data=(counted(3),), kind="run", stage="data"), subject=None)
    found = column([data, rule()], frozenset({"pii"}), stopped, arm("base", rates(0.8)))
    assert (found.decision.verdict, found.decision.stage, found.undecided) == ("blocked", "data", (rule(),))


def test_what_went_wrong_while_an_arm_was_asked_denies_it(arm, rule, rates) -> None:
    fault = (Problem(stage="evaluate.safety", kind="incomplete", message="out of memory"),)
    before = arm("base", rates(0.8))
    assert column([rule()], NONE, arm("a", rates(0.8), problems=fault), before).decision.problems == fault
    broken = arm("base", rates(0.8), problems=fault)
    assert column([rule()], NONE, arm("a", rates(0.8)), broken).decision.verdict == "incomplete"


def granted(rule, arm) -> Verified:
    facts = {"project": "p", "rule": rule.text(), "owner": "ann", "reason": "why", "issued": DAY, "until": DAY}
    return Verified(Waiver(**facts), "a.json", "key", arm.subject)


def test_a_waiver_excuses_a_failure_here_on_its_day_and_keeps_its_numbers(arm, rule, rates) -> None:
    before, after = arm("base", rates(0.8)), arm("a", rates(0.5))
    plain = column([rule()], NONE, after, before)
    found = column([rule()], NONE, dataclasses.replace(after, waivers=(granted(rule(), after),), on=DAY), before)
    assert (found.decision.verdict, found.check(rule()).waived, found.excused) == ("allowed", True, {})
    assert found.check(rule()).model_copy(update={"waiver": None}) == plain.check(rule())
    late = dataclasses.replace(after, waivers=(granted(rule(), after),), on=date(2026, 3, 16), notes=("n",))
    assert column([rule()], NONE, late, before).decision.verdict == "blocked"
    assert column([rule()], NONE, late, before).decision.notes[0] == "n"


def test_what_only_its_own_run_was_excused_is_kept_beside_and_excuses_nothing(arm, rule, rates) -> None:
    before, after = arm("base", rates(0.8)), arm("a", rates(0.5))
    by = excused([column([rule()], NONE, after, before).check(rule())], [granted(rule(), after)], None, DAY)[0][0].waiver
    told = {rule().text(): by, "task.accuracy at_least 0.4": by}
    claimed = column([rule(), rule("at_least", 0.4)], NONE, dataclasses.replace(after, excused=told), before)
    assert claimed.decision.verdict == "blocked"
    assert claimed.excused == {rule().text(): by}
    applied = dataclasses.replace(after, excused=told, waivers=(granted(rule(), after),), on=DAY)
    assert column([rule()], NONE, applied, before).excused == {}


def test_arms_may_differ_in_the_prompts_that_they_declare_and_in_nothing_else(arm, rule, rates) -> None:
    before, after = arm("base", rates(0.8)), arm("a", rates(0.8))
    told = after.measurements[0].model_copy(update={"declared": {"examples": before.subject}})
    found = column([rule()], NONE, dataclasses.replace(after, measurements=(told,)), before)
    assert (found.decision.verdict, found.declared) == ("allowed", {"examples": before.subject})
    assert found.decision.notes == ("'examples' is in the prompts of the candidate alone (task), as declared",)
    other = told.model_copy(update={"conditions": {"template": "other"}})
    assert column([rule()], NONE, dataclasses.replace(after, measurements=(other,)), before).decision.verdict == "integrity"
