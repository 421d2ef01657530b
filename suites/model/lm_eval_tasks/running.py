"""Runs task files of lm-eval against a subject and reads the score of every document.

lm-eval builds the prompts and scores the answers; it keeps no cache, and its aggregates are not used: the harness
computes every metric, its number of samples and its interval from the samples.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harness.errors import DataError, MeasurementError, TunegateError
from harness.store import digest_of
from harness.suite import Measured, Subject
from harness.types import Sample
from suites.model.lm_eval_tasks.files import read_task

FEWSHOT_SEED = 1234


def run_tasks(subject: Subject, paths: Sequence[Path], metric: str | None, chat: bool, limit: int | None) -> Measured:
    """Runs task files and returns one sample a document.

    Args:
        subject: The model.
        paths: Task files.
        metric: The task's metric that is the sample's ``accuracy``; None is the first that the task names.
        chat: Whether prompts go through the model's chat template.
        limit: Only so many documents of a task.

    Raises:
        DataError: A task runs code, needs the network, or cannot be built.
        MeasurementError: A task's metric is no number per document, or lower is better.
    """
    configs = [read_task(path) for path in paths]
    names = [config["task"] for config in configs]
    if len(set(names)) != len(names):
        raise DataError(f"the task files are called {', '.join(names)}", "every task once", "rename one of them")
    with _quiet(), tempfile.TemporaryDirectory() as cache:
        tasks = _built(configs, cache)
        found = _evaluated(subject, tasks, chat, limit)
        samples = [each for name in names for each in _samples(tasks[name], name, found[name], metric)]
    return Measured(
        samples=tuple(sample for sample, _ in samples),
        items=digest_of([asked for _, asked in samples]),
        conditions={"lm_eval": version("lm-eval"), "metric": metric or "first", "chat": str(chat)},
        details={"tasks": names},
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without progress bars and telemetry: whoever called shows the progress."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stderr(nowhere):
        yield


def _built(configs: Sequence[Mapping[str, Any]], cache: str) -> dict[str, Any]:
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_defaults=False)
    # A cache of its own, so that an edited data file is never answered from an old copy.
    fresh = [{**config, "dataset_kwargs": {**config["dataset_kwargs"], "cache_dir": cache}} for config in configs]
    try:
        tasks = manager.load(fresh)["tasks"]
    except Exception as error:  # building a task runs templates and dataset readers
        raise DataError(
            f"lm-eval cannot build {', '.join(c['task'] for c in configs)}: {error}", "tasks that lm-eval accepts"
        ) from error
    for task in tasks.values():
        # What lm-eval's own entry point does for a task that says nothing about examples.
        if task.get_config("num_fewshot") is None:
            task.set_config(key="num_fewshot", value=0)
        task.set_fewshot_seed(seed=FEWSHOT_SEED)
    return tasks


def _evaluated(
    subject: Subject, tasks: dict[str, Any], chat: bool, limit: int | None
) -> Mapping[str, list[dict[str, Any]]]:
    from lm_eval.evaluator import evaluate

    from suites.model.lm_eval_tasks.subject_lm import SubjectLM

    try:
        found = evaluate(
            lm=SubjectLM(subject), task_dict={"tasks": tasks, "groups": {}, "group_map": {}}, limit=limit, cache_requests=False,
            bootstrap_iters=0, log_samples=True, apply_chat_template=chat, fewshot_as_multiturn=chat,
        )  # fmt: skip
    except TunegateError:
        raise
    except Exception as error:  # templates and metrics raise what they like
        raise MeasurementError(
            f"lm-eval failed: {type(error).__name__}: {error}", "tasks that fit their data"
        ) from error
    return found["samples"]


def _samples(task: Any, name: str, found: list[dict[str, Any]], metric: str | None) -> list[tuple[Sample, Any]]:
    first = found[0]["filter"] if found else ""
    rows = sorted((row for row in found if row["filter"] == first), key=lambda row: row["doc_id"])
    return [(_sample(task, name, row, metric), _asked(name, row)) for row in rows]


def _sample(task: Any, name: str, row: Mapping[str, Any], metric: str | None) -> Sample:
    from suites.model.lm_eval_tasks.subject_lm import TURNS

    chosen = metric or row["metrics"][0]
    if chosen not in row["metrics"]:
        raise MeasurementError(f"task '{name}' has no metric '{chosen}'", "one of " + ", ".join(row["metrics"]))
    value = row[chosen]
    if not task.higher_is_better().get(chosen, True) or not isinstance(value, bool | int | float):
        raise MeasurementError(
            f"the metric '{chosen}' of task '{name}' is {value} for one document",
            "a number for every document, where more is better",
            "choose another with 'metric'; for perplexities use 'retention: {texts: ...}'",
        )
    return Sample(
        id=f"{name}/{row['doc_id']}", prompt=str(row["arguments"][0][0]).removeprefix(TURNS), output=_output(row),
        target=str(row["target"]), scores={"accuracy": float(value)}, label=chosen, tags={"task": name},
    )  # fmt: skip


def _output(row: Mapping[str, Any]) -> str:
    """The generated text, or the most likely choice."""
    answers = row["filtered_resps"]
    if isinstance(answers[0], str):
        return answers[0]
    if not isinstance(answers[0], tuple | list):
        return str(answers[0])
    best = max(range(len(answers)), key=lambda at: answers[at][0])
    return str(row["arguments"][best][1]).strip()


def _asked(name: str, row: Mapping[str, Any]) -> Any:
    asked = {"task": name, "document": row["doc"], "arguments": row["arguments"], "target": row["target"]}
    return json.loads(json.dumps(asked, default=str))
