"""What an evaluation would ask: the suites' own code, run with a subject that says nothing. No model is loaded.

Which items a suite asks, how many requests it makes of each, and for which metrics an item counts is decided by the suite, so
the suite is what is asked. The scores of such a rehearsal mean nothing; that they are there does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness import plugins
from harness.judges.judge import UNASKED
from harness.settings import Settings
from harness.store import digest_of
from harness.suite import Answer, Request
from harness.types import Better, JudgeError, Measurement, Sample

# What a model that guesses every byte reaches: no share of anything, so that it shows which scores have no known range.
BITS_PER_BYTE = 8.0


@dataclass(frozen=True)
class Rehearsal:
    """What one suite would ask one model.

    Attributes:
        suite: Its name.
        samples: One an item, with its tags, its cluster and the names of its scores; their values mean nothing.
        requests: Different requests; an item may need several, and equal ones are asked once.
        better: Which way is better, by the name of the score.
        items: Digest of the questions.
        judges: The judges that its scores rest on.
        unasked: The scores that rest on a judge that is a model, of which nothing is known here.
    """

    suite: str
    samples: tuple[Sample, ...]
    requests: int
    better: Mapping[str, Better]
    items: str
    judges: tuple[JudgeError, ...] = ()
    unasked: frozenset[str] = frozenset()

    def judged_as(self, finished: Measurement) -> Rehearsal:
        """The same with what a finished run measured of the judges that are models."""
        known = tuple(each for each in finished.judges if each.identity and self.unasked & set(each.scores))
        left = self.unasked - {score for each in known for score in each.scores}
        return replace(self, judges=(*self.judges, *known), unasked=left)


@dataclass
class Silent:
    """A subject that answers nothing and remembers what it was asked."""

    digest: str = digest_of("a subject that says nothing")
    conditions: Mapping[str, str] = field(default_factory=dict)
    asked: set[Request] = field(default_factory=set)
    silent: bool = True

    def answer(self, requests: Sequence[Request]) -> list[Answer]:
        """Answers every request with nothing, and a text to be scored with the likelihood of a guess."""
        self.asked.update(requests)
        return [_nothing(request) for request in requests]

    def takes_system(self) -> bool:
        """Whether there is a place for a system turn; who says nothing reads anything."""
        return True


def _nothing(request: Request) -> Answer:
    if request.kind == "generate":
        return Answer(prompt="")
    size = len((request.text if request.kind == "rolling" else request.continuation).encode())
    return Answer(prompt="", logprob=-BITS_PER_BYTE * math.log(2) * size, greedy=False, bytes=size)


def rehearse(suite: str, settings: Settings) -> Rehearsal:
    """Runs a suite without a model.

    Raises:
        DataError: An item cannot be read, or is not one that the suite knows.
    """
    plugin, subject = plugins.load("model suite", suite), Silent()
    found = plugin.measure(subject, settings)
    better = {**plugin.METRICS, **found.better}
    # Of a model that would have to be loaded nothing is known here.
    unasked = [each for each in found.judges if each.judge == UNASKED]
    return Rehearsal(
        suite, tuple(found.samples), len(subject.asked), better, found.items,
        tuple(each for each in found.judges if each not in unasked),
        frozenset(score for each in unasked if each.allowed_for for score in each.scores),
    )  # fmt: skip
