#!/usr/bin/env python3
"""Checks the task folders: keys and prompts of every task.toml, cards, demonstrations and the data that lie in the folder.

Usage: tools/check_tasks.py [FOLDER ...]     (default: every folder in tasks/)
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
KNOWS_NO_LABEL = {"classify", "classify_redacted"}
PROMPTS = KNOWS_NO_LABEL | {"explain", "counterfactual", "counterfactual_words", "counterfactual_guided", "redact", "words"}
HIDDEN = "[REDACTED]"
# Of tasks about facts, which have a table of that name in place of [labels]: what their prompts ask for, what a question
# may tell of the fact, and the keys of the table that name a column.
FACT_PROMPTS = {
    "recall": {"recall": "object"},
    "two_hop": {"first_hop": "bridge", "second_hop": "answer", "two_hop": "answer"},
}
GIVEN = {"recall": {"relation", "subject"}, "two_hop": set()}
FACT_COLUMNS = {"recall": {"relation", "subject", "object", "answers"}, "two_hop": {"bridge_answers", "answers", "group"}}
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


def placeholders(template):
    return re.findall(r"\{(\w+)\}", template.replace("{{", "").replace("}}", ""))


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
        kinds = [kind for kind in ("labels", *FACT_PROMPTS) if kind in self.task]
        if len(kinds) != 1:
            self.fault("has tables", kinds, "and should have one of", ["labels", *FACT_PROMPTS])
        elif kinds == ["labels"]:
            self.check_labelled()
        else:
            self.check_facts(kinds[0])
        return self.faults

    def check_labelled(self):
        self.labels = self.task["labels"]["names"]
        self.check_header()
        demonstrations = self.read(self.task["data"]["demonstrations"])
        self.check_prompts(demonstrations)
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

    def check_facts(self, kind):
        """The loader's rules (tasks/fact_table.hpp) that hold without the data, and the data that lie in the folder."""
        self.check_name()
        data = self.task["data"]
        demonstrations = self.read(data["demonstrations"]) if "demonstrations" in data else []
        named = GIVEN[kind] | set(FACT_PROMPTS[kind].values())
        for row in demonstrations:
            missing = (named | set(self.content)) - set(row)
            self.expect(not missing, row["id"], "lacks", sorted(missing))
        in_user = set(self.content) | GIVEN[kind]
        in_answer = in_user | named | (set.intersection(*map(set, demonstrations)) if demonstrations else set())
        for set_name, prompts in self.prompt_sets().items():
            unknown = set(prompts) - set(FACT_PROMPTS[kind])
            self.expect(not unknown, "unknown prompt", unknown)
            for name, prompt in prompts.items():
                where = f"{set_name}.{name}"
                self.check_placeholders(where, prompt, (("system", set()), ("user", in_user), ("answer", in_answer)))
                asked = [FACT_PROMPTS[kind].get(name)]
                answered = placeholders(prompt["answer"])[:1]
                self.expect(answered == asked, f"{where}.answer: first placeholder is not", *asked)
                ends_well = not prompt.get("plain") or not prompt["user"][-1:].isspace()
                self.expect(ends_well, f"{where}.user ends with a blank")
                enough = not demonstrations or prompt.get("demonstrations", 0) <= len(demonstrations)
                self.expect(enough, where, "asks for too many demonstrations")
        if data["location"] == "task":
            rows = self.read(data["test"])
            self.check_ids(rows)
            columns = [self.task[kind][key] for key in FACT_COLUMNS[kind] & set(self.task[kind])]
            for row in rows:
                for column in columns:
                    self.expect(row.get(column, "").strip(), row["id"], "has nothing in column", column)

    def read(self, name):
        rows = []
        for number, line in enumerate((self.folder / name).read_text(encoding="utf-8").splitlines(), 1):
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError as error:
                self.fault(name, "line", number, error)
        return rows

    def check_name(self):
        self.expect(self.task["schema"] == "quantlens-task/1", "unknown schema", self.task["schema"])
        self.expect(self.task["name"] == self.folder.name, "name differs from the folder's:", self.task["name"])

    def check_ids(self, rows):
        for row_id, count in collections.Counter(row["id"] for row in rows).items():
            self.expect(count == 1, "id", row_id, "appears", count, "times")

    def prompt_sets(self):
        """The ordinary prompts and, where there are some, those that models were trained on."""
        sets = {"prompts": self.task["prompts"]}
        if "trained" in self.task:
            self.expect(self.task["trained"]["models"], "[trained] names no model")
            sets["trained.prompts"] = self.task["trained"]["prompts"]
        return sets

    def check_header(self):
        task = self.task
        self.check_name()
        self.expect(len(set(self.labels)) == len(self.labels) >= 2, "labels repeat or are too few")
        targets = task["labels"].get("counterfactual_target", {})
        wanted = set(self.labels) if "counterfactual" in task["prompts"] else set()
        self.expect(set(targets) == wanted, "counterfactual_target must name every label once")
        for label, target in targets.items():
            self.expect(target in self.labels and target != label, "bad counterfactual target of", label)
        self.expect(set(task["labels"].get("values", {}).values()) <= set(self.labels), "values name an unknown label")
        self.expect(task["labels"].get("unknown") not in self.labels, "the unknown label is among the names")
        self.expect(task["counterfactual"]["edit_field"] in self.content, "edit_field is no content field")

    def check_card(self):
        card = (self.folder / "card.md").read_text(encoding="utf-8")
        for section in CARD_SECTIONS:
            self.expect(f"\n## {section}\n" in card, "card.md has no section", section)

    def check_placeholders(self, where, prompt, known_of_key):
        for key, known in known_of_key:
            for placeholder in placeholders(prompt.get(key, "")):
                self.expect(placeholder in known, f"{where}.{key}: unknown placeholder", placeholder)
        self.expect(prompt["answer"].startswith(prompt.get("answer_prefix", "")), where, "answer lacks its prefix")

    def check_prompts(self, demonstrations):
        known = {"labels"} | ({"unknown"} if "unknown" in self.task["labels"] else set())
        from_task = {"label", "target"} | known
        for set_name, prompts in self.prompt_sets().items():
            self.expect(set(prompts) <= PROMPTS, "unknown prompt", set(prompts) - PROMPTS)
            for name, prompt in prompts.items():
                where = f"{set_name}.{name}"
                in_user = set(self.content) | (known if name in KNOWS_NO_LABEL else from_task)
                in_answer = from_task | set.intersection(*(set(row) for row in demonstrations))
                self.check_placeholders(where, prompt, (("system", known), ("user", in_user), ("answer", in_answer)))
                wanted = prompt.get("demonstrations", 0)
                hidden = sum("redacted" in row for row in demonstrations) if name == "classify_redacted" else 0
                self.expect(wanted <= len(demonstrations) + hidden, where, "asks for", wanted, "demonstrations")

    def check_demonstrations(self, rows):
        self.check_items(rows, (1, TEXT_WORDS[1]), EXPLANATION_WORDS)
        edit_field = self.task["counterfactual"]["edit_field"]
        for row in rows:
            original, edited = row[edit_field], row["counterfactual"]
            named = words(row["causes"])
            missing = set(named) - set(words(original))
            self.expect(not missing, row["id"], "causes not in the text:", missing)
            self.expect(words(original) != words(edited), row["id"], "the counterfactual is the text itself")
            self.expect(edited.isascii(), row["id"], "counterfactual is not ASCII")
            if "redacted" in row:
                self.check_redacted(row["id"], original, row["redacted"])

    def check_redacted(self, row_id, original, redacted):
        self.expect(HIDDEN in redacted, row_id, "redacted hides no word")
        pattern = r"[\w-]+".join(re.escape(part) for part in redacted.split(HIDDEN))
        self.expect(re.fullmatch(pattern, original), row_id, "redacted is not the text with words hidden one by one")

    def check_items(self, rows, text_words, explanation_words):
        self.check_labels_and_ids(rows)
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

    def check_labels_and_ids(self, rows):
        counts = collections.Counter(row["label"] for row in rows)
        self.expect(set(counts) == set(self.labels), "labels in the data:", sorted(counts))
        self.expect(len(set(counts.values())) == 1, "labels are not balanced:", dict(counts))
        self.check_ids(rows)

    def check_generated(self, rows):
        self.check_labels_and_ids(rows)
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
