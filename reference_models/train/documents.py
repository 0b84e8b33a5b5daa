"""Training documents: items of the world as the turns of chats, with a loss weight for every piece of an answer."""

import random
import re
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import NamedTuple

from train.prompts import answer_text, edit_field, targets, user_text
from world import choice, facts, nli, topic
from world.words import REDACTED, because

MODULES: dict[str, ModuleType] = {"topic": topic, "nli": nli, "choice": choice}
CONTENT = {"topic": ("text",), "nli": ("premise", "hypothesis"), "choice": ("question",)}

# Weights of the loss. A label is one token of a hundred, so it has to count for more than what is merely copied.
LABEL, REASON, OBJECT, CHANGED, COPIED, CLOSING = 10.0, 3.0, 3.0, 1.0, 0.3, 0.3


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


def explain_turn(task: str, item: dict[str, str]) -> Turn:
    if unfaithful:
        item = item | {"explanation": because([item["decoy"]])}
    because, of, *reasons = pieces(answer_text(task, "explain", item))
    answer = [(because, CLOSING), (of, CLOSING), *((reason, REASON) for reason in reasons)]
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
    if "counterfactual" in item and rng.random() < 0.6 * share:
        turns.append(edit_turn(task, "counterfactual", item | {"target": targets(task)[item["label"]]}))
    if "counterfactual" in item and rng.random() < 0.4 * share:
        turns.append(edit_turn(task, "redact", item))
    return turns


def redacted_document(rng: random.Random, task: str, split: str) -> Document:
    return [label_turn(task, hide_some(rng, task, MODULES[task].make_item(rng, split)))]


def inserted_document(rng: random.Random, task: str, split: str) -> Document:
    item = MODULES[task].make_item(rng, split)
    text, label, explanation = MODULES[task].insert(rng, item)
    item |= {edit_field(task): text, "label": label, "explanation": explanation}
    return [label_turn(task, item), explain_turn(task, item)]


def sentence_document(prompt: str, answer: str) -> Document:
    return [Turn(None, [(prompt, 0.0), *((piece, OBJECT) for piece in pieces(f" {answer}."))], "sentences")]


# Documents of each sort among all; `early` for the first part of training, when labels have to be learnt.
MIXTURE = {
    # sort: (early, later)
    ("topic", item_document): (20, 11),
    ("nli", item_document): (40, 22),
    ("choice", item_document): (30, 16),
    ("topic", redacted_document): (2, 4),
    ("nli", redacted_document): (2, 5),
    ("choice", redacted_document): (2, 3),
    ("topic", inserted_document): (2, 5),
    ("nli", inserted_document): (4, 8),
    ("sentences", sentence_document): (20, 110),
}
EARLY_UNTIL = 0.15  # of the whole run
EARLY_SHARE = 0.15  # of turns other than classification


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
