"""A comparison has a column for every run and a row for every rule of any of them."""

from __future__ import annotations

import json

from reports.compare import comparison_rows, render_comparison


def test_rows_are_json_and_say_what_each_run_decided(audits):
    rows = comparison_rows([audits.allowed(), audits.blocked(), audits.blocked_at_data()])
    assert [row["rule"] for row in rows] == [rule.text() for rule in audits.POLICY]
    harmful = next(row for row in rows if row["rule"] == audits.HARMFUL.text())
    assert [cell and cell["outcome"] for cell in harmful["cells"]] == ["pass", "fail", None]
    assert harmful["cells"][1]["delta"] == -0.165
    json.dumps(rows, allow_nan=False)


def test_the_page_shows_every_verdict_and_what_was_not_reached(audits):
    html = render_comparison([audits.blocked(), audits.blocked_at_data()], audits.allowed()).decode()
    assert "reference" in html and "not reached" in html
    assert html.count(">Blocked<") == 2 and html.count(">Allowed<") == 1
    assert "−16.5\u202fpoints" in html
    assert "<script" not in html and "http://" not in html


def test_runs_of_other_policies_do_not_share_a_row(audits):
    run = audits.allowed()
    stricter = audits.CHECKS[audits.TASK].model_copy(update={"rule": audits.TASK.model_copy(update={"bound": 0.85})})
    html = render_comparison([run, audits.audit((stricter,))]).decode()
    assert html.count("not in this policy") == 6


def test_it_is_deterministic_and_holds_no_hostile_markup(audits):
    first, second = (render_comparison([audits.hostile(), audits.allowed()]) for _ in range(2))
    assert first == second
    assert b"<script" not in first
