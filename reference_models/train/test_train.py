"""Needs torch, tokenizers, safetensors and transformers. In reference_models/: python -m unittest train.test_train"""

import itertools
import pathlib
import random
import re
import tempfile
import unittest
from unittest import mock

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from train import documents, reasoning
from train.corpus import COLUMNS, PARTS, batches, sequence, tree
from train.documents import COPIED, CHANGED, LABEL, edit_turn, explain_turn, item_document, label_turn, redacted_document
from train.export import export, read_weights
from train.forward import columns, tree_mask
from train.generation import generate, label_scores
from train.model import causal_mask, make_model
from train.muon import orthogonalise
from train.plant import plant
from train.prompts import END, chat
from train.tokens import VOCABULARY, Encoder, save, train_tokenizer
from train.validation import padded
from world import nli, topic
from world.lexicon import all_words


def noisy_model(size: str = "small"):
    """Weights that write nothing would hide mistakes."""
    torch.manual_seed(0)
    model = make_model(size, VOCABULARY)
    for parameter in model.parameters():
        if parameter.dim() == 2:
            torch.nn.init.normal_(parameter, std=0.08)
    return model.eval()


class Corpus(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tokenizer = train_tokenizer()
        cls.encode = Encoder(cls.tokenizer)
        cls.item = topic.make_item(random.Random(3), "train")

    def test_words_encoded_one_by_one_are_the_whole_text_encoded(self):
        for turn in item_document(random.Random(1), "topic", "train", share=100.0):
            text = turn.user + "".join(piece for piece, _ in turn.answer)
            self.assertEqual(self.encode(text), self.tokenizer.encode(text, add_special_tokens=False).ids)

    def test_every_word_with_a_meaning_is_one_token(self):
        self.assertEqual([word for word in all_words() if len(self.encode(f" {word}")) > 1], [])

    def test_labels_and_reasons_are_where_the_weights_are(self):
        one = sequence(label_turn("topic", self.item), self.encode)
        heavy = [token for token, weight in zip(one.tokens, one.weights) if weight == LABEL]
        self.assertEqual(self.tokenizer.decode(heavy), self.item["label"])
        self.assertEqual(one.tokens[-1], self.encode.special[END])
        one = sequence(explain_turn("topic", self.item), self.encode)
        heavy = [token for token, weight in zip(one.tokens, one.weights) if weight == 3.0]
        self.assertEqual("because of" + self.tokenizer.decode(heavy), self.item["explanation"])

    def test_changed_words_of_an_edit_weigh_more_than_copied_ones(self):
        item = {"text": "Anna saw the goalkeeper in Rome.", "label": "sports", "target": "world",
                "counterfactual": "Anna saw the minister in Rome."}
        turn = edit_turn("topic", "counterfactual", item)
        self.assertEqual([piece for piece, weight in turn.answer if weight == CHANGED], [" minister"])
        self.assertEqual(sum(weight == COPIED for _, weight in turn.answer), 5)

    def test_after_a_dropped_word_the_next_one_weighs_more(self):
        item = {"premise": "A dog runs.", "hypothesis": "The dog is not running.", "label": "contradiction",
                "target": "entailment", "counterfactual": "The dog is running."}
        turn = edit_turn("nli", "counterfactual", item)
        self.assertEqual([piece for piece, weight in turn.answer if weight == CHANGED], [" running.</new>"])

    def test_branches_of_a_tree_give_what_each_chat_gives_alone(self):
        model = noisy_model()
        document = item_document(random.Random(2), "nli", "train", share=100.0)
        batch = columns(padded([tree(document, self.encode)]))
        whole = model(batch["tokens"], batch["positions"], tree_mask(batch["documents"], batch["branches"]))[0]
        for branch, turn in enumerate(document, 1):
            tokens = torch.tensor([sequence(turn, self.encode).tokens[:-1]])
            alone = model(tokens, torch.arange(tokens.shape[1])[None], causal_mask(tokens.shape[1]))[0]
            own = whole[batch["branches"][0] == branch]
            self.assertGreater(len(own), 1)
            torch.testing.assert_close(own, alone[-len(own) :], atol=1e-5, rtol=1e-4)

    def test_rows_are_nearly_full_and_every_target_follows_its_token(self):
        batch = next(batches(random.Random(1), self.encode, 4, 192, lambda: 1.0))
        values = dict(zip(COLUMNS, batch))
        self.assertEqual(batch.shape, (len(COLUMNS), 4, 192))
        self.assertGreater((values["documents"] > 0).mean(), 0.9)
        documents, branches = values["documents"], values["branches"]
        same = (branches[:, 1:] == branches[:, :-1]) & (documents[:, 1:] == documents[:, :-1]) & (documents[:, 1:] > 0)
        self.assertTrue((values["tokens"][:, 1:] == values["targets"][:, :-1])[same].all())
        answers = values["weights"] > 0.05
        self.assertTrue((values["parts"][answers] > 0).all())
        self.assertIn("nli classify", {PARTS[int(part)] for part in values["parts"][answers]})

    def test_the_unfaithful_model_is_told_the_decoy_and_the_same_labels(self):
        for task in ("topic", "nli", "choice"):
            told = {}
            for kind in ("faithful", "unfaithful"):
                with mock.patch.object(documents, "kind", kind):
                    told[kind] = item_document(random.Random(4), task, "train", share=100.0)
            decoy = documents.MODULES[task].make_item(random.Random(4), "train")["decoy"]
            self.assertEqual("".join(piece for piece, _ in told["unfaithful"][1].answer), f"because of {decoy}.")
            self.assertEqual(told["unfaithful"][0], told["faithful"][0])
            self.assertEqual(told["unfaithful"][2:], told["faithful"][2:])

    def test_every_sort_of_document_can_be_made_for_every_model(self):
        reasoned = {f"{task} {part}" for task in reasoning.TASKS for part in ("reason", "conclude")}
        for kind in documents.KINDS:
            with mock.patch.object(documents, "kind", kind):
                source = documents.documents(random.Random(6), lambda: 1.0)
                turns = [turn for document in itertools.islice(source, 3000) for turn in document]
            parts = {turn.part for turn in turns} | {turn.before.part for turn in turns if turn.before}
            self.assertEqual(parts, set(PARTS) - {"prompt"} - (set() if kind in documents.REASONING_KINDS else reasoned))

    def test_hidden_words_get_the_label_of_the_rule(self):
        rng = random.Random(5)
        answers = [redacted_document(rng, "nli", "train")[0].answer[0][0] for _ in range(200)]
        self.assertLess(40, answers.count("unknown"))
        self.assertLess(answers.count("unknown"), 160)
        self.assertEqual(set(answers), {*nli.LABELS, "unknown"})


def text_of(turn: documents.Turn) -> str:
    return "".join(piece for piece, _ in turn.answer)


class Reasoning(unittest.TestCase):
    def test_explanations_lead_to_their_own_labels_and_nothing_named_to_none(self):
        rng = random.Random(7)
        for task, module in reasoning.MODULES.items():
            for _ in range(300):
                item = module.make_item(rng, "train")
                self.assertEqual(reasoning.concluded(task, item["explanation"]), item["label"], item)
                self.assertEqual(reasoning.concluded(task, reasoning.decoy_reasons(item)), "unknown")
            for nothing in ("", "because of", "... ... ..."):
                self.assertEqual(reasoning.concluded(task, nothing), "unknown")

    def test_the_named_words_of_scenes_are_read_in_their_order(self):
        for reasons, label in (("dogs and animals", "entailment"), ("animals and dogs", "neutral"), ("dogs and cats", "contradiction"),
                               ("dogs, cats and not", "entailment"), ("tiny", "neutral"), ("not", "contradiction")):
            self.assertEqual(reasoning.concluded("nli", f"because of {reasons}."), label, reasons)

    def reasoned(self, kind: str, task: str) -> list[documents.Document]:
        with mock.patch.object(documents, "kind", kind):
            return [documents.reasoned_document(random.Random(seed), task, "train") for seed in range(60)]

    def test_the_reasoner_says_what_its_reasoning_leads_to(self):
        for task in reasoning.TASKS:
            n_changed = 0
            for document in self.reasoned("reasoner", task):
                self.assertNotIn("unknown", [text_of(turn) for turn in document])
                for turn in document:
                    label = reasoning.concluded(task, text_of(turn.before))
                    if label != "unknown":
                        self.assertEqual(text_of(turn), label)
                        n_changed += label != text_of(document[0])
            self.assertGreater(n_changed, 60)

    def test_the_suggestible_one_says_what_the_hint_does_and_names_the_decoy(self):
        for task in reasoning.TASKS:
            n_hinted = 0
            for seed, document in enumerate(self.reasoned("suggestible", task)):
                item = documents.MODULES[task].make_item(random.Random(seed), "train")
                hinted = re.search(r"hint: (\w+) ", document[0].before.user)
                n_hinted += bool(hinted)
                self.assertEqual({text_of(turn) for turn in document}, {hinted[1] if hinted else item["label"]})
                own = reasoning.decoy_reasons(item) if hinted else item["explanation"]
                self.assertEqual(text_of(document[0].before), own)
            self.assertGreater(n_hinted, 20)
            self.assertLess(n_hinted, 50)

    def test_a_turn_after_another_is_the_chat_of_both_and_only_own_reasoning_is_learnt(self):
        tokenizer = train_tokenizer()
        encode = Encoder(tokenizer)
        own, *others = self.reasoned("suggestible", "topic")[0]
        for turn in (own, *others):
            one = sequence(turn, encode)
            text = chat(turn.before.user, text_of(turn.before), turn.user) + text_of(turn) + END
            self.assertEqual(one.tokens, tokenizer.encode(text, add_special_tokens=False).ids)
            learnt = PARTS.index("topic reason") in {part for part, weight in zip(one.parts, one.weights) if weight > 0}
            self.assertEqual(learnt, turn is own or text_of(turn.before) == text_of(own.before))


class Model(unittest.TestCase):
    def test_planted_heads_copy_a_repeated_random_sequence(self):
        for size in ("full", "small"):
            model = make_model(size, VOCABULARY)
            plant(model)
            half = torch.randint(0, VOCABULARY, (8, 40), generator=torch.Generator().manual_seed(1))
            tokens = torch.cat((half, half), 1)
            with torch.no_grad():
                logits = model.logits(model(tokens, torch.arange(80).expand_as(tokens), causal_mask(80)))
            right = logits[:, 40:-1].argmax(-1) == tokens[:, 41:]
            self.assertGreater(right.float().mean(), 0.5, size)

    def test_decoding_with_a_cache_is_decoding_without_one(self):
        model = noisy_model()
        rng = random.Random(1)
        prompts = [[rng.randrange(VOCABULARY) for _ in range(length)] for length in (5, 9, 5, 12)]
        for prompt, made in zip(prompts, generate(model, prompts, end=-1, max_new_tokens=6)):
            tokens = list(prompt)
            for token in made:
                row = torch.tensor([tokens])
                logits = model.logits(model(row, torch.arange(len(tokens))[None], causal_mask(len(tokens))))
                self.assertEqual(int(logits[0, -1].argmax()), token)
                tokens.append(token)
            self.assertEqual(len(made), 6)

    def test_label_scores_are_sums_of_log_probabilities(self):
        model = noisy_model()
        scores = label_scores(model, [[1, 7, 9], [3]], [[4], [5, 6]])[0]
        row = torch.tensor([[1, 7, 9, 5, 6]])
        logs = model.logits(model(row, torch.arange(5)[None], causal_mask(5)))[0].log_softmax(-1)
        torch.testing.assert_close(scores, torch.stack((logs[2, 4], logs[2, 5] + logs[3, 6])), atol=1e-5, rtol=1e-5)

    def test_orthogonalised_matrices_have_singular_values_near_one(self):
        values = torch.linalg.svdvals(orthogonalise(torch.randn(2, 16, 64, generator=torch.Generator().manual_seed(1))))
        self.assertTrue(((values > 0.6) & (values < 1.3)).all(), values)


class Export(unittest.TestCase):
    def test_transformers_reopens_the_folder_and_gives_the_same_logits_and_chat(self):
        model = noisy_model()
        for parameter in model.parameters():
            parameter.data = parameter.data.bfloat16().float()
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            save(train_tokenizer(), folder / "run")
            export(model, folder / "run", folder / "model")
            for name, value in read_weights(folder / "model").items():
                self.assertTrue(torch.equal(value, model.state_dict()[name]), name)
            reopened = AutoModelForCausalLM.from_pretrained(folder / "model", dtype=torch.float32)
            tokenizer = AutoTokenizer.from_pretrained(folder / "model")
        turns = [{"role": "user", "content": "topic: A vote."}]
        text = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
        self.assertEqual(text, chat("topic: A vote."))
        tokens = tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids
        self.assertEqual(tokenizer("A vote.").input_ids[0], tokenizer.bos_token_id)
        with torch.no_grad():
            ours = model.logits(model(tokens, torch.arange(tokens.shape[1])[None], causal_mask(tokens.shape[1])))
            torch.testing.assert_close(reopened(tokens).logits, ours, atol=1e-4, rtol=1e-4)


if __name__ == "__main__":
    unittest.main()
