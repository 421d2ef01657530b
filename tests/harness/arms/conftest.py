"""A tiny real model with room for examples and passages, and the files of an arm."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

import pytest

from harness.suite import Answer, Request


def _tiny() -> ModuleType:
    path = Path(__file__).parent.parent / "model" / "conftest.py"
    spec = importlib.util.spec_from_file_location("tiny_model", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``model``, ``adapter``, and ``plain``, whose template refuses system turns."""
    tiny, folder = _tiny(), tmp_path_factory.mktemp("tiny")
    tiny.make_model(folder / "model", positions=256)
    tiny.make_adapter(folder / "model", folder / "adapter")
    tiny.make_model(folder / "plain", positions=256)
    refusing = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    template = folder / "plain" / "chat_template.jinja"
    template.write_text(refusing + template.read_text())
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with documents, examples and items."""
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "lamp.md").write_text("# Lamp\n\nThe lamp is red.\n\nIt costs 7.")
    (tmp_path / "notes" / "desk.txt").write_text("The desk is blue.")
    shots = [{"prompt": f"what is {at}", "target": str(at)} for at in range(4)]
    (tmp_path / "shots.jsonl").write_text("".join(json.dumps(row) + "\n" for row in shots))
    items = [
        {"id": "lamp", "messages": [{"role": "user", "content": "what is the colour of the lamp"}], "target": "red"},
        {"id": "desk", "messages": [{"role": "user", "content": "what is the colour of the desk"}], "target": "blue"},
        {"id": "price", "prompt": "the price of the lamp", "target": "42"},
    ]
    (tmp_path / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in items))
    return tmp_path


class Recorded:
    """A subject that keeps what it is asked and answers with the last line of it."""

    digest = "sha256:" + "a" * 64
    conditions: Mapping[str, str] = {"template": "t", "engine": "e"}

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def answer(self, requests: Sequence[Request]) -> list[Answer]:
        self.asked += requests
        return [Answer(prompt=_prompt(each), text="!", tokens=1, prompt_tokens=len(_prompt(each))) for each in requests]


def _prompt(request: Request) -> str:
    return "\n".join(f"{turn.role}: {turn.content}" for turn in request.messages) or request.text


@pytest.fixture
def recorded() -> Recorded:
    return Recorded()
