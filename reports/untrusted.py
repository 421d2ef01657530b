"""Text that nobody vouches for: model output, data rows, names and messages that may hold either.

Escaping for HTML is the template engine's work and always on. What is done here is what escaping leaves open:
characters that cannot be seen or that reorder what is read, text without end, and personal data in answers.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from markupsafe import Markup, escape

from harness.channels.wording.numbers import count

# Control, format (bidi overrides, zero-width, tags), lone surrogates, private use, line and paragraph separators.
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
KEPT = frozenset("\n\t")

SENTENCE = 2_000
_JOINTS = re.compile(r"[.@=_]")

# One mark on another, and another: a single letter could otherwise paint over the lines around it.
PILED = re.compile(r"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{4})"
                   r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")  # fmt: skip

# Telephone, account and card numbers, which neither a date nor a decimal fraction is.
DATE_OR_FRACTION = r"(?!\d{4}-\d\d-\d\d|\d+\.\d+(?![\d.]))"
DIGITS = rf"(?<![\w.]){DATE_OR_FRACTION}\+?\(?\d(?:[ ()./-]{{0,2}}\d){{8,18}}(?!\w)"

# What can be told by its form alone; a name or an address cannot, which the report's limits say.
PERSONAL = (
    ("e-mail", re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")),
    ("IBAN", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")),
    ("IP address", re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")),
    ("number", re.compile(rf"\b\d{{3}}-\d{{2}}-\d{{4}}\b|{DIGITS}")),
)


@dataclass(frozen=True)
class Excerpt:
    """The part of a text that is shown, and what is to be said about the rest."""

    text: str
    note: str = ""


def visible(text: str) -> str:
    """Replaces what cannot be seen by its code point, such as ``⟨U+202E⟩``."""
    if text.isascii() and text.isprintable():
        return text
    return PILED.sub(r"\1⟨…⟩", "".join(map(_visible, text)))


def _visible(character: str) -> str:
    hidden = character not in KEPT and unicodedata.category(character) in HIDDEN
    return f"⟨U+{ord(character):04X}⟩" if hidden else character


def shown(value: object) -> object:
    """Makes every string that a template prints visible; markup of our own templates is left as it is."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def excerpt(text: str, longest: int) -> Excerpt:
    """Clips a text, and masks what has the form of personal data.

    Args:
        text: Any text.
        longest: Characters that are shown.
    """
    masked = mask(text[: 2 * longest])
    if len(text) <= longest:
        return Excerpt(masked)
    return Excerpt(masked[:longest].rstrip() + " …", f"first {count(longest)} of {count(len(text))} characters")


def sentence(text: str) -> str:
    """Clips a reason or a message, and says where the rest is; a browser lays out an endless word in endless time."""
    if len(text) <= SENTENCE:
        return text
    return f"{text[:SENTENCE]} … (first {count(SENTENCE)} of {count(len(text))} characters; all are in decision.json)"


def breakable(name: str) -> Markup:
    """The name of a metric, which a line may end behind the signs that join its parts."""
    return Markup(_JOINTS.sub(r"\g<0><wbr>", str(escape(visible(name)))))


def mask(text: str) -> str:
    """Replaces e-mail addresses, IBANs, IP addresses and long numbers by what they are."""
    for name, pattern in PERSONAL:
        text = pattern.sub(f"‹{name}›", text)
    return text
