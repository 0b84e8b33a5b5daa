"""Writes the data of the tasks world_* (test.jsonl and demonstrations.jsonl); every run gives the same bytes.

Usage: python -m world.generate [--check]     (in reference_models/)
--check compares instead of writing and exits 1 on a difference.
"""

import argparse
import json
import pathlib
import random
import sys
from types import ModuleType

from world import choice, facts, nli, topic

TASKS = pathlib.Path(__file__).resolve().parents[2] / "tasks"
Rows = list[dict[str, str]]

# Task: its module, the content that makes an item the one it is, test items and demonstrations of every label.
LABELLED = {
    "topic": (topic, ("text",), 400, 4),
    "nli": (nli, ("premise", "hypothesis"), 534, 5),
    "choice": (choice, ("question",), 120, 4),
}


def labelled_rows(name: str, module: ModuleType, content: tuple[str, ...], split: str, n_each: int, prefix: str) -> Rows:
    """Different items, the labels taking turns."""
    rng = random.Random(f"{name} {split}")
    rows: Rows = []
    seen: set[tuple[str, ...]] = set()
    while len(rows) < n_each * len(module.LABELS):
        item = module.make_item(rng, split, module.LABELS[len(rows) % len(module.LABELS)])
        key = tuple(item[column] for column in content)
        if key in seen:
            continue
        seen.add(key)
        if hasattr(module, "insertions"):
            item["insertions"] = module.insertions(rng, item)
        rows.append({"id": f"{prefix}-{len(rows) + 1:04}"} | item)
    return rows


def files() -> dict[pathlib.Path, Rows]:
    made: dict[pathlib.Path, Rows] = {}
    for name, (module, content, n_test, n_demonstrations) in LABELLED.items():
        folder = TASKS / f"world_{name}"
        made[folder / "test.jsonl"] = labelled_rows(name, module, content, "test", n_test, name)
        made[folder / "demonstrations.jsonl"] = labelled_rows(name, module, content, "train", n_demonstrations, f"{name}-demo")
    made[TASKS / "world_recall" / "test.jsonl"] = facts.recall_items()
    made[TASKS / "world_recall" / "demonstrations.jsonl"] = facts.recall_demonstrations()
    made[TASKS / "world_twohop" / "test.jsonl"] = facts.two_hop_items()
    made[TASKS / "world_twohop" / "demonstrations.jsonl"] = facts.two_hop_demonstrations()
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the files that are there instead of writing them")
    check = parser.parse_args().check
    different = 0
    for path, rows in files().items():
        text = "".join(json.dumps(row) + "\n" for row in rows)
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            different += 1
            print(f"{path}: differs from what the generator makes", file=sys.stderr)
        print(f"{path.parent.name}/{path.name}: {len(rows)} items")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
