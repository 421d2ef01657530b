"""The section on the test of the gate: the rates where they were measured, and a word of it where they were not."""

from __future__ import annotations

import dataclasses

from harness.selftest import Cell, Damage, SelfTest, Untried
from reports.render import render


def cell(audits, truth: str, wrong: str, passed: int, failed: int, p_value: float = 0.5, spoiled: str = "items") -> Cell:
    return Cell(
        rule=audits.HARMFUL, truth=truth, change=0.0 if truth == "no change" else -0.03, spoiled=spoiled, wrong=wrong, runs=200,
        passed=passed, failed=failed, interval=(0.0123, 0.0789), p_value=p_value, discordance=0.1,
    )  # fmt: skip


def with_rates(audits, p_value: float = 0.5, worst: str = "refusal.harmful_refused"):
    noise = Damage(
        scale=0.08, subject=audits.digest("n"), verdict="blocked", not_passed=(), worst=worst, lost=0.4, allowed=0.03
    )
    found = SelfTest(
        tunegate="0", policy=audits.digest("policy"), baseline=audits.BASELINE, asked={}, temperature=0.7, runs=200, seed=1,
        cells=(
            cell(audits, "no change", "fail", 150, 1, spoiled=""), cell(audits, "at the number", "pass", 12, 20, p_value),
            cell(audits, "at the number", "pass", 7, 20, spoiled="clusters"), cell(audits, "twice the number", "pass", 0, 190),
        ),
        untried=(Untried(rule=audits.TASK, reason="nothing is there"),),
        damage=(noise,),
    )  # fmt: skip
    return dataclasses.replace(audits.allowed(), selftest=found)


def section(audit) -> str:
    page = render(audit).decode().replace("\u202f", " ")
    return page.partition('id="selftest"')[2].partition("</section>")[0]


def test_it_shows_every_rate_with_its_interval(audits) -> None:
    text = section(with_rates(audits))
    assert "200 candidates of each kind" in text
    assert "<td>25.0 %</td>" in text
    assert "0.5 % failed (1.2–7.9 %)" in text
    assert "6.0 % passed (1.2–7.9 %)" in text
    assert "3.5 % passed (1.2–7.9 %, whole clusters)" in text
    assert "No error rate is significantly above" in text
    assert "nothing is there" in text
    assert "Noise of 0.08 standard deviations" in text
    assert "−40.0 points" in text


def test_a_rate_above_what_is_accepted_stands_out(audits) -> None:
    text = section(with_rates(audits, p_value=1e-6))
    assert "<b>1 error rate is significantly above what the rule accepts.</b>" in text
    assert "<b>6.0 % passed</b>" in text


def test_without_a_test_the_limits_say_so(audits) -> None:
    assert section(audits.allowed()) == ""
    assert "The gate was not tested on these items" in render(audits.allowed()).decode()
    assert "The gate was not tested on these items" not in render(with_rates(audits)).decode()


def test_a_hostile_name_is_text(audits) -> None:
    assert "<script" not in render(with_rates(audits, worst=audits.HOSTILE)).decode()
