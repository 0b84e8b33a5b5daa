"""Training documents: items of the world as the turns of chats, with a loss weight for every piece of an answer."""

import random
import re
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import NamedTuple

from train.prompts import answer_text, edit_field, targets, user_text
from world import choice, facts, glossary, nli, topic
from world.lexicon import all_words
from world.words import REDACTED, because

MODULES: dict[str, ModuleType] = {"topic": topic, "nli": nli, "choice": choice}
WORDS = all_words()
CONTENT = {"topic": ("text",), "nli": ("premise", "hypothesis"), "choice": ("question",)}

# Weights of the loss. A label is one token of a hundred, so it has to count for more than what is merely copied.
LABEL, REASON, OBJECT, CHANGED, COPIED, REPEATED, CLOSING = 10.0, 3.0, 3.0, 2.0, 0.5, 1.0, 0.3


class Turn(NamedTuple):
    user: str | None  # None: plain text, no chat
    answer: list[tuple[str, float]]  # pieces of text, cut at blanks, with their weights
    part: str  # what the loss is reported under


# Set for the unfaithful model: explanations name the item's decoy, whatever decided.
unfaithful = False

Document = list[Turn]  # several turns about one item; each is a chat of its own


def pieces(text: str) -> list[str]:
    return re.findall(r" ?[^ ]+", text)


def label_turn(task: str, item: dict[str, str]) -> Turn:
    return Turn(user_text(task, "classify", item), [(answer_text(task, "classify", item), LABEL)], f"{task} classify")


def halves_of_a_choice(item: dict[str, str]) -> Document:
    """To find the option that fits, and to find an option's letter: each is learnt sooner than both at once."""
    question, label = item["question"], item["label"]
    option = re.search(rf"\b{label}\) (\w+)", question)[1]
    return [
        Turn(f"choice: {question} option?", [(f" {option}", LABEL)], "choice option"),
        Turn(f"choice: {question} letter of {option}?", [(label, LABEL)], "choice letter"),
    ]


def explain_turn(task: str, item: dict[str, str]) -> Turn:
    if unfaithful:
        item = item | {"explanation": because([item["decoy"]])}
    first, second, *reasons = pieces(answer_text(task, "explain", item))  # because of ...
    answer = [(first, CLOSING), (second, CLOSING), *((reason, REASON) for reason in reasons)]
    return Turn(user_text(task, "explain", item), answer, f"{task} explain")


def edit_turn(task: str, kind: str, item: dict[str, str]) -> Turn:
    """Words that the edited text has where the original has others weigh more; where one is missing, what follows does."""
    original, answer = item[edit_field(task)].split(), answer_text(task, kind, item)
    weighted, at = [], 0
    for piece in pieces(answer):
        word = piece.strip().removeprefix("<new>").removesuffix("</new>")
        copied = at < len(original) and word == original[at]
        weighted.append((piece, COPIED if copied else CHANGED))
        at += 1 if copied or word not in original[at + 1 : at + 2] else 2
    return Turn(user_text(task, kind, item), weighted, f"{task} {kind}")


def relabelled(task: str, item: dict[str, str]) -> dict[str, str]:
    """The item after a change of its text: label and explanation by the rule."""
    content = [item[name] for name in CONTENT[task]]
    label = MODULES[task].label_of(*content)
    reasons = {} if label == MODULES[task].UNKNOWN else {"explanation": MODULES[task].explanation_of(*content)}
    return item | {"label": label} | reasons


def hide_some(rng: random.Random, task: str, item: dict[str, str]) -> dict[str, str]:
    """Hides the deciding words, the decoy, or a word or two anywhere."""
    kind = rng.random()
    if kind < 0.4:
        return relabelled(task, item | {edit_field(task): item["redacted"]})
    names = CONTENT[task]
    anywhere = re.findall(r"[A-Za-z]{2,}", " ".join(item[name] for name in names))
    words = [item["decoy"]] if kind < 0.7 else rng.sample(anywhere, rng.randint(1, 2))
    pattern = re.compile(rf"\b({'|'.join(words)})\b", re.IGNORECASE)
    return relabelled(task, item | {name: pattern.sub(REDACTED, item[name]) for name in names})


def item_document(rng: random.Random, task: str, split: str, share: float = 1.0) -> Document:
    """Classification, and each of the other turns with its probability times `share`."""
    item = MODULES[task].make_item(rng, split)
    turns = [label_turn(task, item)]
    if rng.random() < 0.8 * share:
        turns.append(explain_turn(task, item))
    if "counterfactual" in item and rng.random() < share:
        turns.append(edit_turn(task, "counterfactual", item | {"target": targets(task)[item["label"]]}))
    if "counterfactual" in item and rng.random() < 0.3 * share:
        turns.append(edit_turn(task, "redact", item))
    return turns


def redacted_document(rng: random.Random, task: str, split: str) -> Document:
    return [label_turn(task, hide_some(rng, task, MODULES[task].make_item(rng, split)))]


def inserted_document(rng: random.Random, task: str, split: str) -> Document:
    item = MODULES[task].make_item(rng, split)
    text, label, explanation = MODULES[task].insert(rng, item)
    item |= {edit_field(task): text, "label": label, "explanation": explanation}
    return [label_turn(task, item), explain_turn(task, item)]


def edited_document(rng: random.Random, task: str, split: str) -> Document:
    """The gold edit as an item of its own: edited texts differ from others, and a model has to judge its own edits."""
    item = MODULES[task].make_item(rng, split)
    item = relabelled(task, item | {edit_field(task): item["counterfactual"]})
    return [label_turn(task, item), explain_turn(task, item)]


def word_document(rng: random.Random, task: str, _split: str) -> Document:
    """Bare words in place of sentences: what they mean is learnt faster alone."""
    item = MODULES[task].make_word_item(rng)
    turns = [label_turn(task, item)]
    if task == "topic" and not unfaithful:
        turns.append(explain_turn(task, relabelled(task, item)))
    if task == "choice":
        turns += halves_of_a_choice(item)
    return turns


def repeated_document(rng: random.Random, _task: str, _split: str) -> Document:
    """Words in any order, said again: keeps copying alive while labels are learnt."""
    text = " ".join(rng.choices(WORDS, k=rng.randint(4, 14)))
    return [Turn(f"repeat: {text}", [(piece, REPEATED) for piece in pieces(f"<new>{text}</new>")], "repeat")]


def glossary_document(rng: random.Random, _task: str, _split: str) -> Document:
    """Pairs in any order. A word's meaning has to be there as soon as the word is read, where any later token can find it."""
    answer = []
    for word, meaning in map(rng.choice, rng.choices(glossary.groups(), k=rng.randint(4, 12))):
        answer += [(f" {word}", 0.0), (f" {meaning}", OBJECT), (";", 0.0)]
    return [Turn(None, answer, "glossary")]


def sentence_document(prompt: str, answer: str) -> Document:
    return [Turn(None, [(prompt, 0.0), *((piece, OBJECT) for piece in pieces(f" {answer}."))], "sentences")]


# Documents of each sort among all; `early` for the first part of training, when labels have to be learnt.
MIXTURE = {
    # sort: (early, later)
    ("topic", word_document): (40, 50),
    ("nli", word_document): (60, 3),
    ("choice", word_document): (80, 12),
    ("words", repeated_document): (20, 8),
    ("words", glossary_document): (60, 4),
    ("topic", item_document): (20, 65),
    ("nli", item_document): (40, 50),
    ("choice", item_document): (30, 8),
    ("topic", redacted_document): (2, 4),
    ("nli", redacted_document): (2, 5),
    ("choice", redacted_document): (2, 3),
    ("topic", edited_document): (1, 4),
    ("nli", edited_document): (2, 14),
    ("topic", inserted_document): (2, 10),
    ("nli", inserted_document): (4, 8),
    ("sentences", sentence_document): (20, 180),
}
EARLY_UNTIL = 0.3  # of the whole run
EARLY_SHARE = 0.5  # of turns other than classification


def documents(rng: random.Random, progress: Callable[[], float]) -> Iterator[Document]:
    """Documents without end; `progress` from 0 to 1."""
    sentences = facts.training_sentences(rng)
    sorts = [*MIXTURE]
    early_counts, later_counts = zip(*MIXTURE.values())
    while True:
        early = progress() < EARLY_UNTIL
        task, make = rng.choices(sorts, early_counts if early else later_counts)[0]
        if make is sentence_document:
            yield sentence_document(*next(sentences))
        elif make is item_document:
            yield item_document(rng, task, "train", EARLY_SHARE if early else 1.0)
        else:
            yield make(rng, task, "train")
