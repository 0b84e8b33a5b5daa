"""Batches of packed token rows, made in a process of its own.

The turns of one document are chats that begin alike. What they share is its trunk and stands in the row once; the rest of each is
a branch, which sees the trunk and itself. Positions restart with every document and continue from the trunk in every branch, so a
model computes for each turn what it would for that chat alone.
"""

import multiprocessing
import os
import queue
import random
from collections.abc import Callable, Iterator
from multiprocessing.sharedctypes import Synchronized
from typing import NamedTuple

import numpy as np

from train.documents import Document, Turn, documents
from train.prompts import ASSISTANT, BOS, END, USER
from train.tokens import Encoder

PROMPT = 0.05  # weight of a prompt's token
PARTS = ("prompt", "topic classify", "topic explain", "topic counterfactual", "topic redact", "nli classify", "nli explain",
         "nli counterfactual", "nli redact", "choice classify", "choice explain", "sentences", "repeat", "glossary",
         "choice option", "choice letter", "topic reason", "topic conclude", "nli reason", "nli conclude")
COLUMNS = ("tokens", "targets", "weights", "parts", "positions", "documents", "branches")


class Sequence(NamedTuple):
    tokens: list[int]
    weights: list[float]  # of predicting this token
    parts: list[int]


def sequence(turn: Turn, encode: Encoder) -> Sequence:
    """The chat up to the end of the turn's answer."""
    tokens, weights, parts = sequence(turn.before, encode) if turn.before else Sequence([encode.special[BOS]], [0.0], [0])

    def add(ids: list[int], weight: float, part: int) -> None:
        tokens.extend(ids)
        weights.extend([weight] * len(ids))
        parts.extend([part] * len(ids))

    if turn.user is not None:
        add([encode.special[USER]], 0.0, 0)
        add(encode(turn.user), PROMPT, 0)
        add([encode.special[END], encode.special[ASSISTANT]], 0.0, 0)
    for text, weight in turn.answer:
        add(encode(text), weight, PARTS.index(turn.part))
    is_learnt = any(weight > 0 for _, weight in turn.answer)
    add([encode.special[END]], 0.3 if is_learnt else 0.0, PARTS.index(turn.part))
    return Sequence(tokens, weights, parts)


def shared_length(sequences: list[Sequence]) -> int:
    """Tokens that all begin with; each keeps at least two of its own, so that it has a target."""
    shortest = min(len(one.tokens) for one in sequences) - 2
    first = sequences[0].tokens
    return next((i for i in range(shortest) if any(one.tokens[i] != first[i] for one in sequences)), shortest)


def tree(document: Document, encode: Encoder) -> np.ndarray:
    """[columns but `documents`, tokens] of one document; branch 0 is the trunk."""
    sequences = [sequence(turn, encode) for turn in document]
    trunk = shared_length(sequences) if len(sequences) > 1 else 0
    rows: list[tuple] = []

    def add(one: Sequence, start: int, stop: int, branch: int) -> None:
        for i in range(start, stop):
            # After the trunk's last token every branch goes on in its own way: no target.
            weight = 0.0 if branch == 0 and i + 1 == stop else one.weights[i + 1]
            rows.append((one.tokens[i], one.tokens[i + 1], weight, one.parts[i + 1], i, branch))

    add(sequences[0], 0, trunk, 0)
    for branch, one in enumerate(sequences, 1):
        add(one, trunk, len(one.tokens) - 1, branch)
    return np.array(rows, dtype=np.float32).T


def fill_row(row: np.ndarray, start: int, document: np.ndarray, number: int) -> int:
    """Writes a document into a row of all columns; its end."""
    stop = start + document.shape[1]
    row[:5, start:stop], row[5, start:stop], row[6, start:stop] = document[:5], number, document[5]
    return stop


def packed_rows(source: Iterator[np.ndarray], length: int, waiting: int = 24) -> Iterator[np.ndarray]:
    """Rows [columns, length], each filled with the longest of `waiting` documents that still fits."""
    pool = [next(source) for _ in range(waiting)]
    while True:
        row = np.zeros((len(COLUMNS), length), dtype=np.float32)
        used = number = 0
        while fitting := [i for i, document in enumerate(pool) if document.shape[1] <= length - used]:
            # The first one that waits starts a row, so that none waits for ever.
            chosen = max(fitting, key=lambda i: pool[i].shape[1]) if used else fitting[0]
            number += 1
            used = fill_row(row, used, pool.pop(chosen), number)
            pool.append(next(source))
        yield row


def batches(rng: random.Random, encode: Encoder, n_rows: int, length: int, progress: Callable[[], float]) -> Iterator[np.ndarray]:
    """[columns, rows, length]"""
    trees = (tree(document, encode) for document in documents(rng, progress))
    rows = packed_rows((one for one in trees if one.shape[1] <= length), length)
    while True:
        yield np.stack([next(rows) for _ in range(n_rows)], axis=1)


def _produce(filled: multiprocessing.Queue, progress: Synchronized, parent: int, seed: str, *arguments) -> None:
    """Ends with its parent, however that ends."""
    for batch in batches(random.Random(seed), *arguments, lambda: progress.value):
        while True:
            if os.getppid() != parent:
                return
            try:
                filled.put(batch, timeout=2)
                break
            except queue.Full:
                continue


class Producer:
    def __init__(self, seed: str, encode: Encoder, n_rows: int, length: int):
        context = multiprocessing.get_context("fork")
        self.filled = context.Queue(maxsize=8)
        self.progress = context.Value("d", 0.0)
        arguments = (self.filled, self.progress, os.getpid(), seed, encode, n_rows, length)
        context.Process(target=_produce, args=arguments, daemon=True).start()

    def next(self, progress: float) -> np.ndarray:
        self.progress.value = progress
        return self.filled.get()
