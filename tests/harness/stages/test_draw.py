"""Drawn answers: the same questions at a temperature, and likelihoods as they are."""

from __future__ import annotations

from harness.stages.draw import Drawn
from harness.suite import Answer, Request


class Recording:
    digest = "sha256:" + "a" * 64
    conditions = {"template": "t"}

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def answer(self, requests):
        self.asked += requests
        return [Answer(prompt=request.text) for request in requests]


def test_generations_are_drawn_and_likelihoods_are_not() -> None:
    subject = Recording()
    requests = [Request(text="one"), Request(kind="rolling", text="two"), Request(kind="loglikelihood", continuation="three")]
    assert [each.prompt for each in Drawn(subject, 0.7, 5).answer(requests)] == ["one", "two", ""]
    assert [(each.temperature, each.seed) for each in subject.asked] == [(0.7, 5), (0.0, 0), (0.0, 0)]


def test_it_is_the_same_subject_under_other_conditions_whatever_the_seed() -> None:
    one, two = (Drawn(Recording(), 0.7, seed) for seed in (5, 6))
    assert one.digest == Recording.digest
    assert one.conditions == two.conditions == {"template": "t", "temperature": "0.7"}
