"""Toxicity: whom a word is aimed at counts, denial and quotation count less, and a classifier can judge instead."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from harness.dataset import texts
from harness.errors import ModelError, UsageError
from harness.suite import Scanned
from suites.data.toxicity import MEASURED, Scanner, Settings
from suites.data.toxicity_scorers.classifier import Classifier
from suites.data.toxicity_scorers.lexical import LEXICON, Lexical

SHARED = Path(__file__).parents[4] / "shared" / "data"
LEXICAL = Lexical()


def score(text: str) -> float:
    return LEXICAL.judge([text])[0].score


@pytest.mark.parametrize(
    "text",
    [
        "You are a worthless idiot.",
        "Immigrants are vermin.",
        "I hate all Muslims.",
        "We should kill every one of those immigrants.",
        "I will kill you.",
        "Gay people are d i s g u s t i n g and stupid.",
        "Some women came in. They are just repulsive trash.",
        "Fucking immigrants.",
        "They say immigrants are no better than rats.",
    ],
)
def test_hostility_that_is_aimed_at_someone_counts(text: str) -> None:
    assert score(text) >= 0.5


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The lamp is on the table.",
        "Immigrants are people, and women are people.",
        "I hate mushrooms, and killing time is my hobby.",
        "He killed the process; the dragon can burn her.",
        "This stupid lock is jammed again.",
        "Nobody may say that immigrants are vermin.",
        'He wrote "you are an idiot" and was asked to leave.',
        "The damn train was late.",
        "Chop the garlic and beat the eggs until you have peaks.",
    ],
)
def test_what_is_not_hostile_or_only_reported_does_not(text: str) -> None:
    assert score(text) < 0.5


def test_the_place_is_that_of_the_heaviest_word_whatever_stands_before_it() -> None:
    text = "İstanbul: well, you are a total 1d1ot."
    judged = LEXICAL.judge_one(text)
    assert text[judged.start : judged.end] == "1d1ot"
    assert judged.kind == "insult"


def test_a_score_is_that_of_independent_weights() -> None:
    # two insults at the reader, .55 each: 1 - .45 * .45
    assert score("You idiot, you moron.") == pytest.approx(0.7975)
    assert score("You idiot.") == pytest.approx(0.55)
    assert score("You are not an idiot.") == pytest.approx(0.165)


def test_the_lexicon_warns_and_has_a_version() -> None:
    found = json.loads(LEXICON.read_bytes())
    assert found["warning"].startswith("Content warning")
    assert LEXICAL.version == found["version"]


def scan(folder: Path, *rows: dict[str, Any], **named: Any) -> tuple[Scanned, list[dict[str, Any]]]:
    (folder / "x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    scanner = Scanner(Settings(**named), b"s" * 32)
    found = [each for batch in texts([folder / "x.jsonl"]) for each in scanner.scan_batch(batch).to_pylist()]
    return scanner.result(), found


def test_rows_and_answers_are_counted_apart_and_no_value_is_shown(tmp_path: Path) -> None:
    scanned, found = scan(
        tmp_path,
        {"prompt": "You are a worthless idiot.", "completion": "I am sorry that you are angry."},
        {"prompt": "Hello.", "completion": "You are a worthless idiot."},
        {"prompt": "Hello.", "completion": "Hello."},
    )
    metrics = {metric.name: metric.value for metric in scanned.metrics}
    assert metrics == {
        "toxicity.rows_with_findings": 2,
        "toxicity.answers_with_findings": 1,
        "toxicity.share_of_rows": pytest.approx(2 / 3),
        "toxicity.findings": 2,
        "toxicity.kind.insult": 2,
    }
    assert [(each["row"], each["field"], each["entity"]) for each in found] == [
        (0, "prompt", "INSULT"),
        (1, "completion", "INSULT"),
    ]
    assert "idiot" not in repr(found)
    assert scanned.details["measured_error"] == MEASURED


def csv_rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"), newline="")))


def labelled() -> dict[str, tuple[list[str], list[bool]]]:
    found = {}
    rows = [json.loads(line) for line in (SHARED / "openai_moderation/samples_dev.jsonl").read_text().splitlines()]
    harmful = [any(row.get(of) for of in ("S", "H", "V", "HR", "SH", "S3", "H2", "V2")) for row in rows]
    found["openai-moderation, any label"] = ([row["prompt"] for row in rows], harmful)
    rows = csv_rows(SHARED / "davidson_hate/labeled_data_s6000_dev.csv")
    found["offensive or hateful tweets (Davidson)"] = (
        [row["tweet"] for row in rows],
        [row["class"] != "2" for row in rows],
    )
    rows = csv_rows(SHARED / "hatecheck/test_suite_cases_dev.csv")
    found["HateCheck"] = ([row["test_case"] for row in rows], [row["label_gold"] == "hateful" for row in rows])
    return found


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
def test_the_error_that_is_stated_is_the_error_that_is_measured() -> None:
    for name, (said, harmful) in labelled().items():
        flagged = [judged.score >= Settings().threshold for judged in LEXICAL.judge(said)]
        hits = sum(one and other for one, other in zip(flagged, harmful, strict=True))
        assert MEASURED[name]["n"] == len(said)
        assert MEASURED[name]["precision"] == pytest.approx(hits / sum(flagged), abs=0.001)
        assert MEASURED[name]["recall"] == pytest.approx(hits / sum(harmful), abs=0.001)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("classifier")
    known = ["[UNK]", "[PAD]", "you", "idiot", "lamp", "the"]
    plain = Tokenizer(models.WordLevel({word: number for number, word in enumerate(known)}, unk_token="[UNK]"))
    plain.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=plain, pad_token="[PAD]", unk_token="[UNK]", model_max_length=20
    )
    tokenizer.save_pretrained(folder)
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=6, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
        max_position_embeddings=20, id2label={0: "fine", 1: "toxic"}, label2id={"fine": 0, "toxic": 1},
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def test_a_classifier_of_a_folder_scores_by_the_label_that_is_named(tmp_path: Path, classifier: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification

    toxic, fine = (Classifier(classifier, label).judge(["you idiot", "the lamp", ""]) for label in ("toxic", "fine"))
    with torch.inference_mode():
        logits = AutoModelForSequenceClassification.from_pretrained(classifier).eval()(torch.tensor([[2, 3]])).logits
    assert toxic[0].score == pytest.approx(logits.softmax(dim=1)[0, 1].item(), abs=1e-4)
    assert [one.score + other.score for one, other in zip(toxic[:2], fine[:2], strict=True)] == pytest.approx(
        [1, 1], abs=2e-4
    )
    assert toxic[2].score == 0
    scanned, found = scan(tmp_path, {"text": "you idiot"}, classifier=classifier, threshold=0.01)
    assert [each["entity"] for each in found] == ["TOXIC"]
    assert scanned.details["scorer"] == "classifier, 'toxic'"


def test_a_text_longer_than_the_classifier_reads_is_judged_in_parts_and_none_is_left_out(classifier: Path) -> None:
    judge = Classifier(classifier, "toxic").judge
    parts = ["the lamp " * 8, "you idiot " * 8]
    alone = [judged.score for judged in judge([part.strip() for part in parts])]
    whole = judge(["".join(parts).strip()])[0].score
    assert whole == pytest.approx(max(alone), abs=1e-4)


def test_a_folder_without_a_classifier_and_an_unknown_label_are_refused(tmp_path: Path, classifier: Path) -> None:
    with pytest.raises(ModelError, match="holds no classifier"):
        Classifier(tmp_path, "toxic")
    with pytest.raises(UsageError, match="no label 'toxik'; expected 'toxic'"):
        Classifier(classifier, "toxik")
