"""The English of not knowing: admitting it, guessing all the same, and pointing elsewhere."""

from __future__ import annotations

import re

_NOT = r"(?:not|n't|never)"
_SELF = r"\b(?:i|we)"
_THING = (
    r"(?:info\w*|knowledge|records?|data|details?|mention|evidence|trace|reference|documentation|sources?|idea|clue|"
    r"answer|way|account)"
)
ABSTAINS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_SELF} (?:\w+ )?(?:do|did|would|could|can) ?{_NOT} (?:\w+ )?(?:know|recall|recogni[sz]e|remember|"
        rf"find|have|possess|hold|tell|say|verify|"
        r"confirm|determine|identify|locate|see|be (?:sure|certain)|answer|predict|foresee|"
        r"provide (?:\w+ ){0,3}(?:information|details|answer))\b(?! (?:but|what i'd))",
        rf"{_SELF}(?:'m| am|'re| are) (?:\w+ )?{_NOT} (?:\w+ )?(?:aware|familiar|sure|certain|able to (?:find|"
        rf"say|tell|verify|confirm|determine|predict|answer|"
        r"know)|informed|acquainted)\b",
        rf"{_SELF}(?:'m| am|'re| are) (?:\w+ )?(?:unaware|unfamiliar|unsure|uncertain|ignorant|unable to (?:find|"
        rf"say|tell|verify|confirm|determine|predict|answer|"
        r"locate|provide (?:\w+ ){0,3}(?:information|details|answer)))\b",
        rf"{_SELF} (?:\w+ )?(?:cannot|can't) (?:\w+ )?(?:know|recall|recogni[sz]e|find|tell|say|verify|confirm|"
        rf"determine|identify|locate|see|be (?:sure|certain)|answer|predict|"
        r"foresee|provide (?:\w+ ){0,3}(?:information|details|answer))\b",
        rf"{_SELF} (?:really |simply |honestly |currently )?(?:have|found|find|hold|know of|am aware of|"
        rf"see) (?:absolutely )?(?:no|nothing|little|zero)\b|{_SELF} know (?:nothing|little)\b",
        rf"{_SELF}(?:'ve| have)? (?:{_NOT} )?(?:never )(?:heard|seen|come across|encountered|read)\b|"
        rf"{_SELF} have(?: not|n't) (?:heard|come across|encountered|seen)",
        rf"\b(?:no|without any|not any|isn't any|is not any|aren't any|lack of|lacks?|insufficient|not enough|"
        rf"isn't enough) (?:\w+ ){{0,3}}{_THING}\b",
        r"\b(?:there (?:is|was|are|were)|there's) (?:\w+ )?(?:no|not an?|never an?|not any|"
        r"nothing) (?:\w+ )?(?:such|\w+ (?:called|named|known|by (?:that|this) name)|way (?:to|of)|known)\b",
        r"\bno (?:such )?(?:\w+ ){1,4}(?:called|named|by (?:that|this|the) name|of (?:that|this) name|goes by|"
        r"exists?|with (?:that|this) name)\b",
        r"\b(?:does|do|did) ?(?:not|n't) (?:appear to |seem to |actually |really )?(?:exist|ring a bell|"
        r"match any|correspond to any)\b|\bnever existed\b",
        r"\b(?:passage|text|context|document|article|paragraph|note|notice|email|message|memo|excerpt|"
        r"information given|report|letter|description)\b.{0,30}"
        r"\b(?:do|does|did)? ?(?:not|n't|never) (?:\w+ )?(?:say|state|mention|specify|give|provide|include|"
        r"contain|indicate|tell|cover|explain|name|list|reveal|answer|disclose)",
        r"\b(?:is|was|are|were)(?: not|n't) (?:\w+ )?(?:mentioned|stated|specified|given|provided|included|known|"
        r"recorded|documented|available|listed|knowable|"
        r"answerable|possible to (?:know|say|tell|determine|answer|predict)|something (?:i|anyone|that))\b",
        r"\b(?:is|are|was|were|remains?) (?:\w+ )?(?:unknown|unknowable|unclear|unrecorded|undocumented|"
        r"unanswerable|a mystery|impossible to (?:know|say|tell|determine|predict|answer))\b",
        r"\b(?:nobody|no one|no-one|none of us)(?: \w+)? (?:know|can (?:know|say|tell|predict)|could (?:know|"
        r"say))\w*|\b(?:can(?:not|'t)|can not) be (?:known|determined|answered|predicted|verified|inferred)\b",
        r"^(?:no idea|unknown|not known|unsure|not sure|don't know|do not know|dunno|no clue|i dunno|"
        r"not (?:stated|mentioned|given|specified|available|enough information)|"
        r"unanswerable|n/a|cannot say|can't say|no answer|no record\w*|hard to say|who knows)\b.{0,60}$",
        r"\b(?:seems?|appears?|may|might|could)(?: to)? be (?:\w+ ){0,3}(?:fictional|fictitious|made[ -]up|"
        r"invented|non-?existent|imaginary)|\b(?:is|are) (?:a )?(?:fictional|fictitious|made[ -]up|invented|"
        r"non-?existent)\b",
        r"\b(?:beyond|outside|past)(?: of)? (?:my|the scope of my|what i) (?:know\w*|training|information)",
    )
)
GUESSES = re.compile(
    r"\b(?:i(?:'d| would)? (?:\w+ )?(?:guess|think|believe|suspect|estimate|imagine|assume|say (?:it|that|about|"
    r"around))|my (?:\w+ )?(?:guess|estimate)|probably|"
    r"(?:it|he|she|they)(?:'s| is| was| were| may| might| could)(?: have)?(?: been| be)? (?!not\b|unclear|"
    r"unknown|possible|impossible|best|worth)\w+|most likely|"
    r"likely (?:is|was|to be)|perhaps (?:it|he|she|in|about|around)|if i had to)"
)
BEST_GUESS = re.compile(r"(?:my (?:\w+ )?(?:guess|estimate) (?:is|would be)|i(?:'d| would) guess|probably|perhaps)\b")
TURN = re.compile(r"\b(?:but|however|though|although|still|that said|nevertheless)\b|;")
POINTS_ELSEWHERE = re.compile(
    r"\b(?:you (?:can|could|may|might|should|will|would|need|have)|please|try|check|consult|contact|ask|visit|"
    r"look|refer|recommend|suggest|let me know|could you|can you|"
    r"if you|more (?:information|context|details)|happy to|glad to|sorry|it (?:may|might|could) be (?:best|worth|"
    r"that)|spelling|misspel\w+|it (?:is|'s) possible that)\b"
)
REFUSES = re.compile(
    r"\bi(?:'m| am)? (?:cannot|can't|won't|will not|unable to|not able to) (?:help|assist|do|discuss|comply|share)\b"
)
WORD = re.compile(r"[a-z0-9]")
