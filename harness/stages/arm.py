"""Evaluating an arm: one model suite asks one model with a prompt of its own, and its measurement fills the folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial

from pydantic import JsonValue, SerializeAsAny

from harness.arms.documents import Passage
from harness.arms.plan import PromptPlan
from harness.arms.prompted import Prompt, Prompted, read_prompt
from harness.arms.retrieval import Indexes, words
from harness.evidence import write_measurement
from harness.pipeline import Stage, Work
from harness.settings import Settings
from harness.stages.evaluate import evaluate_stage, measured, model_of
from harness.stats.intervals import mean_interval
from harness.types import Measurement, Noun, Sample

SYSTEM_TURN = "a system turn"
USER_TURN = "before the first user turn, because the chat template has no place for a system turn"


class ArmSettings(Noun):
    """What decides an arm's measurement beside its model."""

    prompt: PromptPlan
    suite: SerializeAsAny[Settings]


def arm_stage(suite: str, settings: ArmSettings, indexes: Indexes) -> Stage:
    """The stage that asks one arm the items of one suite.

    Args:
        suite: Name of the suite.
        settings: The arm's prompt and the suite's settings.
        indexes: Indexes that are there already; which of them are changes nothing but the time.
    """
    plain = evaluate_stage(suite, settings.suite)
    return Stage(
        name="arm",
        plugin=suite,
        run=partial(evaluate_arm, indexes=indexes),
        modules=("harness.stages.arm", *plain.modules),
        packages=(*plain.packages, *(("bm25s",) if settings.prompt.retrieval else ())),
    )


def evaluate_arm(work: Work, indexes: Indexes) -> None:
    """Measures the model in ``work.inputs["model"]`` with the prompt of ``work.settings``.

    Raises:
        DataError: A file of examples or documents cannot be read.
        ModelError: The model cannot be loaded, or failed on a request.
        MeasurementError: The suite did not measure what it had to.
    """
    settings: ArmSettings = work.settings
    prompt, model = read_prompt(settings.prompt, indexes), model_of(work)
    system_turn = not prompt.system or model.takes_system()
    subject = Prompted(model, prompt, system_turn)
    made = measured(work.plugin, subject, settings.suite)
    details = {**made.details, **_details(prompt, system_turn, subject, made)}
    write_measurement(work.out, made.model_copy(update={"details": details, "declared": prompt.declared()}))


def _details(prompt: Prompt, system_turn: bool, subject: Prompted, made: Measurement) -> dict[str, JsonValue]:
    arm: dict[str, JsonValue] = {}
    if prompt.system:
        arm["system_prompt"] = SYSTEM_TURN if system_turn else USER_TURN
    if prompt.shots:
        arm |= {"examples": len(prompt.shots), "questions_among_the_examples": subject.shown}
    found: dict[str, JsonValue] = {"arm": arm} if arm else {}
    if prompt.retrieval is not None:
        found["retrieval"] = {
            "passages": len(prompt.retrieval.index.passages),
            "top": prompt.retrieval.top,
            **recall(made.samples, subject.found),
        }
    return found


def recall(samples: Sequence[Sample], found: dict[str, tuple[Passage, ...]]) -> dict[str, JsonValue]:
    """Counts the items whose answer stood in the passages they were given, word for word.

    That is what retrieval is for, and no fault; it says how much of the arm's success retrieval made possible. Items without a
    target, and those whose prompt was not kept with their answer, are not counted.

    Args:
        samples: The answered items.
        found: The passages in each final prompt.

    Returns:
        ``items`` counted, ``answer_in_passages`` of them, ``recall`` with its two-sided 95 % ``interval`` where any were,
        and ``without_passages``, the prompts for which nothing was found.
    """
    hits = [_stands(each.target, found[each.prompt]) for each in samples if each.prompt in found and words(each.target)]
    counted: dict[str, JsonValue] = {
        "items": len(hits),
        "answer_in_passages": sum(hits),
        "without_passages": sum(not passages for passages in found.values()),
    }
    if hits:
        estimate = mean_interval([float(hit) for hit in hits])
        counted |= {"recall": estimate.value, "interval": list(estimate.interval)}
    return counted


def _stands(target: str, passages: Sequence[Passage]) -> bool:
    texts = [f" {' '.join(words(passage.text))} " for passage in passages]
    return any(f" {' '.join(words(each))} " in text for each in _accepted(target) for text in texts)


def _accepted(target: str) -> Iterator[str]:
    """The answers that a sample's target accepts: a list of them is kept as JSON."""
    try:
        listed = json.loads(target)
    except ValueError:
        listed = target
    for each in listed if isinstance(listed, list) else [target]:
        if words(str(each)):
            yield str(each)
