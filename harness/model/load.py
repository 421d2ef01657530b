"""From a reference to a folder, and from a folder to a loaded model: safetensors only, no code from outside.

Whatever a loader would repair silently is refused here: weights that are missing and would be drawn at random, a
tokenizer with more pieces than the model has rows, an adapter that changes its base while it is being loaded.
"""

from __future__ import annotations

import contextlib
import importlib.resources
import os
import re
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.errors import ModelError
from harness.model.hhem import is_hhem, load_hhem
from harness.model.identity import has_tokenizer, read_json

DEMO = "demo"
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(?:@[\w./-]+)?")
_PATTERNS = [
    "*.safetensors",
    "*.safetensors.index.json",
    "*.json",
    "*.jinja",
    "tokenizer.model",
    "spiece.model",
    "*.txt",
]
_SAVE_AGAIN = "save it again with save_pretrained of its own class"
_PROMPT_LEARNING = ("PROMPT_TUNING", "P_TUNING", "PREFIX_TUNING", "MULTITASK_PROMPT_TUNING", "CPT", "ADAPTION_PROMPT")
_KEEPS_BASE = ("gaussian", "orthogonal", "eva")


def quiet_libraries() -> None:
    """Switches telemetry off; has to happen before the libraries are imported."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def resolve_model(ref: str, folder: Path) -> Path:
    """Finds the folder of a model.

    Args:
        ref: ``demo``, a folder, or an id on the Hugging Face hub, with ``@revision`` where one is wanted.
        folder: What a relative folder is relative to.

    Raises:
        ModelError: There is no such model, or the hub cannot be reached.
    """
    if ref == DEMO:
        return _demo()
    local = Path(ref).expanduser()
    local = local if local.is_absolute() else folder / local
    if local.is_dir():
        return local
    if not HUB_ID.fullmatch(ref) or local.exists():
        raise ModelError(
            f"there is no model folder '{ref}' (looked for '{local}')", "'demo', a folder or a hub id like 'owner/name'"
        )
    return _from_hub(ref, local)


def _demo() -> Path:
    found = Path(str(importlib.resources.files("demo"))) / "model"
    if not (found / "config.json").is_file():
        raise ModelError(
            f"the demo model is not at '{found}'", "the shipped model", "install tunegate again, or run demo/build.py"
        )
    return found


def _from_hub(ref: str, local: Path) -> Path:
    quiet_libraries()
    from huggingface_hub import snapshot_download

    name, _, revision = ref.partition("@")
    try:
        snapshot = Path(snapshot_download(name, revision=revision or None, allow_patterns=_PATTERNS))
    except Exception as error:  # network stacks raise errors of many families
        raise ModelError(
            f"'{ref}' is no folder (looked for '{local}') and cannot be had from the hub: {_first_line(error)}",
            "a model folder, or an id on a hub that can be reached",
            "download it elsewhere and name its folder",
        ) from error
    return _plain_copy(snapshot, name)


def _plain_copy(snapshot: Path, name: str) -> Path:
    """Makes a folder of plain files from a snapshot of links, because evidence is about files and not about links."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    target = cache / "tunegate" / "models" / name.replace("/", "--") / snapshot.name
    for source in sorted(path for path in snapshot.rglob("*") if path.is_file()):
        place = target / source.relative_to(snapshot)
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            aside = place.with_name(f".{place.name}.{os.getpid()}")
            _link(source.resolve(), aside)
            os.replace(aside, place)
    return target


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def device_name(wanted: str = "auto") -> str:
    """Says which device to use; torch is imported only where there might be an accelerator."""
    if wanted != "auto":
        return wanted
    if not any(Path(node).exists() for node in ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")):
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def dtype_name(device: str) -> str:
    """The precision that answers are computed in: single on a processor, bfloat16 on an accelerator."""
    return "float32" if device == "cpu" else "bfloat16"


def load_tokenizer(folder: Path) -> Any:
    """Loads the tokenizer of a folder.

    Raises:
        ModelError: There is none, it needs code from outside, or it cannot be read.
    """
    if not has_tokenizer(folder):
        raise ModelError(
            f"'{folder}' has no tokenizer", "tokenizer.json or tokenizer.model", "copy the base's tokenizer there"
        )
    _refuse_code(folder, "tokenizer_config.json")
    quiet_libraries()
    from transformers import AutoTokenizer

    with _as_model_error(folder, "tokenizer"):
        # A padding side set later is lost when a tokenizer is saved; batches are padded by the engine, not by this.
        return AutoTokenizer.from_pretrained(
            folder, padding_side="left", trust_remote_code=False, local_files_only=True
        )


def load_model(folder: Path, device: str) -> Any:
    """Loads a whole model for asking.

    Raises:
        ModelError: The folder is not a causal language model in safetensors, whole and without code from outside.
    """
    config = safe_config(folder)
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    with _as_model_error(folder, "model"):
        model, info = AutoModelForCausalLM.from_pretrained(
            folder, config=config, dtype=getattr(torch, dtype_name(device)), use_safetensors=True, trust_remote_code=False,
            local_files_only=True, output_loading_info=True,
        )  # fmt: skip
    if info["missing_keys"]:
        missing = sorted(info["missing_keys"])
        raise ModelError(
            f"'{folder}' lacks {len(missing)} of its weights, such as '{missing[0]}'",
            "every weight of its config",
            _SAVE_AGAIN,
        )
    return model.to(device).eval()


def safe_config(folder: Path) -> Any:
    """Reads the configuration of a whole model that is safe to load.

    Raises:
        ModelError: The folder is not a causal language model in safetensors without code from outside.
    """
    _inspect_weights(folder, "model")
    _refuse_code(folder, "config.json")
    quiet_libraries()
    from transformers import AutoConfig

    with _as_model_error(folder, "model"):
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    _refuse_not_causal(folder, config)
    return config


def load_scorer(folder: Path, device: str) -> Any:
    """Loads a reward model: one number for a text, in single precision.

    Raises:
        ModelError: The folder is not one in safetensors, whole and without code from outside.
    """
    model = load_classifier(folder, device, "a reward model, as 'method: reward' leaves it")
    if model.config.num_labels != 1:
        raise ModelError(f"'{folder}' gives {model.config.num_labels} numbers", "one number", _SAVE_AGAIN)
    return model


def load_classifier(folder: Path, device: str, wanted: str = "a model of the kind '...ForSequenceClassification'") -> Any:
    """Loads a sequence classifier in single precision.

    Raises:
        ModelError: The folder is not one in safetensors, whole and without code from outside.
    """
    _inspect_weights(folder, "model")
    if is_hhem(read_json(folder, "config.json")):
        return load_hhem(folder).to(device)
    _refuse_code(folder, "config.json")
    named = (read_json(folder, "config.json").get("architectures") or ["nothing"])[0]
    if not named.endswith("ForSequenceClassification"):
        raise ModelError(f"'{folder}' is a '{named}'", wanted)
    quiet_libraries()
    import torch
    from transformers import AutoModelForSequenceClassification
    from transformers.utils import logging

    logging.disable_progress_bar()
    with _as_model_error(folder, "model"):
        model, info = AutoModelForSequenceClassification.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, trust_remote_code=False, local_files_only=True,
            output_loading_info=True,
        )  # fmt: skip
    if info["missing_keys"]:
        missing = sorted(info["missing_keys"])
        raise ModelError(f"'{folder}' lacks weights such as '{missing[0]}'", "every weight of its config", _SAVE_AGAIN)
    return model.to(device).eval()


def attach_adapter(model: Any, folder: Path, name: str) -> Any:
    """Puts an adapter beside a loaded model's weights; they stay as they are and the adapter can be switched off.

    Returns:
        The model with the adapter, which shares its weights with ``model``.

    Raises:
        ModelError: The adapter cannot be switched off without a trace, or cannot be read.
    """
    _inspect_weights(folder, "adapter_model")
    _refuse_adapter(folder)
    quiet_libraries()
    from peft import PeftModel

    with _as_model_error(folder, "adapter"), warnings.catch_warnings():
        # peft asks transformers for things under their old names; nobody here can act on that.
        warnings.simplefilter("ignore", FutureWarning)
        if not isinstance(model, PeftModel):
            return PeftModel.from_pretrained(model, str(folder), adapter_name=name, is_trainable=False).eval()
        model.load_adapter(str(folder), adapter_name=name, is_trainable=False)
        return model.eval()


def check_fit(tokenizer: Any, model: Any, folder: Path) -> None:
    """Refuses a tokenizer with more pieces than the model has rows.

    Raises:
        ModelError: It has.
    """
    rows = model.get_input_embeddings().weight.shape[0]
    if len(tokenizer) > rows:
        raise ModelError(
            f"the tokenizer of '{folder}' has {len(tokenizer)} pieces and the model {rows} rows",
            "no more pieces than rows",
            "save the tokenizer and the model from the same training",
        )


def _inspect_weights(folder: Path, stem: str) -> None:
    if any(folder.glob(f"{stem}*.safetensors")):
        return
    others = sorted(path.name for pattern in ("*.bin", "*.pt", "*.pth", "*.ckpt") for path in folder.glob(pattern))
    found = (
        f"'{folder}' has its weights only as '{others[0]}', which can run code when read"
        if others
        else f"'{folder}' has no weights"
    )
    raise ModelError(found, f"{stem}.safetensors", _SAVE_AGAIN)


def _refuse_code(folder: Path, name: str) -> None:
    if read_json(folder, name).get("auto_map"):
        raise ModelError(
            f"'{folder}/{name}' asks for code of its own ('auto_map')",
            "a model that transformers knows by itself",
            "save it with the library's own class and without 'auto_map'",
        )


def _refuse_not_causal(folder: Path, config: Any) -> None:
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    known = set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values())
    named = list(config.architectures or [])
    if type(config) in MODEL_FOR_CAUSAL_LM_MAPPING and (not named or known & set(named)):
        return
    what = named[0] if named else config.model_type
    raise ModelError(f"'{folder}' is a '{what}'", "a causal language model, such as LlamaForCausalLM", _SAVE_AGAIN)


def _refuse_adapter(folder: Path) -> None:
    config = read_json(folder, "adapter_config.json")
    if config.get("peft_type") in _PROMPT_LEARNING:
        raise ModelError(
            f"'{folder}' is a '{config['peft_type']}' adapter",
            "an adapter of weights, such as LORA",
            "merge or retrain it",
        )
    start = config.get("init_lora_weights", True)
    if isinstance(start, str) and start not in _KEEPS_BASE:
        raise ModelError(
            f"the adapter '{folder}' was started with '{start}', which changes the base when it is loaded",
            "an adapter beside unchanged weights",
            "convert it to plain LoRA (peft: save_pretrained with path_initial_model_for_weight_conversion)",
        )


@contextlib.contextmanager
def _as_model_error(folder: Path, what: str) -> Iterator[None]:
    try:
        yield
    except ModelError:
        raise
    except Exception as error:  # loaders raise errors of many families
        raise ModelError(
            f"the {what} in '{folder}' cannot be loaded: {_first_line(error)}",
            f"a {what} saved by transformers or peft",
            _SAVE_AGAIN,
        ) from error


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
