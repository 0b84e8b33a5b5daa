#!/usr/bin/env python3
"""tools/check_task_texts.py passes the committed tasks and finds each kind of fault that is planted in a copy."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TASKS = ROOT / "tasks"


def check(*folders):
    command = [sys.executable, str(ROOT / "tools/check_task_texts.py"), *map(str, folders)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


class Copied(unittest.TestCase):
    task = ""

    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = pathlib.Path(self.temporary.name) / self.task
        shutil.copytree(TASKS / self.task, self.folder)

    def edit_rows(self, edit, name="test.jsonl"):
        path = self.folder / name
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        edit(rows)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    def expect_fault(self, words):
        code, output = check(self.folder)
        self.assertEqual(code, 1, output)
        self.assertIn(words, output)


class CheckTaskTexts(Copied):
    task = "starter_topics"

    def test_committed_tasks_pass(self):
        code, output = check()
        self.assertEqual(code, 0, output)

    def test_unbalanced_labels(self):
        self.edit_rows(lambda rows: rows.pop())
        self.expect_fault("labels are not balanced")

    def test_near_duplicate_of_a_demonstration(self):
        line = (self.folder / "demonstrations.jsonl").read_text(encoding="utf-8").splitlines()[0]
        text = json.loads(line)["text"].replace("Thursday", "Saturday")
        self.edit_rows(lambda rows: rows[7].update(text=text))
        self.expect_fault("of their word triples")

    def test_explanation_without_a_word_of_the_text(self):
        stranger = "Nobody can possibly guess anything useful from such an utterly unrelated remark."
        self.edit_rows(lambda rows: rows[3].update(explanation=stranger))
        self.expect_fault("names no word of the text")

    def test_typographic_quotes(self):
        self.edit_rows(lambda rows: rows[5].update(text=rows[5]["text"].replace("a", "\u2019", 1)))
        self.expect_fault("not printable ASCII")

    def test_text_too_short(self):
        self.edit_rows(lambda rows: rows[5].update(text="Too short."))
        self.expect_fault("text has 2 words")

    def test_redaction_that_hides_nothing(self):
        self.edit_rows(lambda rows: rows[2].update(redacted=rows[2]["text"]), "demonstrations.jsonl")
        self.expect_fault("redacted hides no word")

    def test_redaction_that_rewrites(self):
        elsewhere = lambda row: row["redacted"].replace("Geneva", "Oslo")
        self.edit_rows(lambda rows: rows[2].update(redacted=elsewhere(rows[2])), "demonstrations.jsonl")
        self.expect_fault("is not the text with words hidden")

    def test_redaction_of_several_words_by_one_mark(self):
        self.edit_rows(lambda rows: rows[0].update(redacted="[REDACTED]"), "demonstrations.jsonl")
        self.expect_fault("is not the text with words hidden")

    def test_missing_card_section(self):
        path = self.folder / "card.md"
        path.write_text(path.read_text(encoding="utf-8").replace("## Pitfalls", "## Notes"), encoding="utf-8")
        self.expect_fault("no section Pitfalls")


class CheckGeneratedTasks(Copied):
    task = "world_nli"

    def test_explanation_names_another_word(self):
        self.edit_rows(lambda rows: rows[3].update(explanation="because of nothing."))
        self.expect_fault("explanation names ['nothing'] instead of")

    def test_decoy_that_decides(self):
        self.edit_rows(lambda rows: rows[2].update(decoy=rows[2]["words"].split(", ")[0]))
        self.expect_fault("bad decoy")

    def test_insertion_beyond_the_text(self):
        self.edit_rows(lambda rows: rows[1].update(insertions="99" + rows[1]["insertions"].lstrip("0123456789")))
        self.expect_fault("bad insertion 99:")

    def test_insertion_is_missing(self):
        self.edit_rows(lambda rows: rows[1].update(insertions=rows[1]["insertions"].rpartition(" ")[0]))
        self.expect_fault("has 7 different insertions")


if __name__ == "__main__":
    unittest.main()
