"""Greedy decoding and label scores for many prompts at once, with a key-value cache."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F

from train.model import Llama, causal_mask
from train.prompts import END
from train.tokens import Encoder

BATCH = 64


def _batches(prompts: list[list[int]]) -> Iterator[list[int]]:
    """Indices, prompts of one length together, so that no batch needs padding."""
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    start = 0
    while start < len(order):
        length = len(prompts[order[start]])
        stop = start
        while stop < len(order) and stop - start < BATCH and len(prompts[order[stop]]) == length:
            stop += 1
        yield order[start:stop]
        start = stop


@torch.no_grad()
def last_logits(model: Llama, prompts: list[list[int]]) -> torch.Tensor:
    """[prompts, vocabulary] after the last token of each."""
    result = torch.empty(len(prompts), model.config.vocab_size)
    for chosen in _batches(prompts):
        tokens = torch.tensor([prompts[i] for i in chosen])
        positions = torch.arange(tokens.shape[1]).expand_as(tokens)
        result[chosen] = model.logits(model(tokens, positions, causal_mask(tokens.shape[1]))[:, -1])
    return result


@torch.no_grad()
def generate(model: Llama, prompts: list[list[int]], end: int, max_new_tokens: int) -> list[list[int]]:
    """The new tokens of each prompt, without the end token."""
    results: list[list[int]] = [[] for _ in prompts]
    for chosen in _batches(prompts):
        for i, row in zip(chosen, _generate_batch(model, torch.tensor([prompts[i] for i in chosen]), end, max_new_tokens)):
            results[i] = row[: row.index(end)] if end in row else row
    return results


def _generate_batch(model: Llama, tokens: torch.Tensor, end: int, max_new_tokens: int) -> list[list[int]]:
    caches: list[list] = [[] for _ in model.layers]
    length, made = tokens.shape[1], []
    positions, mask = torch.arange(length).expand_as(tokens), causal_mask(length)
    finished = torch.zeros(len(tokens), dtype=torch.bool)
    while len(made) < max_new_tokens and not finished.all():
        chosen = model.logits(model(tokens, positions, mask, caches)[:, -1]).argmax(-1)
        made.append(chosen)
        finished |= chosen == end
        tokens, positions = chosen[:, None], torch.full((len(chosen), 1), length)
        length += 1
        mask = torch.ones(1, 1, 1, length, dtype=torch.bool)
    return torch.stack(made, 1).tolist()


@torch.no_grad()
def label_scores(model: Llama, prompts: list[list[int]], labels: list[list[int]]) -> torch.Tensor:
    """[prompts, labels]: the summed log-probability of each label's tokens after each prompt."""
    scores = torch.empty(len(prompts), len(labels))
    for column, label in enumerate(labels):
        extended = [prompt + label[:-1] for prompt in prompts]
        for chosen in _batches(extended):
            tokens = torch.tensor([extended[i] for i in chosen])
            positions = torch.arange(tokens.shape[1]).expand_as(tokens)
            hidden = model(tokens, positions, causal_mask(tokens.shape[1]))[:, -len(label) :]
            logs = F.log_softmax(model.logits(hidden), -1)
            scores[chosen, column] = logs.gather(-1, torch.tensor(label).expand(len(chosen), -1)[..., None]).sum((1, 2))
    return scores


class Decoder:
    """Text in, text out."""

    def __init__(self, model: Llama, tokenizer):
        self.model, self.tokenizer, self.encode = model.eval(), tokenizer, Encoder(tokenizer)
        self.end = self.encode.special[END]

    def prompt(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def answers(self, texts: list[str], max_new_tokens: int) -> list[str]:
        rows = generate(self.model, [self.prompt(text) for text in texts], self.end, max_new_tokens)
        return [self.tokenizer.decode(row, skip_special_tokens=False) for row in rows]

    def labels(self, texts: list[str], names: list[str]) -> list[str]:
        scores = label_scores(self.model, [self.prompt(text) for text in texts], [self.encode(name) for name in names])
        return [names[i] for i in scores.argmax(-1).tolist()]
