"""A tiny real model: two layers of random weights, a byte-level tokenizer and a chat template."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SPECIAL = ["<|pad|>", "<|begin|>", "<|end|>", "<|user|>", "<|assistant|>", "<|system|>"]
TEXTS = [
    "what is the colour of the red lamp",
    "the lamp is red and the desk is blue",
    "yes no maybe 0 1 2 3 4 5 6 7 8 9",
]


def make_tokenizer(padding: bool = True) -> Any:
    """A byte-level tokenizer with a chat template."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    inner.train_from_iterator(TEXTS * 5, trainer)
    pad = {"pad_token": "<|pad|>"} if padding else {}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token="<|begin|>", eos_token="<|end|>", clean_up_tokenization_spaces=False,
        additional_special_tokens=SPECIAL[3:], **pad,
    )  # fmt: skip
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def make_model(folder: Path, seed: int = 0, positions: int = 96, ends: Sequence[int] = range(40, 60)) -> Path:
    """Saves a model of random weights, large enough that its answers differ and sometimes end."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = make_tokenizer()
    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            intermediate_size=64,
            max_position_embeddings=positions,
            tie_word_embeddings=True,
            initializer_range=0.4,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    )
    # Several pieces end an answer, so that random weights give answers of many lengths.
    model.generation_config.eos_token_id = [tokenizer.eos_token_id, *ends]
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_adapter(base: Path, folder: Path, seed: int = 1) -> Path:
    """Saves a LoRA adapter of random weights that changes the answers."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    settings = LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), settings)
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_" in name:
                weight.normal_(std=0.3)
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``model`` and ``adapter``, made once; never written to."""
    folder = tmp_path_factory.mktemp("tiny")
    make_model(folder / "model")
    make_adapter(folder / "model", folder / "adapter")
    return folder


@pytest.fixture
def model_folder(made: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model that a test may change."""
    return Path(shutil.copytree(made / "model", tmp_path / "model"))


@pytest.fixture
def adapter_folder(made: Path, tmp_path: Path) -> Path:
    """A copy of the tiny adapter that a test may change."""
    return Path(shutil.copytree(made / "adapter", tmp_path / "adapter"))


@pytest.fixture(scope="session")
def loaded(made: Path) -> Any:
    """The tiny model and its tokenizer, loaded once."""
    from harness.model.load import load_model, load_tokenizer

    return load_model(made / "model", "cpu"), load_tokenizer(made / "model")
