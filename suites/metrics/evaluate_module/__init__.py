"""Metrics of the ``evaluate`` library, by the path of a local module or by a name on the hub.

A module is Python code that runs here: name only one that you would run yourself. A local file or folder needs no
network.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from harness.errors import MeasurementError
from harness.store import digest_path

Compute = Callable[[list[str], list[str]], dict[str, float]]


def load_evaluate(ref: str) -> Compute:
    """Loads a metric of ``evaluate``.

    Args:
        ref: The path of a module (``folder/metric.py``, or ``folder`` with ``folder.py`` in it) or a name on the hub.

    Returns:
        ``compute(predictions, references) -> {name: value}``.

    Raises:
        MeasurementError: There is no such module here and none could be fetched, or ``evaluate`` is not installed.
    """
    try:
        import evaluate  # 11 CPU seconds: only where such a metric is asked for
    except ImportError as error:
        raise MeasurementError(
            f"the metric 'evaluate:{ref}' needs the package 'evaluate', which is not installed",
            "it beside tunegate",
            "pip install evaluate",
        ) from error
    try:
        module = evaluate.load(str(Path(ref).resolve()) if Path(ref).exists() else ref)
    except Exception as error:  # the library raises whatever its network stack and the module's code raise
        raise _not_loaded(ref, error) from error
    return lambda predictions, references: _computed(ref, module, predictions, references)


def _not_loaded(ref: str, error: Exception) -> MeasurementError:
    reason = (str(error).splitlines() or [""])[0]
    if Path(ref).exists():
        return MeasurementError(
            f"the metric module '{ref}' cannot be loaded: {reason}",
            "a module of the 'evaluate' library",
            "run it by itself first",
        )
    return MeasurementError(
        f"there is no metric module at '{ref}' and it could not be fetched from the hub: {reason}",
        "a local file or folder, or a name on the Hugging Face hub and a way to reach it",
        "save the module beside the run file and give its path",
    )


def _computed(ref: str, module: Any, predictions: list[str], references: list[str]) -> dict[str, float]:
    try:
        found = module.compute(predictions=predictions, references=references)
    except Exception as error:  # a module is foreign code
        reason = (str(error).splitlines() or [""])[0]
        raise MeasurementError(
            f"the metric 'evaluate:{ref}' failed on an answer: {reason}",
            "a metric over texts",
            "use a metric that compares texts",
        ) from error
    return {
        name: float(value)
        for name, value in (found or {}).items()
        if isinstance(value, int | float) or _is_scalar(value)
    }


def _is_scalar(value: Any) -> bool:
    return getattr(value, "shape", None) == () and hasattr(value, "item")


def score_each(ref: str) -> Callable[[str, JsonValue], float]:
    """A scorer of one answer, so that samples of two models stay paired.

    Args:
        ref: As for :func:`load_evaluate`; ``ref#name`` picks one of several numbers that a module returns.

    Returns:
        ``score(output, target)``; the best over the accepted answers where there are several.
    """
    path, _, wanted = ref.partition("#")
    compute = load_evaluate(path)

    def score(output: str, target: JsonValue) -> float:
        answers = target if isinstance(target, list) else [target]
        return max(_picked(ref, wanted, compute([output], [str(each)])) for each in answers)

    return score


def _picked(ref: str, wanted: str, found: dict[str, float]) -> float:
    name = wanted or (next(iter(found)) if len(found) == 1 else "")
    if name not in found:
        raise MeasurementError(
            f"the metric 'evaluate:{ref}' returned " + (", ".join(f"'{each}'" for each in found) or "no number"),
            f"'{wanted}'" if wanted else "exactly one number",
            "name one as 'evaluate:<path>#<name>'",
        )
    if not math.isfinite(found[name]):
        raise MeasurementError(
            f"the metric 'evaluate:{ref}' returned {found[name]}", "a finite number", "look at the answer"
        )
    return found[name]


def version_of(ref: str) -> str:
    """What identifies the metric's code: the digest of a local module, or the name on the hub."""
    path = Path(ref.partition("#")[0])
    return digest_path(path) if path.exists() else f"hub:{ref.partition('#')[0]}"
