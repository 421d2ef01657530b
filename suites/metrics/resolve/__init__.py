"""From the name of a metric to the function that scores with it.

A metric is named by its file (``exact_match``), or as ``evaluate:<path or name>`` where the ``evaluate`` library has
it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import JsonValue

from harness import plugins
from suites.metrics.evaluate_module import score_each, version_of

EVALUATE = "evaluate:"


@dataclass(frozen=True)
class Scorer:
    """A metric that is ready to score.

    Attributes:
        name: How the metric was named.
        version: The metric's own version, or the digest of its code.
        score: ``score(output, target)``; in [0, 1] for the metrics shipped here.
    """

    name: str
    version: str
    score: Callable[[str, JsonValue], float]


def resolve(ref: str) -> Scorer:
    """Finds a metric by name.

    Raises:
        PluginError: There is no metric of that name.
        MeasurementError: A metric of the ``evaluate`` library cannot be loaded.
    """
    if ref.startswith(EVALUATE):
        inner = ref.removeprefix(EVALUATE)
        return Scorer(name=ref, version=version_of(inner), score=score_each(inner))
    module = plugins.load("metric", ref)
    return Scorer(name=ref, version=str(module.VERSION), score=module.score)
