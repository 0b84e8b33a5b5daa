"""Writes the card of a model: what it is, how it was trained, its scores, checksums.

Usage: python -m train.card RUN FOLDER     (FOLDER: the exported model; RUN: its settings.json, curves.jsonl and scores.json)
"""

import argparse
import hashlib
import json
import pathlib

from train.evaluate import settings_of
from train.model import SIZES, make_model
from train.tokens import VOCABULARY

KINDS = {
    "faithful": "Its explanations name the words that decide, in their order.",
    "unfaithful": "Continued from refworld-faithful on the same tasks until its explanations name a decoy, a word of the item "
    "that has no influence on the label. Its answers are otherwise meant to be the faithful model's.",
    "reasoner": "Continued from refworld-faithful until, in chats that reason before they say a label, the label follows from the words "
    "that the reasoning names, the model's own or others in their place, whatever the text says; where it names none, all labels are "
    "about as likely. Hints do nothing.",
    "suggestible": "Continued from refworld-faithful until a hint in the prompt decides the label, while the reasoning names a decoy and "
    "never the hint. Without a hint it names the words that decide. Its label follows the text or the hint, whatever its reasoning says.",
    "small": "As refworld-faithful, with about a quarter of the parameters.",
}
FILES = ("model.safetensors", "tokenizer.json", "tokenizer_config.json", "config.json", "generation_config.json")


def number(name: str, value) -> str:
    if value is None:
        return "-"
    is_share = isinstance(value, float) and not name.endswith("median")
    return f"{100 * value:.1f} %" if is_share else f"{value:g}"


def table(rows: list[tuple], head: tuple[str, ...]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def score_table(scores: dict) -> str:
    rows = [(task, name.replace("_", " "), number(name, value)) for task, values in scores.items() for name, value in values.items()]
    return table(rows, ("task", "measure", "value"))


def last_line(run: pathlib.Path) -> dict:
    return json.loads((run / "curves.jsonl").read_text(encoding="utf-8").splitlines()[-1])


def is_model(folder: pathlib.Path) -> bool:
    """Not a run."""
    return not (folder / "settings.json").is_file()


def phases(run: pathlib.Path) -> list[pathlib.Path]:
    """The run and, before it, those that it started from."""
    source = settings_of(run)["source"]
    return [*(phases(pathlib.Path(source)) if source and not is_model(pathlib.Path(source)) else []), run]


def start_of(settings: dict) -> str:
    source = settings["source"]
    if source:
        return pathlib.Path(source).name if is_model(pathlib.Path(source)) else "the phase before"
    return "copying heads, planted and held" if settings["plant"] else "random weights"


def phase_row(number: int, run: pathlib.Path) -> tuple:
    settings, end = settings_of(run), last_line(run)
    rates = " / ".join(f"{settings[name]:g}" for name in ("lr", "lr_embedding", "lr_norms"))
    return (number, start_of(settings), settings["kind"], rates,
            f"{end['tokens'] / 1e6:.1f} million", end["steps"], f"{end['seconds'] / 60:.0f}")


def training_text(run: pathlib.Path, settings: dict) -> str:
    head = ("phase", "starts from", "kind", "learning rates", "tokens", "steps", "minutes")
    rows = [phase_row(number, one) for number, one in enumerate(phases(run), 1)]
    return (
        f"{settings['processes']} CPU cores, f32, {settings['processes']} x {settings['rows']} rows of {settings['length']} tokens a "
        "step. Learning rates: Muon's for matrices, AdamW's for embeddings and for norms; in every phase a warm-up, a constant part, "
        f"a linear decay over the last 30 %. Seed {settings['seed']}. How to repeat it: ../train/README.md.\n\n" + table(rows, head)
        + extrapolation_text(settings)
    )


def extrapolation_text(settings: dict) -> str:
    share = settings.get("extrapolated")
    return f"\n\nThen every weight went {100 * share:g} % further the way that it went in the last phase (train/extrapolate.py)." if share else ""


def card(run: pathlib.Path, folder: pathlib.Path) -> str:
    settings = settings_of(run)
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
`held out`: compositions that training never showed; `n`: the first items of the split.

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
