"""Writes calibration/: chats and sentences of the world for quantizers that look at text, and others to compare on.

Usage: python -m train.calibration [--check]     (in reference_models/; every run gives the same bytes)
--check compares instead of writing and exits 1 on a difference.
"""

import argparse
import json
import pathlib
import random
import sys
from typing import NamedTuple

from train import documents
from train.documents import Turn, glossary_document, repeated_document, sentence_document, word_document
from world import facts

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "calibration"


class Text(NamedTuple):
    name: str
    split: str  # of the items
    characters: int


TEXTS = [
    Text("world.jsonl", "train", 420_000),  # 128 windows of 512 tokens of the reference models: mostly a word a token
    Text("probe.jsonl", "test", 60_000),
]

# Documents of each sort among all, as in the later part of training. Bare words, repetitions and glossaries are left out.
MIXTURE = {
    (task, make): count
    for (task, make), (_, count) in documents.MIXTURE.items()
    if make not in (word_document, repeated_document, glossary_document)
}


def row(turn: Turn) -> dict:
    answer = "".join(piece for piece, _ in turn.answer)
    if turn.user is None:  # what carries no weight in training is given
        prompt = "".join(piece for piece, weight in turn.answer if weight == 0.0)
        return {"prompt": prompt, "completion": answer.removeprefix(prompt)}
    return {"messages": [{"role": "user", "content": turn.user}, {"role": "assistant", "content": answer}]}


def lines(text: Text) -> str:
    rng = random.Random("calibration" if text.split == "train" else f"calibration {text.split}")
    sentences = facts.training_sentences(rng)
    rows = []
    while sum(map(len, rows)) < text.characters:
        task, make = rng.choices([*MIXTURE], [*MIXTURE.values()])[0]
        document = sentence_document(*next(sentences)) if make is sentence_document else make(rng, task, text.split)
        rows += [json.dumps(row(turn), ensure_ascii=False) + "\n" for turn in document]
    return "".join(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the files that are there, write nothing")
    check = parser.parse_args().check
    status = 0
    for text in TEXTS:
        file, wanted = FOLDER / text.name, lines(text)
        if not check:
            FOLDER.mkdir(exist_ok=True)
            file.write_text(wanted, encoding="utf-8")
            continue
        same = file.is_file() and file.read_text(encoding="utf-8") == wanted
        print(f"{file}: {'as generated' if same else 'differs'}", file=sys.stderr)
        status |= not same
    return status


if __name__ == "__main__":
    sys.exit(main())
