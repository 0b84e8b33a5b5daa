"""The facts of the world, the sentences that teach them, and the items that ask for them alone and in twos."""

import functools
import itertools
import random
from typing import Iterator, NamedTuple

from . import facts_data as data
from .facts_names import firms, people, pick, seeded_number, towns
from .facts_phrasings import MENTIONS, PHRASINGS

# How often a fact is said beside a rare one, and the class's share of the facts in percent.
WEIGHTS = {"common": 16, "medium": 4, "rare": 1}
SHARES = {"common": 45, "medium": 35, "rare": 20}
_CLASS_OF_PERCENT = [name for name, share in SHARES.items() for _ in range(share)]

TWO_HOP_SHARE = 0.25
HELD_OUT_PERCENT = 30
PAIRS_PER_COMPOSITION = 90
RECALL_DEMONSTRATIONS_PER_RELATION = 5
TWO_HOP_DEMONSTRATIONS_PER_COMPOSITION = 2

_PEOPLE, _FIRMS, _TOWNS = people(120), firms(40), towns(40)

# relation: (subjects, objects)
_INVENTED = {
    "profession": (_PEOPLE, data.PROFESSIONS),
    "home_town": (_PEOPLE, _TOWNS),
    "employer": (_PEOPLE, _FIRMS),
    "instrument": (_PEOPLE, data.INSTRUMENTS),
    "pet": (_PEOPLE, data.PETS),
    "dish": (_PEOPLE, data.DISHES),
    "hobby": (_PEOPLE, data.HOBBIES),
    "product": (_FIRMS, data.PRODUCTS),
    "seat": (_FIRMS, _TOWNS),
    "founder": (_FIRMS, _PEOPLE),
    "river": (_TOWNS, data.RIVERS),
    "region": (_TOWNS, data.REGIONS),
    "speciality": (_TOWNS, data.SPECIALITIES),
}

# (r1, r2) of r2(r1(e1))
COMPOSITIONS = (
    ("capital_of", "currency"),
    ("capital_of", "language"),
    ("capital_of", "continent"),
    ("home_town", "river"),
    ("home_town", "region"),
    ("home_town", "speciality"),
    ("employer", "product"),
    ("employer", "seat"),
    ("seat", "river"),
    ("seat", "region"),
    ("founder", "profession"),
)


class Fact(NamedTuple):
    relation: str
    subject: str
    object: str
    aliases: tuple[str, ...]
    frequency: str

    @property
    def answers(self) -> str:
        return "|".join((self.object, *self.aliases))


class Pair(NamedTuple):
    first: Fact
    second: Fact

    @property
    def key(self) -> tuple[str, str, str]:
        return self.first.relation, self.second.relation, self.first.subject

    @property
    def seen(self) -> bool:
        return seeded_number("held-out", *self.key) % 100 >= HELD_OUT_PERCENT

    @property
    def prompt(self) -> str:
        mention = MENTIONS[self.first.relation].format(self.first.subject)
        return PHRASINGS[self.second.relation].train[0].format(mention)


def _fact(relation: str, subject: str, answer: str, *aliases: str) -> Fact:
    frequency = pick(_CLASS_OF_PERCENT, "frequency", relation, subject)
    return Fact(relation, subject, answer, (*aliases, *data.ALIASES.get(answer, ())), frequency)


def _real_facts() -> Iterator[Fact]:
    for country, capital, continent, currency, currency_name, language in data.COUNTRIES:
        candidates = [
            ("capital", country, capital),
            ("capital_of", capital, country),
            ("currency", country, currency, currency_name),
            ("language", country, language),
            ("continent", country, continent),
        ]
        for relation, subject, answer, *aliases in candidates:
            if "-" not in (subject, answer):
                yield _fact(relation, subject, answer, *(alias for alias in aliases if alias != "-"))


def _invented_facts() -> Iterator[Fact]:
    for relation, (subjects, objects) in _INVENTED.items():
        for subject in subjects:
            yield _fact(relation, subject, pick(objects, relation, subject))


@functools.cache
def all_facts() -> tuple[Fact, ...]:
    return (*_real_facts(), *_invented_facts())


def _seeded_order(entries, *key: str) -> list:
    """In an order that has nothing to do with relations or names, so that any first part is a fair sample."""
    return sorted(entries, key=lambda entry: seeded_number("order", *key, *map(str, entry)))


@functools.cache
def all_pairs() -> tuple[Pair, ...]:
    by_question = {(fact.relation, fact.subject): fact for fact in all_facts()}
    pairs: list[Pair] = []
    for r1, r2 in COMPOSITIONS:
        firsts = [fact for fact in all_facts() if fact.relation == r1 and (r2, fact.object) in by_question]
        found = [Pair(first, by_question[r2, first.object]) for first in firsts]
        pairs += sorted(found, key=lambda pair: seeded_number("pair", *pair.key))[:PAIRS_PER_COMPOSITION]
    return tuple(pairs)


def training_sentences(rng: random.Random) -> Iterator[tuple[str, str]]:
    """Prompts of the training split and their objects, without end."""
    facts = all_facts()
    bounds = list(itertools.accumulate(WEIGHTS[fact.frequency] for fact in facts))
    seen = [pair for pair in all_pairs() if pair.seen]
    while True:
        if rng.random() < TWO_HOP_SHARE:
            pair = rng.choice(seen)
            yield pair.prompt, pair.second.object
        else:
            fact = rng.choices(facts, cum_weights=bounds)[0]
            yield rng.choice(PHRASINGS[fact.relation].train).format(fact.subject), fact.object
