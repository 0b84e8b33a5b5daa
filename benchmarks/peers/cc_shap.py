#!/usr/bin/env python3
"""CC-SHAP of items that quantlens has measured, computed again by transformers and the shap package: values and seconds.

Install the peers and run with that Python, on a folder that transformers reads and the journal of a run on the same folder:

    python3 -m venv peer
    peer/bin/pip install torch transformers shap==0.51.0
    build/release/bin/quantlens_bench --model FOLDER --formats full --tasks world_topic/cc_shap --limit 5 --latency-items 0 --out OUT
    peer/bin/python benchmarks/peers/cc_shap.py FOLDER OUT/items.jsonl

Prompts, the texts that the model wrote, and players are the journal's: what is compared is the tokenization of masked texts, the
model, the explainer and its budget, and the aggregation. Chats are rendered by the folder's own template. Differences are peer - ours, of the
shares of contributions (which add up to 1 in magnitude) and of the score. Seconds are those of both sides of an item, without the answer
itself on the peer's side, and with it on ours. Evaluations of one batch are padded on the left, as the reference has them.
"""

import argparse
import json
import pathlib
import re
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
# This folder's files have names of packages.
sys.path[:] = [folder for folder in sys.path if pathlib.Path(folder).resolve() != HERE]

import numpy  # noqa: E402
import shap  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402

MOST_EXPLAINED = 100


class Peer:
    def __init__(self, folder: str, dtype: str, batch: int):
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self.model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype)).eval()
        self.batch = batch
        self.evaluations = 0

    def ids(self, messages: list, answer: str) -> list:
        text = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True) + answer
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    @torch.no_grad()
    def log_odds(self, contexts: list, target: list) -> numpy.ndarray:
        """Of each target token behind each context. Shape [n_contexts, n_target]."""
        self.evaluations += len(contexts)
        rows = []
        for first in range(0, len(contexts), self.batch):
            wave = [context + target for context in contexts[first:first + self.batch]]
            longest = max(map(len, wave))
            ids = torch.tensor([[0] * (longest - len(one)) + one for one in wave])
            mask = torch.tensor([[0] * (longest - len(one)) + [1] * len(one) for one in wave])
            positions = (mask.cumsum(-1) - 1).clamp(min=0)
            logits = self.model(input_ids=ids, attention_mask=mask, position_ids=positions).logits
            logits = logits[:, -len(target) - 1:-1].double()
            logprobs = logits.log_softmax(-1)[:, range(len(target)), target].numpy()
            odds = logprobs - numpy.log(-numpy.expm1(numpy.minimum(logprobs, -1e-300)))
            rows.append(numpy.clip(odds, -30, 30))
        return numpy.concatenate(rows)


class Players(shap.maskers.Masker):
    """Hands coalitions through, along the tree of the text masker."""

    def __init__(self, pieces: list):
        self.shape = (1, len(pieces))
        tokens = []
        for i, piece in enumerate(pieces):
            goes_on = i > 0 and not re.match(r"(?s)^.*\W$", pieces[i - 1]) and re.match(r"^[A-Za-z]", piece)
            tokens.append(("##" if goes_on else "") + piece.strip())
        self.clustering = shap.maskers._text.partition_tree(tokens, [])
        self.clustering[:, 2] = self.clustering[:, 3]
        self.default_batch_size = 5

    def __call__(self, mask, x):
        return (numpy.asarray(mask, dtype=bool).reshape(1, -1),)


def pieces_of(content: str, texts: list) -> tuple:
    """What stands before the players in a message, the players with the blanks before them, and what stands behind."""
    pattern = r"\s*".join(map(re.escape, texts))
    found = re.search(pattern, content)
    if not found:
        raise SystemExit(f"the players are not in a row in {content!r}; items of several fields are not compared")
    pieces, at = [], found.start()
    for text in texts:
        begin = content.index(text, at)
        pieces.append(content[at:begin + len(text)])
        at = begin + len(text)
    return content[:found.start()], pieces, content[at:]


def masked(pieces: list, coalition) -> str:
    parts, hidden = [], False
    for piece, kept in zip(pieces, coalition):
        if kept or not hidden:
            parts.append(piece if kept else " ...")
        hidden = not kept
    return "".join(parts).lstrip(" ") if not coalition[0] else "".join(parts)


def shares_of(peer: Peer, asked: dict, written: str, n_target: int, players: list, evaluations: int) -> numpy.ndarray:
    messages, prefix = asked["messages"], asked["answer_prefix"]
    before, pieces, behind = pieces_of(messages[-1]["content"], players)
    context, whole = peer.ids(messages, prefix), peer.ids(messages, prefix + written)
    start = next((i for i, (a, b) in enumerate(zip(context, whole)) if a != b), len(context))
    target, rewritten = whole[start:][:n_target], len(context) - start

    def worth(coalitions):
        contexts = []
        for coalition in coalitions:
            content = before + masked(pieces, coalition) + behind
            ids = peer.ids([*messages[:-1], {"role": "user", "content": content}], prefix)
            contexts.append(ids[:len(ids) - rewritten])
        return peer.log_odds(contexts, target)

    explainer = shap.explainers.Partition(worth, Players(pieces))
    values = explainer(numpy.ones((1, len(pieces))), max_evals=evaluations, fixed_context=None, silent=True).values[0]
    magnitudes = numpy.abs(values).sum(0)
    return (values / magnitudes)[:, magnitudes > 0].mean(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a folder that transformers reads")
    parser.add_argument("journal", help="items.jsonl of quantlens_bench")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--batch", type=int, default=10, help="evaluations in one pass")
    parser.add_argument("--evaluations", type=int, default=500)
    parser.add_argument("--items", type=int, default=5)
    arguments = parser.parse_args()
    peer = Peer(arguments.model, arguments.dtype, arguments.batch)
    lines = [json.loads(line) for line in open(arguments.journal, encoding="utf-8")]
    records = [line["record"] for line in lines if line["kind"] == "item" and "record" in line]
    compared = [record for record in records if record["transcript"][-1]["step"] == "attribution"][:arguments.items]
    print("item, players, tokens, seconds ours, seconds peer, score ours, score peer, largest difference of a share")
    ours = theirs = 0.0
    for record in compared:
        classify, explain, found = record["transcript"][0], record["transcript"][-2], record["transcript"][-1]
        label = max(classify["continuations"], key=lambda one: one["logprob"])["text"]
        begin = time.perf_counter()
        sides = [shares_of(peer, classify, label, 1, found["players"], arguments.evaluations),
                 shares_of(peer, explain, explain["answer"], MOST_EXPLAINED, found["players"], arguments.evaluations)]
        seconds = time.perf_counter() - begin
        score = sides[0] @ sides[1] / numpy.linalg.norm(sides[0]) / numpy.linalg.norm(sides[1])
        largest = max(float(numpy.abs(side - numpy.array(found[key]["shares"])).max())
                      for side, key in zip(sides, ("of_answer", "of_explanation")))
        ours, theirs = ours + record["seconds"], theirs + seconds
        print(f"{record['item_id']}, {len(found['players'])}, {explain['n_tokens']}, {record['seconds']:.2f}, {seconds:.2f}, "
              f"{record['scores']['cc_shap']:.6f}, {score:.6f}, {largest:.2e}", flush=True)
    if compared:
        print(f"{len(compared)} items: ours {ours:.1f} s, {arguments.dtype} peer {theirs:.1f} s, {theirs / ours:.1f} times; "
              f"{peer.evaluations / theirs:.0f} evaluations/s of the peer")


if __name__ == "__main__":
    main()
