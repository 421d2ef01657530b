"""Signs that are left when a text was decoded wrongly, or cut in the middle of a character."""

from __future__ import annotations

import re

# Bytes 80 to BF of UTF-8 as Latin-1 and as Windows-1252 show them.
_TAIL = "\u0080-\u00bf\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u017d\u2018\u2019\u201c"
_TAIL += "\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u017e\u0178"
_DAMAGE = {
    "read as Windows-1252": rf"[\u00c2\u00c3][{_TAIL}]|\u00e2[\u20ac\u0080\u201a\u201e\u02c6\u2020\u2030\u0153][{_TAIL}]"
    rf"|\u00f0\u0178[{_TAIL}]{{2}}|[\u00d0\u00d1][\u0080-\u009f\u00a0-\u00bf\u2018-\u2026](?=[\u00d0\u00d1])",
    "a replacement character": "\ufffd",
    "a control character": "[\u0000-\u0008\u000b\u000e-\u001f\u007f-\u0084\u0086-\u009f]",
    "half a surrogate pair": "[\ud800-\udfff]",
    "a byte order mark": "\ufeff",
    "an entity escaped twice": r"&amp;(?:#\d{1,6}|[a-zA-Z]{2,8});",
}
_ANY = re.compile("|".join(f"(?P<k{number}>{pattern})" for number, pattern in enumerate(_DAMAGE.values())))


def damage(text: str) -> tuple[str, int, int] | None:
    """The first place where a text is damaged: how, from where, to where; None where it is whole."""
    found = None if text.isascii() and "&amp;" not in text and text.isprintable() else _ANY.search(text)
    return (list(_DAMAGE)[int(str(found.lastgroup)[1:])], found.start(), found.end()) if found else None
