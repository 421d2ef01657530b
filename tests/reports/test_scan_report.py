"""The report of a scan alone: pictures from counts, and hostile names shown as text."""

from harness.types import Measurement, Metric
from reports.bars import bars
from reports.scan import render_scan

DIGEST = "sha256:" + "a" * 64
FINDING = {"file": "x.jsonl", "line": 3, "field": "<b>text</b>", "suite": "pii", "entity": "US_SSN", "start": 0, "end": 3,
           "score": 0.5, "message": "US_SSN, 3 characters, hash ab", "hash": "ab"}  # fmt: skip


def measurement(suite: str, **details: object) -> Measurement:
    metric = Metric(name=f"{suite}.rows", value=1, n=1200, better="lower")
    return Measurement(suite=suite, version="1", subject=DIGEST, items=DIGEST, metrics=(metric,), details=details)


def test_bars_are_as_long_as_their_counts() -> None:
    found = bars("Kinds", {"a": 40, "b": 10, "c": 0}, 80)
    assert [bar.width for bar in found.bars] == [280.0, 70.0, 0.0]
    assert [bar.text for bar in found.bars] == ["40 (50.0 %)", "10 (12.5 %)", "0 (0.0 %)"]
    assert found.words == "Kinds: a 40 (50.0 %), b 10 (12.5 %), c 0 (0.0 %)"
    assert bars("None", {}).bars == ()


def test_a_page_shows_findings_groups_and_rows_that_were_left_out() -> None:
    skipped = [{"file": "x.jsonl", "line": 7, "reason": "is not JSON"}]
    told = measurement("bias", looked_for={"gender.female": 30, "gender.male": 10, "age.old": 0})
    page = render_scan([told, measurement("pii", rows_skipped=1, skipped=skipped)], [FINDING], ["<i>.jsonl"]).decode()
    assert "1 finding in 1,200 rows" in page
    assert "1 row could not be read and was left out" in page and "x.jsonl:7" in page
    assert "Rows that name a group: gender" in page and "Rows that name a group: age" not in page
    assert "female 30 (2.5 %)" in page
    assert "<b>text" not in page and "&lt;i&gt;.jsonl" in page


def test_a_scan_that_found_nothing_has_no_picture_of_it() -> None:
    page = render_scan([measurement("pii")], [], ["x.jsonl"]).decode()
    assert "0 findings in 1,200 rows" in page and "At a glance" not in page
