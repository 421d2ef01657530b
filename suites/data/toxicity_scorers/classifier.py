"""A sequence classifier of transformers in a folder as a scorer: nothing is downloaded and no code of the folder runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.errors import ModelError, UsageError
from harness.plugins import suggestion
from suites.data.toxicity_scorers import Judged

_TOGETHER = 16


class Classifier:
    """Scores texts by the probability of one label; a text longer than the model reads is judged in parts."""

    def __init__(self, folder: Path, label: str) -> None:
        """Loads a model.

        Raises:
            ModelError: The folder holds no such model in safetensors.
            UsageError: The model has no such label.
        """
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            self._model: Any = AutoModelForSequenceClassification.from_pretrained(
                folder, local_files_only=True, use_safetensors=True
            ).eval()
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(
                f"'{folder}' holds no classifier ({type(error).__name__}: {str(error).splitlines()[0][:200]})",
                "a folder with config.json, a tokenizer and model.safetensors of a sequence classifier",
            ) from error
        labels = {name: int(number) for number, name in self._model.config.id2label.items()}
        if label not in labels:
            raise UsageError(f"the classifier has no label '{label}'", suggestion(label, labels), "set 'label'")
        self.name, self._label = f"classifier, label '{label}'", labels[label]
        self._kind = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")

    def judge(self, texts: Sequence[str]) -> list[Judged]:
        """Judges every text by the part of it that scores highest."""
        parts = [(at, part) for at, text in enumerate(texts) if text.strip() for part in self._parts(text)]
        scores = [0.0] * len(texts)
        for start in range(0, len(parts), _TOGETHER):
            some = parts[start : start + _TOGETHER]
            for (at, _), score in zip(some, self._scores([part for _, part in some]), strict=True):
                scores[at] = max(scores[at], score)
        return [Judged(round(score, 4), self._kind, 0, len(text)) for score, text in zip(scores, texts, strict=True)]

    def _parts(self, text: str) -> list[str]:
        """Cuts a text into parts that the model reads whole, by its tokens."""
        limit = min(self._tokenizer.model_max_length, getattr(self._model.config, "max_position_embeddings", 512)) - 4
        encoded = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        places = encoded["offset_mapping"]
        cuts = range(0, len(places), limit)
        return [text[places[at][0] : places[min(at + limit, len(places)) - 1][1]] for at in cuts]

    def _scores(self, parts: list[str]) -> list[float]:
        import torch

        with torch.inference_mode():
            encoded = self._tokenizer(parts, return_tensors="pt", padding=True, truncation=False)
            logits = self._model(**{name: encoded[name] for name in ("input_ids", "attention_mask")}).logits.float()
            several = logits.shape[1] == 1 or self._model.config.problem_type == "multi_label_classification"
            found = logits.sigmoid() if several else logits.softmax(dim=1)
        return [float(score) for score in found[:, self._label]]
