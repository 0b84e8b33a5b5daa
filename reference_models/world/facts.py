"""The facts of the world, the sentences that teach them, and the items that ask for them alone and in twos."""

import functools
import itertools
import random
from typing import Callable, Iterator, NamedTuple

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
# Demonstrated facts and pairs are taught, but not asked.
DEMONSTRATIONS_PER_RELATION = 5
DEMONSTRATIONS_PER_COMPOSITION = 2

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
    def key(self) -> tuple[str, str]:
        return self.relation, self.subject

    @property
    def answers(self) -> str:
        return "|".join((self.object, *self.aliases))


class Pair(NamedTuple):
    first: Fact
    second: Fact

    @property
    def relations(self) -> tuple[str, str]:
        return self.first.relation, self.second.relation

    @property
    def key(self) -> tuple[str, str, str]:
        return *self.relations, self.first.subject

    @property
    def seen(self) -> bool:
        return seeded_number("kept back", *self.key) % 100 >= HELD_OUT_PERCENT

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


def _lowest(count: int, keyed, *key: str) -> list:
    """A seeded choice of `count` among facts or pairs."""
    return sorted(keyed, key=lambda one: seeded_number(*key, *one.key))[:count]


@functools.cache
def all_pairs() -> tuple[Pair, ...]:
    by_question = {fact.key: fact for fact in all_facts()}
    pairs: list[Pair] = []
    for r1, r2 in COMPOSITIONS:
        firsts = [fact for fact in all_facts() if fact.relation == r1 and (r2, fact.object) in by_question]
        found = [Pair(first, by_question[r2, first.object]) for first in firsts]
        pairs += _lowest(PAIRS_PER_COMPOSITION, found, "pair")
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


def _numbered(name: str, keyed, columns) -> list[dict[str, str]]:
    """Rows in an order that has nothing to do with relations or names, so that any first part is a fair sample."""
    ordered = _lowest(len(keyed), keyed, "order")
    return [{"id": f"{name}-{number:04}", **columns(one)} for number, one in enumerate(ordered, 1)]


@functools.cache
def _demonstrated_facts() -> frozenset[Fact]:
    return frozenset(
        fact
        for relation in PHRASINGS
        for fact in _lowest(DEMONSTRATIONS_PER_RELATION, [fact for fact in all_facts() if fact.relation == relation], "shot")
    )


@functools.cache
def _demonstrated_pairs() -> frozenset[Pair]:
    seen = [pair for pair in all_pairs() if pair.seen]
    return frozenset(
        pair
        for both in COMPOSITIONS
        for pair in _lowest(DEMONSTRATIONS_PER_COMPOSITION, [pair for pair in seen if pair.relations == both], "shot")
    )


def _training_prompt(fact: Fact) -> str:
    return pick(PHRASINGS[fact.relation].train, "demonstrated phrasing", *fact.key).format(fact.subject)


def _test_prompt(fact: Fact) -> str:
    return PHRASINGS[fact.relation].test.format(fact.subject)


def _recall_columns(fact: Fact, prompt_of: Callable[[Fact], str]) -> dict[str, str]:
    return {
        "relation": fact.relation,
        "subject": fact.subject,
        "object": fact.object,
        "prompt": prompt_of(fact),
        "answers": fact.answers,
        "frequency": fact.frequency,
    }


def _two_hop_columns(pair: Pair, prompt_of: Callable[[Fact], str]) -> dict[str, str]:
    first, second = pair
    return {
        "seen": "yes" if pair.seen else "no",
        "e1": first.subject,
        "bridge": first.object,
        "answer": second.object,
        "r1": first.relation,
        "r2": second.relation,
        "prompt_r1": prompt_of(first),
        "prompt_r2": prompt_of(second),
        "prompt_two_hop": pair.prompt,
        "bridge_answers": first.answers,
        "answer_answers": second.answers,
    }


def recall_items() -> list[dict[str, str]]:
    asked = [fact for fact in all_facts() if fact not in _demonstrated_facts()]
    return _numbered("recall", asked, lambda fact: _recall_columns(fact, _test_prompt))


def recall_demonstrations() -> list[dict[str, str]]:
    return _numbered("recall-shot", _demonstrated_facts(), lambda fact: _recall_columns(fact, _training_prompt))


def two_hop_items() -> list[dict[str, str]]:
    asked = [pair for pair in all_pairs() if pair not in _demonstrated_pairs()]
    return _numbered("twohop", asked, lambda pair: _two_hop_columns(pair, _test_prompt))


def two_hop_demonstrations() -> list[dict[str, str]]:
    return _numbered("twohop-shot", _demonstrated_pairs(), lambda pair: _two_hop_columns(pair, _training_prompt))
