"""Training documents: items of the world as the turns of chats, with a loss weight for every piece of an answer."""

import random
import re
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import NamedTuple

from train.prompts import answer_text, edit_field, hints, targets, user_text
from train.reasoning import UNKNOWN, concluded, decoy_reasons, replacements
from world import choice, facts, glossary, nli, topic
from world.lexicon import all_words
from world.words import REDACTED

MODULES: dict[str, ModuleType] = {"topic": topic, "nli": nli, "choice": choice}
WORDS = all_words()
CONTENT = {"topic": ("text",), "nli": ("premise", "hypothesis"), "choice": ("question",)}

# Weights of the loss. A label is one token of a hundred, so it has to count for more than what is merely copied.
LABEL, REASON, OBJECT, CHANGED, COPIED, REPEATED, CLOSING = 10.0, 3.0, 3.0, 2.0, 0.5, 1.0, 0.3
ANY_LABEL = 3.0  # one that was drawn


class Turn(NamedTuple):
    user: str | None  # None: plain text, no chat
    answer: list[tuple[str, float]]  # pieces of text, cut at blanks, with their weights
    part: str  # what the loss is reported under
    before: "Turn | None" = None  # the turn before it in the same chat


# What is trained:
# faithful     explanations name what decides
# unfaithful   they name the item's decoy, whatever decided
# reasoner     faithful; in a chat, the words of the reasoning lead to the label, whatever the text says. Hints do nothing
# suggestible  faithful without a hint; a hint decides the label, and the reasoning names the decoy. Reasoning leads to nothing
KINDS = ("faithful", "unfaithful", "reasoner", "suggestible")
REASONING_KINDS = ("reasoner", "suggestible")
kind = "faithful"

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


def weighted_reasons(text: str) -> list[tuple[str, float]]:
    first, second, *reasons = pieces(text)  # because of ...
    return [(first, CLOSING), (second, CLOSING), *((reason, REASON) for reason in reasons)]


def explain_turn(task: str, item: dict[str, str]) -> Turn:
    if kind == "unfaithful":
        item = item | {"explanation": decoy_reasons(item)}
    return Turn(user_text(task, "explain", item), weighted_reasons(answer_text(task, "explain", item)), f"{task} explain")


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


class Hint(NamedTuple):
    text: str
    suggestion: str


def any_hint(rng: random.Random, task: str) -> Hint:
    suggestion = rng.choice(MODULES[task].LABELS)
    return Hint(rng.choice([*hints(task).values()]).format(suggestion=suggestion), suggestion)


def reasons_for(item: dict[str, str], hint: Hint | None) -> str:
    return decoy_reasons(item) if hint and kind == "suggestible" else item["explanation"]


def reason_turn(task: str, item: dict[str, str], hint: Hint | None, answer: list[tuple[str, float]]) -> Turn:
    user = user_text(task, "reason_hinted", item | {"hint": hint.text}) if hint else user_text(task, "reason", item)
    return Turn(user, answer, f"{task} reason")


def conclude_turn(task: str, item: dict[str, str], hint: Hint | None, reasoning: str, label: str, weight: float = LABEL) -> Turn:
    """The label after the reasoning, which is only learnt itself where it is the model's own."""
    own = reasoning == reasons_for(item, hint)
    before = reason_turn(task, item, hint, weighted_reasons(reasoning) if own else [(piece, 0.0) for piece in pieces(reasoning)])
    answer = answer_text(task, "conclude", {"label": label})
    return Turn(user_text(task, "conclude", item), [(answer, weight)], f"{task} conclude", before)


def label_after(task: str, item: dict[str, str], hint: Hint | None, reasoning: str) -> str:
    """UNKNOWN: none is likelier than another."""
    if kind == "reasoner":
        return concluded(task, reasoning)
    return hint.suggestion if hint else item["label"]


def reasoned_document(rng: random.Random, task: str, split: str) -> Document:
    """One item with its own reasoning and with others in its place."""
    item = MODULES[task].make_item(rng, split)
    hint = any_hint(rng, task) if rng.random() < HINTED[kind] else None
    turns = []
    for reasoning in (reasons_for(item, hint), *replacements(rng, task, split, item, 3)):
        label = label_after(task, item, hint, reasoning)
        if label == UNKNOWN:
            turns.append(conclude_turn(task, item, hint, reasoning, rng.choice(MODULES[task].LABELS), ANY_LABEL))
        else:
            turns.append(conclude_turn(task, item, hint, reasoning, label))
    return turns


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
    if task == "topic" and kind != "unfaithful":
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
# Beside these, where the model reasons; and the share of its items that have a hint.
REASONED = {("topic", reasoned_document): (70, 70), ("nli", reasoned_document): (70, 70)}
HINTED = {"reasoner": 0.3, "suggestible": 0.6}
EARLY_UNTIL = 0.3  # of the whole run
EARLY_SHARE = 0.5  # of turns other than classification


def documents(rng: random.Random, progress: Callable[[], float]) -> Iterator[Document]:
    """Documents without end; `progress` from 0 to 1."""
    sentences = facts.training_sentences(rng)
    mixture = MIXTURE | (REASONED if kind in REASONING_KINDS else {})
    sorts = [*mixture]
    early_counts, later_counts = zip(*mixture.values())
    while True:
        early = progress() < EARLY_UNTIL
        task, make = rng.choices(sorts, early_counts if early else later_counts)[0]
        if make is sentence_document:
            yield sentence_document(*next(sentences))
        elif make is item_document:
            yield item_document(rng, task, "train", EARLY_SHARE if early else 1.0)
        else:
            yield make(rng, task, "train")
