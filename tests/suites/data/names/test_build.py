"""Building the tagger: templates, the texts filled from them, and a training that learns."""

import random
import re

import numpy
import pytest

from suites.data.names.build import learning
from suites.data.names.build.corpus import SHARES, TEMPLATES, Corpus, Example, joined, marked
from suites.data.names.build.lists import Names, latin, lexicon
from suites.data.names.network import GAP, LABELS, best_path, log_probabilities
from suites.data.names.pieces import LISTS, RANK_SHIFT, hashed, rows_of

SLOT = re.compile(r"\{([A-Z_]+)\}")


@pytest.fixture(scope="module")
def names() -> Names:
    dice = random.Random(5)
    words = ["".join(dice.choices("bcdlmnprst", k=2) + dice.choices("aeiou", k=3)) for _ in range(1200)]
    words = list(dict.fromkeys(words))
    found = Names(
        first=["Ada", "Bo", "Cleo", "Dov"], last=["Quill", "Marsh", "Okafor"], often_first=2, often_last=2,
        cities=["Lisbon", "Oslo", "Lima"], countries=["Peru", "Chad"], regions=["Ohio", "Utah"], places=["Soho"],
        companies=["Acme Foods"], organisations=["NASA"], schools=["Reed College"], jobs=["Actor"],
        questions=[f"{words[0]} {words[1]}?"], streets=["Elm"], ranks={word: at for at, word in enumerate(words)},
        ordinary=set(words), rare=words[500:], follows={words[0]: (words[1:4], [3, 2, 1])},
        words={"company_word": ["bank"], "nationality": ["peruvian"], "title": ["mr"], "company_form": ["inc"],
               "street": ["road"], "place_part": ["new"], "calendar": [f"day{letter}" for letter in "abcdefghijklmnopqrstu"]},
    )  # fmt: skip
    return found


@pytest.fixture
def corpus(names: Names) -> Corpus:
    made = Corpus(names, 3)
    made.fill.pool, made.languages = ["12 Elm Road\nLima"], [["hola", "mundo"]]
    return made


def test_every_slot_of_every_template_can_be_filled(corpus: Corpus) -> None:
    known = {*corpus.named, *corpus.plain, "ANY", "PLACE"}
    used = {slot for style in SHARES for slot in SLOT.findall((TEMPLATES / f"{style}.txt").read_text("utf-8"))}
    assert used <= known
    assert {"PER", "LOC", "ADR", "ORG"} <= used


def test_brackets_of_templates_are_balanced() -> None:
    for style in SHARES:
        for line in (TEMPLATES / f"{style}.txt").read_text("utf-8").splitlines():
            assert line.count("{") == line.count("}"), line
            assert line.count("[") == line.count("]"), line


def test_there_are_hundreds_of_templates_in_many_styles() -> None:
    lines = [line for style in SHARES for line in (TEMPLATES / f"{style}.txt").read_text("utf-8").splitlines()]
    assert len(lines) == len(set(lines)) > 400


def test_the_same_seed_makes_the_same_texts_and_names_are_where_they_are_said_to_be(names: Names) -> None:
    def made() -> list[Example]:
        corpus = Corpus(names, 9)
        corpus.fill.pool, corpus.languages = ["12 Elm Road\nLima"], [["hola", "mundo"]]
        return list(corpus.examples(300))

    examples = made()
    assert examples == made()
    for each in examples:
        assert all(0 <= start < end <= len(each.text) for start, end, _ in each.spans)
        assert all(a[1] <= b[0] for a, b in zip(each.spans, each.spans[1:], strict=False))


def test_a_template_is_filled_and_its_names_are_marked(corpus: Corpus) -> None:
    made = corpus.filled("[I am|I am] {FIRST}, {UNKNOWN} of {COUNTRY}")
    (person, country) = made.spans
    assert made.text[person[0] : person[1]].split("-")[0] in corpus.names.first or person[2] == "PER"
    assert made.text[country[0] : country[1]] in ("Peru", "Chad") and country[2] == "LOC"
    assert "{UNKNOWN}" in made.text


def test_joining_and_quoting_move_the_spans() -> None:
    both = joined(Example("Ada", [(0, 3, "PER")]), Example("in Oslo", [(3, 7, "LOC")]), "\n")
    assert both == Example("Ada\nin Oslo", [(0, 3, "PER"), (7, 11, "LOC")])
    assert marked(both, "> ") == Example("> Ada\n> in Oslo", [(2, 5, "PER"), (11, 15, "LOC")])
    over = marked(Example("1 Elm\nOslo", [(0, 10, "ADR")]), "* ")
    assert [over.text[start:end] for start, end, _ in over.spans] == ["1 Elm", "Oslo"]


def test_the_lists_say_what_a_word_is(names: Names) -> None:
    found = lexicon(names)
    assert found[hashed("lisbon")] == 1 << LISTS.index("city_large") | 1 << LISTS.index("city")
    word = min(names.ranks, key=names.ranks.__getitem__)
    assert found[hashed(word)] == 1 << LISTS.index("ordinary") | 1 << RANK_SHIFT
    assert latin("Zoë") and not latin("Анна") and not latin("a1") and not latin("x")


def test_pieces_of_a_name_begin_and_continue() -> None:
    text = learning.Pieces().tagged(Example("I am Ada Quill.", [(5, 14, "PER")]))
    assert [LABELS[label] for label in text.labels] == ["O", "O", "B-PER", "I-PER", "O"]


def test_training_learns_what_a_few_texts_show_and_numpy_reads_it_alike() -> None:
    pieces = learning.Pieces()
    shown = [Example(f"I met {name} today", [(6, 6 + len(name), "PER")]) for name in ("Ada", "Bo", "Cleo", "Dov", "Ed")]
    plain = [Example(f"the {word} met today", []) for word in ("cat", "dog", "cow", "hen", "bee")]
    texts = [pieces.tagged(each) for each in (*shown, *plain)] * 30
    rows = learning.vocabulary(pieces, texts, ["met", ""])
    weights = learning.trained(pieces, texts, rows, {}, seed=1, epochs=60)
    again = learning.trained(pieces, texts, rows, {}, seed=1, epochs=60)
    assert all(numpy.array_equal(weights[name], again[name]) for name in weights)
    looks = numpy.zeros((5, weights["table"].shape[1]), dtype=numpy.float32)
    for at, piece in enumerate(["I", " met", " Zed", " today"], 1):
        form, word, names = rows_of(piece, rows, {})
        looks[at] = weights["table"][[*form, *([word] if word >= 0 else []), *names]].sum(axis=0)
    places = numpy.array([0] * 2 * GAP + [1, 2, 3, 4] + [0] * 2 * GAP)
    wanted = numpy.flatnonzero(places)
    scores = log_probabilities(weights, looks, places, wanted)
    labels = best_path(scores, numpy.array([0]), numpy.array([4]))
    assert [LABELS[label] for label in labels] == ["O", "O", "B-PER", "O"]
