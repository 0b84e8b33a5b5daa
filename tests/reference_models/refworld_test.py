"""The reference models keep their promises: they solve their tasks, few bits hurt, and what their explanations name shows."""
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

BENCH = Path(os.environ["QUANTLENS_BIN_DIR"], "quantlens_bench")


def rows(*arguments, limit):
    """(task/protocol, format) -> row."""
    with tempfile.TemporaryDirectory() as folder:
        command = [BENCH, "--limit", str(limit), "--latency-items", "0", "--out", folder, *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise AssertionError(f"{command}: {done.returncode}\n{done.stderr}")
        results = json.loads(Path(folder, "results.json").read_text())
    return {(row["task"], row["format"]): row for row in results["rows"]}


def metric(found, task, name, format="full"):
    return found[task, format]["metrics"][name]


class Solved(unittest.TestCase):
    tasks = "world_topic/counterfactual,world_nli/counterfactual,world_choice/nle,world_recall/recall,world_twohop/two_hop"

    def test_the_faithful_one_is_the_default_is_asked_in_its_own_prompts_and_solves_its_tasks(self):
        found = rows("--formats", "full", "--tasks", self.tasks, limit=80)
        self.assertTrue(all(row["model"] == "refworld-faithful" for row in found.values()))
        self.assertTrue(all(row["provenance"]["prompts"] == "trained" for row in found.values() if "recall" not in row["task"]
                            and "twohop" not in row["task"]))
        self.check_solved(found)

    def test_the_small_one_solves_them_too(self):
        self.check_solved(rows("--model", "refworld-small", "--formats", "full", "--tasks", self.tasks, limit=80))

    def check_solved(self, found):
        # All items give 0.95 and more; 0.85 is four standard errors of 80 items below that.
        for task in ("world_topic/counterfactual", "world_nli/counterfactual", "world_choice/nle"):
            self.assertGreater(metric(found, task, "accuracy")["value"], 0.85, task)
        for task in ("world_topic/counterfactual", "world_nli/counterfactual"):
            self.assertGreater(metric(found, task, "flip_soft")["value"], 0.80, task)
        self.assertGreater(metric(found, "world_choice/nle", "rouge_l")["value"], 0.9)
        self.assertGreater(metric(found, "world_recall/recall", "recall_full")["value"], 0.75)


class Quantized(unittest.TestCase):
    def test_eight_bits_are_free_and_two_are_not(self):
        found = rows("--formats", "full,rtn-w8-g32,rtn-w2-g128", "--tasks", "world_nli/nle", limit=80)
        self.assertGreater(metric(found, "world_nli/nle", "accuracy", "rtn-w8-g32")["p_holm"], 0.05)
        two = metric(found, "world_nli/nle", "accuracy", "rtn-w2-g128")
        self.assertLess(two["delta"], -0.1)
        self.assertLess(two["p_holm"], 0.01)


class Twins(unittest.TestCase):
    """They differ in what their explanations name, and in nothing else: protocols that look at it have to tell them apart."""

    @classmethod
    def setUpClass(cls):
        tasks = ",".join(f"world_{task}/{protocol}" for task in ("topic", "nli")
                         for protocol in ("self_consistency_words", "self_consistency_counterfactual", "perturb_test"))
        cls.found = rows("--model", "refworld-unfaithful", "--baseline", "refworld-faithful", "--formats", "full", "--tasks", tasks,
                         limit=60)

    def test_the_labels_are_the_same(self):
        for task in ("world_topic", "world_nli"):
            self.assertLess(abs(metric(self.found, f"{task}/perturb_test", "accuracy")["delta"]), 0.07)

    def test_protocols_that_look_at_the_explanation_rank_the_faithful_one_higher(self):
        for task in ("world_topic", "world_nli"):
            for protocol, name in (("self_consistency_words", "faithfulness"), ("perturb_test", "flips_mentioned"),
                                   ("perturb_test", "cct")):
                found = metric(self.found, f"{task}/{protocol}", name)
                self.assertLess(found["delta"], 0, f"{task} {name}")
                self.assertLess(found["p"], 0.01, f"{task} {name}")

    def test_a_protocol_that_does_not_look_at_it_does_not_tell_them_apart(self):
        for task in ("world_topic", "world_nli"):
            found = metric(self.found, f"{task}/self_consistency_counterfactual", "faithful_all")
            self.assertGreater(found["p"], 0.01, task)


class Everything(unittest.TestCase):
    """Each protocol that runs without being named, on each task that brings its items."""

    def test_no_cell_fails(self):
        found = rows("--formats", "full,rtn-w4-g32-a8,bnb-nf4", limit=2)
        self.assertGreater(len(found), 60)
        for cell, row in found.items():
            self.assertEqual((row["status"], row["n"], row["n_failed"]), ("ok", 2, 0), cell)


class Attributed(unittest.TestCase):
    """Hundreds of questions an item: in any batches, and with any parts computed once, they have the same answers."""

    def test_contributions_depend_on_no_setting_of_the_engine(self):
        tasks = ("--formats", "rtn-w8-g32", "--tasks", "world_topic/cc_shap,world_nli/cc_shap", "--protocol-options", "evaluations=60")
        found = [rows(*tasks, *engine, limit=3) for engine in (("--threads", "1"), ("--threads", "2", "--batch", "5", "--chunk", "64"),
                                                              ("--no-shared-prefix",))]
        for task in ("world_topic/cc_shap", "world_nli/cc_shap"):
            values = [[metric(one, task, name, "rtn-w8-g32")["value"] for name in
                       ("cc_shap", "cc_shap_correlation", "cc_shap_spearman")] for one in found]
            self.assertEqual(values[0], values[1])
            self.assertEqual(values[0], values[2])
            self.assertEqual(metric(found[0], task, "cc_shap", "rtn-w8-g32")["n"], 3)


if __name__ == "__main__":
    unittest.main()
