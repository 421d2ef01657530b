"""A judge that is a model: asked once about every answer, held to its labels, and checked against itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from harness.errors import MeasurementError, ModelError, PromptError
from harness.judges.judge import Agreed, Pair, Said
from harness.judges.plans import ClassifierPlan, GuardPlan, JudgePlan, ServerPlan
from harness.judges.vocabulary import UNCLEAR, Vocabulary
from harness.judges.wording import Question, wording
from harness.store import digest_of
from harness.suite import Answer, Request

if TYPE_CHECKING:
    from harness.model.pool import Bench, ModelSubject

#: Changes with how a judge is asked or its replies are read.
VERSION = "2"
SHOWN = 60
_WORD = re.compile(r"\w")


class ModelJudge:
    """Reads answers by asking a model; see :class:`harness.judges.judge.Judge`."""

    def __init__(self, plan: JudgePlan, words: Vocabulary, bench: Bench) -> None:
        """Finds the model; nothing is asked yet.

        Raises:
            ModelError: The model's folder is not one that can be asked.
        """
        self.words = words
        self._asked, known = _model(plan, bench)
        told = {"version": VERSION, "plan": _asked_by(plan), "model": known, "conditions": dict(self._asked.conditions)}
        self.identity: Mapping[str, str] = {**known, **_in_words(plan), "settings": digest_of(told)}
        self.name = f"{plan.called}/{digest_of(told).removeprefix('sha256:')[:12]}"
        self._wording = wording(plan)
        self._known: dict[Pair, tuple[Said, dict[str, bool]]] = {}
        self._last = ""

    def read(self, pairs: Iterable[Pair]) -> None:
        """Reads many answers at once; what the sample store has is not asked again.

        Raises:
            MeasurementError: Some replies are no label, however often it is asked.
            ModelError: The model cannot be loaded, or gives no reply.
        """
        new = [pair for pair in dict.fromkeys(pairs) if pair not in self._known]
        self._known |= {pair: (Said(UNCLEAR, "no words"), {}) for pair in new if not _WORD.search(pair[1])}
        questions = [each for pair in new if pair not in self._known for each in self._wording.questions(_sound(pair))]
        labels = self._labels(questions)
        found: dict[Pair, list[tuple[str, str]]] = {}
        for question in questions:
            found.setdefault(question.pair, []).append((question.check, labels[question]))
        self._known |= {pair: _settled(found[_sound(pair)]) for pair in new if pair not in self._known}

    def __call__(self, prompt: str, answer: str) -> Said:
        """The label of one answer."""
        self.read([(prompt, answer)])
        return self._known[(prompt, answer)][0]

    def agreed(self, pairs: Sequence[Pair]) -> Agreed:
        """How often it agreed with itself on some answers, by check."""
        self.read(pairs)
        found: dict[str, list[bool]] = {}
        for pair in pairs:
            for check, same in self._known[pair][1].items():
                found.setdefault(check, []).append(same)
        return {check: (sum(same), len(same)) for check, same in found.items()}

    def _labels(self, questions: Sequence[Question]) -> dict[Question, str]:
        """The label of every judgement; where a reply is none the model is asked again, in other words."""
        labels: dict[Question, str] = {}
        unread = {question: question.requests for question in questions}
        for tried in range(self._wording.tries + 1):
            if tried:
                unread = {question: self._wording.again(question, tried) for question in unread}
            labels |= dict(self._tried(unread, questions))
            unread = {question: asked for question, asked in unread.items() if question not in labels}
        if unread:
            raise self._nonsense(list(unread), len(questions))
        return labels

    def _tried(
        self, asked: Mapping[Question, tuple[Request, ...]], every: Sequence[Question]
    ) -> Iterator[tuple[Question, str]]:
        answers = iter(self._answers([each for requests in asked.values() for each in requests], every))
        for question, requests in asked.items():
            replies = [next(answers) for _ in requests]
            label = self._wording.label(question.pair, replies)
            if label is None:
                # A reply that is of no use is not kept, so that the next run asks again.
                self._asked.forget(requests)
                self._last = replies[0].text
            else:
                yield question, label

    def _answers(self, requests: Sequence[Request], every: Sequence[Question]) -> list[Answer]:
        try:
            return self._asked.answer(requests)
        except PromptError as error:
            unread = [each.pair for each in every if set(each.requests) & set(error.requests)]
            raise error.within(f"the judge '{self.name}' cannot read {_pairs(unread)}") from error
        except ModelError as error:
            asked = [each for question in every for each in question.requests]
            kept = f"{self._asked.kept(asked)} of {len(set(asked))} judgements are kept"
            raise error.within(f"the judge '{self.name}' ({kept})") from error

    def _nonsense(self, unread: Sequence[Question], asked: int) -> MeasurementError:
        listed = ", ".join(f"'{label}'" for label in self.words.labels)
        shown = _shown(self._last)
        return MeasurementError(
            f"the judge '{self.name}' gave no label in {len(unread)} of {asked} judgements: it replied '{shown}' about "
            f"{_pairs([each.pair for each in unread])}",
            f"words that stand for {listed}",
            "look at its labels and at how it is asked; every other judgement is kept",
        )  # fmt: skip


def _model(plan: JudgePlan, bench: Bench) -> tuple[ModelSubject, dict[str, str]]:
    """The model of a plan, and what is known of it."""
    if isinstance(plan, ServerPlan):
        of = plan.server
        return bench.served(of), {"kind": "served model", "served": of.model, "model": of.text(), "declared": of.digest}
    if isinstance(plan, ClassifierPlan):
        return bench.classifier(plan.classifier), {
            "kind": "sequence classifier", "model": plan.called, "weights": bench.fingerprint(plan.classifier),
        }  # fmt: skip
    assert isinstance(plan, GuardPlan)
    return bench.model(plan.guard), {"kind": "guard", "model": plan.called, "weights": bench.fingerprint(plan.guard)}


def _asked_by(plan: JudgePlan) -> dict[str, object]:
    """How it is asked: all of a plan but the place of the model and of the rubric, which count by what is in them."""
    found = plan.model_dump(mode="json", exclude={"name", "classifier", "guard", "server", "rubric"})
    # The order in which labels are listed may change a verdict, and a digest forgets the order of keys.
    return found | {"listed": list(plan.meanings)} | ({"rubric": plan.rubric.read()} if isinstance(plan, ServerPlan) else {})


def _in_words(plan: JudgePlan) -> dict[str, str]:
    """What the report shows of how it is asked."""
    found = {"labels": ", ".join(f"{word.strip()} = {label}" for word, label in plan.meanings.items())}
    if isinstance(plan, ClassifierPlan):
        return found | {"threshold": f"{plan.threshold:g}", "below it": plan.otherwise}
    if isinstance(plan, GuardPlan):
        return found | {"asked": plan.format or ("prompt of the run file" if plan.prompt else "its chat template")}
    assert isinstance(plan, ServerPlan)
    return found | {"rubric": digest_of(plan.rubric.read())}


def _settled(found: Sequence[tuple[str, str]]) -> tuple[Said, dict[str, bool]]:
    """One label from all judgements of an answer, and with which checks the first one agrees."""
    (_, first), *checked = found
    same: dict[str, bool] = {}
    for check, label in checked:
        same[check] = same.get(check, True) and label == first
    if all(same.values()):
        return Said(first, ""), same
    others = ", ".join(f"{check}: {label}" for check, label in checked if label != first)
    return Said(UNCLEAR, f"first {first}, then {others}"), same


def _sound(pair: Pair) -> Pair:
    """A pair without halves of characters, which no encoding has."""
    prompt, answer = (each.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for each in pair)
    return prompt, answer


def _pairs(pairs: Sequence[Pair]) -> str:
    """Names answers by what was asked."""
    distinct = list(dict.fromkeys(pairs))
    shown = _shown(distinct[0][0]) if distinct else ""
    return f"the answer to '{shown}'" + (f" and {len(distinct) - 1} more" if len(distinct) > 1 else "")


def _shown(text: str) -> str:
    """The beginning of a text that somebody else wrote, on one line and without what a terminal would obey."""
    line = " ".join(text.split())[:SHOWN]
    return "".join(each if each.isprintable() else "\ufffd" for each in line)
