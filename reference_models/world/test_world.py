"""The rules on examples judged by hand, and what every generated item promises."""

import collections
import contextlib
import io
import json
import pathlib
import random
import re
import sys
import unittest
from itertools import permutations
from unittest import mock

from world import choice, generate, glossary, lexicon, nli, splits, topic, words

HIDDEN = "[REDACTED]"


def named(explanation: str) -> list[str]:
    """The words between "because of" and the full stop."""
    return re.split(r", | and ", explanation.removeprefix("because of ").removesuffix("."))


def hide(text: str, word: str) -> str:
    return re.sub(rf"\b{word}\b", HIDDEN, text, flags=re.IGNORECASE)


def apply_insertion(text: str, position: int, word: str) -> str:
    tokens = text.split(" ")
    tokens.insert(position, word)
    return " ".join(tokens)


def parsed_insertions(item: dict[str, str]) -> list[tuple[int, str, str]]:
    return [(int(position), word, kind) for position, word, kind in (edit.split(":") for edit in item["insertions"].split())]


class Items(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        rng = random.Random(20)
        cls.items = {}
        for module in (topic, nli, choice):
            cls.items[module] = [module.make_item(rng, "train") for _ in range(250)]
        for module in (topic, nli):
            for item in cls.items[module]:
                item["insertions"] = module.insertions(rng, item)


class Lexicon(unittest.TestCase):
    def test_no_word_is_listed_twice(self):
        tables = [*lexicon.STRONG.values(), *lexicon.WEAK.values(), lexicon.NEUTRAL]
        listed = [word for forms in tables for found in forms.values() for word in found]
        listed += {*lexicon.PERSON_ADJECTIVES, *lexicon.THING_ADJECTIVES, *lexicon.MANNERS}
        self.assertEqual([word for word, count in collections.Counter(listed).items() if count > 1], [])

    def test_words_are_single_and_plain(self):
        scenes = [*nli.ASPECT_OF, *lexicon.ASIDES, *lexicon.SCENE_MANNERS]
        for word in [*lexicon.FORM_OF, *lexicon.ADJECTIVES, *lexicon.MANNERS, *scenes]:
            self.assertRegex(word, r"^[a-z]+$")

    def test_sentences_hold_no_cue_of_their_own_and_no_article_before_a_vowel(self):
        for sentence in topic.SENTENCES:
            found = set(words.bare_words(sentence))
            self.assertFalse(found & lexicon.CUES.keys(), sentence)
            self.assertNotRegex(sentence, r"(?i)\ban? \{")
            for noun in found & lexicon.FORM_OF.keys():
                self.assertNotRegex(sentence, rf"(?i)\ban? {noun}\b")

    def test_about_forty_cues_of_each_strength(self):
        for level, low, high in ((lexicon.STRONG, 30, 60), (lexicon.WEAK, 30, 60)):
            for name in lexicon.TOPICS:
                self.assertIn(sum(map(len, level[name].values())), range(low, high), name)

    def test_options_fit_one_category_only(self):
        members = [word for found in lexicon.CATEGORIES.values() for word in found]
        self.assertEqual(len(members), len(set(members)))

    def test_the_glossary_agrees_with_the_rules(self):
        topics, parents, members, things, pairs, following = glossary.groups()
        self.assertTrue(all(topic.label_of(word) == meaning for word, meaning in topics))
        self.assertTrue(all(nli.label_of(word, parent) == "entailment" for word, parent in parents))
        self.assertTrue(all(choice.label_of(f"{meaning} A) {word} B) nothing") == "A" for word, meaning in (*members, *things)))
        for word, meaning in pairs:
            self.assertIn("A", [choice.label_of(f"{asked} A) {other} B) nothing") for asked, other in permutations((word, meaning))])
        self.assertEqual(len(following), len(lexicon.ORDERED_NUMBERS) - 1)

    def test_opposites_are_pairs(self):
        both = [*lexicon.OPPOSITES, *lexicon.OPPOSITES.values()]
        self.assertEqual(len(both), len(set(both)))


class TopicRule(unittest.TestCase):
    def expect(self, text, label, *reasons):
        self.assertEqual(topic.judge(text), (label, list(reasons)))

    def test_strong_cues_outvote_each_other(self):
        self.expect("The goalkeeper and the referee met a banker.", "sports", "goalkeeper", "referee")

    def test_a_strong_cue_beats_weak_ones(self):
        self.expect("The coach, the team and the ball bored the diplomat.", "world", "diplomat")

    def test_weak_cues_decide_where_no_strong_one_is(self):
        self.expect("The old screen and the battery stood near the ball.", "technology", "screen", "battery")

    def test_a_tie_of_strong_cues_is_unknown_whatever_weak_ones_say(self):
        self.expect("The banker met the goalkeeper and the coach.", "unknown")

    def test_a_tie_of_weak_cues_is_unknown(self):
        self.expect("The ball hit the screen.", "unknown")

    def test_no_cue_is_unknown(self):
        self.expect("The neighbour showed the garden to a friend.", "unknown")

    def test_hidden_words_do_not_count(self):
        self.expect(f"The {HIDDEN} met the {HIDDEN}.", "unknown")
        self.expect(f"The {HIDDEN} met the investor.", "business", "investor")

    def test_plurals_and_capitals_count(self):
        self.expect("Investors were protesting. Mortgages!", "business", "investors", "mortgages")


class NliRule(unittest.TestCase):
    premise = "Two huge brown dogs are quietly sleeping in the kitchen."

    def expect(self, hypothesis, label, *reasons, premise=None):
        self.assertEqual(nli.judge(premise or self.premise, hypothesis), (label, list(reasons)))

    def test_more_general_words_are_entailed(self):
        self.expect("Two animals are sleeping in the kitchen.", "entailment", "dogs", "animals")
        self.expect("The dogs are resting.", "entailment", "sleeping", "resting")
        self.expect("In the house, two dogs are sleeping.", "entailment", "kitchen", "house")
        self.expect("Two big dogs are really sleeping.", "entailment", "huge", "big")

    def test_other_values_contradict(self):
        self.expect("Two cats are sleeping.", "contradiction", "dogs", "cats")
        self.expect("Two dogs are running.", "contradiction", "sleeping", "running")
        self.expect("Three dogs are sleeping.", "contradiction", "two", "three")
        self.expect("Two tiny dogs are in the kitchen.", "contradiction", "huge", "tiny")
        self.expect("Two dogs are sleeping in the park.", "contradiction", "kitchen", "park")

    def test_not_turns_what_is_entailed(self):
        self.expect("Two animals are not sleeping.", "contradiction", "not")
        self.expect("Two dogs are not running.", "entailment", "sleeping", "running", "not")

    def test_what_the_premise_leaves_open_is_neutral(self):
        self.expect("Two grey dogs are in the kitchen.", "neutral", "grey", premise="Two dogs are still sleeping in the kitchen.")
        self.expect("Two dogs are in the attic.", "neutral", "house", "attic", premise="Two dogs are just sleeping in the house.")
        self.expect("One owl is sleeping.", "neutral", "bird", "owl", premise="One bird is now sleeping.")
        self.expect("Five cars are driving.", "neutral", "five", premise="Some cars are now driving.")
        self.expect("Two blue dogs are not sleeping.", "neutral", "blue", premise="Two dogs are just sleeping.")

    def test_contradiction_beats_what_is_open(self):
        self.expect("Two grey dogs are running.", "contradiction", "sleeping", "running", premise="Two dogs are now sleeping.")

    def test_hidden_words(self):
        self.expect(f"Two {HIDDEN} are sleeping.", "unknown")
        self.expect("Two animals are sleeping.", "unknown", premise=f"Two {HIDDEN} are quietly sleeping.")
        self.expect("Two animals are sleeping.", "entailment", "dogs", "animals", premise=f"Two dogs are {HIDDEN} sleeping.")
        self.expect("Two cats are sleeping.", "contradiction", "dogs", "cats", premise=f"Two {HIDDEN} dogs are now sleeping.")


class ChoiceRule(unittest.TestCase):
    def expect(self, question, label, *reasons):
        self.assertEqual(choice.judge(question), (label, list(reasons)))

    def test_every_kind_of_question(self):
        self.expect("Say now: which one is a kind of bird? A) truck B) owl C) tea", "B", "bird", "owl")
        self.expect("Say now: which one is usually sour? A) honey B) bacon C) vinegar", "C", "sour", "vinegar")
        self.expect("Say now: what is the capital of Norway? A) Oslo B) Paris C) Rome", "A", "Norway", "Oslo")
        self.expect("Say now: what is the opposite of late? A) poor B) early C) wet", "B", "late", "early")
        self.expect("Say now: which number is the smallest? A) twelve B) nineteen C) three D) four", "C", "smallest", "three")
        self.expect("Say now: which is the largest number? A) two B) twenty C) eleven", "B", "largest", "twenty")

    def test_none_or_two_fit(self):
        self.expect("Say now: which one is a kind of bird? A) truck B) tin C) tea", "unknown")
        self.expect("Say now: which one is a kind of bird? A) duck B) owl C) tea", "unknown")

    def test_hidden_words(self):
        self.expect(f"Say now: which one is a kind of {HIDDEN}? A) truck B) owl C) tea", "unknown")
        self.expect(f"Say now: which one is a kind of bird? A) truck B) {HIDDEN} C) tea", "unknown")
        self.expect(f"Say now: which number is the smallest? A) {HIDDEN} B) nineteen C) three", "unknown")
        self.expect(f"Say {HIDDEN}: which one is a kind of bird? A) truck B) owl C) tea", "B", "bird", "owl")


class GeneratedItems(Items):
    def label_of(self, module, item, **changed):
        item = item | changed
        if module is nli:
            return nli.label_of(item["premise"], item["hypothesis"])
        return module.label_of(item[self.edited_column(module)])

    def edited_column(self, module):
        return {topic: "text", nli: "hypothesis", choice: "question"}[module]

    def each(self, *modules):
        for module in modules or (topic, nli, choice):
            for item in self.items[module]:
                yield module, item

    def test_the_rule_gives_the_label(self):
        for module, item in self.each():
            self.assertEqual(self.label_of(module, item), item["label"])

    def test_the_explanation_names_the_deciding_words(self):
        for module, item in self.each():
            self.assertEqual(named(item["explanation"]), item["words"].split(", "))
            for word in item["words"].split(", "):
                text = item["premise"] + " " + item["hypothesis"] if module is nli else item[self.edited_column(module)]
                self.assertRegex(text.lower(), rf"\b{word.lower()}\b")

    def test_without_the_deciding_words_the_label_is_unknown(self):
        for module, item in self.each():
            column = self.edited_column(module)
            text = item[column]
            for word in item["words"].split(", "):
                text = hide(text, word)
            self.assertEqual(item["redacted"], text)
            self.assertEqual(self.label_of(module, item, **{column: text}), "unknown")

    def test_the_decoy_has_no_influence(self):
        for module, item in self.each():
            column = "premise" if module is nli else self.edited_column(module)
            self.assertNotIn(item["decoy"], item["words"].split(", "))
            without = hide(item[column], item["decoy"])
            self.assertNotEqual(without, item[column])
            self.assertEqual(self.label_of(module, item, **{column: without}), item["label"])

    def test_the_minimal_edit_reaches_the_target_and_changes_deciding_words_only(self):
        for module, item in self.each(topic, nli):
            column = self.edited_column(module)
            target = module.TARGETS[item["label"]]
            self.assertEqual(self.label_of(module, item, **{column: item["counterfactual"]}), target)
            before, after = item[column].split(), item["counterfactual"].split()
            if len(before) == len(after):
                changed = [words.bare(a) for a, b in zip(before, after) if a != b]
                self.assertEqual(len(changed), int(item["edits"]))
            else:
                changed = ["not"]
                self.assertEqual([token for token in before if token != "not"], after)
            if module is topic:
                self.assertEqual(changed, item["words"].split(", "))
            else:
                self.assertEqual(item["edits"], "1")

    def test_entailments_have_one_pair_of_reasons_edited_ones_as_well(self):
        for _, item in self.each(nli):
            for hypothesis in (item["hypothesis"], item["counterfactual"]):
                label, reasons = nli.judge(item["premise"], hypothesis)
                if label == "entailment":
                    self.assertEqual(len(reasons), 2)

    def test_insertions_do_what_they_say(self):
        for module, item in self.each(topic, nli):
            column = self.edited_column(module)
            found = parsed_insertions(item)
            self.assertEqual(len(set(found)), 8)
            self.assertEqual([kind for *_, kind in found].count("harmless"), 4)
            for position, word, kind in found:
                text = apply_insertion(item[column], position, word)
                label = item["label"] if kind == "harmless" else kind
                self.assertEqual(self.label_of(module, item, **{column: text}), label)
                reasons = module.judge(item["premise"], text)[1] if module is nli else module.judge(text)[1]
                if label == item["label"]:
                    self.assertEqual(reasons, item["words"].split(", "))
                else:
                    self.assertIn(word, reasons)
                    self.assertFalse(set(reasons) & set(item["words"].split(", ")))

    def test_some_insertions_change_the_label(self):
        for module, least in ((topic, 0.3), (nli, 0.5)):
            kinds = [{kind for *_, kind in parsed_insertions(item)} - {"harmless", item["label"]} for item in self.items[module]]
            self.assertGreater(sum(map(bool, kinds)) / len(kinds), least)

    def test_insert_gives_the_label_and_reason_of_its_text(self):
        rng = random.Random(3)
        for module, item in self.each(topic, nli):
            text, label, explanation = module.insert(rng, item)
            self.assertEqual(len(text.split()), len(item[self.edited_column(module)].split()) + 1)
            self.assertEqual(self.label_of(module, item, **{self.edited_column(module): text}), label)
            self.assertIn(label, module.LABELS)
            self.assertTrue(explanation.startswith("because of "))

    def test_bare_words_get_the_label_of_the_rule_and_every_label_comes(self):
        for module in (topic, nli, choice):
            items = [module.make_word_item(random.Random(seed)) for seed in range(200)]
            self.assertEqual({item["label"] for item in items}, set(module.LABELS))
            for item in items:
                self.assertEqual(self.label_of(module, item), item["label"])

    def test_texts_are_sentences(self):
        for module, item in self.each(topic, nli):
            for column in ("text",) if module is topic else ("premise", "hypothesis"):
                self.assertRegex(item[column], r"^[A-Z].*\.$")
                self.assertNotRegex(item[column], r"  |[{}]")

    def test_about_two_fifths_of_the_topics_hang_on_weak_cues(self):
        weak = [not lexicon.CUES[item["words"].split(", ")[0]].strong for item in self.items[topic]]
        self.assertTrue(0.3 < sum(weak) / len(weak) < 0.5)

    def test_wrong_options_never_fit(self):
        for _, item in self.each(choice):
            options = re.split(r" [A-E]\) ", item["question"])[1:]
            self.assertIn(len(options), (3, 4, 5))
            self.assertEqual(len(options), len(set(options)))


class Splits(unittest.TestCase):
    def test_buckets_computed_elsewhere(self):
        # By printf %s TEXT | sha256sum and bc: 5, 46, 33; 85, 88; 92, 98.
        for text, split in (
            ("Two dogs.", "train"), ("the banker sleeps.", "train"), ("a B c D", "train"),
            ("text 27", "validation"), ("TEXT 47", "validation"), ("text 21", "test"), ("text 2", "test"),
        ):
            self.assertEqual(splits.split_of(text), split, text)

    def test_items_lie_in_the_split_they_were_made_for(self):
        rng = random.Random(4)
        for split in splits.SPLITS:
            for _ in range(20):
                self.assertEqual(splits.split_of(topic.make_item(rng, split)["text"]), split)
                item = nli.make_item(rng, split)
                self.assertEqual(splits.split_of(item["premise"] + " " + item["hypothesis"]), split)
                self.assertEqual(splits.split_of(choice.make_item(rng, split)["question"]), split)

    def test_four_fifths_are_for_training(self):
        counts = collections.Counter(splits.split_of(f"text {i}") for i in range(5000))
        self.assertTrue(0.78 < counts["train"] / 5000 < 0.82, counts)
        self.assertTrue(0.08 < counts["validation"] / 5000 < 0.12, counts)


class CommittedData(unittest.TestCase):
    def rows(self, task, name):
        return [json.loads(line) for line in (generate.TASKS / task / name).read_text(encoding="utf-8").splitlines()]

    def test_sizes_and_balance(self):
        for task, n_each, n_labels in (("world_topic", 400, 4), ("world_nli", 534, 3), ("world_choice", 120, 5)):
            counts = collections.Counter(row["label"] for row in self.rows(task, "test.jsonl"))
            self.assertEqual(sorted(counts.values()), [n_each] * n_labels, task)

    def test_no_text_twice_or_in_both_files(self):
        for task in ("world_topic", "world_nli", "world_choice"):
            rows = self.rows(task, "test.jsonl") + self.rows(task, "demonstrations.jsonl")
            texts = {(row.get("text"), row.get("premise"), row.get("hypothesis"), row.get("question")) for row in rows}
            self.assertEqual(len(texts), len(rows), task)

    def test_check_passes_on_them_and_notices_a_change(self):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            files = generate.files()
            with mock.patch.object(generate, "files", lambda: files), mock.patch.object(sys, "argv", ["generate", "--check"]):
                self.assertEqual(generate.main(), 0)
                files[next(iter(files))][0]["label"] = "changed"
                self.assertEqual(generate.main(), 1)


if __name__ == "__main__":
    unittest.main()
