"""JUnit XML, as continuous integration reads it: a test suite for every suite, a test case for every rule.

A rule that failed is a failure, one that could not be settled is a failure of the type ``inconclusive`` (it is not
allowed either), one without a usable measurement is an error, and one that was not reached is skipped. One that is waived
is skipped with what was found and who excused it, since the format has no word for it; its properties keep every number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from harness.audit import Audit
from harness.channels.wording.verdicts import decided_at, granted, reason
from harness.types import Check, Problem, Rule

FILENAME = "junit.xml"

# Readers refuse or crash on very long attributes; the whole text stands in decision.json.
LONGEST = 4_000

# XML 1.0 has no way of writing these, not even as a character reference.
ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

KINDS = ("failures", "errors", "skipped")


def render(audit: Audit) -> bytes:
    """Says the decision as JUnit XML."""
    root = ElementTree.Element("testsuites", name=_text(f"tunegate {audit.record.project}"))
    for suite in _suites(audit):
        root.append(_suite(audit, suite))
    for problem in audit.decision.problems:
        root.append(_problem(problem))
    if not len(root):
        root.append(_problem(Problem(stage="gate", kind="incomplete", message=reason(audit))))
    if audit.decision.notes:
        root.append(_notes(audit))
    _total(root, list(root))
    root.set("time", f"{sum(entry.seconds for entry in audit.record.entries):.3f}")
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _suites(audit: Audit) -> tuple[str, ...]:
    rules = [*(check.rule for check in audit.decision.checks), *audit.record.unreached]
    return tuple(dict.fromkeys(rule.suite for rule in rules))


def _suite(audit: Audit, name: str) -> ElementTree.Element:
    entries = [entry for entry in audit.record.entries if entry.stage.split(".")[-1] == name]
    suite = ElementTree.Element("testsuite", name=_text(name), time=f"{sum(entry.seconds for entry in entries):.3f}")
    suite.set("timestamp", _text(max((entry.started_at for entry in entries), default=decided_at(audit))))
    suite.extend(_case(check) for check in audit.decision.checks if check.rule.suite == name)
    suite.extend(_skipped(rule) for rule in audit.record.unreached if rule.suite == name)
    _total(suite, [suite])
    return suite


def _case(check: Check) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname=_text(check.rule.suite), name=_text(check.rule.text()))
    properties = ElementTree.SubElement(case, "properties")
    for name, value in _properties(check):
        ElementTree.SubElement(properties, "property", name=name, value=_text(value))
    if check.waived:
        ElementTree.SubElement(case, "skipped", message=_text(f"{granted(check)} ({check.outcome}: {check.reason})"))
    elif check.outcome != "pass":
        tag = "error" if check.outcome == "missing" else "failure"
        detail = ElementTree.SubElement(case, tag, type=check.outcome, message=_text(check.reason))
        detail.text = _text("\n".join(f"{name}: {value}" for name, value in _properties(check)))
    return case


def _properties(check: Check) -> Iterator[tuple[str, str]]:
    yield "outcome", check.outcome
    yield "bound", repr(check.rule.bound)
    numbers = {"candidate": check.candidate, "baseline": check.baseline, "delta": check.delta}
    yield from ((name, repr(value)) for name, value in numbers.items() if value is not None)
    if check.interval is not None:
        yield "interval", f"{check.interval[0]!r} {check.interval[1]!r}"
    yield "n", str(check.n)
    if check.detectable is not None:
        yield "detectable", repr(check.detectable)
    if check.method:
        yield "method", check.method
    if check.waiver is not None:
        facts = check.waiver.model_dump(mode="json", exclude_none=True)
        yield from ((f"waiver.{name}", str(value)) for name, value in facts.items() if value != "")


def _notes(audit: Audit) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", name="notes")
    ElementTree.SubElement(suite, "system-out").text = _text("\n".join(audit.decision.notes))
    _total(suite, [suite])
    return suite


def _skipped(rule: Rule) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname=_text(rule.suite), name=_text(rule.text()))
    ElementTree.SubElement(case, "skipped", message="not reached: an earlier gate did not allow the run to go on")
    return case


def _problem(problem: Problem) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", name=_text(f"stage {problem.stage}"))
    case = ElementTree.SubElement(suite, "testcase", classname=_text(problem.stage), name=problem.kind)
    error = ElementTree.SubElement(case, "error", type=problem.kind, message=_text(problem.message))
    error.text = _text(problem.message)
    _total(suite, [suite])
    return suite


def _total(element: ElementTree.Element, suites: list[ElementTree.Element]) -> None:
    element.set("tests", str(sum(len(suite.findall("testcase")) for suite in suites)))
    for kind, tag in zip(KINDS, ("failure", "error", "skipped"), strict=True):
        element.set(kind, str(sum(len(suite.findall(f"testcase/{tag}")) for suite in suites)))


def _text(text: str) -> str:
    legal = ILLEGAL.sub("\ufffd", text)
    return legal if len(legal) <= LONGEST else f"{legal[:LONGEST]}… ({len(legal)} characters)"
