"""Base models and candidates on disk: read safely, and written so that equal training gives equal bytes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import ModelError, TrainingError
from harness.trainer import Adapter, LoraAdapter

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")
# Copied from the base byte by byte: writing them anew loses attributes and depends on the library's version.
KEPT = (
    *TOKENIZERS, "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "merges.txt", "chat_template.jinja",
    "chat_template.json", "generation_config.json",
)  # fmt: skip


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Loads a tokenizer from a folder, running none of its code.

    Raises:
        ModelError: There is none, or it cannot be read.
    """
    from transformers import AutoTokenizer

    _config(folder)
    if not any((folder / name).is_file() for name in TOKENIZERS):
        raise ModelError(f"'{folder}' has no tokenizer", "one of " + ", ".join(TOKENIZERS), "copy the base's tokenizer there")
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:
        raise ModelError(f"the tokenizer of '{folder}' cannot be read: {_line(error)}", "a Hugging Face tokenizer") from error


def load_base(folder: Path, adapter: Adapter) -> PreTrainedModel:
    """Loads the weights to train on: safetensors only, no remote code, full precision unless a GPU holds a frozen base.

    Raises:
        ModelError: The folder holds no whole causal language model that is safe to read.
    """
    import torch
    from transformers import AutoModelForCausalLM

    _check_causal(folder, _config(folder))
    _check_safetensors(folder)
    frozen_on_gpu = torch.cuda.is_available() and isinstance(adapter, LoraAdapter)
    try:
        model, found = AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, output_loading_info=True,
            dtype=torch.bfloat16 if frozen_on_gpu else torch.float32,
        )  # fmt: skip
    except Exception as error:
        raise ModelError(f"'{folder}' cannot be loaded: {_line(error)}", "a causal language model in safetensors") from error
    if found["missing_keys"]:
        # transformers would fill them with random numbers and go on.
        raise ModelError(f"'{folder}' lacks the weights {sorted(found['missing_keys'])[:3]}", "every weight of its config")
    return model


def _config(folder: Path) -> dict[str, Any]:
    if (folder / "adapter_config.json").is_file() and not (folder / "config.json").is_file():
        raise ModelError(f"'{folder}' holds an adapter", "a whole model", "merge the adapter into its base first")
    try:
        config = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError) as error:
        raise ModelError(f"'{folder}' has no readable 'config.json'", "a Hugging Face model folder") from error
    if "auto_map" in config:
        raise ModelError(f"'{folder}' needs code of its own to be loaded", "a model that transformers knows", "never run it")
    return config


def _check_causal(folder: Path, config: dict[str, Any]) -> None:
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    found = config.get("architectures") or [config.get("model_type", "nothing")]
    # Some models have two names for the causal class, in one entry.
    known = {name for names in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values() for name in _names(names)}
    if not known & set(found):
        raise ModelError(f"'{folder}' is a '{found[0]}'", "a causal language model, such as 'LlamaForCausalLM'")


def _names(names: str | tuple[str, ...]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _check_safetensors(folder: Path) -> None:
    if any(folder.glob("*.safetensors")):
        return
    pickles = sorted(path.name for pattern in PICKLES for path in folder.glob(pattern))
    if pickles:
        raise ModelError(
            f"'{folder}' holds its weights as a pickle ('{pickles[0]}'), which can run code when it is read",
            "safetensors", "convert it where you trust it: model.save_pretrained(folder)",
        )  # fmt: skip
    raise ModelError(f"'{folder}' has no weights", "one or more '.safetensors' files")


def _line(error: Exception) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__


def adapted(model: PreTrainedModel, adapter: Adapter, seed: int) -> Any:
    """Returns the model with what is to be trained: low-rank matrices beside its weights, or all of its weights.

    Raises:
        TrainingError: The model has no modules of the names to adapt.
    """
    from transformers import set_seed

    set_seed(seed)
    if not isinstance(adapter, LoraAdapter):
        return model.requires_grad_(True)
    from peft import LoraConfig, get_peft_model

    targets = "all-linear" if adapter.targets == ("all-linear",) else list(adapter.targets)
    config = LoraConfig(
        r=adapter.r, lora_alpha=adapter.alpha, lora_dropout=adapter.dropout, target_modules=targets, task_type="CAUSAL_LM"
    )
    try:
        return get_peft_model(model, config)
    except ValueError as error:
        linear = sorted({name.split(".")[-1] for name, module in model.named_modules() if "Linear" in type(module).__name__})
        raise TrainingError(f"'targets' {targets} fit no module: {_line(error)}", f"all-linear, or some of {linear}") from error


def save_candidate(model: Any, base: Path, name: str, folder: Path) -> None:
    """Writes a Hugging Face folder: the adapter or the weights, and the base's own tokenizer, template and settings.

    Args:
        model: The trained model.
        base: The folder of its base.
        name: What the adapter calls its base; never a path, which differs between machines.
        folder: Where to write.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # The loop switches the cache off for training; a candidate that keeps that generates many times slower.
    model.config.use_cache = _config(base).get("use_cache", True)
    if hasattr(model, "peft_config"):
        model.save_pretrained(folder, save_embedding_layers=False)
        _settle_adapter(folder, name)
    else:
        model.save_pretrained(folder)
    for file in (base / name for name in KEPT):
        if file.is_file():
            shutil.copyfile(file, folder / file.name)


def _settle_adapter(folder: Path, name: str) -> None:
    # The library writes sets in the order of this process's hashes, its own model card, and the base's path.
    path = folder / "adapter_config.json"
    config = json.loads(path.read_bytes())
    config = {key: sorted(value) if key == "target_modules" and isinstance(value, list) else value for key, value in config.items()}
    path.write_text(json.dumps({**config, "base_model_name_or_path": name}, indent=2, sort_keys=True) + "\n")
    (folder / "README.md").unlink(missing_ok=True)


def stop_tokens(folder: Path, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """The tokens at which the model stops to generate."""
    path = folder / "generation_config.json"
    found = json.loads(path.read_bytes()).get("eos_token_id") if path.is_file() else None
    listed = found if isinstance(found, list) else [found]
    return frozenset(token for token in [*listed, tokenizer.eos_token_id] if token is not None)


def row_limit(folder: Path, tokenizer: PreTrainedTokenizerBase, wanted: int | None) -> int:
    """The most tokens of one row: what was asked for, within what model and tokenizer hold."""
    config = _config(folder)
    limits = [wanted, config.get("max_position_embeddings"), config.get("n_positions"), tokenizer.model_max_length]
    return min(limit for limit in limits if limit)


def check_vocabulary(model: Any, tokenizer: PreTrainedTokenizerBase) -> None:
    """Refuses a tokenizer with tokens that the model has no embedding for.

    Raises:
        ModelError: There are such tokens.
    """
    rows = model.get_input_embeddings().weight.shape[0]
    if len(tokenizer) > rows:
        raise ModelError(f"the tokenizer has {len(tokenizer)} tokens", f"at most the model's {rows}", "use the base's own tokenizer")
