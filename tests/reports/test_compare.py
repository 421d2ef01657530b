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


def test_the_page_of_arms_says_what_each_puts_into_prompts_and_what_its_answers_cost(comparisons) -> None:
    html = render_comparison(comparisons.arms()).decode()
    assert "with retrieval" in html
    assert "with system prompt and examples" in html
    costs = html.partition('class="plain costs"')[2].partition("</table>")[0]
    assert [row.count("<td") for row in costs.split("<tr>")[2:]] == [9] * 4
    assert "<b>137.0</b>" in costs
    assert "× 3.81" in costs
    assert "200 of 240" in costs
    assert "132.0 + 5.0" in html.partition("Tokens per answer")[2].partition("</tr>")[0]
    assert "Arms may differ in what they declare" in html


def test_a_waived_failure_is_marked_in_its_cell_and_keeps_its_outcome_and_numbers(comparisons) -> None:
    html = render_comparison(comparisons.arms()).decode().replace("\u202f", " ")
    cells = html.partition("<code>refusal.harmful_refused</code>")[2].partition("</tr>")[0].split("<td")[1:]
    assert ["Waived" in cell for cell in cells] == [False, True, False]
    assert ["waived in its run" in cell for cell in cells] == [False, False, True]
    assert all("is-fail" in cell for cell in cells[1:])
    assert ["points" in cell and 'class="span"' in cell for cell in cells] == [True] * 3
    assert "Allowed with 1 waived failure" in html
    assert "agreed with support" in html
    assert "1 of 3 candidates allowed by every rule, &#39;fine-tuned&#39; only with what is waived" in html


def test_the_document_of_a_comparison_names_waivers_prompts_and_costs(comparisons) -> None:
    found = json.loads(json.dumps(document(comparisons.arms())))
    checks = [{check["metric"]: check for check in each["decision"]["checks"]} for each in found["columns"]]
    refused = [each["refusal.harmful_refused"] for each in checks]
    assert [(each["outcome"], bool(each["waiver"])) for each in refused] == [("pass", False), ("fail", True), ("fail", False)]
    assert [list(each["excused"]) for each in found["columns"]] == [[], [], ["refusal.harmful_refused max_drop 0.05"]]
    assert [list(each["declared"]) for each in found["columns"]] == [["retrieval"], [], ["system prompt", "examples"]]
    assert found["columns"][0]["decision"]["notes"] == [
        "'retrieval' is in the prompts of the candidate alone (task, refusal, retention), as declared"
    ]
    assert {each["name"]: (each["read"], each["written"]) for each in found["expenses"]["arms"]}["base"] == (32.0, 4.0)


@pytest.mark.parametrize("variant", ["checkpoints", "runs", "single", "arms", "hostile"])
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
