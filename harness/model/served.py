"""A model behind a server of the OpenAI kind: how it is named, and why what answers cannot be verified.

A folder with a file ``served.yaml`` stands wherever a model's folder may stand::

    url: https://models.example.com/v1
    model: support-v2
    revision: "2026-11-01"      # what its operator calls these weights; change it when they change
    api: chat                   # or 'completions', for models without a chat template
    key_from: SUPPORT_API_KEY   # the environment variable that holds the key, never the key

Nobody can hash what runs behind an address. Its digest is that of the declaration, url, model and revision, and every
measurement of it says so; the gate allows it only where the run file accepts the model by name.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import Field, JsonValue, ValidationError, field_validator

from harness.errors import ModelError
from harness.settings import Settings
from harness.store import digest_of, write_atomic

FILE = "served.yaml"
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
# What the requests themselves say; a further field of that name would change what was asked.
_OURS = frozenset({
    "model", "messages", "prompt", "max_tokens", "max_completion_tokens", "temperature", "seed", "stop", "stream", "n",
    "echo", "logprobs", "top_logprobs",
})  # fmt: skip


class ServedModel(Settings):
    """Where a served model is asked, what it is called there, and how hard it may be pressed."""

    url: str = Field(description="up to and without '/chat/completions'")
    model: str = Field(min_length=1, description="its name at the server")
    revision: str = Field(min_length=1, description="what its operator calls these weights")
    api: Literal["chat", "completions"] = "chat"
    key_from: str | None = Field(default=None, description="environment variable that holds the key")
    concurrency: int = Field(default=8, ge=1, le=1024, description="requests under way at once")
    requests_per_minute: float | None = Field(default=None, gt=0)
    timeout: float = Field(default=120, gt=0, description="seconds for one request")
    retries: int = Field(default=6, ge=0, description="further tries after 429, 5xx, a lost connection or no whole answer")
    system_turn: bool = Field(default=True, description="whether its chat template has a place for a system turn")
    token_limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    extra: dict[str, JsonValue] = Field(default={}, description="further fields of every request; part of its identity")

    @field_validator("url")
    @classmethod
    def _plain_address(cls, told: str) -> str:
        # Without the value: an address may hold a password.
        parts = urlsplit(told)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("expected an address such as 'https://models.example.com/v1'")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("the address holds more than a place; expected no user, password or query: use 'key_from'")
        return told.rstrip("/")

    @field_validator("key_from")
    @classmethod
    def _a_name_and_no_key(cls, told: str | None) -> str | None:
        if told is not None and not _VARIABLE.fullmatch(told):
            raise ValueError("expected the name of an environment variable, such as 'SUPPORT_API_KEY', and never a key")
        return told

    @field_validator("extra")
    @classmethod
    def _not_ours(cls, told: dict[str, JsonValue]) -> dict[str, JsonValue]:
        if ours := sorted(_OURS & set(told)):
            raise ValueError(f"'{ours[0]}' is said by every request itself; expected other fields")
        return told

    @property
    def identity(self) -> dict[str, JsonValue]:
        """What is declared about which model answers; how often and how patiently it is asked is no part of it."""
        found: dict[str, JsonValue] = {"url": self.url, "model": self.model, "revision": self.revision, "api": self.api}
        return found | ({"extra": self.extra} if self.extra else {})

    @property
    def digest(self) -> str:
        """The digest of the declaration, which is all that can be known."""
        return digest_of({"served": self.identity})

    def text(self) -> str:
        """The model in words."""
        return f"'{self.model}' (declared revision '{self.revision}') as '{self.url}' serves it"


def is_served(folder: Path) -> bool:
    """Whether a model's folder only says where the model is asked."""
    return (folder / FILE).is_file()


def read_served(folder: Path) -> ServedModel:
    """Reads what a folder declares.

    Raises:
        ModelError: It cannot be read, or says something else; values are not repeated, one may be a key.
    """
    path = folder / FILE
    try:
        value: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return ServedModel.model_validate(value)
    except ValidationError as error:
        faults = "; ".join(_told(each) for each in error.errors(include_input=False))
        raise ModelError(f"'{path}' is no served model: {faults}", "'url', 'model' and 'revision'") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ModelError(f"'{path}' cannot be read ({type(error).__name__})", "'url', 'model' and 'revision'") from error


def _told(fault: Any) -> str:
    place = ".".join(map(str, fault["loc"]))
    return f"{place}: {fault['msg'].removeprefix('Value error, ')}" if place else fault["msg"]


def write_served(served: ServedModel, root: Path) -> Path:
    """Writes a declaration into a folder of its own below ``root``, and returns that."""
    text = yaml.safe_dump(served.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
    folder = root / digest_of(text).removeprefix("sha256:")[:16]
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / FILE, text.encode())
    return folder
