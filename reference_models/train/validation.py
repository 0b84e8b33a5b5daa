"""Quick scores during training: the share of answers that greedy decoding would reproduce exactly.

Greedy decoding gives the known answer exactly where every token of it is the likeliest after those before it: no need to decode.
"""

import random
from collections import defaultdict

import numpy as np
import torch

from train.corpus import COLUMNS, PROMPT, fill_row, tree
from train.documents import MODULES, Document, inserted_document, item_document, redacted_document, sentence_document
from train.forward import columns, weighted_losses
from train.model import Llama
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
