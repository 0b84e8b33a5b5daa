"""Greedy decoding and label scores for many prompts at once, with a key-value cache."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F

from train.model import Llama, causal_mask
from train.prompts import END
from train.tokens import Encoder

BATCH = 64


def _batches(prompts: list[list[int]]) -> Iterator[list[int]]:
    """Indices, prompts of similar length together."""
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    for start in range(0, len(order), BATCH):
        yield order[start : start + BATCH]


def _padded_left(prompts: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """tokens, positions [prompts, time] and the mask [prompts, 1, time, time]: no token sees padding, padding sees itself."""
    time = max(map(len, prompts))
    tokens = torch.tensor([[0] * (time - len(prompt)) + prompt for prompt in prompts])
    pads = torch.tensor([time - len(prompt) for prompt in prompts])
    positions = (torch.arange(time) - pads[:, None]).clamp(min=0)
    real = torch.arange(time) >= pads[:, None]
    mask = causal_mask(time) & (real[:, None, None, :] | torch.eye(time, dtype=torch.bool))
    return tokens, positions, mask


@torch.no_grad()
def generate(model: Llama, prompts: list[list[int]], end: int, max_new_tokens: int) -> list[list[int]]:
    """The new tokens of each prompt, without the end token."""
    results: list[list[int]] = [[] for _ in prompts]
    for chosen in _batches(prompts):
        for i, row in zip(chosen, _generate_batch(model, [prompts[i] for i in chosen], end, max_new_tokens)):
            results[i] = row[: row.index(end)] if end in row else row
    return results


def _generate_batch(model: Llama, prompts: list[list[int]], end: int, max_new_tokens: int) -> list[list[int]]:
    caches: list[list] = [[] for _ in model.layers]
    tokens, positions, mask = _padded_left(prompts)
    made: list[torch.Tensor] = []
    finished = torch.zeros(len(prompts), dtype=torch.bool)
    while len(made) < max_new_tokens and not finished.all():
        chosen = model.logits(model(tokens, positions, mask, caches)[:, -1]).argmax(-1)
        made.append(chosen)
        finished |= chosen == end
        tokens, positions = chosen[:, None], positions[:, -1:] + 1
        mask = F.pad(mask[:, :, -1:], (0, 1), value=True)
    return torch.stack(made, 1).tolist()


@torch.no_grad()
def label_scores(model: Llama, prompts: list[list[int]], labels: list[list[int]]) -> torch.Tensor:
    """[prompts, labels]: the summed log-probability of each label's tokens after each prompt."""
    scores = torch.empty(len(prompts), len(labels))
    for column, label in enumerate(labels):
        for chosen in _batches(prompts):
            hidden = model(*_padded_left([prompts[i] + label[:-1] for i in chosen]))[:, -len(label) :]
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

    def label_probabilities(self, texts: list[str], names: list[str]) -> torch.Tensor:
        """[texts, names], among the names."""
        return label_scores(self.model, [self.prompt(text) for text in texts], [self.encode(name) for name in names]).softmax(-1)

    def labels(self, texts: list[str], names: list[str]) -> list[str]:
        return [names[i] for i in self.label_probabilities(texts, names).argmax(-1).tolist()]
