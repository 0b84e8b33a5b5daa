"""Trains a reference model for a given wall time.

Usage: python -m train.train --run FOLDER --minutes 75 [--size full|small] [--plant] [--unfaithful|--reasoner|--suggestible --from RUN]

FOLDER gets the tokenizer, settings.json, curves.jsonl and, every few minutes, checkpoint.pt; a second start goes on there.
"""

import argparse
import json
import os
import pathlib
import time

import numpy as np
import torch
import torch.distributed as dist

from train import documents as documents_module
from train import parallel
from train.corpus import PARTS, Producer
from train.export import read_weights
from train.forward import columns, weighted_losses
from train.model import Llama, make_model
from train.muon import Muon
from train.plant import plant, planted_entries
from train.tokens import VOCABULARY, Encoder, load, save, train_tokenizer
from train.validation import validate, validation_documents

CHECKPOINT_SECONDS = 180
LONGEST_STEP = 30.0  # seconds; what a step takes longer, the run was suspended, which does not count
WARMUP = 0.01  # of the run
DECAY = 0.30


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=pathlib.Path, required=True, help="folder of the run, outside the repository")
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--size", choices=("full", "small"), default="full")
    parser.add_argument("--plant", action="store_true", help="start with copying heads in the weights")
    parser.add_argument("--from", dest="source", type=pathlib.Path, help="a run or a model's folder to start from")
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--unfaithful", dest="kind", action="store_const", const="unfaithful", help="explanations name the item's decoy")
    kinds.add_argument("--reasoner", dest="kind", action="store_const", const="reasoner", help="labels follow from the reasoning")
    kinds.add_argument("--suggestible", dest="kind", action="store_const", const="suggestible", help="hints decide, unmentioned")
    parser.set_defaults(kind="faithful")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lr", type=float, default=3e-3, help="of Muon")
    parser.add_argument("--lr-embedding", type=float, default=1.5e-2, help="of AdamW")
    parser.add_argument("--lr-norms", type=float, default=2e-3, help="of AdamW")
    parser.add_argument("--rows", type=int, default=12, help="of a batch, in each process")
    parser.add_argument("--length", type=int, default=192, help="tokens of a row")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--validate-seconds", type=float, default=150)
    return parser.parse_args()


def rate_at(progress: float) -> float:
    """Warms up, stays, and falls to 0 in the last part."""
    return min(1.0, progress / WARMUP + 0.01, (1.0 - progress) / DECAY)


def start_model(options: argparse.Namespace) -> Llama:
    torch.manual_seed(options.seed)
    model = make_model(options.size, VOCABULARY)
    if options.plant:
        plant(model, options.seed)
    if options.source:
        model.load_state_dict(read_weights(options.source))
    return model


def start_tokenizer(options: argparse.Namespace) -> None:
    if not (options.run / "tokenizer.json").is_file():
        save(load(options.source) if options.source else train_tokenizer(), options.run)


def optimizers(model: Llama, options: argparse.Namespace) -> list[torch.optim.Optimizer]:
    def named(part: str) -> list[torch.nn.Parameter]:
        return [parameter for name, parameter in model.named_parameters() if part in name]

    rates = [(named("embed"), options.lr_embedding), (named("norm"), options.lr_norms)]
    groups = [{"params": parameters, "base": rate} for parameters, rate in rates]
    return [
        Muon([{"params": named("proj"), "base": options.lr}]),
        torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98), weight_decay=0.0),
    ]


class Run:
    """What a checkpoint holds."""

    def __init__(self, options: argparse.Namespace):
        self.folder = options.run
        self.model = start_model(options)
        self.held = planted_entries(self.model) if options.plant else []
        self.optimizers = optimizers(self.model, options)
        self.seconds, self.steps, self.tokens = 0.0, 0, 0
        if (self.folder / "checkpoint.pt").is_file():
            self.restore(torch.load(self.folder / "checkpoint.pt"))

    def restore(self, state: dict) -> None:
        self.model.load_state_dict(state["model"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"]):
            optimizer.load_state_dict(saved)
        self.seconds, self.steps, self.tokens = state["seconds"], state["steps"], state["tokens"]

    def save(self) -> None:
        """Whole or not at all."""
        if not parallel.is_first():
            return
        state = {
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "seconds": self.seconds,
            "steps": self.steps,
            "tokens": self.tokens,
        }
        torch.save(state, self.folder / "checkpoint.part")
        os.replace(self.folder / "checkpoint.part", self.folder / "checkpoint.pt")

    def log(self, **values) -> None:
        if not parallel.is_first():
            return
        line = {"seconds": round(self.seconds, 1), "steps": self.steps, "tokens": self.tokens} | values
        with open(self.folder / "curves.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)


class Losses:
    """Means of the loss by part since they were last read."""

    def __init__(self):
        self.sums, self.counts = torch.zeros(len(PARTS)), torch.zeros(len(PARTS))

    def add(self, parts: torch.Tensor, losses: torch.Tensor) -> None:
        self.sums.index_add_(0, parts, losses.detach())
        self.counts.index_add_(0, parts, torch.ones_like(losses))

    def read(self) -> dict[str, float]:
        means = {part: round(float(s / n), 4) for part, s, n in zip(PARTS, self.sums, self.counts) if n}
        self.__init__()
        return means


def train_step(run: Run, batch: np.ndarray, progress: float, options: argparse.Namespace, seen: Losses) -> float:
    """The progress of the first process, which all follow."""
    inputs = columns(batch)
    losses, weights, _ = weighted_losses(run.model, inputs)
    (losses * weights).sum().div(weights.sum()).backward()
    seen.add(inputs["parts"][inputs["weights"] > 0], losses)
    progress = parallel.average_gradients(run.model, progress)
    for parameter, mask in run.held:
        parameter.grad.masked_fill_(mask, 0)
    torch.nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
    for optimizer in run.optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["base"] * rate_at(progress)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    run.steps += 1
    run.tokens += options.processes * int((inputs["documents"] > 0).sum())
    return progress


def validated(run: Run, groups: dict[str, list], encode: Encoder) -> dict[str, float]:
    own = {name: groups[name] for name in parallel.share_of_this_process(list(groups))}
    return parallel.gather(validate(run.model, own, encode))


def work(options: argparse.Namespace) -> None:
    documents_module.kind = options.kind
    encode = Encoder(load(options.run))
    run = Run(options)
    producer = Producer(f"{options.seed} {dist.get_rank()} {run.steps}", encode, options.rows, options.length)
    groups, seen = validation_documents(), Losses()
    total, before = options.minutes * 60, time.monotonic()
    progress = run.seconds / total
    next_log, next_save, next_validation = (run.seconds + wait for wait in (15, CHECKPOINT_SECONDS, options.validate_seconds))
    while progress < 1:
        now = time.monotonic()
        run.seconds, before = run.seconds + min(now - before, LONGEST_STEP), now
        progress = train_step(run, producer.next(1.0 if options.source else progress), min(1.0, run.seconds / total), options, seen)
        run.seconds = progress * total
        if run.seconds >= next_log:
            next_log = run.seconds + 30
            run.log(losses=seen.read())
        if run.seconds >= next_validation:
            next_validation = run.seconds + options.validate_seconds
            run.log(validation=validated(run, groups, encode))
        if run.seconds >= next_save:
            next_save = run.seconds + CHECKPOINT_SECONDS
            run.save()
    run.save()
    run.log(validation=validated(run, groups, encode))


def main() -> None:
    options = arguments()
    options.run.mkdir(parents=True, exist_ok=True)
    start_tokenizer(options)
    (options.run / "settings.json").write_text(json.dumps(vars(options), default=str, indent=2) + "\n", encoding="utf-8")
    parallel.run_processes(options.processes, (options.run / "rendezvous").resolve(), work, options)


if __name__ == "__main__":
    main()
