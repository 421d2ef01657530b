"""The report of a scan alone: pictures from counts, and hostile names shown as text."""

import itertools

from harness.types import Measurement, Metric
from reports.bars import bars
from reports.details import details
from reports.scan import render_scan
from reports.sections.scan import EACH

DIGEST = "sha256:" + "a" * 64
FINDING = {"file": "x.jsonl", "line": 3, "field": "<b>text</b>", "suite": "pii", "entity": "US_SSN", "start": 0, "end": 3,
           "score": 0.5, "message": "US_SSN, 3 characters, hash ab", "hash": "ab"}  # fmt: skip


def measurement(suite: str, **details: object) -> Measurement:
    metric = Metric(name=f"{suite}.rows", value=1, n=1200, better="lower")
    return Measurement(suite=suite, version="1", subject=DIGEST, items=DIGEST, metrics=(metric,), details=details)


def test_bars_are_as_long_as_their_counts() -> None:
    found = bars("Kinds", {"a": 40, "b": 10, "c": 0}, 80)
    assert [bar.length for bar in found.bars] == [100.0, 25.0, 0.0]
    assert [bar.text for bar in found.bars] == ["40 (50.0\u202f%)", "10 (12.5\u202f%)", "0 (0.0\u202f%)"]
    assert bars("None", {}).bars == ()


def test_a_page_shows_findings_groups_and_rows_that_were_left_out() -> None:
    skipped = [{"file": "x.jsonl", "line": 7, "reason": "is not JSON"}]
    told = measurement("bias", looked_for={"gender.female": 30, "gender.male": 10, "age.old": 0})
    page = render_scan([told, measurement("pii", rows_skipped=1, skipped=skipped)], [FINDING], ["<i>.jsonl"]).decode()
    assert "1 finding in 1\u202f200 rows" in page
    assert "1 row could not be read and was left out" in page and "x.jsonl:7" in page
    assert "Rows that name a group: gender" in page and "Rows that name a group: age" not in page
    assert "<td>30 (2.5\u202f%)</td>" in page
    assert "<b>text" not in page and "&lt;i&gt;.jsonl" in page


def test_a_scan_that_found_nothing_has_no_picture_of_it() -> None:
    page = render_scan([measurement("pii")], [], ["x.jsonl"]).decode()
    assert "0 findings in 1\u202f200 rows" in page and "Findings by kind" not in page
    assert "None of what was looked for was found." in page


def test_each_kind_has_its_number_and_its_first_findings_whatever_came_before() -> None:
    many = ({**FINDING, "line": line} for line in range(1, 400))
    last = {**FINDING, "suite": "secrets", "entity": "aws_access_key", "line": 7}
    page = render_scan([measurement("pii")], itertools.chain(many, [last]), ["x.jsonl"]).decode()
    table = page.partition('class="plain found"')[2].partition("</table>")[0]
    assert table.count("<code>") == EACH + 1 and "aws_access_key" in table and ">399<" in table
    assert "x.jsonl:3:" in table and "x.jsonl:4:" not in table


def test_kinds_that_are_nought_are_named_and_take_no_row() -> None:
    found = measurement("pii", scorer="words, a heuristic", measured_error={"tweets": {"n": 3000, "recall": 0.703}})
    metrics = [("rows_with_findings", 12, "lower"), ("share_of_rows", 0.01, "lower"), ("entity.US_SSN", 0, "lower"),
               ("entity.IBAN_CODE", 3, "lower")]  # fmt: skip
    made = [Metric(name=f"pii.{name}", value=value, n=1200, better=better) for name, value, better in metrics]
    page = render_scan([found.model_copy(update={"metrics": tuple(made)})], [], ["x.jsonl"]).decode()
    card = page.partition('class="card"')[2].partition("</article>")[0]
    assert "of 1\u202f200 (1.0\u202f%)" in card and "share_of_rows" not in card
    assert "<code>entity.IBAN_CODE</code>" in card and "<code>entity.US_SSN</code>" not in card
    assert "Looked for and not found" in card and "US_SSN" in card
    assert "By words, a heuristic." in card and "tweets: n 3\u202f000, recall 0.703" in card


def test_figures_are_named_in_words_and_kinds_of_entities_by_their_names() -> None:
    (table,) = details({"closed_book": {"right_among_attempts": 0.5, "US_SSN": 3}}).tables
    assert (table.caption, table.rows) == ("Closed book", (("right among attempts", "0.5"), ("US_SSN", "3")))


def test_lists_of_figures_by_name_are_one_table() -> None:
    words = {"gender.female": [{"word": "nurse", "n": 17}, {"word": "kind", "n": 9}], "age.old": [{"word": "slow", "n": 4}]}
    (table,) = details({"associations": words}).tables
    assert table.rows == (("gender.female", "nurse", "17"), ("gender.female", "kind", "9"), ("age.old", "slow", "4"))
