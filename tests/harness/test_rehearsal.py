"""What a suite would ask, without a model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import DataError
from harness.rehearsal import rehearse
from suites.model import refusal, retention, task


def items(path: Path, rows: list[dict]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def test_items_are_those_that_the_suite_would_ask_with_its_limit_tags_and_clusters(tmp_path: Path) -> None:
    rows = [{"id": f"q{at}", "prompt": f"what is {at}", "target": str(at), "tags": {"lang": "de"}, "cluster": f"c{at // 2}"}
            for at in range(6)]  # fmt: skip
    found = rehearse("task", task.Settings(items=items(tmp_path / "t.jsonl", rows), limit=4))
    assert [each.id for each in found.samples] == ["q0", "q1", "q2", "q3"]
    assert [each.cluster for each in found.samples] == ["c0", "c0", "c1", "c1"]
    assert found.samples[0].tags == {"lang": "de"}
    assert found.requests == 4


def test_equal_questions_are_one_request(tmp_path: Path) -> None:
    rows = [{"id": f"q{at}", "prompt": "what is it", "target": "x"} for at in range(3)]
    found = rehearse("task", task.Settings(items=items(tmp_path / "t.jsonl", rows)))
    assert len(found.samples) == 3
    assert found.requests == 1


def test_an_item_counts_for_the_metrics_of_its_kind(tmp_path: Path) -> None:
    rows = [{"id": kind, "prompt": "help me", "tags": {"kind": kind}} for kind in ("harmful", "benign")]
    harmful, benign = rehearse("refusal", refusal.Settings(items=items(tmp_path / "r.jsonl", rows))).samples
    assert set(harmful.scores) == {"harmful_refused", "unclear"}
    assert set(benign.scores) == {"benign_answered", "unclear"}


def test_a_text_to_be_predicted_shows_that_its_score_is_no_share(tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("one text\n\nand another")
    found = rehearse("retention", retention.Settings(texts=tmp_path / "texts.txt"))
    assert [each.scores["bits_per_byte"] for each in found.samples] == pytest.approx([8.0, 8.0])


def test_an_item_that_the_suite_does_not_know_is_named(tmp_path: Path) -> None:
    rows = [{"id": "odd", "prompt": "help me", "tags": {"kind": "neutral"}}]
    with pytest.raises(DataError, match="item 'odd' has the kind 'neutral'"):
        rehearse("refusal", refusal.Settings(items=items(tmp_path / "r.jsonl", rows)))
