"""Makes names, places, organisations, addresses and ordinary text to fill templates with."""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from functools import cached_property

from suites.data.names.build.lists import Names, latin

PARTICLES = ("van", "de", "von", "van der", "da", "dos", "del", "di", "bin", "al", "El", "Mac", "Le", "La", "St.")
LINES = "ENS"
COLOURS = ["red", "blue", "green", "black", "white", "yellow", "orange", "purple", "silver", "grey"]
STYLES = ("AG", "SA", "SE", "KG", "GmbH", "GmbH & Co. KG", "S.A.", "S.p.A.", "SARL", "Ltd", "Ltd.", "Inc", "Inc.", "LLC",
          "L.L.C.", "PLC", "plc", "Corp.", "Corporation", "Co.", "Company", "& Co.", "N.V.", "B.V.", "AB", "A/S", "Oy",
          "Pty Ltd", "Pvt. Ltd.", "LLP", "L.P.", "Kft.", "s.r.o.", "a.s.", "Ltda", "& Associates", "& Sons",
          "et Fils", "e Figli", "y Asociados", "e Filhos", "und Partner", "Group", "Holdings", "Holding")  # fmt: skip
FACULTIES = ("University", "College", "Institute of Technology", "Medical Center", "General Hospital", "High School",
             "Public Library", "City Council", "Police Department", "Fire Department", "Chamber of Commerce", "FC",
             "United", "City", "Rovers", "Tigers", "Eagles", "Lions", "Hawks", "Symphony", "Museum of Art", "Airport",
             "Times", "Post", "Herald", "Airlines", "Savings Bank", "School District", "State University")  # fmt: skip
HEADS = ("University of", "Bank of", "Museum of", "Church of", "College of", "Ministry of", "Department of",
         "Institute of", "National Bank of", "Republic Bank of", "Port of", "Royal Society of", "Friends of")  # fmt: skip
STREETS = ["Street", "St", "St.", "Avenue", "Ave", "Ave.", "Road", "Rd", "Rd.", "Drive", "Dr", "Lane", "Ln", "Boulevard",
    "Blvd", "Court", "Ct", "Place", "Way", "Circle", "Parkway"]
FOREIGN_STREETS = ("{0}straße", "{0}strasse", "{0}weg", "{0}gasse", "{0}platz", "rue {0}", "Rue de {0}", "avenue {0}",
                   "Via {0}", "Viale {0}", "Piazza {0}", "Calle {0}", "C/ {0}", "Avenida {0}", "Rua {0}", "ul. {0}",
                   "{0} utca", "{0}gatan", "{0}vej", "{0}veien", "{0}katu", "{0}straat", "{0}laan", "{0}plein",
                   "Plaza {0}", "Paseo {0}", "chemin {0}", "Jalan {0}", "{0} Allé", "{0} tér", "{0} Nagar")  # fmt: skip
LOCALES = ("en_US", "en_GB", "en_AU", "en_CA", "en_IN", "en_IE", "en_NZ", "de_DE", "de_AT", "de_CH", "fr_FR", "fr_CH",
           "fr_CA", "es_ES", "es_MX", "es_AR", "es_CL", "it_IT", "nl_NL", "nl_BE", "pt_BR", "pt_PT", "pl_PL", "cs_CZ",
           "sk_SK", "sl_SI", "hr_HR", "hu_HU", "da_DK", "no_NO", "sv_SE", "fi_FI", "ro_RO", "id_ID", "fil_PH")  # fmt: skip


class Fillers:
    """What a slot can hold; every draw is from one seeded generator."""

    def __init__(self, names: Names, dice: random.Random) -> None:
        """Takes the lists and the dice."""
        self.names, self.dice = names, dice
        self.weights: dict[str, list[float]] = {}

    def pick(self, options: list[str] | tuple[str, ...]) -> str:
        """Draws one of some strings."""
        return self.dice.choice(options)

    def head(self, options: list[str], often: int, share: float) -> str:
        """Draws one of the first ``often`` with a probability of ``share``, else any."""
        return options[self.dice.randrange(min(often, len(options)) if self.dice.random() < share else len(options))]

    def one_of(self, *shares: tuple[float, Callable[[], str]]) -> str:
        """Draws one of some makers by their shares."""
        return self.dice.choices([make for _, make in shares], [share for share, _ in shares])[0]()

    def invented(self, least: int = 2, most: int = 3) -> str:
        """Makes a word that no list has."""
        parts = ["ba", "ber", "bran", "cal", "cor", "da", "del", "dor", "el", "fen", "gar", "han", "ir", "jo", "kal", "ken",
            "lan", "lor", "ma", "mer", "nev", "nor", "o", "pol", "quan", "ra", "ren", "ri", "sa", "sel", "ta", "ten", "tor",
            "u", "val", "ver", "vi", "wen", "xi", "ya", "zen", "zor"]
        ends = ("a", "o", "n", "s", "x", "ix", "ia", "er", "ic", "ly", "us", "is", "ov", "ski", "ton", "ez", "ine", "")
        word = "".join(self.pick(parts) for _ in range(self.dice.randint(least - 1, most - 1))) + self.pick(parts)
        return (word + self.pick(ends)).capitalize()

    def first(self) -> str:
        """Makes a given name."""
        return self.one_of(
            (60, lambda: self.head(self.names.first, self.names.often_first, 0.5)),
            (32, lambda: self.pick(self.names.first)),
            (5, self.invented),
            (3, lambda: f"{self.pick(self.names.first)}-{self.pick(self.names.first)}"),
        )

    def last(self) -> str:
        """Makes a family name."""
        return self.one_of(
            (55, lambda: self.head(self.names.last, self.names.often_last, 0.6)),
            (30, lambda: self.pick(self.names.last)),
            (6, self.invented),
            (4, lambda: f"{self.pick(self.names.last)}-{self.pick(self.names.last)}"),
            (4, lambda: f"{self.pick(PARTICLES)} {self.pick(self.names.last)}"),
            (1, lambda: f"O'{self.pick(self.names.last)}"),
        )

    def initial(self) -> str:
        """Makes an initial."""
        return self.pick(string.ascii_uppercase) + self.pick((".", ".", ""))

    def person(self) -> str:
        """Makes a whole name in one of its usual forms."""
        return self.one_of(
            (58, lambda: f"{self.first()} {self.last()}"),
            (17, self.first),
            (5, self.last),
            (6, lambda: f"{self.first()} {self.initial()} {self.last()}"),
            (5, lambda: f"{self.first()} {self.first()} {self.last()}"),
            (2, lambda: f"{self.initial()} {self.last()}"),
            (2, lambda: f"{self.initial()} {self.initial()} {self.last()}"),
            (2, lambda: f"{self.first()} {self.last()} {self.last()}"),
            (1, lambda: f"{self.first()} {self.last()} {self.pick(('Jr.', 'Sr.', 'III', 'II', 'Jr'))}"),
            (1, lambda: f"{self.last()}, {self.first()}"),
        )

    def city(self) -> str:
        """Makes the name of a town."""
        return self.one_of(
            (62, lambda: self.head(self.names.cities, 1200, 0.7)),
            (22, lambda: self.pick(self.names.cities)),
            (3, self.invented),
            (7, lambda: self.pick(("North ", "South ", "New ", "Port ", "Lake ", "West ", "East ", "")) + self.last()
             + self.pick(("ville", "ton", "burg", "bury", "side", "town", "stad", "dorf", "view", "haven", "shire"))),
            (6, lambda: self.pick(("Saint ", "San ", "Sankt ", "Bad ", "Santa ", "Sainte-", "El ", "La ", "Villa "))
             + self.first()),
        )  # fmt: skip

    def place(self) -> str:
        """Makes a town, country, region or other place."""
        return self.one_of(
            (50, self.city),
            (24, lambda: self.pick(self.names.countries)),
            (12, lambda: self.head(self.names.regions, 51, 0.7)),
            (10, lambda: self.pick(self.names.places)),
            (4, self._landscape),
        )

    def _landscape(self) -> str:
        head = self.pick(("Lake", "Mount", "River", "Fort", "Cape", "Camp", "Isle of", "Bay of"))
        tail = self.pick(["River", "Valley", "Island", "Lake", "Park", "Creek", "Mountains", "County", "Hills", "Beach",
            "Bridge", "District", "Bay"])
        name = self.pick((self.last(), self.invented(), self.pick(self.names.streets)))
        return self.pick((f"{head} {name}", f"{name} {tail}", f"{name} {tail}"))

    def street(self) -> str:
        """Makes the name of a street."""
        name = self.pick((self.last(), self.first(), self.pick(self.names.streets), self.invented(), self.city()))
        if self.dice.random() < 0.45:
            ahead = self.pick(("", "", "", "North ", "N. ", "West ", "E ", "Old ", "Upper "))
            return f"{ahead}{name} {self.pick(STREETS)}"
        if self.dice.random() < 0.2:
            return f"{self.dice.randint(1, 180)}{self.pick(('th', 'st', 'nd', 'rd'))} {self.pick(STREETS)}"
        return self.pick(FOREIGN_STREETS).format(name)

    def number(self) -> str:
        """Makes the number of a house."""
        size = self.dice.choice((9, 99, 99, 999, 9999, 99999))
        return self.pick(("", "", "", "", "No. ", "#")) + str(self.dice.randint(1, size)) + self.pick(("", "", "", "", "a",
            "B"))

    def address(self) -> str:
        """Makes a postal address, in one line or several."""
        if self.dice.random() < 0.3:
            text = self.pick(self.pool)
            return text if self.dice.random() < 0.5 else text.replace("\n", self.pick((", ", " ", ", ")))
        number, street = self.number(), self.street()
        line = self.pick((f"{number} {street}", f"{number} {street}", f"{street} {number}", f"{number}, {street}"))
        if self.dice.random() < 0.3:
            unit = self.pick(("Apt. ", "Apt ", "Suite ", "Unit ", "Flat ", "Ste. ", "#", "Floor ", "Room ", "Apartment "))
            line += self.pick((" ", ", ", "\n")) + unit + str(self.dice.randint(1, 999))
        if self.dice.random() < 0.35:
            return line
        gap = self.pick((", ", ", ", "\n", "\n ", " "))
        return line + gap + self._town(gap)

    def postcode(self) -> str:
        """Makes a postal code in one of four forms."""
        letters = self.dice.choices(string.ascii_uppercase, k=3)
        return self.pick((f"{self.dice.randint(1000, 99999):05}", str(self.dice.randint(1000, 99999)),
                          f"{letters[0]}{self.dice.randint(1, 99)} {self.dice.randint(1, 9)}{letters[1]}{letters[2]}",
                          f"{self.dice.randint(100, 999)} {self.dice.randint(10, 99)}"))  # fmt: skip

    def _town(self, gap: str) -> str:
        code = self.postcode()
        state = self.pick((self.pick(self.names.regions[:51]), "".join(self.dice.choices(string.ascii_uppercase, k=2))))
        town, country = self.city(), self.pick(self.names.countries)
        return self.pick((f"{town}", f"{town}{gap}{country}", f"{code} {town}", f"{town} {code}", f"{town}, {state} {code}",
                          f"{town}{gap}{state} {code}", f"{code} {town}{gap}{country}", f"{town}{gap}{country} {code}",
                          f"{town}, {state}"))  # fmt: skip

    @cached_property
    def pool(self) -> list[str]:
        """Addresses as each country writes them."""
        from faker import Faker

        made: list[str] = []
        for locale in LOCALES:
            source = Faker(locale)
            source.seed_instance(self.dice.randrange(1 << 30))
            made += [pick() for pick in (source.address, source.street_address) for _ in range(110)]
        return made

    def organisation(self) -> str:
        """Makes the name of a company, school, club, agency or other body."""
        return self.one_of(
            (20, lambda: self.pick(self.names.organisations)),
            (24, lambda: self.pick(self.names.companies)),
            (9, lambda: f"{self.pick((self.invented(), self.last(), self.pick(self.names.companies)))} {self.pick(STYLES)}"),
            (9, self._partners),
            (9, lambda: f"{self._brand()} {self._branch()}"),
            (6, self._brand),
            (5, lambda: f"{self._brand()} {self._branch()}{self.pick((' ', ', '))}{self.pick(STYLES)}"),
            (3, lambda: f"{self._brand()} {self._branch()} {self._branch()}"),
            (8, lambda: f"{self.pick((self.city(), self.place(), self.last()))} {self.pick(FACULTIES)}"),
            (5, lambda: f"{self.pick(HEADS)} {self.place()}"),
            (2, lambda: self.pick(self.names.schools)),
            (1, lambda: "".join(self.dice.choices(string.ascii_uppercase, k=self.dice.randint(3, 4)))),
        )

    def _partners(self) -> str:
        one, two, three = self.last(), self.last(), self.last()
        return self.pick((f"{one}, {two} and {three}", f"{one} & {two}", f"{one}-{two}", f"{one} and {two}",
                          f"{one} and Sons", f"{one} Brothers", f"{one}, {two} & {three}", f"{one}'s"))  # fmt: skip

    def _brand(self) -> str:
        common = self.pick(self.ordinary[300:6000]).capitalize()
        joined = common + self.pick(self.ordinary[300:3000])
        camel = common + self.pick(self.ordinary[300:3000]).capitalize()
        return self.pick((self.invented(), self.invented(1, 2), common, joined, camel, self.last(), self.city(),
                          f"{common} {self.pick(self.ordinary[300:6000]).capitalize()}"))  # fmt: skip

    def _branch(self) -> str:
        return self.pick(self.names.words["company_word"]).capitalize()

    @cached_property
    def ordinary(self) -> list[str]:
        """Ordinary English words, most frequent first."""
        return [word for word in sorted(self.names.ordinary, key=self.names.ranks.__getitem__) if len(word) > 2]

    def nationality(self) -> str:
        """Makes the word for a nation's people."""
        word = self.pick(self.names.words["nationality"])
        return word.capitalize()

    def job(self) -> str:
        """Makes the name of a profession."""
        return self.pick(self.names.jobs)

    def good(self, name: str) -> bool:
        """Tells whether a filled name is in Latin letters."""
        return latin(name) or "\n" in name or any(each.isdigit() for each in name)
