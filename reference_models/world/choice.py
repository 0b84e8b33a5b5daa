"""Questions with three to five options of which exactly one fits: by category, property, fact or order."""

import random
import re

from world.lexicon import CAPITALS, CATEGORIES, CLOSE_CATEGORIES, EXTREMES, OPPOSITES, ORDERED_NUMBERS, PROPERTIES, REQUESTS
from world.splits import split_of
from world.words import REDACTED, bare, because, redact

LABELS = ("A", "B", "C", "D", "E")
UNKNOWN = "unknown"

CAPITAL_WORDS = {city.lower() for city in CAPITALS.values()}
CAPITAL_OF = {country.lower(): city.lower() for country, city in CAPITALS.items()}
OPPOSITE_OF = OPPOSITES | {b: a for a, b in OPPOSITES.items()}
VALUES = {value: things for values in PROPERTIES.values() for value, things in values.items()}

LEADS = ("Answer", "Say", "Decide", "Choose", "Tell me")
QUESTIONS = {
    "category": (
        "which one is a kind of {asked}?", "which word names a kind of {asked}?", "which of these is a kind of {asked}?"
    ),
    "property": ("which one is usually {asked}?", "which thing is usually {asked}?", "what do people call {asked}?"),
    "capital": ("what is the capital of {asked}?", "which city is the capital of {asked}?", "which capital belongs to {asked}?"),
    "opposite": (
        "what is the opposite of {asked}?", "which word is the opposite of {asked}?", "which word means the opposite of {asked}?"
    ),
    "extreme": ("which number is the {asked}?", "which is the {asked} number?", "which of these numbers is the {asked}?"),
}


def _fits(asked: str, options: list[str]) -> list[bool]:
    if asked in EXTREMES and all(option in ORDERED_NUMBERS for option in options):
        best = EXTREMES[asked](options, key=ORDERED_NUMBERS.index)
        return [option == best for option in options]
    right = (*CATEGORIES.get(asked, ()), *VALUES.get(asked, ()), CAPITAL_OF.get(asked), OPPOSITE_OF.get(asked))
    return [option in right for option in options]


ASKABLE = {*CATEGORIES, *VALUES, *CAPITAL_OF, *OPPOSITE_OF, *EXTREMES}


def judge(question: str) -> tuple[str, list[str]]:
    """The letter, and the words that decide it: the asked word and the chosen option."""
    stem, *pairs = re.split(r" ([A-E])\) ", question)
    options = [bare(option) for option in pairs[1::2]]
    asked = [token for token in stem.split() if bare(token) in ASKABLE and bare(token) not in REQUESTS]
    if not asked:
        return UNKNOWN, []
    fits = _fits(bare(asked[-1]), options)
    if fits.count(True) != 1:
        return UNKNOWN, []
    chosen = fits.index(True)
    return pairs[0::2][chosen], [asked[-1].strip("?"), pairs[1::2][chosen]]


def label_of(question: str) -> str:
    return judge(question)[0]


def explanation_of(question: str) -> str:
    return because(judge(question)[1])


def _category(rng: random.Random, n_wrong: int) -> tuple[str, str, list[str]]:
    asked = rng.choice([*CATEGORIES])
    answer = rng.choice(CATEGORIES[asked])
    groups = rng.sample([name for name in CATEGORIES if name not in (asked, *CLOSE_CATEGORIES.get(asked, ()))], n_wrong)
    return asked, answer, [rng.choice(CATEGORIES[name]) for name in groups]


def _property(rng: random.Random, n_wrong: int) -> tuple[str, str, list[str]]:
    values = PROPERTIES[rng.choices([*PROPERTIES], [len(values) for values in PROPERTIES.values()])[0]]
    asked = rng.choice([*values])
    wrong = [thing for value, things in values.items() if value != asked for thing in things if thing not in values[asked]]
    return asked, rng.choice(values[asked]), rng.sample(wrong, n_wrong)


def _capital(rng: random.Random, n_wrong: int) -> tuple[str, str, list[str]]:
    asked, *others = rng.sample([*CAPITALS], n_wrong + 1)
    return asked, CAPITALS[asked], [CAPITALS[country] for country in others]


def _opposite(rng: random.Random, n_wrong: int) -> tuple[str, str, list[str]]:
    asked = rng.choice([*OPPOSITE_OF])
    answer = OPPOSITE_OF[asked]
    return asked, answer, rng.sample([word for word in OPPOSITE_OF if word not in (asked, answer)], n_wrong)


def _extreme(rng: random.Random, n_wrong: int) -> tuple[str, str, list[str]]:
    asked = rng.choice([*EXTREMES])
    numbers = rng.sample(ORDERED_NUMBERS, n_wrong + 1)
    answer = EXTREMES[asked](numbers, key=ORDERED_NUMBERS.index)
    return asked, answer, [number for number in numbers if number != answer]


KINDS = {"category": _category, "property": _property, "capital": _capital, "opposite": _opposite, "extreme": _extreme}


def _kind(rng: random.Random) -> str:
    return rng.choices([*KINDS], (35, 25, 15, 15, 10))[0]


def _asked_and_options(rng: random.Random, kind: str, label: str, fewest: int) -> tuple[str, str]:
    place = LABELS.index(label)
    n_wrong = rng.randint(max(fewest - 1, place), 4)
    asked, answer, wrong = KINDS[kind](rng, n_wrong)
    options = wrong[:place] + [answer] + wrong[place:]
    return asked, " ".join(f"{letter}) {option}" for letter, option in zip(LABELS, options))


def _question(rng: random.Random, kind: str, request: str, label: str) -> str:
    asked, options = _asked_and_options(rng, kind, label, fewest=3)
    return f"{rng.choice(LEADS)} {request}: {rng.choice(QUESTIONS[kind]).format(asked=asked)} {options}"


def decoy_of(question: str) -> str:
    """How the answer is asked for: a word that never has any influence."""
    return next(word for word in map(bare, question.split()) if word in REQUESTS)


def make_item(rng: random.Random, split: str, label: str | None = None) -> dict[str, str]:
    label = label or rng.choice(LABELS)
    while True:
        question = _question(rng, _kind(rng), rng.choice(REQUESTS), label)
        found, reasons = judge(question)
        if found == label and split_of(question) == split:
            break
    return {
        "question": question,
        "label": label,
        "explanation": because(reasons),
        "words": ", ".join(reasons),
        "decoy": decoy_of(question),
        "redacted": redact(question, reasons),
    }


def make_word_item(rng: random.Random) -> dict[str, str]:
    """The asked word instead of a question, and two to five options."""
    while True:
        question = " ".join(_asked_and_options(rng, _kind(rng), rng.choice(LABELS), fewest=2))
        if (label := label_of(question)) != UNKNOWN:
            return {"question": question, "label": label}
