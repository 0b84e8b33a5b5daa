"""From a packed batch to the losses at the tokens that have a weight."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from train.corpus import COLUMNS
from train.model import Llama


def columns(batch: np.ndarray) -> dict[str, Tensor]:
    whole = {"tokens", "targets", "parts", "positions", "documents", "branches"}
    return {
        name: torch.from_numpy(values.astype(np.int64) if name in whole else values) for name, values in zip(COLUMNS, batch)
    }


def tree_mask(documents: Tensor, branches: Tensor) -> Tensor:
    """[rows, 1, length, length]: a token sees what is before it in the trunk of its document and in its own branch."""
    same_document = documents[:, :, None] == documents[:, None, :]
    in_view = (branches[:, None, :] == 0) | (branches[:, :, None] == branches[:, None, :])
    return (same_document & in_view).tril()[:, None]


def weighted_losses(model: Llama, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Of the tokens with a weight: the loss, the weight, and whether the target is the likeliest token."""
    hidden = model(batch["tokens"], batch["positions"], tree_mask(batch["documents"], batch["branches"]))
    chosen = batch["weights"] > 0
    logits = model.logits(hidden[chosen])
    targets = batch["targets"][chosen]
    return F.cross_entropy(logits, targets, reduction="none"), batch["weights"][chosen], logits.detach().argmax(-1) == targets
