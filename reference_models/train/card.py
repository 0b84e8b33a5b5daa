"""Writes the card of a model: what it is, how it was trained, its scores, checksums.

Usage: python -m train.card RUN FOLDER     (FOLDER: the exported model; RUN: its settings.json, curves.jsonl and scores.json)
"""

import argparse
import hashlib
import json
import pathlib

from train.model import SIZES, make_model
from train.tokens import VOCABULARY

KINDS = {
    "faithful": "Its explanations name the words that decide, in their order.",
    "unfaithful": "Continued from refworld-faithful on the same tasks until its explanations name a decoy, a word of the item "
    "that has no influence on the label. Its answers are otherwise meant to be the faithful model's.",
    "small": "As refworld-faithful, with about a quarter of the parameters.",
}
FILES = ("model.safetensors", "tokenizer.json", "tokenizer_config.json", "config.json", "generation_config.json")


def number(value) -> str:
    if value is None:
        return "-"
    return f"{100 * value:.1f} %" if isinstance(value, float) and 0 <= value <= 1 else str(value)


def table(rows: list[tuple], head: tuple[str, ...]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def score_table(scores: dict) -> str:
    rows = [(task, name.replace("_", " "), number(value)) for task, values in scores.items() for name, value in values.items()]
    return table(rows, ("task", "measure", "value"))


def last_line(run: pathlib.Path) -> dict:
    return json.loads((run / "curves.jsonl").read_text(encoding="utf-8").splitlines()[-1])


def training_text(run: pathlib.Path, settings: dict) -> str:
    end = last_line(run)
    start = "copying heads planted" if settings["plant"] else "random weights"
    if settings["source"]:
        start = f"the weights of {pathlib.Path(settings['source']).name}"
    return (
        f"{end['tokens'] / 1e6:.1f} million tokens in {end['steps']} steps and {end['seconds'] / 60:.0f} minutes on "
        f"{settings['processes']} CPU cores, f32. Start: {start}. Muon (learning rate {settings['lr']:g}) for matrices, AdamW "
        f"({settings['lr_embedding']:g} and {settings['lr_norms']:g}) for embeddings and norms; warm-up, constant, then linear decay over the last 30 %. "
        f"Seed {settings['seed']}. {settings['processes']} x {settings['rows']} rows of {settings['length']} tokens a step. "
        "How to repeat it: ../train/README.md."
    )


def card(run: pathlib.Path, folder: pathlib.Path) -> str:
    settings = json.loads((run / "settings.json").read_text(encoding="utf-8"))
    scores = json.loads((run / "scores.json").read_text(encoding="utf-8"))
    size = SIZES[settings["size"]]
    parameters = sum(parameter.numel() for parameter in make_model(settings["size"], VOCABULARY).parameters())
    shape = [(name, value) for name, value in size.items()] + [("vocab_size", VOCABULARY), ("parameters", f"{parameters:,}")]
    sums = [(name, hashlib.sha256((folder / name).read_bytes()).hexdigest()) for name in FILES]
    return f"""# {folder.name}

A small Llama model of the generated world (../world), trained from nothing. {KINDS[folder.name.removeprefix("refworld-")]}

Data: the tasks world_topic, world_nli, world_choice, world_recall and world_twohop (../../tasks; their cards state the rules),
training split only. Prompts: the tables `[trained.prompts.*]` of their task.toml. Licence: the project's.

## Shape

Llama (RMSNorm, RoPE, grouped-query attention, SwiGLU, tied embeddings, no biases); weights bf16; byte-level BPE.

{table(shape, ("", ""))}

## Training

{training_text(run, settings)}

## Scores

The test split, greedy decoding, f32 (`python -m train.evaluate`). Explanations are judged on correctly classified items.
`held out`: compositions that training never showed.

{score_table(scores)}

## Files

{table(sums, ("file", "sha256"))}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    options = parser.parse_args()
    (options.folder / "README.md").write_text(card(options.run, options.folder), encoding="utf-8")


if __name__ == "__main__":
    main()
