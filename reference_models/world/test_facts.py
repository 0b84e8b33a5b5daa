"""Facts, phrasings, training sentences and items of recall and two-hop."""

import collections
import itertools
import os
import random
import subprocess
import sys
import unittest
from pathlib import Path

from world import facts
from world.facts_phrasings import PHRASINGS

# relation, subject, object: written down apart from the lists that are tested.
KNOWN = [
    ("capital", "Norway", "Oslo"),
    ("capital", "Australia", "Canberra"),
    ("capital", "Canada", "Ottawa"),
    ("capital", "Turkey", "Ankara"),
    ("capital", "Brazil", "Brasilia"),
    ("capital", "New Zealand", "Wellington"),
    ("capital", "Morocco", "Rabat"),
    ("capital", "Pakistan", "Islamabad"),
    ("capital", "Vietnam", "Hanoi"),
    ("capital_of", "Lima", "Peru"),
    ("capital_of", "Nairobi", "Kenya"),
    ("capital_of", "Tallinn", "Estonia"),
    ("capital_of", "Beirut", "Lebanon"),
    ("currency", "Japan", "yen"),
    ("currency", "Poland", "zloty"),
    ("currency", "Croatia", "euro"),
    ("currency", "Denmark", "krone"),
    ("currency", "Sweden", "krona"),
    ("currency", "Thailand", "baht"),
    ("currency", "Ecuador", "dollar"),
    ("language", "Brazil", "Portuguese"),
    ("language", "Austria", "German"),
    ("language", "Suriname", "Dutch"),
    ("language", "Egypt", "Arabic"),
    ("continent", "Chile", "South America"),
    ("continent", "Cuba", "North America"),
    ("continent", "Nepal", "Asia"),
    ("continent", "Ghana", "Africa"),
    ("continent", "Hungary", "Europe"),
]
# More than one capital, official language or continent, or in dispute.
UNDECIDED = [
    ("capital", "South Africa"),
    ("capital", "Bolivia"),
    ("language", "Switzerland"),
    ("language", "Belgium"),
    ("language", "Canada"),
    ("language", "Finland"),
    ("continent", "Turkey"),
    ("continent", "Russia"),
]
DRAWS = 50_000


def said_with(template: str, subject: str) -> str:
    return template.replace("{}", subject)


class Facts(unittest.TestCase):
    def setUp(self):
        self.objects = {(fact.relation, fact.subject): fact.object for fact in facts.all_facts()}

    def test_real_facts_are_true(self):
        for relation, subject, answer in KNOWN:
            self.assertEqual(self.objects[relation, subject], answer, (relation, subject))

    def test_questions_without_a_single_answer_are_absent(self):
        self.assertEqual([question for question in UNDECIDED if question in self.objects], [])

    def test_one_object_a_question(self):
        self.assertEqual(len(self.objects), len(facts.all_facts()))

    def test_counts(self):
        self.assertGreaterEqual(len({fact.relation for fact in facts.all_facts()}), 12)
        self.assertGreaterEqual(len(facts.all_facts()), 1500)

    def test_no_answer_begins_with_another_facts_object(self):
        answers = collections.defaultdict(set)
        for fact in facts.all_facts():
            answers[fact.relation].add(tuple(fact.answers.split("|")))
        for relation, groups in answers.items():
            for one, other in itertools.permutations(groups, 2):
                if one[0] != other[0]:
                    self.assertFalse(any(b.startswith(a) for a in one for b in other), (relation, one, other))

    def test_invented_names_are_short_and_belong_to_one_kind(self):
        of_kind = [{f.subject for f in facts.all_facts() if f.relation == relation} for relation in ("pet", "product", "river")]
        for one, other in itertools.combinations(of_kind, 2):
            self.assertEqual(one & other, set())
        for name in set.union(*of_kind):
            self.assertRegex(name, r"\A[A-Z][a-z]{3,9}\Z")

    def test_what_follows_the_article_a_starts_with_a_consonant(self):
        for fact in facts.all_facts():
            if PHRASINGS[fact.relation].test.endswith(" a"):
                self.assertNotIn(fact.object[0], "aeiou", fact)

    def test_frequency_classes(self):
        counts = collections.Counter(fact.frequency for fact in facts.all_facts())
        self.assertEqual(set(counts), {"common", "medium", "rare"})
        self.assertAlmostEqual(counts["rare"] / counts.total(), 0.20, delta=0.03)


class Phrasings(unittest.TestCase):
    def test_splits_are_disjoint(self):
        every = [phrasing for p in PHRASINGS.values() for phrasing in (*p.train, p.validation, p.test)]
        self.assertEqual(len(set(every)), len(every))

    def test_counts_and_form(self):
        self.assertEqual(set(PHRASINGS), {fact.relation for fact in facts.all_facts()})
        for p in PHRASINGS.values():
            self.assertGreaterEqual(len(p.train), 4)
            for phrasing in (*p.train, p.validation, p.test):
                self.assertEqual(phrasing.count("{}"), 1, phrasing)
                self.assertEqual(phrasing, phrasing.strip())

    def test_words_of_the_test_phrasings_are_taught(self):
        taught = {word.strip(",") for p in PHRASINGS.values() for phrasing in p.train for word in phrasing.lower().split()}
        for p in PHRASINGS.values():
            self.assertEqual({word.strip(",") for word in p.test.lower().split()} - taught, set(), p.test)


class TrainingSentences(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.drawn = list(itertools.islice(facts.training_sentences(random.Random(7)), DRAWS))
        cls.counts = collections.Counter(prompt for prompt, _ in cls.drawn)
        cls.items = facts.two_hop_items()

    def test_held_out_pairs_are_never_said(self):
        held_out = {item["prompt_two_hop"] for item in self.items if item["seen"] == "no"}
        self.assertGreater(len(held_out), 200)
        self.assertEqual(held_out & set(self.counts), set())

    def test_seen_pairs_are_said(self):
        seen = {item["prompt_two_hop"] for item in self.items if item["seen"] == "yes"}
        self.assertEqual(seen - set(self.counts), set())

    def test_two_hop_share(self):
        compositions = {pair.prompt for pair in facts.all_pairs()}
        share = sum(count for prompt, count in self.counts.items() if prompt in compositions) / DRAWS
        self.assertAlmostEqual(share, 0.25, delta=0.01)

    def test_validation_and_test_phrasings_are_never_said(self):
        kept_back = {
            said_with(template, fact.subject)
            for fact in facts.all_facts()
            for template in (PHRASINGS[fact.relation].validation, PHRASINGS[fact.relation].test)
        }
        self.assertEqual(kept_back & set(self.counts), set())

    def test_classes_are_said_16_to_4_to_1(self):
        said = collections.Counter()
        facts_of = collections.Counter(fact.frequency for fact in facts.all_facts())
        for fact in facts.all_facts():
            said[fact.frequency] += sum(self.counts[said_with(t, fact.subject)] for t in PHRASINGS[fact.relation].train)
        mean = {name: said[name] / facts_of[name] for name in facts_of}
        self.assertAlmostEqual(mean["common"] / mean["medium"], 4, delta=0.4)
        self.assertAlmostEqual(mean["medium"] / mean["rare"], 4, delta=0.8)

    def test_a_prompt_has_one_object_and_no_trailing_blank(self):
        self.assertEqual(len(set(self.drawn)), len(self.counts))
        for prompt, answer in set(self.drawn):
            self.assertEqual((prompt, answer), (prompt.strip(), answer.strip()))

    def test_the_seed_decides(self):
        again = list(itertools.islice(facts.training_sentences(random.Random(7)), 500))
        self.assertEqual(again, self.drawn[:500])
        self.assertNotEqual(list(itertools.islice(facts.training_sentences(random.Random(8)), 500)), self.drawn[:500])


class Items(unittest.TestCase):
    def test_recall_asks_every_fact_that_is_not_demonstrated_in_the_test_phrasing(self):
        items, shots = facts.recall_items(), facts.recall_demonstrations()
        self.assertGreaterEqual(len(items), 1500)
        questions = [(row["relation"], row["subject"]) for row in items + shots]
        self.assertEqual(sorted(questions), sorted((fact.relation, fact.subject) for fact in facts.all_facts()))
        for item in items:
            self.assertEqual(item["prompt"], said_with(PHRASINGS[item["relation"]].test, item["subject"]))
        for shot in shots:
            self.assertIn(shot["prompt"], [said_with(t, shot["subject"]) for t in PHRASINGS[shot["relation"]].train])

    def test_a_recall_item(self):
        norway = next(i for i in facts.recall_items() if (i["relation"], i["subject"]) == ("currency", "Norway"))
        self.assertEqual(norway["prompt"], "In Norway, people pay with the")
        self.assertEqual(norway["answers"], "krone|Norwegian krone")

    def test_two_hop_counts(self):
        items = facts.two_hop_items()
        self.assertGreaterEqual(len(items), 730)
        self.assertGreaterEqual(len({(item["r1"], item["r2"]) for item in items}), 8)
        self.assertAlmostEqual(sum(item["seen"] == "yes" for item in items) / len(items), 0.70, delta=0.03)

    def test_two_hop_items_join_two_facts(self):
        objects = {(fact.relation, fact.subject): fact for fact in facts.all_facts()}
        for item in facts.two_hop_items() + facts.two_hop_demonstrations():
            first = objects[item["r1"], item["e1"]]
            second = objects[item["r2"], item["bridge"]]
            self.assertEqual((first.object, second.object), (item["bridge"], item["answer"]))
            self.assertIn(item["bridge"], item["bridge_answers"].split("|"))
            self.assertIn(item["answer"], item["answer_answers"].split("|"))
            self.assertNotIn(item["bridge"], item["prompt_two_hop"])
            self.assertIn(item["e1"], item["prompt_two_hop"])

    def test_a_two_hop_item(self):
        asked = facts.two_hop_items() + facts.two_hop_demonstrations()
        prompt = "The currency of the country whose capital is Tokyo is the"
        self.assertEqual([row["answer"] for row in asked if row["prompt_two_hop"] == prompt], ["yen"])

    def test_demonstrations_are_seen_and_not_asked(self):
        shots = facts.two_hop_demonstrations()
        self.assertEqual({shot["seen"] for shot in shots}, {"yes"})
        asked = {item["prompt_two_hop"] for item in facts.two_hop_items()}
        self.assertEqual(asked & {shot["prompt_two_hop"] for shot in shots}, set())

    def test_columns_are_filled_strings_and_ids_unique(self):
        for rows in (
            facts.recall_items() + facts.recall_demonstrations(),
            facts.two_hop_items() + facts.two_hop_demonstrations(),
        ):
            self.assertEqual(len({row["id"] for row in rows}), len(rows))
            self.assertEqual(len({tuple(row) for row in rows}), 1)
            for row in rows:
                self.assertTrue(all(isinstance(value, str) and value for value in row.values()), row)

    def test_items_do_not_depend_on_the_process(self):
        """Sets and hashes of strings are ordered anew in every process."""
        script = (
            "import hashlib, random; from itertools import islice; from world import facts; print(hashlib.sha256(repr(("
            "facts.recall_items(), facts.recall_demonstrations(), facts.two_hop_items(), facts.two_hop_demonstrations(),"
            "list(islice(facts.training_sentences(random.Random(1)), 2000)))).encode()).hexdigest())"
        )
        folder = Path(__file__).resolve().parent.parent
        outputs = {
            subprocess.run(
                [sys.executable, "-c", script],
                cwd=folder,
                env={**os.environ, "PYTHONHASHSEED": seed},
                check=True,
                capture_output=True,
                text=True,
            ).stdout
            for seed in ("1", "2")
        }
        self.assertEqual(len(outputs), 1)


if __name__ == "__main__":
    unittest.main()
