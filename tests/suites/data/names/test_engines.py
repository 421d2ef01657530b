"""Models on disk: used as they are, refused when they are none, and never downloaded."""

import json
import socket
from pathlib import Path

import pytest
from pydantic import ValidationError

from harness.errors import MeasurementError, UsageError
from suites.data.names.choice import finder
from suites.data.names.engines import on_disk
from suites.data.pii import Settings

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "ada", "lives", "in", "rome"]


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    import spacy

    blank = spacy.blank("en")
    ruler = blank.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PERSON", "pattern": "Ada Quill"}, {"label": "GPE", "pattern": "Rome"}])
    blank.to_disk(tmp_path / "pipeline")
    return tmp_path / "pipeline"


@pytest.fixture
def classifier(tmp_path: Path) -> Path:
    from transformers import BertConfig, BertForTokenClassification, BertTokenizerFast

    folder = tmp_path / "classifier"
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    labels = {0: "B-PER", 1: "B-LOC"}
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8,
        max_position_embeddings=64, id2label=labels, label2id={name: at for at, name in labels.items()},
    )  # fmt: skip
    BertForTokenClassification(config).save_pretrained(folder)
    return folder


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **named: object) -> None:
        raise AssertionError("asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_a_spacy_pipeline_finds_what_it_knows(pipeline: Path) -> None:
    found = finder(pipeline, "en")
    assert found is not None and found.kinds == ("LOCATION", "PERSON")
    names = found.find(["Ada Quill lives in Rome.", "", "nobody"])
    assert [[(each.kind, each.start, each.end) for each in of_text] for of_text in names] == [
        [("PERSON", 0, 9), ("LOCATION", 19, 23)], [], [],
    ]  # fmt: skip


def test_a_transformers_classifier_labels_every_word_and_says_how_sure_it_is(classifier: Path) -> None:
    found = on_disk(classifier, "en")
    assert found.kinds == ("LOCATION", "PERSON")
    (names,) = found.find(["Ada lives in Rome"])
    assert names and all(0.3 <= each.score <= 1 and each.kind in found.kinds for each in names)
    assert min(each.start for each in names) == 0 and max(each.end for each in names) == 17


def test_a_classifier_that_fails_is_an_error_and_not_an_absence_of_names(classifier: Path) -> None:
    found = on_disk(classifier, "en")

    def fail(*args: object, **named: object) -> None:
        raise RuntimeError("about Ada")

    found._recognizer.ner_pipeline = found._kept(fail)
    with pytest.raises(MeasurementError, match="failed with RuntimeError") as caught:
        found.find(["Ada"])
    assert "Ada" not in str(caught.value)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no model that finds names"):
        on_disk(tmp_path, "en")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert", "id2label": {"0": "good", "1": "bad"}}))
    with pytest.raises(UsageError, match="has the labels"):
        on_disk(tmp_path, "en")
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(UsageError, match="cannot be loaded"):
        on_disk(tmp_path, "en")


def test_a_pipeline_that_names_nothing_is_refused(tmp_path: Path) -> None:
    import spacy

    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(UsageError, match="names no kind of entity"):
        on_disk(tmp_path / "blank", "en")


def test_a_gliner_model_needs_its_package(tmp_path: Path) -> None:
    pytest.importorskip("presidio_analyzer")
    import importlib.util

    if importlib.util.find_spec("gliner"):
        pytest.skip("gliner is installed")
    (tmp_path / "gliner_config.json").write_text("{}")
    with pytest.raises(UsageError, match="expected the package 'gliner'"):
        on_disk(tmp_path, "en")


def test_a_model_that_is_not_on_disk_is_refused_when_settings_are_read() -> None:
    with pytest.raises(ValidationError, match="nothing is downloaded"):
        Settings(ner="en_core_web_nosuch")
    with pytest.raises(ValidationError, match="nothing is downloaded"):
        Settings(ner="somebody/some-model")


def test_off_in_yaml_is_off() -> None:
    assert Settings(ner=False).ner == "off"


def test_a_model_is_known_by_its_bytes(pipeline: Path) -> None:
    from harness.settings import keyed

    before = keyed(Settings(ner=pipeline))["ner"]
    (pipeline / "meta.json").write_text("{}")
    assert keyed(Settings(ner=pipeline))["ner"] != before != keyed(Settings())["ner"]
