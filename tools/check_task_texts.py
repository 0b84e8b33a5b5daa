#!/usr/bin/env python3
"""Checks what we write in task folders: cards, and the texts, labels and edits of demonstrations and items.

Whether the program takes a folder says `quantlens check-task`.

Usage: tools/check_task_texts.py [FOLDER ...]     (default: every folder in tasks/)
Prints one line for each fault and exits 1 if there is any.
"""

import argparse
import collections
import json
import pathlib
import re
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
HIDDEN = "[REDACTED]"
CARD_SECTIONS = ("What", "Source", "Licence", "How it is measured", "Pitfalls", "Checked against the reference?", "Limits")

# What our own texts keep to, in words.
TEXT_WORDS = (15, 45)
EXPLANATION_WORDS = (10, 25)
# What generated ones keep to; they say "because of", the deciding words, and nothing else.
GENERATED_TEXT_WORDS = (7, 40)
GENERATED_EXPLANATION_WORDS = (3, 6)
INSERTIONS = 8
# Texts that share this much of their word triples are near duplicates; unrelated ones of this length share almost none.
MAX_SHARED_TRIPLES = 0.2

STOP_WORDS = set(
    "a about after all although an and are as at be because both but by can for from has have he her his in into is it its more no not "
    "now of off on only or out over she so that the their them then these they this thus to two was were when where which while who "
    "will with".split()
)


def words(text):
    return re.findall(r"[a-z0-9]+(?:'[a-z]+)?", text.lower())


def content_words(text):
    return set(words(text)) - STOP_WORDS


def triples(text):
    found = words(text)
    return set(zip(found, found[1:], found[2:]))


class Checker:
    def __init__(self, folder):
        self.folder = folder
        self.faults = []

    def fault(self, *what):
        self.faults.append(f"{self.folder.name}: " + " ".join(str(part) for part in what))

    def expect(self, good, *what):
        if not good:
            self.fault(*what)

    def run(self):
        for name in ("task.toml", "card.md"):
            if not (self.folder / name).is_file():
                self.fault("no", name)
                return self.faults
        self.task = tomllib.loads((self.folder / "task.toml").read_text(encoding="utf-8"))
        self.content = list(self.task["fields"]["content"])
        self.check_card()
        if "labels" in self.task:
            self.check_labelled()
        return self.faults

    def check_labelled(self):
        self.labels = self.task["labels"]["names"]
        demonstrations = self.read(self.task["data"]["demonstrations"])
        if self.folder.name.startswith("world_"):
            self.check_generated(demonstrations + self.read(self.task["data"]["test"]))
            return
        self.check_demonstrations(demonstrations)
        items = []
        if self.task["data"]["location"] == "task":
            items = self.read(self.task["data"]["test"])
            self.check_items(items, TEXT_WORDS, EXPLANATION_WORDS)
            share = sum(row.get("hard", False) for row in items) / len(items)
            self.expect(0.2 <= share <= 0.3, f"{share:.0%} of the items are marked hard, expected about a quarter")
        self.check_near_duplicates(demonstrations + items)

    def read(self, name):
        rows = []
        for number, line in enumerate((self.folder / name).read_text(encoding="utf-8").splitlines(), 1):
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError as error:
                self.fault(name, "line", number, error)
        return rows

    def check_card(self):
        card = (self.folder / "card.md").read_text(encoding="utf-8")
        for section in CARD_SECTIONS:
            self.expect(f"\n## {section}\n" in card, "card.md has no section", section)

    def check_demonstrations(self, rows):
        self.check_items(rows, (1, TEXT_WORDS[1]), EXPLANATION_WORDS)
        edit_field = self.task["counterfactual"]["edit_field"]
        for row in rows:
            original = row[edit_field]
            named = words(row["causes"])
            missing = set(named) - set(words(original))
            self.expect(not missing, row["id"], "causes not in the text:", missing)
            if "counterfactual" in self.task["prompts"]:
                edited = row["counterfactual"]
                self.expect(words(original) != words(edited), row["id"], "the counterfactual is the text itself")
                self.expect(edited.isascii(), row["id"], "counterfactual is not ASCII")
            if "redacted" in row:
                self.check_redacted(row["id"], original, row["redacted"])

    def check_redacted(self, row_id, original, redacted):
        self.expect(HIDDEN in redacted, row_id, "redacted hides no word")
        pattern = r"[\w-]+".join(re.escape(part) for part in redacted.split(HIDDEN))
        self.expect(re.fullmatch(pattern, original), row_id, "redacted is not the text with words hidden one by one")

    def check_items(self, rows, text_words, explanation_words):
        self.check_labels(rows)
        for row in rows:
            text = " ".join(row[name] for name in self.content)
            explanation = row["explanation"]
            self.check_form(row["id"], "text", text, text_words)
            self.check_form(row["id"], "explanation", explanation, explanation_words)
            for what, value in (("text", text), ("explanation", explanation)):
                self.expect(value.endswith((".", "?", "!")), row["id"], what, "does not end a sentence")
            self.expect(len(re.findall(r"[.!?](?:\s|$)", explanation)) == 1, row["id"], "explanation is not one sentence")
            shared = content_words(explanation) & content_words(text)
            self.expect(shared, row["id"], "explanation names no word of the text")

    def check_form(self, row_id, what, value, words_allowed):
        low, high = words_allowed
        n_words = len(value.split())
        self.expect(low <= n_words <= high, row_id, what, "has", n_words, "words, expected", low, "to", high)
        self.expect(value.isascii() and value.isprintable(), row_id, what, "is not printable ASCII")
        self.expect(value == value.strip() and "  " not in value, row_id, what, "has stray blanks")

    def check_labels(self, rows):
        counts = collections.Counter(row["label"] for row in rows)
        self.expect(set(counts) == set(self.labels), "labels in the data:", sorted(counts))
        self.expect(len(set(counts.values())) == 1, "labels are not balanced:", dict(counts))

    def check_generated(self, rows):
        self.check_labels(rows)
        for row in rows:
            text = " ".join(row[name] for name in self.content)
            deciding = words(row["words"])
            self.check_form(row["id"], "text", text, GENERATED_TEXT_WORDS)
            self.check_form(row["id"], "explanation", row["explanation"], GENERATED_EXPLANATION_WORDS)
            self.expect(set(deciding) <= set(words(text)), row["id"], "deciding words not in the text:", deciding)
            named = [word for word in words(row["explanation"]) if word not in ("because", "of", "and")]
            self.expect(named == deciding, row["id"], "explanation names", named, "instead of", deciding)
            self.expect(row["decoy"] in words(text) and row["decoy"] not in deciding, row["id"], "bad decoy", row["decoy"])
            self.expect("[REDACTED]" in row["redacted"], row["id"], "hides no word")
            if "counterfactual" in self.task["prompts"]:
                edited = row["counterfactual"] != row[self.task["counterfactual"]["edit_field"]]
                self.expect(edited, row["id"], "the counterfactual is the text itself")
            if "insertions" in self.task["fields"]:
                self.check_insertions(row)

    def check_insertions(self, row):
        edits = row[self.task["fields"]["insertions"]].split()
        n_words = len(row[self.task["counterfactual"]["edit_field"]].split())
        different = len(set(edits))
        self.expect(different == INSERTIONS, row["id"], "has", different, "different insertions, expected", INSERTIONS)
        for edit in edits:
            match = re.fullmatch(r"(\d+):([a-z]+):([a-z]+)", edit)
            good = match and int(match[1]) <= n_words and match[3] in (*self.labels, "harmless")
            self.expect(good, row["id"], "bad insertion", edit)

    def check_near_duplicates(self, rows):
        found = [(row["id"], triples(" ".join(row[name] for name in self.content))) for row in rows]
        for i, (first, a) in enumerate(found):
            for second, b in found[:i]:
                shared = len(a & b) / max(1, min(len(a), len(b)))
                self.expect(shared <= MAX_SHARED_TRIPLES, f"{second} and {first} share {shared:.0%} of their word triples")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=pathlib.Path)
    folders = parser.parse_args().folders or sorted(path for path in (ROOT / "tasks").iterdir() if path.is_dir())
    faults = [fault for folder in folders for fault in Checker(folder.resolve()).run()]
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"{len(folders)} task folders, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
