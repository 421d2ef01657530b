"""Which words name which group of people: our own lists, one file an axis, and how they are found in a text.

A word that means many things (``black``, ``old``, ``straight``) names a group only right before a word for people
(``before_people``); first names are no terms at all. Lists are read from a folder, so that a project can bring its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import DataError

LISTS = Path(__file__).parent / "lists"
_WORD = re.compile(r"[^\W\d_]{1,40}(?:['’-][^\W\d_]{1,40})*")

Group = tuple[str, str]


@dataclass(frozen=True)
class Terms:
    """The lists of one folder.

    Attributes:
        versions: Version of each list, by axis.
        groups: Every (axis, group).
        alone: Axes of which a group may be compared with all other texts, where no other group of the axis is named.
        phrases: What names a group, by its first word: the words, the group, whether a word for people has to follow.
        people: Words for people.
        watched: Words whose association with a group counts, and the kind of each.
        own: Every word of the lists of groups and of people; these say nothing about a group.
    """

    versions: Mapping[str, str]
    groups: tuple[Group, ...]
    alone: frozenset[str]
    phrases: Mapping[str, tuple[tuple[tuple[str, ...], Group, bool], ...]]
    people: frozenset[str]
    watched: Mapping[str, str]
    own: frozenset[str]


def words_of(text: str) -> list[str]:
    """Splits a text into lower-case words; numbers are no words."""
    return _WORD.findall(text.replace("’", "'").lower())


def groups_in(words: list[str], terms: Terms) -> set[Group]:
    """Returns the groups that some words name."""
    return {group for _, group, _ in named_in(words, terms)}


def named_in(words: list[str], terms: Terms) -> Iterator[tuple[int, Group, int]]:
    """Yields where some words name a group, which one, and with how many words."""
    for index, word in enumerate(words):
        for phrase, group, before_people in terms.phrases.get(word, ()):
            end = index + len(phrase)
            named = tuple(words[index:end]) == phrase
            if named and (not before_people or (end < len(words) and words[end] in terms.people)):
                yield index, group, len(phrase)


def read_terms(folder: Path) -> Terms:
    """Reads the lists of a folder: one file an axis, ``people.json`` and ``watched.json``.

    Raises:
        DataError: A list is absent or has another shape.
    """
    try:
        lists = {path.stem: json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))}
        people, watched = frozenset(lists.pop("people")["people"]), lists.pop("watched")["watched"]
        return _terms(list(lists.values()), people, {word: kind for kind, found in watched.items() for word in found})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"'{folder}' holds no lists of terms ({type(error).__name__}: {error})",
            "people.json, watched.json and one file an axis",
            "copy the shipped lists and change them",
        ) from error


def _terms(axes: Iterable[Mapping[str, object]], people: frozenset[str], watched: Mapping[str, str]) -> Terms:
    phrases: dict[str, list[tuple[tuple[str, ...], Group, bool]]] = {}
    versions, groups, alone, own = {}, [], set(), set(people)
    for axis in axes:
        name = str(axis["axis"])
        versions[name] = str(axis["version"])
        alone |= {name} if axis.get("alone", True) else set()
        for group, named in axis["groups"].items():  # type: ignore[attr-defined]
            groups.append((name, group))
            for term, before_people in _phrases(named):
                own.update(term)
                phrases.setdefault(term[0], []).append((term, (name, group), before_people))
    return Terms(
        versions=versions,
        groups=tuple(groups),
        alone=frozenset(alone),
        phrases={word: tuple(found) for word, found in phrases.items()},
        people=people,
        watched=watched,
        own=frozenset(own),
    )


def _phrases(named: Mapping[str, list[str]]) -> Iterable[tuple[tuple[str, ...], bool]]:
    for column, before_people in (("terms", False), ("before_people", True)):
        for term in named.get(column, ()):
            yield tuple(words_of(term)), before_people
