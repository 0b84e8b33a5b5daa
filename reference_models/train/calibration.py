"""Writes calibration/world.jsonl: chats and sentences of the training split for quantizers that look at text.

Usage: python -m train.calibration [--check]     (in reference_models/; every run gives the same bytes)
--check compares instead of writing and exits 1 on a difference.
"""

import argparse
import json
import pathlib
import random
import sys

from train.documents import Turn, edited_document, inserted_document, item_document, redacted_document, sentence_document
from world import facts

FILE = pathlib.Path(__file__).resolve().parents[1] / "calibration" / "world.jsonl"
CHARACTERS = 420_000  # 128 windows of 512 tokens of the reference models, whose tokens are mostly words

# Documents of each sort among all. Bare words and glossaries, which only training needs, are left out.
MIXTURE = {
    ("topic", item_document): 30,
    ("nli", item_document): 30,
    ("choice", item_document): 15,
    ("topic", redacted_document): 3,
    ("nli", redacted_document): 3,
    ("topic", edited_document): 4,
    ("nli", edited_document): 4,
    ("topic", inserted_document): 4,
    ("nli", inserted_document): 4,
    ("sentences", sentence_document): 40,
}


def row(turn: Turn) -> dict:
    answer = "".join(piece for piece, _ in turn.answer)
    if turn.user is None:
        return {"text": answer}
    return {"messages": [{"role": "user", "content": turn.user}, {"role": "assistant", "content": answer}]}


def lines() -> str:
    rng = random.Random("calibration")
    sentences = facts.training_sentences(rng)
    text = []
    while sum(map(len, text)) < CHARACTERS:
        task, make = rng.choices([*MIXTURE], [*MIXTURE.values()])[0]
        document = sentence_document(*next(sentences)) if make is sentence_document else make(rng, task, "train")
        text += [json.dumps(row(turn), ensure_ascii=False) + "\n" for turn in document]
    return "".join(text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the file that is there instead of writing it")
    wanted = lines()
    if parser.parse_args().check:
        same = FILE.is_file() and FILE.read_text(encoding="utf-8") == wanted
        print(f"{FILE}: {'as generated' if same else 'differs'}", file=sys.stderr)
        return 0 if same else 1
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
