"""Where a self-test is found, and when it says that the gate errs too often."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.selftest import Cell, Damage, SelfTest, asked_of, find, keep, key, path_of
from harness.store import digest_of
from harness.types import Decision, Rule

RULE = Rule(kind="max_drop", metric="task.accuracy", bound=0.1)


def cell(p_value: float, passed: int = 5) -> Cell:
    return Cell(
        rule=RULE, truth="at the number", change=-0.1, spoiled="items", wrong="pass", runs=100, passed=passed, failed=40,
        interval=(0.0, 0.1), p_value=p_value, discordance=0.1,
    )  # fmt: skip


def made(baseline: str, asked: dict[str, str], **more) -> SelfTest:
    return SelfTest(
        tunegate="0", policy=digest_of("policy"), baseline=baseline, asked=asked, temperature=1, runs=100, seed=1,
        **{"cells": (cell(0.5),), **more},
    )  # fmt: skip


@pytest.fixture
def decided(digests) -> Decision:
    return Decision(
        stage="model", candidate=digests["candidate"], baseline=digests["baseline"], policy=digest_of("policy"),
        verdict="incomplete", checks=(),
    )  # fmt: skip


def stored(runs: Path, found: SelfTest) -> SelfTest:
    path = path_of(runs, found.key)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(found.model_dump_json())
    return found


def test_a_run_keeps_the_self_test_of_its_own_policy_baseline_and_items(tmp_path: Path, measured, digests, decided) -> None:
    arm = [measured([1.0, 0.0], digests["baseline"])]
    found = stored(tmp_path / "runs", made(digests["baseline"], asked_of(arm)))
    (tmp_path / "out").mkdir()
    files = keep(tmp_path / "out", tmp_path / "runs", decided, arm)
    assert SelfTest.model_validate_json((tmp_path / "out" / "selftest.json").read_bytes()) == found
    assert list(files) == ["selftest.json"]


@pytest.mark.parametrize("other", ["policy", "baseline", "items", "conditions", "version", "suites"])
def test_one_of_anything_else_is_not_kept(other: str, tmp_path: Path, measured, digests, decided) -> None:
    arm = measured([1.0, 0.0], digests["baseline"])
    stored(tmp_path / "runs", made(digests["baseline"], asked_of([arm])))
    changed = {
        "items": {"items": digest_of("others")},
        "conditions": {"conditions": {"template": "other"}},
        "version": {"version": "2"},
    }
    if other in ("policy", "baseline"):
        decided = decided.model_copy(update={other: digest_of("another")})
    arms = [arm.model_copy(update=changed.get(other, {}))] + ([measured([1.0], suite="more")] if other == "suites" else [])
    (tmp_path / "out").mkdir()
    assert keep(tmp_path / "out", tmp_path / "runs", decided, arms) == {}
    assert list((tmp_path / "out").iterdir()) == []


def test_a_run_without_a_baseline_has_no_self_test(tmp_path: Path, decided) -> None:
    assert keep(tmp_path, tmp_path, decided.model_copy(update={"baseline": None}), []) == {}


@pytest.mark.parametrize("text", ["", "{}", "no json"])
def test_a_file_that_cannot_be_read_is_none(text: str, tmp_path: Path) -> None:
    wanted = key(digest_of(1), digest_of(2), {})
    path_of(tmp_path, wanted).parent.mkdir()
    path_of(tmp_path, wanted).write_text(text)
    assert find(tmp_path, wanted) is None


def test_a_file_under_another_name_is_none(tmp_path: Path, digests) -> None:
    found = stored(tmp_path, made(digests["baseline"], {}))
    wanted = key(digest_of("other"), found.baseline, {})
    path_of(tmp_path, found.key).rename(path_of(tmp_path, wanted))
    assert find(tmp_path, wanted) is None


def test_errors_exceed_only_where_all_cells_together_would_seldom_have_so_many(digests) -> None:
    cells = (cell(0.02), cell(0.5), cell(0.9))
    assert made(digests["baseline"], {}, cells=cells).exceeded == ()
    assert made(digests["baseline"], {}, cells=(cell(0.01), *cells)).exceeded == (cell(0.01),)


def test_errors_are_counted_on_the_side_that_is_wrong() -> None:
    assert cell(0.5, passed=7).errors == 7
    assert cell(0.5).model_copy(update={"wrong": "fail"}).errors == 40
    assert cell(0.5, passed=7).stopped == 93


@pytest.mark.parametrize(
    ("verdict", "lost", "allowed", "overlooked"),
    [("allowed", 0.1, 0.05, True), ("allowed", 0.09, 0.05, False), ("blocked", 0.5, 0.05, False), ("allowed", 0.0, 0.0, False)],
)
def test_damage_is_overlooked_where_it_is_twice_of_what_is_allowed(verdict, lost, allowed, overlooked, digests) -> None:
    noise = Damage(scale=0.1, subject=digest_of(1), verdict=verdict, not_passed=(), worst="m", lost=lost, allowed=allowed)
    assert made(digests["baseline"], {}, damage=(noise,)).overlooked is overlooked
