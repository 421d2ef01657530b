"""JUnit says the same as the decision, and is well-formed whatever a model wrote."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from harness.channels import junit
from harness.types import Problem

EXPECTED = {
    "allowed": (5, 0, 0, 0),
    "blocked": (5, 1, 0, 0),
    "waived": (5, 0, 0, 2),
    "blocked_at_data": (5, 1, 0, 4),
    "inconclusive": (5, 1, 0, 0),
    "incomplete": (6, 0, 2, 0),
}


@pytest.mark.parametrize("variant", EXPECTED)
def test_outcomes_are_counted_as_continuous_integration_counts(audits, variant):
    root = ElementTree.fromstring(junit.render(audits.VARIANTS[variant]()))
    assert tuple(int(root.get(name)) for name in ("tests", "failures", "errors", "skipped")) == EXPECTED[variant]
    for name, at in (("tests", 0), ("failures", 1), ("errors", 2), ("skipped", 3)):
        assert sum(int(suite.get(name)) for suite in root) == EXPECTED[variant][at]


def test_only_an_allowed_run_is_free_of_failures_and_errors(run):
    root = ElementTree.fromstring(junit.render(run))
    assert (root.find(".//failure") is None and root.find(".//error") is None) == run.decision.allowed


def test_a_suite_of_the_harness_is_a_suite_and_a_rule_is_a_case(audits):
    root = ElementTree.fromstring(junit.render(audits.blocked()))
    assert [suite.get("name") for suite in root] == ["pii", "task", "refusal", "retention"]
    case = root.find("testsuite[@name='refusal']/testcase[@name='refusal.harmful_refused max_drop 0.03']")
    values = {each.get("name"): each.get("value") for each in case.iter("property")}
    assert values["delta"] == "-0.165" and values["interval"] == "-0.2011 -0.1289"
    assert values["n"] == "400" and values["detectable"] == "0.0217" and values["outcome"] == "fail"
    assert case.find("failure").get("message") == audits.FAILED.reason


def test_what_cannot_be_settled_is_a_failure_of_its_own_type(audits):
    root = ElementTree.fromstring(junit.render(audits.inconclusive()))
    assert [each.get("type") for each in root.iter("failure")] == ["inconclusive"]


def test_a_waived_rule_is_skipped_and_keeps_its_numbers(audits):
    root = ElementTree.fromstring(junit.render(audits.waived()))
    case = root.find("testsuite[@name='refusal']/testcase[@name='refusal.harmful_refused max_drop 0.03']")
    said = case.find("skipped").get("message")
    assert said.startswith("waived until 2026-06-30 by release board, for any candidate: the new refusal style")
    assert f"(fail: {audits.FAILED.reason})" in said
    values = {each.get("name"): each.get("value") for each in case.iter("property")}
    assert values["outcome"] == "fail" and values["delta"] == "-0.165"
    assert values["waiver.owner"] == "release board" and values["waiver.digest"] == audits.WAIVER.digest


def test_notes_stand_in_a_suite_without_tests(audits):
    root = ElementTree.fromstring(junit.render(audits.waived()))
    notes = root.find("testsuite[@name='notes']")
    assert notes.get("tests") == "0" and "old.json" in notes.find("system-out").text
    assert ElementTree.fromstring(junit.render(audits.blocked())).find("testsuite[@name='notes']") is None
    nothing = audits.audit((), notes=("worth knowing",))
    assert ElementTree.fromstring(junit.render(nothing)).get("errors") == "1"


def test_a_problem_is_an_error_of_its_stage(audits):
    root = ElementTree.fromstring(junit.render(audits.incomplete()))
    error = root.find("testsuite[@name='stage evaluate.retention']/testcase/error")
    assert error.get("type") == "incomplete" and "ran out of memory" in error.get("message")


def test_no_rules_at_all_is_an_error(audits):
    root = ElementTree.fromstring(junit.render(audits.audit(())))
    assert root.get("errors") == "1"


def test_hostile_text_is_well_formed_and_bounded(audits):
    data = junit.render(audits.hostile())
    root = ElementTree.fromstring(data)
    assert b"\x00" not in data and b"<script" not in data
    assert "]]>" in root.find(".//failure").get("message")
    assert max(len(value) for each in root.iter() for value in each.attrib.values()) < 5_000


def test_every_character_that_xml_forbids_is_replaced(audits):
    forbidden = "".join(map(chr, [*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF]))
    run = audits.audit((), problems=(Problem(stage="scan", kind="integrity", message=forbidden + "\t\n"),))
    message = ElementTree.fromstring(junit.render(run)).find(".//error").get("message")
    assert set(message) == {"\ufffd", "\t", "\n"}


def test_it_is_deterministic(run):
    assert junit.render(run) == junit.render(run)
