"""The section and the line on regressions: there where metrics were compared, and never to be taken for the verdict."""

from __future__ import annotations

import dataclasses
import re

import pytest

from harness.channels import markdown
from harness.suite import metrics_of
from reports.render import render


def compared(audits, lost: int = 12, names=("harmful_refused",), verdict: str = "allowed"):
    """A run whose candidate lost answers, with evidence that bears its metrics out."""
    arms = {}
    for arm, right in (("candidate", 200 - lost), ("baseline", 200)):
        samples = tuple(
            audits.sample(at, "refusal", names[0], float(at < right), "no", "refusal").model_copy(
                update={"scores": {name: float(at < right or name != names[0]) for name in names}, "tags": {}})
            for at in range(200)
        )  # fmt: skip
        metrics = metrics_of("refusal", samples, dict.fromkeys(names, "higher"))
        arms[arm] = (audits.measured("refusal", arm, metrics, samples, {}),)
    run = audits.VARIANTS[verdict]()
    return dataclasses.replace(run, **arms)


def section(run) -> str:
    return render(run).decode().replace("\u202f", " ").partition('id="regressions"')[2].partition("</section>")[0]


def test_it_says_what_got_worse_among_how_many_and_that_it_is_not_the_verdict(audits) -> None:
    shown = section(compared(audits, names=("harmful_refused", "benign_answered")))
    assert "1 of 2 metrics compared with the baseline got worse (Holm-adjusted 5 %): refusal.harmful_refused." in shown
    assert "This list is not the verdict. The verdict needs no correction" in shown
    assert "After Holm&#39;s correction the chance that any does is at most 5 %" in shown
    assert shown.count("</svg>Shown</span>") == shown.count("<td>not shown</td>") == 1
    exact = [float(each) for each in re.findall(r'<data value="([^"]+)"', shown)]
    assert exact[3:5] == pytest.approx([0.5**12, 2 * 0.5**12], rel=1e-9)
    assert "−6.0 points" in shown.replace("\u2212", "−")


def test_none_found_is_said_too(audits) -> None:
    assert "None of 1 metric compared with the baseline is shown to have got worse" in section(compared(audits, lost=0))


def test_the_summary_has_one_line(audits) -> None:
    lines = markdown.render(compared(audits)).decode().splitlines()
    found = [line for line in lines if line.startswith("Apart from the verdict: ")]
    assert len(found) == 1
    assert "1 of 1 metric compared with the baseline got worse" in found[0]
    assert lines[0].startswith("## ") and "Allowed" in lines[0]


def test_metrics_that_cannot_be_compared_are_named(audits) -> None:
    run = compared(audits)
    more = run.candidate[0].metrics[0].model_copy(update={"name": "refusal.unclear"})
    arms = {arm: (each[0].model_copy(update={"metrics": (*each[0].metrics, more)}),)
            for arm, each in (("candidate", run.candidate), ("baseline", run.baseline))}  # fmt: skip
    assert "is an estimate without its items" in section(dataclasses.replace(run, **arms))


def test_there_is_no_list_where_nothing_was_compared_or_the_evidence_contradicts_itself(audits) -> None:
    assert "Regressions found" not in render(audits.blocked_at_data()).decode()
    run = compared(audits)
    problem = (*run.decision.problems, audits.Problem(stage="gate", kind="integrity", message="m"))
    broken = run.decision.model_copy(update={"problems": problem, "verdict": "integrity"})
    run = dataclasses.replace(run, decision=broken)
    assert "Regressions found" not in render(run).decode()
    assert "Apart from the verdict" not in markdown.render(run).decode()
