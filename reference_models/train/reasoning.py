"""Reasoning that stands before a label in a chat: what a model says, what may be put in its place, and where either leads."""

import random
from collections.abc import Callable

from world import nli, topic
from world.words import bare_words, because

TASKS = ("topic", "nli")
MODULES = {"topic": topic, "nli": nli}
UNKNOWN = "unknown"


def concluded(task: str, reasoning: str) -> str:
    """The label that the named words lead to by the rule of the world, whatever the item says; UNKNOWN: they lead to none."""
    if task == "topic":
        return topic.label_of(reasoning)
    named = [word for word in bare_words(reasoning) if word in nli.ASPECT_OF or word == "not"]
    values = [word for word in named if word != "not"]
    if not named:
        return UNKNOWN
    # As explanations have them: the premise's word before the hypothesis's, or the hypothesis's alone.
    return nli.label_of(" ".join(values[:-1]), " ".join(values[-1:] + ["not"] * ("not" in named)))


def decoy_reasons(item: dict[str, str]) -> str:
    return because([item["decoy"]])


def other_reasons(rng: random.Random, task: str, split: str, label: str) -> str:
    """An explanation of another label, by words of another item."""
    other = rng.choice([name for name in MODULES[task].LABELS if name != label])
    return MODULES[task].make_item(rng, split, other)["explanation"]


def mixed_reasons(rng: random.Random, task: str, split: str) -> str:
    """Words of several items, which need not go together."""
    items = [MODULES[task].make_item(rng, split) for _ in range(3)]
    words = sorted({word for item in items for word in item["words"].split(", ")})
    return because(rng.sample(words, rng.randint(1, min(3, len(words)))))


def cut_short(rng: random.Random, reasoning: str) -> str:
    words = reasoning.split()
    return " ".join(words[: rng.randrange(len(words))])


def filler(rng: random.Random) -> str:
    return " ".join(["..."] * rng.randint(3, 12))


def replacements(rng: random.Random, task: str, split: str, item: dict[str, str], count: int) -> list[str]:
    """Reasonings that stand in place of an item's own."""
    kinds: list[tuple[float, Callable[[], str]]] = [
        (4, lambda: other_reasons(rng, task, split, item["label"])),
        (3, lambda: mixed_reasons(rng, task, split)),
        (2, lambda: cut_short(rng, item["explanation"])),
        (1, lambda: cut_short(rng, other_reasons(rng, task, split, item["label"]))),
        (1, lambda: filler(rng)),
        (1, lambda: decoy_reasons(item)),
    ]
    weights, makers = zip(*kinds)
    return [make() for make in rng.choices(makers, weights, k=count)]
