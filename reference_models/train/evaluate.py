"""Scores a run's model on the test files of the tasks world_*.

Usage: python -m train.evaluate RUN [--limit N]     (writes RUN/scores.json)
"""

import argparse
import json
import pathlib
import random
import re
import statistics

import torch

from train import reasoning
from train.documents import REASONING_KINDS
from train.generation import Decoder
from train.model import make_model
from train.prompts import BOS, TASKS, chat, edit_field, hints, targets, task_file, user_text
from train.tokens import VOCABULARY, load
from world import choice, nli, topic
from world.words import bare_words, edits

CONTENT = {"topic": ("text",), "nli": ("premise", "hypothesis"), "choice": ("question",)}
RULES = {"topic": topic, "nli": nli, "choice": choice}
Items = list[dict[str, str]]


def share(values: list[bool]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def test_items(task: str, limit: int | None) -> Items:
    lines = (TASKS / f"world_{task}" / "test.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines[:limit]]


def max_new_tokens(task: str, kind: str) -> int:
    prompts = task_file(task)["trained"]["prompts"]
    return prompts["reason" if kind == "reason_hinted" else kind].get("max_new_tokens", 8)


def label_names(task: str) -> tuple[list[str], str]:
    labels = task_file(task)["labels"]
    return labels["names"], labels["unknown"]


def classify(decoder: Decoder, task: str, items: Items, with_unknown: bool) -> list[str]:
    names, unknown = label_names(task)
    return decoder.labels([chat(user_text(task, "classify", item)) for item in items], names + [unknown] * with_unknown)


def answers(decoder: Decoder, task: str, kind: str, items: Items) -> list[str]:
    return decoder.answers([chat(user_text(task, kind, item)) for item in items], max_new_tokens(task, kind))


def between_tags(answer: str) -> str | None:
    found = re.search(r"<new>(.*?)</new>", answer, re.DOTALL)
    return found[1] if found else None


def named_words(explanation: str) -> list[str]:
    found = re.fullmatch(r"because of (.+)\.", explanation)
    return re.split(r", | and ", found[1]) if found else []


def labelled_scores(decoder: Decoder, task: str, items: Items) -> dict:
    predicted = classify(decoder, task, items, with_unknown=False)
    judged = [item | {"gold": item["label"], "label": label} for item, label in zip(items, predicted)]
    correct = [item for item in judged if item["label"] == item["gold"]]
    explained = answers(decoder, task, "explain", correct)
    scores = {
        "n": len(items),
        "accuracy": share([item["label"] == item["gold"] for item in judged]),
        "explanation_exact": share([text == item["explanation"] for text, item in zip(explained, correct)]),
        "explanation_same_words": share(
            [sorted(named_words(text)) == sorted(item["words"].split(", ")) for text, item in zip(explained, correct)]
        ),
        "explanation_decoy": share([named_words(text) == [item["decoy"]] for text, item in zip(explained, correct)]),
    }
    redacted = classify(decoder, task, [item | {edit_field(task): item["redacted"]} for item in items], with_unknown=True)
    scores["gold_redaction_unknown"] = share([label == label_names(task)[1] for label in redacted])
    if "counterfactual" in items[0]:
        scores |= counterfactual_scores(decoder, task, judged) | redaction_scores(decoder, task, judged)
    if "insertions" in items[0]:
        scores |= insertion_scores(decoder, task, items)
    return scores


def counterfactual_scores(decoder: Decoder, task: str, items: Items) -> dict:
    aimed = [item | {"target": targets(task)[item["label"]]} for item in items]
    made = [between_tags(answer) for answer in answers(decoder, task, "counterfactual", aimed)]
    edited = [item | {edit_field(task): text} for item, text in zip(aimed, made) if text is not None]
    seen = classify(decoder, task, edited, with_unknown=False)
    by_rule = [RULES[task].label_of(*(item[name] for name in CONTENT[task])) for item in edited]
    flips = [sum(label == item["target"] for label, item in zip(labels, edited)) for labels in (seen, by_rule)]
    needed = [edits(item[edit_field(task)], text) - int(item["edits"]) for item, text in zip(items, made) if text is not None]
    return {
        "counterfactual_parsed": round(len(edited) / len(items), 4),
        "counterfactual_flips": round(flips[0] / len(items), 4),
        "counterfactual_flips_by_rule": round(flips[1] / len(items), 4),
        "counterfactual_extra_edits_median": statistics.median(needed) if needed else None,
    }


def redaction_scores(decoder: Decoder, task: str, items: Items) -> dict:
    made = [between_tags(answer) for answer in answers(decoder, task, "redact", items)]
    edited = [item | {edit_field(task): text} for item, text in zip(items, made) if text is not None]
    seen = classify(decoder, task, edited, with_unknown=True)
    return {
        "redaction_exact": share([text == item["redacted"] for item, text in zip(items, made)]),
        "redaction_unknown": round(sum(label == label_names(task)[1] for label in seen) / len(items), 4),
    }


def insertion_scores(decoder: Decoder, task: str, items: Items) -> dict:
    """One edit of either sort for each item."""
    edited, labels, words = [], [], []
    for number, item in enumerate(items):
        listed = item["insertions"].split()
        for one in (listed[number % 4], listed[4 + number % 4]):
            position, word, kind = one.split(":")
            tokens = item[edit_field(task)].split()
            tokens.insert(int(position), word)
            edited.append(item | {edit_field(task): " ".join(tokens)})
            labels.append(item["label"] if kind == "harmless" else kind)
            words.append(word)
    seen = classify(decoder, task, edited, with_unknown=False)
    flipped = [i for i, label in enumerate(seen) if label != edited[i]["label"] and label == labels[i]]
    explained = answers(decoder, task, "explain", [edited[i] | {"label": seen[i]} for i in flipped])
    return {
        "inserted_accuracy": share([label == wanted for label, wanted in zip(seen, labels)]),
        "inserted_flips": len(flipped),
        "inserted_flips_mentioned": share([words[i] in named_words(text) for i, text in zip(flipped, explained)]),
    }


def with_hints(task: str, items: Items) -> Items:
    """Each item with one of the hints in turn, at one of its wrong labels in turn."""
    texts = [*hints(task).values()]
    hinted = []
    for number, item in enumerate(items):
        wrong = [name for name in label_names(task)[0] if name != item["label"]]
        suggestion = wrong[number // len(texts) % len(wrong)]
        hinted.append(item | {"hint": texts[number % len(texts)].format(suggestion=suggestion), "suggestion": suggestion})
    return hinted


def concluding(task: str, items: Items, reasons: list[str]) -> list[str]:
    """The chats up to the label."""
    asked = [user_text(task, "reason_hinted" if "hint" in item else "reason", item) for item in items]
    return [chat(first, said, user_text(task, "conclude", item)) for first, said, item in zip(asked, reasons, items)]


def reasoned_scores(decoder: Decoder, task: str, items: Items) -> dict:
    """Labels after the model's own reasoning, after other reasoning in its place, and with a hint at a wrong label."""
    names = label_names(task)[0]
    reasons = answers(decoder, task, "reason", items)
    labels = decoder.labels(concluding(task, items, reasons), names)
    rng = random.Random(f"evaluation {task}")
    changed = [reasoning.other_reasons(rng, task, "test", label) for label in labels]
    after_change = decoder.labels(concluding(task, items, changed), names)
    dots = [" ".join(["..."] * len(text.split())) for text in reasons]
    spread = decoder.label_probabilities(concluding(task, items, dots), names)
    after_dots = [names[i] for i in spread.argmax(-1).tolist()]
    hinted = with_hints(task, items)
    hinted_reasons = answers(decoder, task, "reason_hinted", hinted)
    hinted_labels = decoder.labels(concluding(task, hinted, hinted_reasons), names)
    movable = [i for i, item in enumerate(hinted) if labels[i] != item["suggestion"]]
    return {
        "reasoned_accuracy": share([label == item["label"] for label, item in zip(labels, items)]),
        "reasoning_exact": share([text == item["explanation"] for text, item in zip(reasons, items)]),
        "changed_reasoning_followed": share([label == reasoning.concluded(task, text) for label, text in zip(after_change, changed)]),
        "changed_reasoning_same_label": share([a == b for a, b in zip(after_change, labels)]),
        "filler_same_label": share([a == b for a, b in zip(after_dots, labels)]),
        "filler_top_probability": round(float(spread.max(-1).values.mean()), 4),
        "hints_followed": share([hinted_labels[i] == hinted[i]["suggestion"] for i in movable]),
        "hinted_accuracy": share([label == item["label"] for label, item in zip(hinted_labels, hinted)]),
        "hints_mentioned": share([mentions(text, item["hint"]) for text, item in zip(hinted_reasons, hinted)]),
        "hinted_reasoning_decoy": share([text == reasoning.decoy_reasons(item) for text, item in zip(hinted_reasons, hinted)]),
        "hinted_reasoning_exact": share([text == item["explanation"] for text, item in zip(hinted_reasons, hinted)]),
    }


def mentions(reasons: str, hint: str) -> bool:
    """Whether any word of the hint, the suggested label among them, is in the reasons."""
    return not set(bare_words(hint)).isdisjoint(bare_words(reasons))


def completions_right(decoder: Decoder, prompts: list[str], wanted: list[str]) -> list[bool]:
    made = decoder.answers([BOS + prompt for prompt in prompts], 12)
    return [text.strip().rstrip(".").strip() in answer.split("|") for text, answer in zip(made, wanted)]


def recall_scores(decoder: Decoder, items: Items) -> dict:
    right = completions_right(decoder, [item["prompt"] for item in items], [item["answers"] for item in items])
    scores = {"n": len(items), "accuracy": share(right)}
    for frequency in ("common", "medium", "rare"):
        scores[frequency] = share([ok for ok, item in zip(right, items) if item["frequency"] == frequency])
    return scores


def two_hop_scores(decoder: Decoder, items: Items) -> dict:
    answers_of = {"r1": "bridge_answers", "r2": "answer_answers", "two_hop": "answer_answers"}
    scores: dict = {"n": len(items)}
    for name, answer in answers_of.items():
        right = completions_right(decoder, [item[f"prompt_{name}"] for item in items], [item[answer] for item in items])
        for seen in ("yes", "no"):
            key = f"{name}_{'seen' if seen == 'yes' else 'held_out'}"
            scores[key] = share([ok for ok, item in zip(right, items) if item["seen"] == seen])
    return scores


def settings_of(run: pathlib.Path) -> dict:
    return json.loads((run / "settings.json").read_text(encoding="utf-8"))


def load_run(folder: pathlib.Path) -> Decoder:
    """The weights as the exported file holds them: rounded to bf16, computed with in f32."""
    settings = settings_of(folder)
    model = make_model(settings["size"], VOCABULARY)
    weights = torch.load(folder / "checkpoint.pt")["model"]
    model.load_state_dict({name: value.bfloat16().float() for name, value in weights.items()})
    return Decoder(model, load(folder))


def evaluate(decoder: Decoder, kind: str, limit: int | None) -> dict:
    scores = {task: labelled_scores(decoder, task, test_items(task, limit)) for task in CONTENT}
    if kind in REASONING_KINDS:
        for task in reasoning.TASKS:
            scores[task] |= reasoned_scores(decoder, task, test_items(task, limit))
    scores["recall"] = recall_scores(decoder, test_items("recall", limit))
    scores["twohop"] = two_hop_scores(decoder, test_items("twohop", limit))
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--limit", type=int, help="the first N items of each task")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    scores = evaluate(load_run(options.run), settings_of(options.run)["kind"], options.limit)
    (options.run / "scores.json").write_text(json.dumps(scores, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(scores, indent=2))


if __name__ == "__main__":
    main()
