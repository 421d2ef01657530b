"""HHEM 2, which tells answers that a text supports from others, without the Python that its folder brings.

It is the encoder of a T5 whose first token is classified. Its folder does not say how large that T5 is, but names another
one; the shapes of its own weights say the same. Its own code does not run with the transformers of today, and no folder's
code is run here.

Source: https://huggingface.co/vectara/hallucination_evaluation_model (HHEM-2.1-Open, Apache 2.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import ModelError

#: What it calls its classes, and what a judge of grounding calls them.
LABELS = {"hallucinated": "unsupported", "consistent": "supported"}
_BEFORE = "t5."
_FIRST = "transformer.encoder.block.0.layer."
_SAME = ("transformer.shared.weight", "transformer.encoder.embed_tokens.weight")
_PROMPT = "<pad> Determine if the hypothesis is true given the premise?\n\nPremise: {text1}\n\nHypothesis: {text2}"


def is_hhem(config: Mapping[str, Any]) -> bool:
    """Whether a folder's ``config.json`` is one of HHEM 2."""
    return "HHEMv2ForSequenceClassification" in (config.get("architectures") or ())


def template(config: Mapping[str, Any]) -> str:
    """What it reads, with ``{prompt}`` for the text and ``{response}`` for what is said of it."""
    told = str(config.get("prompt") or _PROMPT)
    return told.replace("{text1}", "{prompt}").replace("{text2}", "{response}")


def load_hhem(folder: Path) -> Any:
    """Loads it in single precision.

    Returns:
        A module that is called like a sequence classifier: logits [rows, 2].

    Raises:
        ModelError: Its weights are not those of HHEM 2, or not all of them.
    """
    from safetensors.torch import load_file

    tensors = {
        name.removeprefix(_BEFORE): tensor.float()
        for file in sorted(folder.glob("model*.safetensors"))
        for name, tensor in load_file(file).items()
    }
    given = next((name for name in _SAME if name in tensors), None)
    tensors |= {name: tensors[given] for name in _SAME if given}
    try:
        model = _classifier(_config(tensors))
    except (KeyError, ValueError, ZeroDivisionError) as error:
        raise _unlike(folder, str(error)) from error
    try:
        model.load_state_dict(tensors, strict=True)
    except RuntimeError as error:
        raise _unlike(folder, " ".join(str(error).split())[:200]) from error
    return model.eval()


def _config(tensors: Mapping[str, Any]) -> Any:
    from transformers import T5Config

    inner, hidden = tensors[f"{_FIRST}0.SelfAttention.q.weight"].shape
    buckets, heads = tensors[f"{_FIRST}0.SelfAttention.relative_attention_bias.weight"].shape
    gated = f"{_FIRST}1.DenseReluDense.wi_0.weight"
    between = tensors[gated if gated in tensors else f"{_FIRST}1.DenseReluDense.wi.weight"].shape[0]
    return T5Config(
        vocab_size=tensors["transformer.shared.weight"].shape[0], d_model=hidden, d_kv=inner // heads, d_ff=between,
        num_layers=len({name.split(".")[3] for name in tensors if name.startswith("transformer.encoder.block.")}),
        num_heads=heads, relative_attention_num_buckets=buckets, num_labels=tensors["classifier.weight"].shape[0],
        feed_forward_proj="gated-gelu" if gated in tensors else "relu", id2label=dict(enumerate(LABELS)),
        label2id={label: at for at, label in enumerate(LABELS)}, architectures=["HHEMv2ForSequenceClassification"],
    )  # fmt: skip


def _classifier(config: Any) -> Any:
    from transformers import T5ForTokenClassification
    from transformers.modeling_outputs import SequenceClassifierOutput

    class FirstToken(T5ForTokenClassification):
        """A token classifier of which the first token counts."""

        #: Places are relative to each other, and it was trained without an end of them.
        most_tokens = 10**9

        def forward(self, input_ids: Any, attention_mask: Any = None) -> Any:
            """Logits [rows, 2] of token ids [rows, width]."""
            found = super().forward(input_ids=input_ids, attention_mask=attention_mask)
            return SequenceClassifierOutput(logits=found.logits[:, 0, :])

    return FirstToken(config)


def _unlike(folder: Path, found: str) -> ModelError:
    return ModelError(
        f"'{folder}' says that it is HHEM 2 and its weights are others: {found}",
        "the weights of a T5 token classifier, under 't5.'", "copy vectara/hallucination_evaluation_model anew",
    )  # fmt: skip
