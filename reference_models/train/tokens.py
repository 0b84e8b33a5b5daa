"""Trains the byte-level BPE tokenizer on text of the world and writes it as Hugging Face does.

Usage: python -m train.tokens FOLDER
"""

import argparse
import functools
import itertools
import json
import pathlib
import random
import re
from collections.abc import Iterator

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from train.documents import documents
from train.prompts import BOS, CHAT_TEMPLATE, END, SPECIAL_TOKENS
from world.lexicon import all_words

VOCABULARY = 2304
TRAINING_DOCUMENTS = 20_000
# Names of people and towns would else take the vocabulary; a word that is one token is learnt and copied far sooner.
WORD_REPEATS = 1_000


def training_text(count: int = TRAINING_DOCUMENTS) -> Iterator[str]:
    source = documents(random.Random("tokenizer"), progress=lambda: 1.0)
    for document in itertools.islice(source, count):
        for turn in document:
            yield turn.user or ""
            yield "".join(text for text, _ in turn.answer)
    for word in all_words():
        yield f" {word}" * WORD_REPEATS


def train_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(training_text(), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", special_tokens=[(BOS, tokenizer.token_to_id(BOS))]
    )
    return tokenizer


def save(tokenizer: Tokenizer, folder: pathlib.Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": BOS,
        "eos_token": END,
        "pad_token": END,
        "add_bos_token": True,
        "add_eos_token": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": 512,
        "chat_template": CHAT_TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def load(folder: pathlib.Path) -> Tokenizer:
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


class Encoder:
    """Token ids without the added BOS. Words are encoded one by one and remembered, which is faster and changes nothing: no token
    crosses a blank."""

    def __init__(self, tokenizer: Tokenizer):
        self.special = {token: tokenizer.token_to_id(token) for token in SPECIAL_TOKENS}
        self.word = functools.cache(lambda word: tuple(tokenizer.encode(word, add_special_tokens=False).ids))

    def __call__(self, text: str) -> list[int]:
        return [token for word in re.findall(r" ?[^ ]+", text) for token in self.word(word)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    save(train_tokenizer(), parser.parse_args().folder)


if __name__ == "__main__":
    main()
