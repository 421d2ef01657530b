"""The section on the choice of a checkpoint: there where one was chosen, and no word of it elsewhere."""

from __future__ import annotations

import dataclasses

from harness.selection import Look, Selection
from reports.render import render


def chosen(audits, allowed: bool = True, path: str = "checkpoints/step-000010"):
    looks = tuple(
        Look(path=name, step=step, subject=audits.digest(name), verdict=verdict, not_passed=failed, value=value)
        for name, step, verdict, failed, value in (
            (path, 10, "allowed" if allowed else "inconclusive", (), 0.81),
            ("checkpoints/step-000020", 20, "blocked", ("refusal.harmful_refused",), 0.93),
        )
    )
    found = Selection(metric="task.accuracy", looked=looks, chosen=path, allowed=allowed, alpha_divisor=2)
    return dataclasses.replace(audits.allowed(), selection=found)


def test_it_lists_every_checkpoint_and_says_how_strictly_it_was_chosen(audits) -> None:
    page = render(chosen(audits)).decode().replace("\u202f", " ")
    section = page.partition('id="selection"')[2].partition("</section>")[0]
    assert "2 checkpoints answered the same items" in section
    assert "alpha divided by 2" in section
    assert "81.0 %" in section
    assert "refusal.harmful_refused" in section
    assert section.count("<b>taken</b>") == 1


def test_none_allowed_is_said(audits) -> None:
    assert "none is allowed; the last one stands for the training" in render(chosen(audits, allowed=False)).decode()


def test_without_a_choice_there_is_no_section(audits) -> None:
    assert "Choice of the checkpoint" not in render(audits.allowed()).decode()


def test_a_hostile_path_is_text(audits) -> None:
    assert "<script" not in render(chosen(audits, path=audits.HOSTILE)).decode()
