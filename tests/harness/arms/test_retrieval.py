"""The passages that share the rarest words with a question come first, and always the same ones."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest

from harness.arms.documents import Passage
from harness.arms.retrieval import Index, Indexes, Retrieval, words

TEXTS = [
    "The lamp is red and stands on the desk.",
    "The desk is blue.",
    "The river runs past the mill.",
    "The mill is old; the mill is red.",
]


def index(*texts: str) -> Index:
    return Index([Passage(text, str(at)) for at, text in enumerate(texts)])


def bm25(question: str, texts: list[str], k1: float = 1.5, b: float = 0.75) -> list[float]:
    """The textbook's formula with Lucene's idf, computed the plain way."""
    bags = [Counter(words(text)) for text in texts]
    mean = sum(bag.total() for bag in bags) / len(bags)
    scores = []
    for bag in bags:
        score = 0.0
        for word in words(question):
            there = sum(word in other for other in bags)
            idf = math.log(1 + (len(bags) - there + 0.5) / (there + 0.5))
            score += idf * bag[word] / (bag[word] + k1 * (1 - b + b * bag.total() / mean))
        scores.append(score)
    return scores


@pytest.mark.parametrize("question", ["What is red?", "the mill", "old river mill", "Is the desk blue or red?"])
def test_passages_are_ranked_as_the_textbook_ranks_them(question: str) -> None:
    scores = bm25(question, TEXTS)
    order = sorted((at for at in range(4) if scores[at] > 0), key=lambda at: -scores[at])
    assert [passage.source for passage in index(*TEXTS).search(question, 4)] == [str(at) for at in order]


def test_only_the_best_are_given() -> None:
    found = index(*TEXTS)
    assert [each.source for each in found.search("red mill", 2)] == [each.source for each in found.search("red mill", 4)][:2]
    assert found.search("red mill", 9) == found.search("red mill", 4)


def test_equal_passages_come_in_their_own_order_however_many_are_wanted() -> None:
    found = index(*(f"lamp number{at}" for at in range(40)))
    for top in (1, 3, 39, 40, 50):
        assert [each.source for each in found.search("a lamp", top)] == [str(at) for at in range(min(top, 40))]


@pytest.mark.parametrize("question", ["", "?!", "zebra"])
def test_nothing_is_found_for_a_question_that_shares_no_word(question: str) -> None:
    assert index(*TEXTS).search(question, 3) == ()


def test_words_are_compared_in_one_form_and_without_case() -> None:
    assert words("The Straße, ＡＢＣ-42 naïve_x") == ["the", "strasse", "abc", "42", "naïve_x"]


def test_writing_without_spaces_is_compared_by_its_characters() -> None:
    assert words("東京タワーは333m") == ["東", "京", "タ", "ワ", "ー", "は", "333m"]
    assert [each.source for each in index("東京の塔", "大阪の城").search("大阪はどこ", 1)] == ["1"]


def test_passages_are_put_where_the_template_says_and_their_own_braces_stay() -> None:
    searched = Retrieval(index("the {question} of {x}", "zebra"), 2, "Read: {passages} | Asked: {question} {}", " / ")
    assert searched.put("the zebra?")[0] == "Read: zebra / the {question} of {x} | Asked: the zebra? {}"


def test_a_question_for_which_nothing_is_found_is_asked_as_it_is() -> None:
    assert Retrieval(index("lamp"), 1, "{passages}{question}", "").put("desk?") == ("desk?", ())


def test_arms_over_the_same_documents_share_an_index(folder: Path) -> None:
    indexes, notes = Indexes(), folder / "notes"
    first = indexes.over([notes], 120)
    assert indexes.over([notes], 120) is first
    assert indexes.over([notes], 4).digest != first.digest
    (notes / "desk.txt").write_text("The desk is green.")
    assert indexes.over([notes], 120).digest != first.digest
