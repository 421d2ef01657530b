"""Numbers are rounded for reading and never onto the bound that they are held against."""

from __future__ import annotations

import dataclasses
import math

import pytest

from harness.channels.wording.numbers import change, count, level, listed, plural, seconds, size, span, units
from harness.channels.wording.verdicts import (
    ACCENTS,
    TITLES,
    accent,
    because,
    condition,
    granted,
    reason,
    tally,
    title,
    waived,
    with_waivers,
)
from harness.types import EXIT_CODES, Rule


@pytest.mark.parametrize(
    ("value", "unit", "near", "text"),
    [
        (0.8125, "rate", None, "81.2\u202f%"),
        (1.0, "rate", None, "100.0\u202f%"),
        (0.79996, "rate", 0.8, "79.996\u202f%"),
        (0.8, "rate", 0.8, "80.0\u202f%"),
        (0.1 + 0.2, "rate", 0.3, "30.0\u202f%"),
        (1840.0, "number", None, "1\u202f840"),
        (-3.0, "number", None, "−3"),
        (0.93124, "number", None, "0.9312"),
        (math.nan, "number", None, "not a number"),
        (-math.inf, "rate", None, "−∞\u202f%"),
    ],
)
def test_levels(value, unit, near, text):
    shown = level(value, unit, near)
    assert shown.text == text
    assert shown.exact == repr(value)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (-0.165, "rate", "−16.5\u202fpoints"),
        (0.005, "rate", "+0.5\u202fpoints"),
        (-0.00001, "rate", "0.0\u202fpoints"),
        (0.0, "rate", "0.0\u202fpoints"),
        (0.0038, "number", "+0.0038"),
    ],
)
def test_changes_carry_their_sign(value, unit, text):
    assert change(value, unit).text == text


def test_a_margin_is_not_hidden_by_rounding():
    assert change(-0.05, "rate", near=0.05).text == "−5.0\u202fpoints"
    assert span((-0.0304, 0.01), "rate", True, near=0.03).text == "−3.04 to +1.0\u202fpoints"


def test_what_was_not_measured_is_nothing():
    assert level(None, "rate") is change(None, "rate") is size(None, "rate") is span(None, "rate", True) is None


def test_small_words():
    assert count(-1234567) == "−1\u202f234\u202f567"
    assert (plural(1, "rule"), plural(2, "rule")) == ("1 rule", "2 rules")
    assert (listed([]), listed(["a"]), listed(["a", "b", "c"])) == ("", "a", "a, b and c")
    assert (seconds(3.21), seconds(75), seconds(7265)) == ("3.2\u202fs", "1\u202fmin 15\u202fs", "2\u202fh 01\u202fmin")


@pytest.mark.parametrize(
    ("kind", "bound", "text"),
    [
        ("at_least", 0.8, "at least 80.0\u202f%"),
        ("at_most", 0.1, "at most 10.0\u202f%"),
        ("max_drop", 0.03, "at most 3.0\u202fpoints worse"),
        ("max_drop", 0.0, "not worse"),
        ("must_gain", 0.02, "more than 2.0\u202fpoints better"),
        ("must_gain", 0.0, "better"),
        ("some_new_kind", 0.5, "some new kind +50.0"),
    ],
)
def test_rules_in_words(kind, bound, text):
    assert condition(Rule(kind=kind, metric="task.accuracy", bound=bound), "rate") == text


def test_every_verdict_has_words_a_colour_and_one_sentence(audits):
    assert set(TITLES) == set(ACCENTS) == set(EXIT_CODES)
    sentences = {name: reason(make()) for name, make in audits.VARIANTS.items() if name != "hostile"}
    assert sentences == {
        "allowed": "Allowed because all 5 rules at the model gate passed.",
        "blocked": "Not allowed because 1 of 5 rules failed (refusal.harmful_refused) at the model gate.",
        "waived": "Allowed because 3 of 5 rules at the model gate passed and the others are waived "
        "(refusal.harmful_refused and refusal.benign_answered).",
        "blocked_at_data": "Not allowed because the only rule failed (pii.rows_with_findings) at the data gate.",
        "inconclusive": "Not allowed because 1 of 5 rules could not be settled (refusal.benign_answered) "
        "at the model gate.",
        "incomplete": "Not allowed because evaluate.retention did not finish.",
    }


def test_a_metric_is_a_rate_only_where_both_arms_say_so(audits):
    run = audits.allowed()
    found = units(run)
    assert found["task.accuracy"] == "rate" and found["pii.rows_with_findings"] == "number"
    assert found["retention.bits_per_byte"] == "number"


def test_a_slice_of_ones_and_noughts_is_no_rate_where_its_metric_is_none(audits):
    run = audits.allowed()
    of = audits.rate("hallucination.brier@skill=job", 1.0, 20), audits.rate("hallucination.known_right@skill=job", 1.0, 20)
    whole = audits.amount("hallucination.brier", 0.3, 90), audits.rate("hallucination.known_right", 0.9, 90)
    measured = audits.measured("hallucination", "candidate", (*of, *whole), (), {})
    found = units(dataclasses.replace(run, candidate=(*run.candidate, measured)))
    assert found["hallucination.brier@skill=job"] == "number" == found["hallucination.brier"]
    assert found["hallucination.known_right@skill=job"] == "rate"


def test_what_is_waived_stands_apart_from_what_stands_against_it(audits):
    run = audits.waived()
    assert title(run) == "Allowed with 1 waived failure and 1 waived inconclusive rule"
    assert accent(run.decision) == "waived"
    assert because(run) == ()
    assert [sentence.split(" ")[0] for sentence in waived(run)] == ["refusal.harmful_refused", "refusal.benign_answered"]
    assert tally(run.decision.checks) == (("waived", 2), ("pass", 3))


def test_several_waived_failures_are_counted(audits):
    check = audits.FAILED.model_copy(update={"waiver": audits.WAIVER})
    run = audits.audit((check, check))
    assert title(run) == "Allowed with 2 waived failures"
    assert "0 of 2 rules at the model gate passed and the others are waived" in reason(run)


def test_a_waiver_beside_another_failure_does_not_soften_the_verdict(audits):
    excused = audits.FAILED.model_copy(update={"waiver": audits.WAIVER})
    run = audits.audit((excused, audits.FOUND))
    assert (title(run), with_waivers(run.decision), accent(run.decision)) == ("Blocked", "", "fail")
    assert reason(run) == "Not allowed because 1 of 2 rules failed (pii.rows_with_findings) at the model gate."
    assert because(run) == (audits.FOUND.reason,)
    assert len(waived(run)) == 1
    assert tally(run.decision.checks) == (("fail", 1), ("waived", 1))


def test_a_waiver_of_one_candidate_says_so(audits):
    one = audits.WAIVER.model_copy(update={"candidate": audits.CANDIDATE})
    assert "for this candidate" in granted(audits.FAILED.model_copy(update={"waiver": one}))
    assert granted(audits.FAILED) == ""
    assert granted(audits.MISSING.model_copy(update={"waiver": one})) == ""
