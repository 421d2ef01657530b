"""A waived run is decided again as on its own day, and promoted only while its waiver counts; the key comes from outside."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Say = Callable[..., Any]
Finished = Callable[..., Path]


@pytest.fixture
def promote(said: Say, tmp_path: Path) -> Say:
    return lambda run, *more: said("promote", run, "--runs", tmp_path / "runs", *more)


def test_with_the_key_a_run_is_decided_again_to_the_same(said: Say, finished: Finished, keys: Path) -> None:
    run = finished(ago=20, left=-5)
    found = said("gate", run, "--trust", keys / "release.pub", "--json")
    assert json.loads(found.out) == json.loads((run / "decision.json").read_text())
    assert (found.code, found.err) == (0, "")


@pytest.mark.parametrize("trust", [[], ["other.pub"]])
def test_without_the_key_nothing_is_waived(
    said: Say, finished: Finished, keys: Path, verdict: Callable[..., Any], trust: list[str]
) -> None:
    options = [part for name in trust for part in ("--trust", keys / name)]
    found = said("gate", finished(), *options, "--json")
    assert verdict(found) == ("blocked", 1)
    assert "no key that is trusted here signed it" in json.loads(found.out)["notes"][0]
    assert ("give --trust PUBLIC_KEY" in found.err) == (not trust)


def test_a_key_that_lies_in_the_evidence_is_no_key(said: Say, finished: Finished, keys: Path, promote: Say) -> None:
    run = finished()
    shutil.copy(keys / "release.pub", run / "release.pub")
    for found in (said("gate", run, "--trust", run / "release.pub"), promote(run, "--trust", run / "release.pub")):
        assert found.code == 2 and "lies beside the evidence; expected a key that came another way" in found.err


def test_a_person_sees_who_excused_what(said: Say, finished: Finished, keys: Path) -> None:
    found = said("gate", finished(), "--trust", keys / "release.pub")
    assert found.out.startswith("ALLOWED with 1 waived failure\n")
    assert "  fail" in found.out and "waived until" in found.out and "by ann, for any candidate: agreed" in found.out


def test_a_changed_waiver_is_refused_with_the_record_that_names_it(said: Say, finished: Finished, keys: Path) -> None:
    run = finished()
    path = run / "waivers" / "a.json"
    path.write_bytes(path.read_bytes().replace(b"payloadType", b"payloadtype"))
    found = said("gate", run, "--trust", keys / "release.pub")
    assert found.code == 5 and "was changed" in found.err


def test_a_waived_run_is_promoted_with_the_key_while_its_waiver_counts(
    finished: Finished, keys: Path, promote: Say, tmp_path: Path
) -> None:
    run = finished(ago=20, left=0)
    bare = promote(run)
    assert bare.code == 2 and "expected --trust PUBLIC_KEY" in bare.err
    wrong = promote(run, "--trust", keys / "other.pub")
    assert wrong.code == 5 and "settles to another decision" in wrong.err
    assert not (tmp_path / "runs").exists()
    found = promote(run, "--trust", keys / "release.pub")
    assert found.code == 0, found.err
    assert "support version 1 is 'champion'" in found.out and "(allowed with 1 waived failure)" in found.out


def test_an_expired_waiver_allows_no_new_promotion(finished: Finished, keys: Path, promote: Say, tmp_path: Path) -> None:
    found = promote(finished(ago=20, left=-1), "--trust", keys / "release.pub")
    assert found.code == 1
    assert "waivers expired: 'task.accuracy at_least 0.8' on" in found.err
    assert not (tmp_path / "runs").exists()


def test_a_run_that_passed_beside_a_needless_waiver_is_promoted_without_a_key(finished: Finished, promote: Say) -> None:
    found = promote(finished(share=1.0))
    assert found.code == 0, found.err
    assert "waived" not in found.out


@pytest.mark.parametrize("changes", [{"by": "other"}, {"project": "other"}, {"candidate": "sha256:" + "a" * 64}])
def test_a_waiver_that_did_not_count_promotes_nothing(
    finished: Finished, keys: Path, promote: Say, changes: dict[str, str]
) -> None:
    run = finished(**changes)
    decision = json.loads((run / "decision.json").read_text())
    assert decision["verdict"] == "blocked" and "is not applied" in decision["notes"][0]
    assert promote(run, "--trust", keys / "release.pub").code in (1, 5)


def test_another_run_file_brings_its_own_waivers(said: Say, finished: Finished, keys: Path, tmp_path: Path) -> None:
    run = finished(by="other")
    (tmp_path / "items.jsonl").write_text('{"id": "1", "prompt": "a", "target": "b"}\n')
    text = (
        "version: 1\nproject: support\ncandidate: model\nevaluate: {task: {items: items.jsonl}}\n"
        "gates: [{metric: task.accuracy, at_least: 0.8}]\n"
    )
    (tmp_path / "run.yaml").write_text(text)
    assert said("gate", run, "--rules", tmp_path / "run.yaml").code == 1
    (tmp_path / "run.yaml").write_text(text + "waivers: {files: ['waivers/*.json'], trust: [keys/other.pub]}\n")
    assert said("gate", run, "--rules", tmp_path / "run.yaml").code == 0
