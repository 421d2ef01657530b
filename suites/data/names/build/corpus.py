"""Fills templates: texts with the spans of their names, and texts without any."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path

from suites.data.names.build.fillers import COLOURS, Fillers
from suites.data.names.build.lists import Names, other_words

TEMPLATES = Path(__file__).parent / "templates"

# What part of the corpus is of which style.
SHARES = {"chat": 12, "mail": 5, "support": 6, "forms": 11, "legal": 8, "news": 19, "story": 19, "tweets": 8, "none": 26}
SLANG = ["lol", "lmao", "omg", "wtf", "idk", "imo", "btw", "tbh", "smh", "rn", "af", "ur", "u", "r", "ya", "yall", "gonna",
    "wanna", "gotta", "kinda", "sorta", "dunno", "lemme", "gimme", "cuz", "coz", "bc", "thx", "pls", "plz", "ppl", "dude",
    "bro", "bruh", "bae", "fam", "lit", "dope", "yolo", "meh", "nah", "yep", "yup", "nope", "haha", "hahaha", "hehe", "ugh",
    "hmm", "umm", "aww", "yay", "woot", "xoxo", "dm", "fb", "ig", "tv", "dvd", "pc", "app", "apps", "wifi", "selfie",
    "vlog", "blog", "meme", "noob", "pwn", "afk", "brb", "ttyl", "nite", "tonite", "luv", "hella", "tho", "thru", "wit",
    "dat", "dis", "da", "dem", "em", "im", "ive", "dont", "cant", "wont", "aint", "isnt", "didnt", "doesnt", "havent",
    "hes", "shes", "thats", "whats", "lets", "tryna", "finna", "imma", "ima", "ain", "ho", "hoe", "thot", "bday", "xmas",
    "pic", "pics", "vid", "vids", "convo", "info", "legit", "sus", "salty", "stan", "ship", "ftw", "fml", "gtfo", "stfu",
    "ffs", "jk", "nvm", "omfg", "rofl", "tmi", "wyd", "hmu"]
SHORTENED = ["don't", "can't", "won't", "isn't", "didn't", "doesn't", "wouldn't", "couldn't", "shouldn't", "haven't",
    "hasn't", "aren't", "wasn't", "weren't", "ain't", "I'm", "I've", "I'd", "I'll", "it's", "that's", "he's", "she's",
    "we're", "you're", "they're", "there's", "what's", "who's", "let's", "you've", "they've", "we'll", "you'll", "he'd",
    "o'clock", "y'all"]
LINE_MARKS = ("> ", "* ", "- ", "| ", "??? ", "    ", "\t", "// ", "# ", "+ ", "... ")
_CHOICE = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
_SLOT = re.compile(r"\{([A-Za-z_]+)\}")


@dataclass
class Example:
    """A text and its names: start, end and kind of each."""

    text: str
    spans: list[tuple[int, int, str]]


class Corpus:
    """An endless stream of examples; the same seed makes the same."""

    def __init__(self, names: Names, seed: int) -> None:
        """Reads the templates."""
        self.names, self.dice = names, random.Random(seed)
        self.fill = Fillers(names, self.dice)
        self._haste = 0.0
        self._following: dict[str, tuple[list[str], list[int]]] = {}
        self.templates = {style: _lines(style) for style in SHARES}
        fill = self.fill
        self.named: dict[str, tuple[str, Callable[[], str]]] = {
            "PER": ("PER", fill.person), "FIRST": ("PER", fill.first), "LAST": ("PER", fill.last),
            "LOC": ("LOC", fill.place), "CITY": ("LOC", fill.city), "STREET": ("ADR", fill.street),
            "COUNTRY": ("LOC", lambda: fill.pick(names.countries)), "ADR": ("ADR", fill.address),
            "REGION": ("LOC", lambda: fill.head(names.regions, 51, 0.8)), "ORG": ("ORG", fill.organisation),
            "ZIP": ("ADR", fill.postcode), "UORG": ("ORG", lambda: fill.organisation().upper()),
        }  # fmt: skip
        self.plain: dict[str, Callable[[], str]] = {
            "JOB": lambda: fill.job().lower() if self.dice.random() < 0.6 else fill.job(), "TITLED_JOB": fill.job,
            "NRP": fill.nationality, "COLOR": lambda: fill.pick(COLOURS), "DATE": self.date, "TIME": self.time,
            "DAY": lambda: self.calendar(9), "MONTH": lambda: self.calendar(0), "NUM": self.number, "ID": self.identity,
            "MONEY": lambda: fill.pick(("$", "€", "£", "USD ", "EUR ")) + self.number(), "PHONE": self.phone,
            "EMAIL": self.email,
            "URL": lambda: f"https://{fill.invented().lower()}.{fill.pick(('com', 'org', 'co'))}/{self.code()}",
            "PROD": self.product, "THING": lambda: fill.pick(("the ", "my ", "a ", "your ", "")) + self.words(1, 2),
            "WORD": lambda: self.words(1, 1), "TITLED": lambda: self.titled(self.words(1, 5)), "FREE": self.free,
            "ALLCAPS": lambda: self.words(1, 6).upper(), "CODE": self.code, "QUESTION": self.question,
            "ABBR": lambda: "".join(self.dice.choices(string.ascii_uppercase, k=self.dice.randint(2, 5))),
            "RUN": lambda: self.run(1, 7), "SLANG": lambda: fill.pick(SLANG), "CamelCode": lambda: self.words(1,
            3).title().replace(" ", ""),
        }  # fmt: skip

    def examples(self, count: int) -> Iterator[Example]:
        """Yields examples, some of them several templates after one another."""
        for _ in range(count):
            example = self.one()
            while self.dice.random() < 0.35:
                example = joined(example, self.one(), self.fill.pick((" ", " ", "\n", "\n\n", "  ")))
            yield self.written(example)

    def one(self) -> Example:
        """Fills one template."""
        style = self.dice.choices(list(SHARES), list(SHARES.values()))[0]
        return self.filled(self.fill.pick(self.templates[style]))

    def filled(self, template: str) -> Example:
        """Chooses among a template's alternatives and fills its slots."""
        while _CHOICE.search(template):
            template = _CHOICE.sub(lambda found: self.fill.pick(found[1].split("|")), template, count=1)
        text, spans, at = "", [], 0
        for slot in _SLOT.finditer(template):
            text += template[at : slot.start()]
            at = slot.end()
            kind, value = self.value(slot[1])
            if kind:
                spans.append((len(text), len(text) + len(value), kind))
            text += value if kind or slot[0] != value else slot[0]
        return Example(text + template[at:], spans)

    def value(self, slot: str) -> tuple[str | None, str]:
        """Returns the kind of a slot, if it is a name, and what to put there."""
        if slot == "ANY":
            slot = self.fill.pick(("PER", "PER", "LOC", "ORG"))
        if slot == "PLACE":
            slot = self.fill.pick(("LOC", "ADR"))
        if slot in self.named:
            kind, make = self.named[slot]
            return kind, make()
        return None, self.plain[slot]() if slot in self.plain else "{" + slot + "}"

    def written(self, example: Example) -> Example:
        """Writes some of the examples as people do: in lower case, in capitals, without punctuation."""
        if "\n" in example.text and self.dice.random() < 0.12:
            example = marked(example, self.fill.pick(LINE_MARKS))
        luck = self.dice.random()
        change = str.lower if luck < 0.14 else str.upper if luck < 0.17 else str.title if luck < 0.18 else None
        if change is not None:
            text = change(example.text)
            return Example(text, example.spans) if len(text) == len(example.text) else example
        if luck < 0.30:
            return Example(example.text, example.spans) if luck < 0.24 else self.names_written(example)
        return example

    def names_written(self, example: Example) -> Example:
        """Writes the names alone in lower case or in capitals."""
        change, text = self.fill.pick((str.lower, str.upper, str.upper)), example.text  # type: ignore[arg-type]
        for start, end, _ in example.spans:
            value = change(text[start:end])
            text = text[:start] + value + text[end:] if len(value) == end - start else text
        return Example(text, example.spans)

    def words(self, least: int, most: int) -> str:
        """Makes a few ordinary words."""
        ordinary = self.fill.ordinary
        size = self.dice.randint(least, most)
        return " ".join(
            self.fill.head(ordinary, 1500, 0.5) if self.dice.random() < 0.85 else self.fill.pick(self.names.rare)
            for _ in range(size)
        )

    def titled(self, text: str) -> str:
        """Writes words as a heading."""
        return " ".join(word.capitalize() for word in text.split())

    def sloppy(self) -> bool:
        """Tells whether the next word is written as people do in a hurry."""
        return self.dice.random() < self._haste

    def misspelt(self, word: str) -> str:
        """Writes a word with a slip, shortened or drawn out, or makes one up."""
        at = self.dice.randrange(len(word))
        return self.fill.pick((word[:at] + word[at + 1 :] or word, word[:at] + word[at] * self.dice.randint(2,
            5) + word[at + 1 :],
                               word[: max(2, at)], word + self.fill.pick(("in", "z", "y", "ing", "x", "s", "a")),
                               re.sub("[aeiou]", "", word) or word, self.fill.invented(1, 2).lower(),
                               self.fill.pick(self.names.rare), self.fill.pick(self.names.rare),
                               self.fill.pick(self.names.rare),
                               self.fill.pick(SLANG), self.fill.pick(SLANG), self.fill.pick(SLANG)))  # fmt: skip

    def foreign(self) -> str:
        """Makes a sentence of another language."""
        words = self.fill.pick(self.languages)
        text = " ".join(self.dice.choices(words, k=self.dice.randint(3, 12)))
        return text[0].upper() + text[1:] + self.fill.pick((".", "!", "", "?"))

    @cached_property
    def languages(self) -> list[list[str]]:
        """Word lists of other languages, in any alphabet."""
        return list(other_words())

    def free(self) -> str:
        """Makes a sentence that reads a little like English, out of pairs of words that often meet."""
        if self.dice.random() < 0.06:
            return self.foreign()
        self._haste = self.dice.choice((0, 0, 0.05, 0.05, 0.15, 0.5))
        text = self.run(4, 18)
        return text[0].upper() + text[1:] + self.fill.pick((".", ".", ".", "!", "?", ""))

    def run(self, least: int, most: int) -> str:
        """Makes some words in a row that often meet, as in the middle of a sentence."""
        word, words = self.fill.head(self.starts, 300, 0.8), []
        for _ in range(self.dice.randint(least, most)):
            words.append("I" if word == "i" else word)
            if self.dice.random() < 0.04:
                words.append(self.fill.pick(SHORTENED))
            after, counts = self.following(word)
            word = self.dice.choices(after, cum_weights=counts)[0] if after else self.fill.pick(self.starts)
            if self.dice.random() < 0.06:
                words[-1] += ","
        return " ".join(self.misspelt(word) if self.sloppy() else word for word in words).rstrip(",")

    def following(self, word: str) -> tuple[list[str], list[int]]:
        """Returns the ordinary words that follow a word, with their summed counts."""
        if word not in self._following:
            after, counts = self.names.follows.get(word, ([], []))
            options = [pair for pair in zip(after, counts, strict=True) if pair[0] in self.names.ordinary]
            sums = list(accumulate(count for _, count in options))
            self._following[word] = ([each for each, _ in options], sums)
        return self._following[word]

    @cached_property
    def starts(self) -> list[str]:
        """Words that a sentence can begin with."""
        return self.fill.ordinary[:4000]

    def question(self) -> str:
        """Draws a question that names nothing."""
        while True:
            text = self.fill.pick(self.names.questions)
            known = [word.strip(string.punctuation).lower() for word in text.split()]
            if all(word in self.names.ordinary or not word.isalpha() for word in known):
                return text

    def product(self) -> str:
        """Makes the name of a thing that is for sale."""
        name = self.fill.pick((self.fill.invented(1, 2), self.titled(self.words(1, 2)), self.words(1, 1)))
        return name + self.fill.pick(("", "", f" {self.dice.randint(2, 900)}", " Pro", " X", " Max", " Mini", " 2.0", " XL"))

    def code(self) -> str:
        """Makes an identifier of a program."""
        return self.words(1, 3).replace(" ", self.fill.pick(("_", "_", "-", "")))

    def number(self) -> str:
        """Makes a number."""
        return self.fill.pick((str(self.dice.randint(0, 12)), str(self.dice.randint(1900, 2030)),
            f"{self.dice.randint(1, 99999):,}",
                               f"{self.dice.random() * 100:.1f}", str(self.dice.randint(10, 99))))  # fmt: skip

    def identity(self) -> str:
        """Makes something that identifies a contract, card or person by digits and letters."""
        letters = "".join(self.dice.choices(string.ascii_uppercase, k=self.dice.choice((0, 0, 0, 1, 2, 4))))
        return letters + "".join(self.dice.choices(string.digits, k=self.dice.randint(4, 18)))

    def phone(self) -> str:
        """Makes a phone number in one of many forms."""
        form = self.fill.pick(("+1 ###-###-####", "(###) ###-####", "###-###-####", "0#### ######", "+49 ## #######",
                               "### ### ####", "####-####", "## ## ## ## ##", "###.###.####x###"))  # fmt: skip
        return re.sub("#", lambda _: self.fill.pick(string.digits), form)

    def email(self) -> str:
        """Makes an e-mail address."""
        left = self.fill.pick((self.fill.first(), f"{self.fill.first()}.{self.fill.last()}", self.words(1, 1)))
        return f"{left.replace(' ', '')}@{self.fill.invented()}.{self.fill.pick(('com', 'org', 'net', 'de', 'co.uk'))}".lower()

    def calendar(self, kind: int) -> str:
        """Draws a month (from 0) or a day of the week (from 9)."""
        words = self.names.words["calendar"]
        return self.fill.pick(words[12:19] if kind else words[:12]).capitalize()

    def date(self) -> str:
        """Makes a date in one of many forms."""
        day, month, year = self.dice.randint(1, 28), self.dice.randint(1, 12), self.dice.randint(1930, 2026)
        name = self.names.words["calendar"][month - 1].capitalize()
        return self.fill.pick((f"{day} {name} {year}", f"{name} {day}, {year}", f"{year}-{month:02}-{day:02}",
            f"{day}.{month}.{year}",
                               f"{month}/{day}/{year}", f"{name} {year}", str(year), f"{name[:3]} {day}",
                               self.calendar(9)))  # fmt: skip

    def time(self) -> str:
        """Makes a time of day."""
        return f"{self.dice.randint(0, 23)}:{self.dice.randint(0, 59):02}" + self.fill.pick(("", " PM", " am", ":12"))


def joined(left: Example, right: Example, gap: str) -> Example:
    """Puts one example after another."""
    at = len(left.text) + len(gap)
    return Example(left.text + gap + right.text, left.spans + [(a + at, b + at, kind) for a, b, kind in right.spans])


def marked(example: Example, mark: str) -> Example:
    """Puts a mark before every line, as quoting does; a name over several lines becomes several."""
    text, spans, at = "", [], 0
    for line in example.text.split("\n"):
        text += mark
        shift = len(text) - at
        for start, end, kind in example.spans:
            first, last = max(start, at), min(end, at + len(line))
            if first < last:
                spans.append((first + shift, last + shift, kind))
        text += line + "\n"
        at += len(line) + 1
    return Example(text[:-1], spans)


def _lines(style: str) -> list[str]:
    lines = (TEMPLATES / f"{style}.txt").read_text(encoding="utf-8").splitlines()
    return [line.replace("\\n", "\n").replace("\\t", "\t").replace("\\|", "/") for line in lines if line]
