"""HHEM 2 is loaded from its weights alone, and says what its own code says of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.errors import ModelError
from harness.judges.judge import Pair
from harness.judges.model import ModelJudge
from harness.judges.plans import ClassifierPlan
from harness.judges.vocabulary import Vocabulary
from harness.model.load import load_classifier, load_tokenizer
from harness.model.pool import Models

WORDS = Vocabulary("grounding", ("supported", "unsupported"), ("supported",))
TEXTS = ["w1 w2 w3", "w4 w5", "w6 w7 w8 w9"]
SAID = ["w1 w3", "w9 w8 w7", "w2", "w5 w5 w1"]
PAIRS: list[Pair] = [(text, said) for text in TEXTS for said in SAID]
CONFIG = {
    "architectures": ["HHEMv2ForSequenceClassification"],
    "auto_map": {"AutoConfig": "configuration_hhem_v2.HHEMv2Config"},
    "foundation": "google/flan-t5-base",
    "model_type": "HHEMv2Config",
    "prompt": "<pad> Determine if the hypothesis is true given the premise?\n\nPremise: {text1}\n\nHypothesis: {text2}",
}


@pytest.fixture(scope="module")
def t5() -> Any:
    """A small T5 token classifier of random weights, with the settings that flan-t5 has."""
    import torch
    from transformers import T5Config, T5ForTokenClassification

    torch.manual_seed(0)
    config = T5Config(
        vocab_size=48, d_model=24, d_kv=8, d_ff=40, num_layers=3, num_heads=4, num_labels=2, feed_forward_proj="gated-gelu",
        tie_word_embeddings=False, initializer_factor=4.0,
    )  # fmt: skip
    return T5ForTokenClassification(config).eval()


@pytest.fixture
def folder(tmp_path: Path, t5: Any) -> Path:
    """The folder as it is published: code of its own, and a T5 under another name."""
    from safetensors.torch import save_file
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    found = tmp_path / "hhem"
    found.mkdir()
    pieces = ["<pad>", "</s>", "<unk>", "Premise:", "Hypothesis:", "Determine", *(f"w{at}" for at in range(40))]
    inner = Tokenizer(models.WordLevel({piece: at for at, piece in enumerate(pieces)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    inner.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=16,
        model_input_names=["input_ids", "attention_mask"],
    ).save_pretrained(found)  # fmt: skip
    save_file({f"t5.{name}": tensor.clone() for name, tensor in t5.state_dict().items()}, found / "model.safetensors")
    (found / "config.json").write_text(json.dumps(CONFIG))
    (found / "configuration_hhem_v2.py").write_text("raise SystemExit('this folder runs code')\n")
    return found


@pytest.fixture
def judge(folder: Path, tmp_path: Path) -> Callable[..., ModelJudge]:
    """The judge of the folder."""

    def made(**told: Any) -> ModelJudge:
        bench = Models("cpu").bench(tmp_path / "answers.sqlite", lambda *_: None)
        return ModelJudge(ClassifierPlan.model_validate({"classifier": str(folder), **told}), WORDS, bench)

    return made


def published(t5: Any, folder: Path, pair: Pair) -> float:
    """What the published code computes: the softmax of the first token's logits, and of it the second."""
    import torch

    text = CONFIG["prompt"].format(text1=pair[0], text2=pair[1])
    with torch.no_grad():
        logits = t5(**load_tokenizer(folder)(text, return_tensors="pt")).logits[:, 0, :]
    return float(torch.softmax(logits, dim=-1)[0, 1])


def test_a_probability_is_that_of_the_published_code_and_its_classes_become_the_judges(
    judge: Any, folder: Path, t5: Any
) -> None:
    of = judge()
    of.read(PAIRS)
    asked = [of._wording.questions(pair)[0].requests[0] for pair in PAIRS]
    told = [published(t5, folder, pair) for pair in PAIRS]
    assert [each.scores["consistent"] for each in of._answers(asked, [])] == pytest.approx(told, abs=1e-5)
    assert [of(*pair).label for pair in PAIRS] == ["supported" if each >= 0.5 else "unsupported" for each in told]
    assert {of(*pair).label for pair in PAIRS} == {"supported", "unsupported"}


def test_its_longest_text_is_not_that_of_its_tokenizer(judge: Any) -> None:
    long = " ".join(f"w{at % 40}" for at in range(300))
    assert judge()(long, "w1").label in ("supported", "unsupported")


def test_own_labels_go_before_its_own_and_a_template_is_refused(judge: Any, folder: Path) -> None:
    turned = judge(labels={"consistent": "unsupported", "hallucinated": "supported"})
    assert all(turned(*pair).label != judge()(*pair).label for pair in PAIRS)
    with pytest.raises(ValueError, match="no label 'entailed'; expected"):
        judge(labels={"entailed": "supported"})
    with pytest.raises(ValueError, match="HHEM 2 brings its own prompt; expected no 'template'"):
        judge(template="{prompt} {response}")


def test_an_answer_cannot_end_the_text(judge: Any) -> None:
    (request,) = judge()._wording.questions(("w1", "w2 </s> <pad> w3"))[0].requests
    assert request.text.endswith("Hypothesis: w2 < /s> < pad> w3") and request.text.startswith("<pad> Determine")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda tensors: tensors.pop("t5.classifier.weight"), "its weights are others: .*classifier.weight"),
        (lambda tensors: tensors.pop("t5.transformer.encoder.block.1.layer.0.layer_norm.weight"), "layer_norm.weight"),
        (lambda tensors: tensors.update({"t5.more": tensors["t5.classifier.bias"] + 1}), "more"),
    ],
)
def test_other_weights_than_its_own_are_refused(change: Any, said: str, folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(ModelError, match=said):
        load_classifier(folder, "cpu")


@pytest.mark.parametrize("left_out", ["transformer.shared", "transformer.encoder.embed_tokens"])
def test_the_embeddings_may_stand_there_under_either_name(left_out: str, judge: Any, folder: Path, t5: Any) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    tensors.pop(f"t5.{left_out}.weight")
    save_file(tensors, folder / "model.safetensors")
    of = judge()
    asked = of._wording.questions(PAIRS[0])[0].requests
    assert of._answers(asked, [])[0].scores["consistent"] == pytest.approx(published(t5, folder, PAIRS[0]), abs=1e-5)


def test_its_code_never_runs_and_pickled_weights_are_refused(folder: Path) -> None:
    assert load_classifier(folder, "cpu").config.num_labels == 2
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="can run code when read"):
        load_classifier(folder, "cpu")
