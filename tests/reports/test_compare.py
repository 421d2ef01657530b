"""A comparison as a page and as a document: every candidate, every rule, and no text that is more than text."""

from __future__ import annotations

import json
import re

import pytest

from harness.comparison.whole import Comparison
from reports.compare import document, render_comparison


@pytest.fixture(scope="session")
def checkpoints(comparisons) -> Comparison:
    return comparisons.checkpoints()


@pytest.fixture(scope="session")
def page(checkpoints) -> str:
    return render_comparison(checkpoints).decode()


def test_the_page_has_a_column_for_every_candidate_and_a_row_for_every_rule(page, checkpoints) -> None:
    table = page.partition('class="plain matrix"')[2].partition("</table>")[0]
    assert all(f">{column.name}<" in table for column in checkpoints.columns)
    assert all(rule.metric in table for rule in checkpoints.rules)
    assert table.count("<td") == 20 * (len(checkpoints.rules) + 2)
    assert "not asked" in table


def test_the_page_says_who_is_best_where_rules_broke_and_what_choosing_costs(page) -> None:
    assert "4 of 20 candidates allowed by every rule. The best of them is &#39;step-000550&#39;" in page.replace(
        "\u202f", " "
    )
    assert "passes at &#39;step-000550&#39;, first failed at &#39;step-000600&#39;" in page
    assert "20 × 5 % = 100 %" in page
    assert "best by luck too" in page


def test_the_page_draws_every_metric_and_the_front(page, checkpoints) -> None:
    assert page.count('<svg class="curve-of"') == len(checkpoints.trajectories) == 3
    assert page.count('<svg class="scatter-of"') == 1
    front = [place.name for place in checkpoints.front.places if place.on_front]
    assert page.count("<b>on the front</b>") == len(front)
    numbers = re.findall(r'c[xy]="([^"]+)"', page)
    assert numbers
    assert all(0 <= float(number) <= 460 for number in numbers)


def test_answers_stand_side_by_side_and_personal_data_in_them_is_masked(page) -> None:
    assert "Answers side by side" in page
    assert "‹e-mail›" in page
    assert "jane@corp.example" not in page


def test_the_document_is_the_comparison_with_its_answers_masked(checkpoints) -> None:
    found = document(checkpoints)
    text = json.dumps(found, allow_nan=False)
    assert "jane@corp.example" not in text
    assert "‹e-mail›" in json.dumps(found, ensure_ascii=False)
    assert Comparison.model_validate_json(text).columns == checkpoints.columns


def test_a_rule_that_nobody_was_asked_about_is_said_to_be_so(page) -> None:
    assert "Not decided for 20 candidates: &#39;pii.rows_with_findings&#39;" in page.replace("\u202f", " ")


def test_a_page_without_steps_names_the_candidates_by_number(comparisons) -> None:
    html = render_comparison(comparisons.runs()).decode()
    assert "From candidate to candidate" in html
    assert "in the order given" in html


@pytest.mark.parametrize("variant", ["checkpoints", "runs", "single", "hostile"])
def test_it_is_deterministic_loads_nothing_and_holds_no_foreign_markup(comparisons, variant) -> None:
    first, second = (render_comparison(comparisons.VARIANTS[variant]()) for _ in range(2))
    assert first == second
    text = first.decode()
    assert "<script" not in text
    assert 'onerror="' not in text
    assert "http://" not in text.replace("http://x.y", "")
    assert not re.search(r"[\u202e\u200b\x00\x07]", text)
    assert "{{7*7}}" in text or variant != "hostile"


def test_an_answer_without_end_is_clipped(comparisons) -> None:
    text = render_comparison(comparisons.hostile()).decode()
    assert "A" * 2000 not in text
    assert len(json.dumps(document(comparisons.hostile()))) < 400_000
