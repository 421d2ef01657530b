"""Markdown says the same as the decision, fits a comment, and shows hostile text as text."""

from __future__ import annotations

import pytest

from harness.channels import markdown
from harness.channels.wording.verdicts import TITLES


def test_the_verdict_comes_first_and_every_rule_has_a_row(run):
    text = markdown.render(run).decode()
    assert text.startswith("## ") and TITLES[run.decision.verdict] in text.splitlines()[0]
    assert ("Not allowed because" in text) == (not run.decision.allowed)
    assert "policy file release `" in text
    table = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(table) == len(run.decision.checks) + 1
    assert all(line.count(" |") == 8 for line in table)


def test_reasons_and_rules_not_reached_are_listed(audits):
    text = markdown.render(audits.blocked_at_data()).decode()
    assert "pii.rows\\_with\\_findings is 37" in text
    assert "Not reached" in text and "refusal.harmful\\_refused" in text


def test_a_waived_failure_is_named_at_the_top_in_a_list_and_in_its_row(audits):
    text = markdown.render(audits.waived()).decode()
    assert text.startswith("## ⚠️ Allowed with 1 waived failure and 1 waived inconclusive rule: support-assistant")
    assert "Waived:\n\n- refusal.harmful\\_refused fell by 16.5 points" in text
    assert "; waived until 2026-06-30 by release board, for any candidate: the new refusal style" in text
    assert "| ❌ Fail, ⚠️ waived | refusal.harmful" in text
    assert "Notes:\n\n- waiver 'old.json'" in text
    plain = markdown.render(audits.blocked()).decode()
    assert "waived" not in plain.lower() and "Notes:" not in plain


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("a | b", "a \\| b"),
        ("<b>`x`</b>", "&lt;b&gt;\\`x\\`&lt;/b&gt;"),
        ("![i](http://x.y)", "\\!\\[i\\](http:\u2060//x.y)"),
        ("www.x.y and @team", "w\u2060ww.x.y and \\@\u2060team"),
        ("&amp; \n\n# h", "&amp;amp; \\# h"),
        ("\u202e\x00", "⟨U+202E⟩⟨U+0000⟩"),
        ("$x$ ~~y~~", "\\$x\\$ \\~\\~y\\~\\~"),
    ],
)
def test_anything_is_shown_as_it_is_written(found, expected):
    assert markdown.plain(found) == expected


def test_hostile_text_opens_no_tag_and_no_table_cell(audits):
    text = markdown.render(audits.hostile()).decode()
    assert "<" not in text
    assert len(text.encode()) < markdown.MOST_BYTES
    assert all(line.replace("\\|", "").count("|") == 9 for line in text.splitlines() if line.startswith("| "))


@pytest.mark.parametrize("count", [60, 1_000, 5_000])
def test_it_never_exceeds_what_a_comment_may_hold(audits, count):
    check = audits.FAILED.model_copy(update={"reason": "é" * 10_000, "metric": "m" * 500})
    run = audits.audit((check,) * count)
    assert len(markdown.render(run)) <= markdown.MOST_BYTES


def test_it_is_deterministic(run):
    assert markdown.render(run) == markdown.render(run)
