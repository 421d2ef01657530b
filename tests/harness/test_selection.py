"""The checkpoint that is taken: the best that every rule allows, at an alpha that looking at many does not raise."""

from __future__ import annotations

import pytest

from harness.comparison.arms import Arm
from harness.selection import held, select, stricter
from harness.store import digest_of
from harness.types import Rule

LEVEL = Rule(kind="at_least", metric="task.accuracy", bound=0.5)
KEPT = Rule(kind="max_drop", metric="refusal.refused", bound=0.1, alpha=0.1)
NONE = frozenset[str]()


@pytest.fixture
def kept(measured):
    def build(name: str, task: float, refused: float, count: int = 300) -> Arm:
        ones = lambda share: [1.0] * round(share * count) + [0.0] * (count - round(share * count))  # noqa: E731
        subject = digest_of(name)
        found = (measured(ones(task), subject), measured(ones(refused), subject, suite="refusal", name="refused"))
        return Arm(name, name, subject, found)

    return build


def test_the_best_that_every_rule_allows_is_taken_though_later_ones_are_better(kept) -> None:
    arms = [kept("a", 0.6, 0.9), kept("b", 0.7, 0.9), kept("c", 0.9, 0.2)]
    found = select([LEVEL, KEPT], NONE, arms, kept("base", 0.1, 0.9))
    assert (found.chosen, found.allowed, found.metric, found.alpha_divisor) == ("b", True, "task.accuracy", 3)
    assert [(look.path, look.verdict, look.not_passed) for look in found.looked] == [
        ("a", "allowed", ()), ("b", "allowed", ()), ("c", "blocked", ("refusal.refused",)),
    ]  # fmt: skip
    assert [look.value for look in found.looked] == pytest.approx([0.6, 0.7, 0.9])


def test_without_a_metric_to_prefer_the_last_allowed_is_taken(kept) -> None:
    arms = [kept("a", 0.6, 0.9), kept("b", 0.7, 0.9), kept("c", 0.9, 0.2)]
    assert select([KEPT], NONE, arms, kept("base", 0.1, 0.9)).chosen == "b"


def test_where_none_is_allowed_the_last_one_stands_for_the_training(kept) -> None:
    found = select([LEVEL, KEPT], NONE, [kept("a", 0.2, 0.9), kept("b", 0.9, 0.2)], kept("base", 0.1, 0.9))
    assert (found.chosen, found.allowed) == ("b", False)


def test_every_look_makes_every_rule_stricter(kept) -> None:
    assert [rule.alpha for rule in stricter([LEVEL, KEPT], 5)] == pytest.approx([0.01, 0.02])
    before, arm = kept("base", 0.1, 0.9, 100), kept("a", 0.59, 0.9, 100)
    assert select([LEVEL], NONE, [arm], before).allowed
    # The same checkpoint, looked at among ten: at a tenth of alpha its items no longer show it.
    assert not select([LEVEL], NONE, [arm, *[kept(f"s{at}", 0.1, 0.9, 100) for at in range(9)]], before).allowed


def test_rules_hold_as_they_were_selected_by(kept) -> None:
    found = select([LEVEL], NONE, [kept("a", 0.9, 0.9), kept("b", 0.9, 0.9)], kept("base", 0.1, 0.9))
    assert found.chosen == "a"
    assert held([LEVEL], found) == stricter([LEVEL], 2)
    assert held([LEVEL], None) == (LEVEL,)


def test_the_chance_of_taking_one_that_violates_a_rule_stays_at_alpha(measured) -> None:
    import random

    chance, baseline, wrong, without = random.Random(5), Arm("base", "base", digest_of("base"), ()), 0, 0
    rule = Rule(kind="at_least", metric="task.accuracy", bound=0.6, alpha=0.1)
    for trial in range(150):
        # Eight checkpoints that lie exactly on the forbidden side of the bound.
        arms = []
        for at in range(8):
            name = f"{trial}.{at}"
            scores = [float(chance.random() < 0.6) for _ in range(200)]
            arms.append(Arm(name, name, digest_of(name), (measured(scores, digest_of(name)),)))
        wrong += select([rule], NONE, arms, baseline).allowed
        without += any(select([rule], NONE, [each], baseline).allowed for each in arms)
    assert wrong / 150 <= 0.15
    assert without / 150 >= 0.35
