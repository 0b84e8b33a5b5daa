"""Quick scores during training: the share of answers that greedy decoding would reproduce exactly.

Greedy decoding gives the known answer exactly where every token of it is the likeliest after those before it: no need to decode.
"""

import random
from collections import defaultdict

import numpy as np
import torch

from train.corpus import COLUMNS, PROMPT, fill_row, tree
from train import documents as documents_module
from train.documents import (
    MODULES, REASONING_KINDS, Document, any_hint, conclude_turn, inserted_document, item_document, label_after, reason_turn,
    reasons_for, redacted_document, sentence_document, weighted_reasons,
)
from train.forward import columns, weighted_losses
from train.model import Llama
from train.reasoning import TASKS, other_reasons
from train.tokens import Encoder
from world import facts

N_EACH = 80


def validation_documents() -> dict[str, list[Document]]:
    groups: dict[str, list[Document]] = {}
    for task in MODULES:
        rng = random.Random(f"validation {task}")
        groups[task] = [item_document(rng, task, "validation", share=100.0) for _ in range(N_EACH)]
        groups[f"{task} redacted"] = [redacted_document(rng, task, "validation") for _ in range(N_EACH)]
        if hasattr(MODULES[task], "insert"):
            groups[f"{task} inserted"] = [inserted_document(rng, task, "validation") for _ in range(N_EACH)]
    rng = random.Random("validation facts")
    for frequency in facts.WEIGHTS:
        chosen = rng.sample([fact for fact in facts.all_facts() if fact.frequency == frequency], N_EACH)
        prompts = [facts.PHRASINGS[fact.relation].validation.format(fact.subject) for fact in chosen]
        groups[f"recall {frequency}"] = [sentence_document(prompt, fact.object) for prompt, fact in zip(prompts, chosen)]
    for seen in (True, False):
        chosen = rng.sample([pair for pair in facts.all_pairs() if pair.seen == seen], N_EACH)
        name = "twohop seen" if seen else "twohop held out"
        groups[name] = [sentence_document(pair.prompt, pair.second.object) for pair in chosen]
    if documents_module.kind in REASONING_KINDS:
        groups |= reasoned_documents()
    return groups


def reasoned_documents() -> dict[str, list[Document]]:
    """The model's own reasoning and the label after it, without a hint and with one; the label after reasons for another."""
    groups: dict[str, list[Document]] = {}
    for task in TASKS:
        rng = random.Random(f"validation reasoned {task}")
        own, hinted, changed = (groups.setdefault(f"{task} {name}", []) for name in ("reasoned", "hinted", "changed"))
        for _ in range(N_EACH):
            item = MODULES[task].make_item(rng, "validation")
            for group, hint in ((own, None), (hinted, any_hint(rng, task))):
                reasons = reasons_for(item, hint)
                label = label_after(task, item, hint, reasons)
                group.append([reason_turn(task, item, hint, weighted_reasons(reasons)), conclude_turn(task, item, hint, reasons, label)])
            reasons = other_reasons(rng, task, "validation", item["label"])
            changed.append([conclude_turn(task, item, None, reasons, label_after(task, item, None, reasons))])
    return groups


def padded(trees: list[np.ndarray]) -> np.ndarray:
    """[columns, rows, length]: one document a row."""
    batch = np.zeros((len(COLUMNS), len(trees), max(one.shape[1] for one in trees)), dtype=np.float32)
    for row, one in enumerate(trees):
        fill_row(batch[:, row], 0, one, number=1)
    return batch


@torch.no_grad()
def exact_shares(model: Llama, documents: list[Document], encode: Encoder) -> dict[str, float]:
    """Part -> share of its answers that are exact."""
    batch = columns(padded([tree(document, encode) for document in documents]))
    _, weights, right = weighted_losses(model, batch)
    chosen = batch["weights"] > 0
    rows = torch.arange(len(documents))[:, None].expand_as(chosen)[chosen]
    missed = ~right & (weights > PROMPT)
    wrong = set(zip(rows[missed].tolist(), batch["branches"][chosen][missed].tolist()))
    results: dict[str, list[bool]] = defaultdict(list)
    for row, document in enumerate(documents):
        for branch, turn in enumerate(document, 1):
            results[turn.part].append((row, branch) not in wrong)
    return {part: sum(values) / len(values) for part, values in results.items()}


def validate(model: Llama, groups: dict[str, list[Document]], encode: Encoder) -> dict[str, float]:
    model.eval()
    scores: dict[str, float] = {}
    for group, documents in groups.items():
        for part, share in exact_shares(model, documents, encode).items():
            scores[group if part == "sentences" else f"{group} {part.split()[1]}"] = round(share, 3)
    model.train()
    return scores
