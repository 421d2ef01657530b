"""The language of a text: by its script where that says it, else by which list of commonest words it has most of."""

from __future__ import annotations

import functools
import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

LIST = Path(__file__).parent / "commonest_words.json"
ENOUGH, AHEAD, SHARE = 3, 2, 0.08
_LETTERS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SCRIPTS = {
    "ja": "぀-ヿ", "ko": "가-힯ᄀ-ᇿ", "zh": "㐀-䶿一-鿿", "ru": "Ѐ-ӿ", "el": "Ͱ-Ͽ", "ar": "؀-ۿ", "he": "֐-׿",
    "hi": "ऀ-ॿ", "bn": "ঀ-৿", "ta": "஀-௿", "th": "฀-๿",
}  # fmt: skip
_SCRIPT = {name: re.compile(f"[{signs}]") for name, signs in _SCRIPTS.items()}


@functools.cache
def commonest() -> Mapping[str, frozenset[str]]:
    """Reads the commonest words of each language that is written in Latin letters, once a process."""
    return {name: frozenset(words.split()) for name, words in json.loads(LIST.read_bytes())["words"].items()}


def language(text: str) -> str:
    """The language of a text; empty where it has too few words to say.

    Two thirds of the letters in another script decide. Of Latin letters the language decides of whose commonest words
    there are at least three, at least eight in a hundred, and two more than of any other's.
    """
    script = "" if text.isascii() else _script(text)
    if script:
        return script
    words = [word.lower().replace("’", "'") for word in _LETTERS.findall(text)]
    votes = Counter({name: sum(word in known for word in words) for name, known in commonest().items()})
    (best, most), (_, next_best) = votes.most_common(2)
    return best if most >= ENOUGH and most >= SHARE * len(words) and most >= next_best + AHEAD else ""


def _script(text: str) -> str:
    letters = sum(map(str.isalpha, text))
    counts = {name: len(pattern.findall(text)) for name, pattern in _SCRIPT.items()}
    if counts["ja"] * 5 > counts["zh"] > 0 or counts["ja"] > counts["zh"]:
        counts = {**counts, "ja": counts["ja"] + counts["zh"], "zh": 0}
    best = max(counts, key=lambda name: counts[name])
    return best if letters >= 5 and counts[best] >= letters * 2 / 3 else ""
