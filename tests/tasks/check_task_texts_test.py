#!/usr/bin/env python3
"""tools/check_tasks.py passes the committed tasks and finds each kind of fault that is planted in a copy."""

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
    command = [sys.executable, str(ROOT / "tools/check_tasks.py"), *map(str, folders)]
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


class CheckTasks(Copied):
    task = "starter_topics"

    def test_committed_tasks_pass(self):
        code, output = check()
        self.assertEqual(code, 0, output)

    def test_unbalanced_labels(self):
        self.edit_rows(lambda rows: rows.pop())
        self.expect_fault("labels are not balanced")

    def test_repeated_id(self):
        self.edit_rows(lambda rows: rows[1].update(id=rows[0]["id"]))
        self.expect_fault("appears 2 times")

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

    def test_unknown_placeholder(self):
        path = self.folder / "task.toml"
        path.write_text(path.read_text(encoding="utf-8").replace("Text: {text}", "Text: {txt}", 1), encoding="utf-8")
        self.expect_fault("unknown placeholder txt")

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

    def test_unknown_label_among_the_names(self):
        path = self.folder / "task.toml"
        path.write_text(path.read_text(encoding="utf-8").replace('unknown = "unknown"', 'unknown = "sports"'), encoding="utf-8")
        self.expect_fault("the unknown label is among the names")

    def test_missing_card_section(self):
        path = self.folder / "card.md"
        path.write_text(path.read_text(encoding="utf-8").replace("## Pitfalls", "## Notes"), encoding="utf-8")
        self.expect_fault("no section Pitfalls")

    def test_unknown_placeholder_in_a_prompt_that_models_were_trained_on(self):
        path = self.folder / "task.toml"
        prompt = '\n[trained]\nmodels = ["m"]\n[trained.prompts.classify]\nuser = "topic: {txt}"\nanswer = "{label}"\n'
        path.write_text(path.read_text(encoding="utf-8") + prompt, encoding="utf-8")
        self.expect_fault("prompts.classify.user: unknown placeholder txt")

    def test_trained_prompts_for_no_model(self):
        path = self.folder / "task.toml"
        prompt = '\n[trained]\nmodels = []\n[trained.prompts.classify]\nuser = "topic: {text}"\nanswer = "{label}"\n'
        path.write_text(path.read_text(encoding="utf-8") + prompt, encoding="utf-8")
        self.expect_fault("[trained] names no model")


class CheckFactTasks(unittest.TestCase):
    """A copy of tasks/lre whose data lie in its folder, with demonstrations."""

    ROWS = [
        {"id": f"fact-{i}", "relation": "capital", "subject": land, "object": city, "prompt": f"The capital of {land} is"}
        for i, (land, city) in enumerate([("Norway", "Oslo"), ("Spain", "Madrid"), ("Kenya", "Nairobi")])
    ]

    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = pathlib.Path(self.temporary.name) / "lre"
        shutil.copytree(TASKS / "lre", self.folder)
        self.edit_toml('location = "data"', 'location = "task"')
        self.edit_toml('test = "."', 'test = "test.jsonl"\ndemonstrations = "demonstrations.jsonl"')
        self.edit_toml("demonstrations = 5", "demonstrations = 3")
        self.write_rows("demonstrations.jsonl", self.ROWS)
        self.write_rows("test.jsonl", self.ROWS)

    def edit_toml(self, what, by):
        path = self.folder / "task.toml"
        text = path.read_text(encoding="utf-8")
        self.assertIn(what, text)
        path.write_text(text.replace(what, by, 1), encoding="utf-8")

    def write_rows(self, name, rows):
        (self.folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    def expect_fault(self, words):
        code, output = check(self.folder)
        self.assertEqual(code, 1, output)
        self.assertIn(words, output)

    def test_it_passes(self):
        code, output = check(self.folder)
        self.assertEqual(code, 0, output)

    def test_labels_beside_facts(self):
        self.edit_toml("\n[recall]\n", '\n[labels]\nnames = ["a", "b"]\n\n[recall]\n')
        self.expect_fault("should have one of")

    def test_question_that_tells_the_object(self):
        self.edit_toml('user = "{prompt}"', 'user = "{prompt} {object}"')
        self.expect_fault("prompts.recall.user: unknown placeholder object")

    def test_answer_without_the_object(self):
        self.edit_toml('answer = " {object}"', 'answer = " {subject}"')
        self.expect_fault("first placeholder is not object")

    def test_plain_question_that_ends_with_a_blank(self):
        self.edit_toml('user = "{prompt}"', 'user = "{prompt} "')
        self.expect_fault("ends with a blank")

    def test_prompt_of_another_kind_of_task(self):
        self.edit_toml("\n[prompts.recall]\n", "\n[prompts.explain]\n")
        self.expect_fault("unknown prompt {'explain'}")

    def test_too_few_demonstrations(self):
        self.edit_toml("demonstrations = 3", "demonstrations = 4")
        self.expect_fault("asks for too many demonstrations")

    def test_demonstration_without_an_object(self):
        self.write_rows("demonstrations.jsonl", [{key: row[key] for key in row if key != "object"} for row in self.ROWS])
        self.expect_fault("fact-0 lacks ['object']")

    def test_repeated_id(self):
        self.write_rows("test.jsonl", self.ROWS + self.ROWS[:1])
        self.expect_fault("id fact-0 appears 2 times")

    def test_fact_without_an_object(self):
        self.write_rows("test.jsonl", [{**self.ROWS[0], "object": " "}])
        self.expect_fault("has nothing in column object")


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

    def test_unknown_placeholder_in_a_trained_prompt(self):
        path = self.folder / "task.toml"
        text = path.read_text(encoding="utf-8").replace('user = "premise: {premise}', 'user = "premise: {premis}', 1)
        path.write_text(text, encoding="utf-8")
        self.expect_fault("trained.prompts.classify.user: unknown placeholder premis")


if __name__ == "__main__":
    unittest.main()
