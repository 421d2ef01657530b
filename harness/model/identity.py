"""Which model this is: by its bytes, never by a path or a name.

Two digests answer two questions. :func:`subject_digest` is what a decision is about: every byte of the folder, and of
the base where the folder is an adapter. :func:`fingerprint` is what answers depend on: a reworded model card, or the
place where the base once lay, changes the first and not the second, so nothing is asked again because of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.errors import ModelError
from harness.model.served import is_served, read_served
from harness.store import digest_bytes, digest_of, digest_path, folder_manifest

ADAPTER_CONFIG = "adapter_config.json"
TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model", "tekken.json")

# Files that no loader reads when a model is asked; whatever is not listed counts, so that nothing is forgotten.
_UNREAD_SUFFIXES = (".md", ".png", ".jpg", ".svg", ".pdf", ".py", ".bin", ".pt", ".pth")
_UNREAD_NAMES = ("LICENSE", "LICENCE", "NOTICE", "USE_POLICY", "SHA256SUMS", "trainer_state.json", "train_results.json",
                 "tunegate.json")  # fmt: skip
# Where a folder lay, or what it was called, when it was saved.
_PLACES = ("_name_or_path", "name_or_path", "base_model_name_or_path", "tokenizer_file", "vocab_file", "merges_file")


def is_adapter(folder: Path) -> bool:
    """Whether the folder holds a PEFT adapter rather than a whole model."""
    return (folder / ADAPTER_CONFIG).is_file()


def has_tokenizer(folder: Path) -> bool:
    """Whether the folder holds a tokenizer of its own."""
    return any((folder / name).is_file() for name in TOKENIZER_FILES)


def tokenizer_folder(folder: Path, base: Path | None) -> Path:
    """The folder whose tokenizer the subject uses: its own, or for an adapter without one its base's."""
    return base if base is not None and is_adapter(folder) and not has_tokenizer(folder) else folder


def subject_digest(folder: Path, base: Path | None) -> str:
    """The digest of what is measured: a whole model's folder, an adapter together with its base, or what is declared.

    Raises:
        ModelError: The folder is an adapter and there is no base.
    """
    if is_served(folder):
        return read_served(folder).digest
    if not is_adapter(folder):
        return digest_path(folder)
    return adapted_digest(digest_path(folder), digest_path(required_base(folder, base)))


def adapted_digest(adapter: str, base: str) -> str:
    """The digest of an adapter together with its base, from the digests of both."""
    return digest_of({"adapter": adapter, "base": base})


def required_base(folder: Path, base: Path | None) -> Path:
    """Returns the base of an adapter.

    Raises:
        ModelError: There is none.
    """
    if base is None:
        raise ModelError(f"'{folder}' is an adapter without its base", "the base model's folder", "name it with 'base'")
    return base


def fingerprint(folder: Path) -> str:
    """The digest of what a folder's answers depend on: weights, configs, tokenizer files and chat template."""
    if not folder.is_dir():
        raise ModelError(f"there is no model folder '{folder}'", "a folder with config.json and *.safetensors")
    rows = [[name, _content(folder / name, digest)] for name, _, digest in folder_manifest(folder) if _is_read(name)]
    return digest_of(rows)


def _is_read(name: str) -> bool:
    last = Path(name).name
    return not (last.startswith((".", *_UNREAD_NAMES)) or last.endswith(_UNREAD_SUFFIXES))


def _content(path: Path, digest: str) -> str:
    """The digest of a file, without the places and names that a config repeats."""
    if not path.name.endswith("config.json"):
        return digest
    try:
        value = json.loads(path.read_bytes())
    except ValueError:
        return digest
    if not isinstance(value, dict) or not set(value) & set(_PLACES):
        return digest
    return digest_bytes(_sorted({name: each for name, each in value.items() if name not in _PLACES}))


def _sorted(value: Any) -> bytes:
    # Configs of real models hold Infinity, which the canonical encoding of records refuses.
    return json.dumps(value, sort_keys=True).encode()


def chat_template(folder: Path) -> str:
    """The text of a tokenizer's chat template, or nothing; read without loading the tokenizer."""
    path = folder / "chat_template.jinja"
    if path.is_file():
        return path.read_text(encoding="utf-8")
    for name in ("chat_template.json", "tokenizer_config.json"):
        found = _json(folder / name).get("chat_template")
        if found:
            return found if isinstance(found, str) else json.dumps(found, sort_keys=True)
    return ""


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ModelError(
            f"'{path}' is not JSON: {error}", "the file as its model was saved", "copy it again"
        ) from error
    return value if isinstance(value, dict) else {}


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """Reads one JSON file of a model folder; an absent file is empty.

    Raises:
        ModelError: The file is not JSON.
    """
    return _json(folder / name)
