"""Cuts texts into pieces and says what a piece looks like: the features that the tagger was trained on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from zlib import crc32

# A space before a word belongs to its piece: half as many pieces, and every character is in one, so that the
# lengths of the pieces alone say where each begins.
_PLAIN = r" ?[^\W\d_]+| ?\d+|\n|[^\S\n]+| ?[^\w\s]| ?_"
# An address of a page or a mailbox and a handle are one piece: what stands inside them is no name of its own.
_WHOLE = r" ?(?:https?://|www\.)[^\s<>\"']+| ?[\w.+-]+@\w[\w-]*\.[\w.-]+| ?[@#]\w+|"
_plain, _whole = re.compile(_PLAIN).findall, re.compile(_WHOLE + _PLAIN).findall

AFFIXES = 6144
MASKS = 512
SHAPES = 64
# What a list says of a word; several can hold. A bit is its index.
LISTS = (
    "first_often", "first", "last_often", "last", "city_large", "city", "country", "region", "place_part",
    "street", "company_form", "company_word", "company", "title", "nationality", "calendar", "ordinary",
)  # fmt: skip
# Upper bounds of the ranks by frequency in English; 0 is a word without a rank, 1 one of the 200 most frequent.
RANKS = (0, 200, 1000, 5000, 20000, 1 << 30)
RANK_SHIFT = len(LISTS)


def cut(text: str) -> list[str]:
    """Cuts a text into pieces that make up the text again."""
    return _whole(text) if "@" in text or "#" in text or "://" in text or "www." in text else _plain(text)


def hashed(word: str) -> int:
    """Returns the stable 32-bit hash under which the lists know a word."""
    return crc32(word.encode("utf-8", "surrogatepass"))


def shape(piece: str) -> int:
    """Returns a number below ``SHAPES`` for case, digits and length of a piece with its leading space."""
    word = piece.lstrip()
    spaced = word != piece
    if not word:
        return 1 if "\n" in piece else 0
    if word.isdigit():
        return 2 + 2 * min(len(word), 7) + spaced
    if len(word) > 1 and (word[0] in "@#" or "@" in word or "/" in word or "." in word):
        return 18 + spaced
    if not word[0].isalpha():
        return 20 + 2 * (crc32(word.encode("utf-8", "surrogatepass")) % 8) + spaced
    if word.islower():
        kind = 0
    elif word.isupper():
        kind = 1 if len(word) > 1 else 2
    elif word.istitle():
        kind = 3
    else:
        kind = 4 if word[0].isupper() else 5
    return 36 + 4 * kind + 2 * (len(word) <= 3) + spaced


def affixes(word: str) -> list[int]:
    """Returns the hashed prefixes and suffixes of a lower-case word."""
    if not word.isalpha():
        return []
    edged = f"<{word}>"
    parts = [f"p{edged[:size]}" for size in (2, 3, 4)] + [f"s{edged[-size:]}" for size in (3, 4, 5)]
    return [hashed(part) % AFFIXES for part in parts]


def rows_of(piece: str, vocabulary: Mapping[int, int], lists: Mapping[int, int]) -> tuple[list[int], int, list[int]]:
    """Returns the rows of the embedding table that a piece sums.

    Args:
        piece: With its leading space.
        vocabulary: From the hash of a lower-case word to its own row.
        lists: From the hash of a lower-case word to its bits and rank.

    Returns:
        The rows of its form, the row of the word itself (-1 where it has none), the rows of what the lists say.
    """
    word = piece.strip(" ").lower()
    key = hashed(word)
    form = [shape(piece)] + [SHAPES + row for row in affixes(word)]
    return form, vocabulary.get(key, -1), listed(lists.get(key, 0))


def listed(mask: int) -> list[int]:
    """Returns the rows of a word's bits and rank; a word on no list has rows too."""
    first = SHAPES + AFFIXES
    bits = [first + bit for bit in range(len(LISTS)) if mask >> bit & 1]
    first += len(LISTS)
    rank = first + (mask >> RANK_SHIFT)
    names = mask & ((1 << RANK_SHIFT) - 1)
    both = first + len(RANKS) + hashed(f"{names}/{mask >> RANK_SHIFT}") % MASKS
    return [*bits, rank, both]


FIXED_ROWS = SHAPES + AFFIXES + len(LISTS) + len(RANKS) + MASKS
