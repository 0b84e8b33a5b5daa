#!/usr/bin/env python3
"""Perplexity of a model in bitsandbytes' formats, as transformers computes it and as quantlens does.

Install the peer, and run with that Python:

    python3 -m venv peer
    peer/bin/pip install bitsandbytes==0.50.2 transformers accelerate
    peer/bin/python benchmarks/peers/bitsandbytes_perplexity.py --model FOLDER --text TEXT

FOLDER is a Hugging Face folder with plain weights. Windows of --context tokens, the first of each is not predicted; all in float32.
"""

import argparse
import json
import math
import pathlib
import subprocess

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

FOUR_BIT = {"load_in_4bit": True, "bnb_4bit_compute_dtype": torch.float32}
FORMATS = {
    "full": None,
    "bnb-nf4": BitsAndBytesConfig(**FOUR_BIT, bnb_4bit_quant_type="nf4"),
    "bnb-nf4-dq": BitsAndBytesConfig(**FOUR_BIT, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True),
    "bnb-fp4": BitsAndBytesConfig(**FOUR_BIT, bnb_4bit_quant_type="fp4"),
    "bnb-int8": BitsAndBytesConfig(load_in_8bit=True),
}


def peer_perplexity(model: str, settings, windows: list) -> float:
    loaded = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32, quantization_config=settings, device_map="cpu")
    nll, n = 0.0, 0
    with torch.no_grad():
        for window in windows:
            ids = torch.tensor([window])
            logprobs = loaded(ids).logits[0, :-1].float().log_softmax(-1)
            nll -= logprobs.gather(1, ids[0, 1:, None]).double().sum().item()
            n += len(window) - 1
    return math.exp(nll / n)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--text", required=True)
    parser.add_argument("--ours", default="build/release/bin/quantlens")
    parser.add_argument("--formats", default=",".join(FORMATS), help="separated by commas")
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    ids = AutoTokenizer.from_pretrained(args.model)(pathlib.Path(args.text).read_text())["input_ids"]
    windows = [ids[i:i + args.context] for i in range(0, len(ids) - args.context + 1, args.context)]
    for name in args.formats.split(","):
        peer = peer_perplexity(args.model, FORMATS[name], windows)
        ours = json.loads(subprocess.run(
            [args.ours, "perplexity", "--model", args.model, "--format", name, "--file", args.text, "--context",
             str(args.context), "--threads", str(args.threads)], stdout=subprocess.PIPE, check=True).stdout)["perplexity"]
        print(json.dumps({"format": name, "transformers": peer, "quantlens": ours, "ratio": ours / peer}), flush=True)


if __name__ == "__main__":
    main()
