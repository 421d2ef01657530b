"""The section on items in the training rows: both numbers of every metric, the rules that would differ, hostile names."""

from __future__ import annotations

from dataclasses import replace

from harness.audit import Audit
from harness.channels import markdown
from harness.rescored import noted
from harness.suite import metrics_of
from harness.types import Measurement
from reports.render import render

HEADING = "Without the items in the training rows"


def measured(audits, arm: str, right: int) -> Measurement:
    samples = tuple(audits.sample(at, "task", "accuracy", float(at < right), "queue", "right") for at in range(60))
    metrics = metrics_of("task", samples, {"accuracy": "higher"})
    return audits.measured("task", arm, metrics, samples, {})


def run(audits, held: list[str]) -> Audit:
    """A candidate that has 57 of 60 items right, and rows that hold some of them."""
    found = audits.scans(0)[0].model_copy(update={"suite": "contamination", "details": {"contaminated_items": {"task": held}}})
    mine, theirs = measured(audits, "candidate", 57), measured(audits, "baseline", 50)
    made = audits.audit((audits.CHECKS[audits.TASK],), scan=(found,), candidate=(mine,), baseline=(theirs,))
    return replace(made, decision=noted(made.decision, made.scan, made.candidate, made.baseline))


def test_both_numbers_stand_side_by_side_and_a_differing_rule_is_named(audits) -> None:
    audit = run(audits, [f"task-{at:04}" for at in range(30)])
    page, summary = render(audit).decode(), markdown.render(audit).decode()
    assert HEADING in page and "30 of 60 items stand in the training rows" in page
    section = page.partition('id="contamination"')[2].partition("</section>")[0]
    for text in ("95.0\u202f%", "90.0\u202f%", "83.3\u202f%", "66.7\u202f%", "task-0011 and 18 more", "<b>differs</b>"):
        assert text in section, text
    assert "(inconclusive instead of pass)" in section and "(inconclusive instead of pass)" in summary
    assert "| task.accuracy | all | 95.0\u202f% (" in summary
    assert "| task.accuracy | not in the training rows | 90.0\u202f% (" in summary
    assert "would be 'inconclusive' rather than 'pass'" in audit.decision.notes[0] and audit.decision.allowed


def test_a_rule_that_says_the_same_is_said_to(audits) -> None:
    audit = run(audits, ["task-0000"])
    assert "hold 1 of 60 items of &#39;task&#39;. Without it the only rule on it says the same." in render(audit).decode()
    assert audit.decision.notes == ()


def test_names_that_no_sample_has_are_listed_as_text(audits) -> None:
    page = render(run(audits, ["<b>x</b>"])).decode()
    assert "None of the items that were asked is known to stand" in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page and "<b>x</b>" not in page


def test_a_run_without_such_items_has_no_such_section(audits) -> None:
    audit = run(audits, [])
    assert HEADING not in render(audit).decode() and "not in the training rows" not in markdown.render(audit).decode()
