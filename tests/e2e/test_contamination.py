"""A run whose training rows hold items of its own suites reports every score with and without them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.audit import read_audit
from harness.rescored import rescored

PROSE = (
    "The ferry left the northern harbour at seven and passed three small islands before it reached the long stone pier.",
    "Nobody in the valley could remember a winter in which the river had carried so little water down from the hills.",
)


def contaminate(run_file: Path, demo: Path) -> list[str]:
    """Adds two items of the task and a held-out text to the rows, and asks for them."""
    items = [json.loads(line) for line in (demo / "items" / "task.jsonl").read_text().splitlines()[:30]]
    held = [items[4], items[17]]
    with (run_file.parent / "rows.jsonl").open("a") as file:
        for item in held:
            turns = [turn for turn in item["messages"] if turn["role"] == "user"] if "messages" in item else None
            turns = turns or [{"role": "user", "content": item["prompt"]}]
            answer = {"role": "assistant", "content": str(item["target"])}
            file.write(json.dumps({"messages": [*turns, answer]}) + "\n")
        file.write(json.dumps({"messages": [{"role": "user", "content": "Go on."},
                                            {"role": "assistant", "content": PROSE[1]}]}) + "\n")  # fmt: skip
    (run_file.parent / "prose.txt").write_text("\n\n".join(PROSE) + "\n")
    text = run_file.read_text().replace("scan: {", "scan: {contamination: {}, ").replace("epochs: 2", "epochs: 1")
    head, _, rest = text.partition("evaluate:")
    wanted = f"{{task: {{items: {demo}/items/task.jsonl, limit: 30}}, retention: {{texts: prose.txt}}}}"
    rules = (
        "gates:\n  - {metric: duplicates.share, at_most: 0.5}\n  - {metric: task.accuracy, no_flip: 0, items: ["
        + ", ".join(item["id"] for item in held) + "]}\n  - {metric: task.accuracy, max_drop: 0.9}\n"
    )  # fmt: skip
    run_file.write_text(f"{head}evaluate: {wanted}\n{rules}promote: {rest.partition('promote: ')[2]}")
    return [item["id"] for item in held]


def test_scores_are_reported_again_without_the_items_that_rows_hold(
    tunegate: Callable[..., Any], small: Path
) -> None:
    held = contaminate(small, Path(__file__).resolve().parents[2] / "demo")
    said = tunegate("run", small, "--runs", small.parent / "runs", "--out", small.parent / "out")
    assert said.code in (0, 1, 3), said.out + said.err
    audit = read_audit(said.folder)
    found = rescored(audit.decision, audit.scan, audit.candidate, audit.baseline)
    assert {each.suite: each.held for each in found.suites} == {"task": tuple(held), "retention": ("texts/00002",)}
    # Items of the file beyond the first thirty were looked for and not asked.
    asked = {sample.id for each in audit.candidate for sample in each.samples}
    assert all(each.source == "task" and not asked & set(each.ids) for each in found.unmatched)
    (task,) = (each for each in found.suites if each.suite == "task")
    for arm in ("candidate", "baseline"):
        (whole,) = [each for each in audit.arm(arm) if each.suite == "task"]
        rest = [each.scores["accuracy"] for each in whole.samples if each.id not in held]
        metric = task.arms[arm].metric("task.accuracy")
        assert (metric.value, metric.n) == (sum(rest) / 28, 28)
    # The rule on the held items alone has nothing left to decide by; the verdict is still the one over all items.
    opening = "without the items that training rows hold (2 of 'task')"
    notes = [note for note in audit.decision.notes if note.startswith(opening)]
    assert len(notes) == 1 and "would be 'missing' rather than" in notes[0]
    again = tunegate("gate", said.folder, "--json")
    assert json.loads(again.out) == said.decision() and again.code == said.code
    page, summary = (said.folder / "report.html").read_text(), (said.folder / "summary.md").read_text()
    assert "2 of 30 items stand in the training rows" in page and held[1] in page and "texts/00002" in page
    assert "| task.accuracy | not in the training rows |" in summary
