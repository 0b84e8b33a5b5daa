"""Premise and hypothesis about one scene: each states aspects of it, and the label follows from comparing them one by one."""

import functools
import random
from typing import NamedTuple

from world.lexicon import (
    ACTIONS, ASIDES, COLOURS, KINDS, LIVING_ACTIONS, LIVING_PLACES, NUMBERS, PLACES, SCENE_MANNERS, SIZES, VEHICLE_ACTIONS,
    VEHICLE_PLACES, plural,
)
from world.splits import split_of
from world.words import REDACTED, bare_words, because, edits, insert_word, listed, redact, replace_words

LABELS = ("entailment", "neutral", "contradiction")
UNKNOWN = "unknown"
TARGETS = {"entailment": "contradiction", "neutral": "contradiction", "contradiction": "entailment"}

TREES = {"number": NUMBERS, "size": SIZES, "colour": COLOURS, "kind": KINDS, "action": ACTIONS, "place": PLACES}
ASPECT_OF = {word: (aspect, word) for aspect, tree in TREES.items() for word in tree}
ASPECT_OF |= {plural(word): ("kind", word) for word in KINDS}

Scene = dict[str, str]  # aspect -> value


@functools.cache
def ancestors(aspect: str, value: str) -> tuple[str, ...]:
    above = TREES[aspect][value]
    return (above, *ancestors(aspect, above)) if above else ()


def descendants(aspect: str, value: str) -> list[str]:
    return [word for word in TREES[aspect] if value in ancestors(aspect, word)]


def exclude(aspect: str, a: str, b: str) -> bool:
    return a != b and a not in ancestors(aspect, b) and b not in ancestors(aspect, a)


class Found(NamedTuple):
    values: Scene
    words: dict[str, str]  # aspect -> the word of the text
    negated: bool
    hidden: bool


def _read(text: str) -> Found:
    words = bare_words(text)
    aspects = {ASPECT_OF[word][0]: word for word in words if word in ASPECT_OF}
    values = {aspect: ASPECT_OF[word][1] for aspect, word in aspects.items()}
    return Found(values, aspects, "not" in words, any(word.startswith(REDACTED) for word in words))


def _hides_aspect(premise: str) -> bool:
    """Whether a hidden word may belong to the scene: one right before the action stands where premises hold an adverb."""
    words = bare_words(premise)
    return any(
        word.startswith(REDACTED) and ASPECT_OF.get(after, ("",))[0] != "action" for word, after in zip(words, words[1:] + [""])
    )


def judge(premise: str, hypothesis: str) -> tuple[str, list[str]]:
    """The label and the words that decide it: premise word before hypothesis word, or the hypothesis word alone."""
    given, said = _read(premise), _read(hypothesis)
    if said.hidden:
        return UNKNOWN, []
    general, excluded, open_ = [], [], []
    absent = False
    for aspect, value in said.values.items():
        word, known = said.words[aspect], given.values.get(aspect)
        if known is None:
            open_.append(word)
            absent = True
        elif exclude(aspect, known, value):
            excluded += [given.words[aspect], word]
        elif value in ancestors(aspect, known):
            general += [given.words[aspect], word]
        elif value != known:
            open_ += [given.words[aspect], word]
    if absent and not excluded and _hides_aspect(premise):
        return UNKNOWN, []
    if excluded:
        return ("entailment", [*excluded, "not"]) if said.negated else ("contradiction", excluded)
    if open_:
        return "neutral", open_
    return ("contradiction", ["not"]) if said.negated else ("entailment", general)


def label_of(premise: str, hypothesis: str) -> str:
    return judge(premise, hypothesis)[0]


def explanation_of(premise: str, hypothesis: str) -> str:
    return because(judge(premise, hypothesis)[1])


class Draft(NamedTuple):
    premise: Scene
    hypothesis: Scene
    negated: bool
    # What the minimal edit replaces: aspect of the hypothesis, its new aspect and value. None: it takes "not" out.
    replaced: str | None
    by: tuple[str, str] | None


@functools.cache
def _vehicle(kind: str) -> bool:
    return kind == "vehicle" or "vehicle" in ancestors("kind", kind)


def _scene(rng: random.Random) -> Scene:
    kind = rng.choice([*KINDS])
    actions, places = (VEHICLE_ACTIONS, VEHICLE_PLACES) if _vehicle(kind) else (LIVING_ACTIONS, LIVING_PLACES)
    scene = {"kind": kind, "action": rng.choice(actions), "plural": rng.choice(("", "yes", "yes"))}
    if rng.random() < 0.85:
        scene["place"] = rng.choice(places)
    if rng.random() < 0.8:
        scene["number"] = rng.choice([*NUMBERS][1:]) if scene["plural"] else "one"
    adjective = rng.choice(("size", "colour", "colour", None))
    if adjective:
        scene[adjective] = rng.choice([*TREES[adjective]])
    return scene


def _others(scene: Scene, aspect: str) -> list[str]:
    """Values that exclude the scene's and suit the rest of it."""
    fitting = {
        "kind": [kind for kind in KINDS if _vehicle(kind) == _vehicle(scene["kind"])],
        "action": VEHICLE_ACTIONS if _vehicle(scene["kind"]) else LIVING_ACTIONS,
        "place": VEHICLE_PLACES if _vehicle(scene["kind"]) else LIVING_PLACES,
        "number": [*NUMBERS][1:],
    }.get(aspect, [*TREES[aspect]])
    return [value for value in fitting if exclude(aspect, scene[aspect], value)] or ["animal"] * (aspect == "kind")


def _shorten(rng: random.Random, scene: Scene, keep: str) -> Scene:
    """Drops modifiers, and the place or the action."""
    dropped = {aspect for aspect in ("number", "size", "colour") if rng.random() < 0.5}
    if "place" in scene and keep not in ("place", "action"):
        dropped |= set(rng.choices(([], ["place"], ["action"]), (5, 3, 2))[0])
    elif "place" in scene and keep == "action" and rng.random() < 0.4:
        dropped.add("place")
    return {aspect: value for aspect, value in scene.items() if aspect not in dropped - {keep}}


def _generalisable(scene: Scene, hypothesis: Scene, but: str) -> list[str]:
    return [aspect for aspect in hypothesis if aspect in TREES and aspect != but and TREES[aspect][scene[aspect]]]


def _generalise(rng: random.Random, premise: Scene, hypothesis: Scene, but: str) -> bool:
    aspects = [aspect for aspect in _generalisable(premise, hypothesis, but) if hypothesis[aspect] == premise[aspect]]
    if aspects:
        aspect = rng.choice(aspects)
        hypothesis[aspect] = rng.choice(ancestors(aspect, premise[aspect]))
    return bool(aspects)


def _entailment(rng: random.Random) -> Draft | None:
    premise = _scene(rng)
    aspects = _generalisable(premise, premise, "")
    if not aspects:
        return None
    aspect = rng.choice(aspects)
    hypothesis = _shorten(rng, premise, aspect)
    hypothesis[aspect] = rng.choice(ancestors(aspect, premise[aspect]))
    return Draft(premise, hypothesis, False, aspect, (aspect, rng.choice(_others(premise, aspect))))


def _contradiction(rng: random.Random) -> Draft | None:
    """Its minimal edit is an entailment with one generalised aspect, as every entailment."""
    premise = _scene(rng)
    aspect = rng.choice([key for key in TREES if key in premise and premise[key] != "one"] + ["not"])
    hypothesis = _shorten(rng, premise, aspect)
    if aspect == "not":
        return Draft(premise, hypothesis, True, None, None) if _generalise(rng, premise, hypothesis, "") else None
    above = ancestors(aspect, premise[aspect])
    if above and rng.random() < 0.5:
        by = rng.choice(above)
    elif _generalise(rng, premise, hypothesis, aspect):
        by = premise[aspect]
    else:
        return None
    hypothesis[aspect] = rng.choice(_others(premise, aspect))
    return Draft(premise, hypothesis, False, aspect, (aspect, by))


def _neutral(rng: random.Random) -> Draft | None:
    premise = _scene(rng)
    if "size" not in premise and "colour" not in premise:
        return None
    # Places and numbers are left out more often than elsewhere, to be added by hypotheses.
    for aspect in ("place", "number"):
        if rng.random() < 0.25:
            premise.pop(aspect, None)
    added = [aspect for aspect in ("size", "colour", "place", "number") if aspect not in premise]
    if not premise["plural"] and "number" in added:
        added.remove("number")
    below = [aspect for aspect in ("kind", "action", "place") if aspect in premise and descendants(aspect, premise[aspect])]
    aspect = rng.choice(added + 3 * below)
    if aspect in below:
        options = set(descendants(aspect, premise[aspect]))
        if aspect == "action":
            options &= set(VEHICLE_ACTIONS if _vehicle(premise["kind"]) else LIVING_ACTIONS)
    else:
        options = {"place": VEHICLE_PLACES if _vehicle(premise["kind"]) else LIVING_PLACES, "number": [*NUMBERS][1:]}.get(
            aspect, [*TREES[aspect]]
        )
    hypothesis = _shorten(rng, premise, aspect)
    hypothesis.pop("size", None)
    hypothesis.pop("colour", None)
    if rng.random() < 0.5:
        _generalise(rng, premise, hypothesis, aspect)
    hypothesis[aspect] = rng.choice(sorted(options))
    if aspect in below:
        return Draft(premise, hypothesis, False, aspect, (aspect, rng.choice(_others(premise, aspect))))
    if aspect in ("size", "colour"):
        other = "size" if aspect == "colour" else "colour"
        return Draft(premise, hypothesis, False, aspect, (other, rng.choice(_others(premise, other))))
    replaced = "action" if "action" in hypothesis else "kind"
    return Draft(premise, hypothesis, False, replaced, (replaced, rng.choice(_others(premise, replaced))))


def _noun_phrase(scene: Scene, article: str) -> str:
    number = scene.get("number", article)
    kind = plural(scene["kind"]) if scene["plural"] else scene["kind"]
    return " ".join(filter(None, (number, scene.get("size"), scene.get("colour"), kind)))


def _sentence(scene: Scene, article: str, adverbs: str, form: str) -> str:
    noun_phrase, be = _noun_phrase(scene, article), "are" if scene["plural"] else "is"
    place = f"in the {scene['place']}" if "place" in scene else ""
    rest = [adverbs, scene.get("action", "")]
    if form == "place first" and place and "action" in scene:
        parts = [place + ",", noun_phrase, be, *rest]
    elif form == "there":
        parts = ["there", be, noun_phrase, *rest, place]
    else:
        parts = [noun_phrase, be, *rest, place]
    text = " ".join(filter(None, parts))
    return text[0].upper() + text[1:] + "."


def _write(rng: random.Random, draft: Draft) -> tuple[str, str]:
    article = "some" if draft.premise["plural"] else "the"
    form = rng.choices(("plain", "place first", "there"), (6, 2, 2))[0]
    if draft.premise.get("number", article) == "the" and form == "there":
        form = "plain"
    premise = _sentence(draft.premise, article, rng.choice(ASIDES + SCENE_MANNERS), form)
    article = rng.choice((article, "the"))
    adverbs = [rng.choice(ASIDES)] * (rng.random() < 0.1) + ["not"] * draft.negated
    hypothesis = _sentence(draft.hypothesis, article, " ".join(adverbs), rng.choices(("plain", "place first"), (8, 2))[0])
    return premise, hypothesis


def _edit(draft: Draft, hypothesis: str) -> str:
    if draft.replaced is None:
        return hypothesis.replace(" not ", " ")
    old, new = draft.hypothesis[draft.replaced], draft.by[1]
    if draft.replaced == "kind" and draft.hypothesis["plural"]:
        old, new = plural(old), plural(new)
    return replace_words(hypothesis, {old: new})


def decoy_of(premise: str) -> str:
    """The adverb of the premise: a word that never has any influence."""
    return next(word for word in bare_words(premise) if word in ASIDES or word in SCENE_MANNERS)


DRAFTS = {"entailment": _entailment, "neutral": _neutral, "contradiction": _contradiction}


def make_item(rng: random.Random, split: str, label: str | None = None) -> dict[str, str]:
    label = label or rng.choice(LABELS)
    while True:
        draft = DRAFTS[label](rng)
        if draft is None:
            continue
        premise, hypothesis = _write(rng, draft)
        if split_of(f"{premise} {hypothesis}") == split and len(cue_insertions(premise, hypothesis)) >= 4:
            break
    reasons = judge(premise, hypothesis)[1]
    counterfactual = _edit(draft, hypothesis)
    return {
        "premise": premise,
        "hypothesis": hypothesis,
        "label": label,
        "explanation": because(reasons),
        "words": ", ".join(reasons),
        "counterfactual": counterfactual,
        "edits": str(edits(hypothesis, counterfactual)),
        "decoy": decoy_of(premise),
        "redacted": redact(hypothesis, reasons),
    }


def make_word_item(rng: random.Random) -> dict[str, str]:
    """Two values of one aspect instead of sentences; the second may be negated."""
    aspect = rng.choice([*TREES])
    premise = rng.choice([*TREES[aspect]])
    related = [premise, *ancestors(aspect, premise), *descendants(aspect, premise)]
    hypothesis = rng.choice(related if rng.random() < 0.6 else [*TREES[aspect]])
    if aspect == "kind" and rng.random() < 0.5:
        premise, hypothesis = plural(premise), plural(hypothesis)
    if rng.random() < 0.2:
        hypothesis = f"not {hypothesis}"
    return {"premise": premise, "hypothesis": hypothesis, "label": label_of(premise, hypothesis)}


def _after_be(words: list[str]) -> int:
    return 1 + next(i for i, word in enumerate(words) if word in ("is", "are"))


def harmless_insertions(hypothesis: str) -> list[tuple[int, str]]:
    words = bare_words(hypothesis)
    return [(_after_be(words), word) for word in ASIDES if word not in words]


def cue_insertions(premise: str, hypothesis: str) -> list[tuple[int, str]]:
    """Where "not", a size, a colour or a number can stand and leave one reason.

    Either the label and its words stay, or the label changes because of the inserted word.
    """
    words, said = bare_words(hypothesis), _read(hypothesis)
    label, reasons = judge(premise, hypothesis)
    noun = words.index(said.words["kind"])
    candidates = [(_after_be(words), "not")] if not said.negated else []
    if "size" not in said.values:
        candidates += [(noun - ("colour" in said.values), word) for word in SIZES]
    if "colour" not in said.values:
        candidates += [(noun, word) for word in COLOURS]
    if "number" not in said.values and "the" in words[:noun] and words[noun] == plural(said.values["kind"]):
        candidates += [(noun - len({"size", "colour"} & said.values.keys()), word) for word in [*NUMBERS][1:]]

    def clear(position: int, word: str) -> bool:
        new_label, new_reasons = judge(premise, insert_word(hypothesis, position, word))
        if new_label == label:
            return new_reasons == reasons
        return new_label != "entailment" and word in new_reasons and not set(reasons) & set(new_reasons)

    return [candidate for candidate in candidates if clear(*candidate)]


def insertions(rng: random.Random, item: dict[str, str]) -> str:
    """Four words that change nothing and four that state something, with the label that the rule then gives."""
    premise, hypothesis = item["premise"], item["hypothesis"]
    harmless = rng.sample(harmless_insertions(hypothesis), 4)
    cues = rng.sample(cue_insertions(premise, hypothesis), 4)
    return listed(
        sorted(harmless), sorted(cues), lambda position, word: label_of(premise, insert_word(hypothesis, position, word))
    )


def insert(rng: random.Random, item: dict[str, str]) -> tuple[str, str, str]:
    """One word inserted into the hypothesis: the new hypothesis, its label and its explanation."""
    premise, hypothesis = item["premise"], item["hypothesis"]
    options = harmless_insertions(hypothesis) if rng.random() < 0.5 else cue_insertions(premise, hypothesis)
    edited = insert_word(hypothesis, *rng.choice(options))
    return edited, label_of(premise, edited), explanation_of(premise, edited)
