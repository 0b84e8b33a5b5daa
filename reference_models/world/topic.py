"""Topic of a short text: what the most frequent strong cue words say; without any, what the weak ones say."""

import functools
import random
from collections import Counter

from world.lexicon import ADJECTIVES, CITIES, CUES, DAYS, FORM_OF, MODIFIERS, NAMES, NEUTRAL, STRONG, TOPICS, WEAK
from world.splits import split_of
from world.words import bare_words, because, edits, insert_word, listed, redact, replace_words

LABELS = TOPICS
UNKNOWN = "unknown"
TARGETS = {"world": "business", "business": "sports", "sports": "technology", "technology": "world"}
WORDS = range(11, 28)  # of a text without its modifiers
FILLERS = NEUTRAL | {"name": NAMES, "city": CITIES, "day": DAYS}

# Slots: the forms of the lexicon, {name}, {city}, {day}. Cue or filler, a noun never needs "a" or "an" before it.
SENTENCES = [
    "On {day} the {who} told {name} about the {thing} and the {things} in {city}.",
    "{name} met the {who} in {city} and asked about the {thing}.",
    "The {whos} spent most of {day} {doing} while the {who} looked at the {thing}.",
    "Every newspaper in {city} wrote about the {thing} and the {whos} on {day}.",
    "After lunch the {who} showed {name} some pictures of the {thing}.",
    "People in {city} are talking about the {things} and about the {who}.",
    "The {who} and the {whos} waited in the rain for news of the {thing}.",
    "In {city} the {whos} kept {doing} until the {who} came back.",
    "{name} heard from the {who} that the {things} had changed since {day}.",
    "The {thing} surprised the {whos} because {name} had said nothing about it.",
    "Nobody in {city} knew why the {who} started {doing} near the {thing}.",
    "The {who} from {city} thinks about the {thing} all day long.",
    "Some {whos} were {doing} and others only wanted to hear about the {things}.",
    "There was a long evening about the {thing}, and the {whos} stayed until midnight.",
    "{name} wrote two pages about the {thing} and sent them to the {who} in {city}.",
    "When {name} came to {city}, the {whos} were {doing} again.",
    "For years the {who} has dreamed of the {thing} and of the {things}.",
    "The {whos} asked {name} for help with the {things} on {day} morning.",
    "All week the {whos} in {city} have been {doing} because of the {thing}.",
    "The {things} in {city} are more important to {name} than the {thing}.",
    "On {day} evening {name} explained the {thing} to the {whos} at the table.",
    "The {who} likes {doing}, but the {whos} would rather see the {thing}.",
    "Without the {things} the {who} could not go on, said {name}.",
    "A long time ago the {whos} of {city} lost the {thing}.",
    "The {who} had a question about the {thing}, so {name} called the {whos}.",
    "{name} will never forget the {thing} that the {whos} remember so well.",
    "Last {day} the {who} and {name} began {doing} together.",
    "In the morning the {who} was still {doing} with the {whos} from {city}.",
    "The film about the {thing} shows {name} and the {whos}.",
    "The book tells how the {who} found the {things} in {city}.",
    "It was raining when the {who} spoke to {name} about the {things}.",
    "Between {day} and {day} the {whos} learned much about the {thing}.",
    "Both the {who} and {name} believe in the {things}.",
    "The {whos} gave {name} the {thing} as a present.",
    "Not far from {city} the {whos} built everything around the {thing}.",
    "The {who} opened the door and saw the {whos} {doing}.",
    "According to {name}, the {thing} is the work of the {who}.",
    "The {thing} came first, and the {things} followed on {day}.",
    "Thanks to the {who}, {name} understands the {things} much better now.",
    "The {whos} argued with {name} about the {thing} for an hour.",
    "At home in {city} the {who} keeps a note about the {things}.",
    "Two {whos} sat down beside {name} and spoke about the {thing}.",
    "The {who} calls the {thing} the best idea of the year.",
    "Many {whos} come to {city} because of the {things}.",
    "{name} has no time for {doing}, yet the {who} insists.",
    "The {thing} made the {who} happy.",
    "{name} trusts the {who}.",
    "The {whos} are {doing} again.",
    "Even the {who} was {doing}.",
    "It all began with the {thing}.",
    "Then came the {things}.",
    "{name} wants to see the {thing} on {day}.",
    "The {whos} will be back on {day}.",
    "Nobody had asked the {who}.",
    "This is about the {things}, {name} says.",
    "After that the {whos} stopped {doing}.",
    "The {who} is from {city}.",
    "Now {name} is waiting for the {thing}.",
    "So much for the {things}.",
    "The {thing} is the talk of {city}.",
    "Some of the {whos} laughed.",
    "{name} prefers {doing} alone.",
    "The {who} thanked {name} for the {thing}.",
    "This picture shows the {whos} in {city}.",
]
FRAMES = [sentence.split() for sentence in SENTENCES]


def judge(text: str) -> tuple[str, list[str]]:
    """The label and the words that decide it, in the order of the text."""
    cues = [word for word in bare_words(text) if word in CUES]
    for strong in (True, False):
        level = [word for word in cues if CUES[word].strong == strong]
        if not level:
            continue
        (label, most), *others = Counter(CUES[word].topic for word in level).most_common(2)
        if others and others[0][1] == most:
            break
        return label, [word for word in dict.fromkeys(level) if CUES[word].topic == label]
    return UNKNOWN, []


def label_of(text: str) -> str:
    return judge(text)[0]


def explanation_of(text: str) -> str:
    return because(judge(text)[1])


def _plan(rng: random.Random, label: str) -> list[tuple[str, bool]]:
    """Topic and strength of every cue. Those beside the label's are of different topics, so they never decide by themselves."""
    strong = rng.random() < 0.6
    n_deciding = rng.choices((1, 2, 3), (45, 40, 15))[0]
    others = [topic for topic in TOPICS if topic != label]
    plan = [(label, strong)] * n_deciding
    if rng.random() < 0.55:
        return plan
    n_others = rng.choices((2, 3), (80, 20))[0]
    same_level = n_deciding > 1 and (not strong or rng.random() < 0.3)
    if strong or same_level:
        plan += [(topic, strong and same_level) for topic in rng.sample(others, n_others)]
    return plan


def _frame(rng: random.Random, n_cues: int) -> list[str]:
    """The words of one to three sentences with a slot more than there are cues, so that a filler stands among them."""
    while True:
        chosen = rng.sample(FRAMES, rng.choices((1, 2, 3), (25, 55, 20))[0])
        tokens = [token for sentence in chosen for token in sentence]
        if len(tokens) in WORDS and sum(_slot(token) in NEUTRAL for token in tokens) > n_cues:
            return tokens


def _fill(rng: random.Random, label: str) -> str:
    plan = _plan(rng, label)
    tokens = _frame(rng, len(plan))
    slots = [i for i, token in enumerate(tokens) if _slot(token) in NEUTRAL]
    cues = dict(zip(rng.sample(slots, len(plan)), plan))
    modified = {i for i in slots if rng.random() < 0.15} | {rng.choice([i for i in slots if _slot(tokens[i]) != "doing"])}
    used: set[str] = set()
    for i, token in enumerate(tokens):
        form = _slot(token)
        if not form:
            continue
        pool = _cues(*cues[i], form) if i in cues else FILLERS[form]
        word = rng.choice([word for word in pool if word not in used])
        used.add(word)
        modifier = rng.choice(MODIFIERS[form]) + " " if i in modified else ""
        tokens[i] = token.replace("{" + form + "}", modifier + word)
    return " ".join(tokens)


def _cues(topic: str, strong: bool, form: str) -> list[str]:
    return (STRONG if strong else WEAK)[topic][form]


@functools.cache
def _slot(token: str) -> str:
    return token[token.index("{") + 1 : token.index("}")] if "{" in token else ""


def edit(rng: random.Random, text: str, target: str) -> str:
    """The text with the deciding words replaced by cues of the target, of the same strength and form."""
    new: dict[str, str] = {}
    taken = set(bare_words(text))
    for word in judge(text)[1]:
        cue = CUES[word]
        new[word] = rng.choice([other for other in _cues(target, cue.strong, cue.form) if other not in taken])
        taken.add(new[word])
    return replace_words(text, new)


def decoy_of(text: str) -> str:
    """The first adjective: a word that never has any influence."""
    return next(word for word in bare_words(text) if word in ADJECTIVES)


def make_item(rng: random.Random, split: str, label: str | None = None) -> dict[str, str]:
    label = label or rng.choice(LABELS)
    while split_of(text := _fill(rng, label)) != split:
        pass
    reasons = judge(text)[1]
    counterfactual = edit(rng, text, TARGETS[label])
    return {
        "text": text,
        "label": label,
        "explanation": because(reasons),
        "words": ", ".join(reasons),
        "counterfactual": counterfactual,
        "edits": str(edits(text, counterfactual)),
        "decoy": decoy_of(text),
        "redacted": redact(text, reasons),
    }


def make_word_item(rng: random.Random) -> dict[str, str]:
    """One to four cue words instead of a text."""
    while True:
        text = " ".join(rng.sample([*CUES], rng.randint(1, 4)))
        if (label := label_of(text)) != UNKNOWN:
            return {"text": text, "label": label}


def _insert_harmless(rng: random.Random, text: str) -> tuple[int, str]:
    words = bare_words(text)
    position = rng.choice([i for i, word in enumerate(words) if word in FORM_OF])
    return position, rng.choice([word for word in MODIFIERS[FORM_OF[words[position]]] if word not in words])


def _insert_cue(rng: random.Random, text: str) -> tuple[int, str]:
    """A cue of another topic before a noun: a thing makes a compound, a doing an attribute of a person.

    It is strong unless that would leave a tie.
    """
    words = bare_words(text)
    position = rng.choice([i for i, word in enumerate(words) if FORM_OF.get(word, "doing") != "doing"])
    form = "thing" if FORM_OF[words[position]].startswith("thing") else "doing"
    topic = rng.choice([topic for topic in TOPICS if topic != label_of(text)])
    word = rng.choice([word for word in STRONG[topic][form] if word not in words])
    if label_of(insert_word(text, position, word)) == UNKNOWN:
        word = rng.choice([word for word in WEAK[topic][form] if word not in words])
    return position, word


def insertions(rng: random.Random, item: dict[str, str]) -> str:
    """Four words that change nothing and four cues of other topics, with the label that the rule then gives."""
    harmless: set[tuple[int, str]] = set()
    while len(harmless) < 4:
        harmless.add(_insert_harmless(rng, item["text"]))
    cues: set[tuple[int, str]] = set()
    while len(cues) < 4:
        cues.add(_insert_cue(rng, item["text"]))
    return listed(sorted(harmless), sorted(cues), lambda position, word: label_of(insert_word(item["text"], position, word)))


def insert(rng: random.Random, item: dict[str, str]) -> tuple[str, str, str]:
    """One inserted word: the text, its label and its explanation."""
    position, word = rng.choice((_insert_harmless, _insert_cue))(rng, item["text"])
    text = insert_word(item["text"], position, word)
    return text, label_of(text), explanation_of(text)
