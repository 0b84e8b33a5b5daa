#!/usr/bin/env python3
"""Quantizes a model with GPTQModel and with quantlens, in turn: wall time, and the perplexity of both results.

Install the peer, and run with that Python:

    python3 -m venv peer
    peer/bin/pip install gptqmodel==7.7.0 transformers
    peer/bin/python benchmarks/peers/gptqmodel_quantize.py --model FOLDER --text CALIBRATION.txt --test TEST.txt

FOLDER is a Hugging Face folder with plain weights. Both get the same windows: the first tokens of CALIBRATION.txt. Times are of
quantizing alone for the peer (loading and saving left out), of the whole command for quantlens. Perplexities are quantlens'.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent


def run_peer(args: argparse.Namespace, out: str) -> None:
    """In a process of its own; prints the seconds."""
    sys.path[:] = [folder for folder in sys.path if pathlib.Path(folder).resolve() != HERE]
    import gptqmodel
    import torch
    from gptqmodel import GPTQModel, QuantizeConfig
    from transformers import AutoTokenizer

    # Its loader asks for two workers of a pool that has one on machines of two cores.
    gptqmodel._default_cpu_workers = lambda: 2
    torch.set_num_threads(args.threads)
    ids = AutoTokenizer.from_pretrained(args.model)(pathlib.Path(args.text).read_text())["input_ids"]
    windows = [ids[i * args.length:(i + 1) * args.length] for i in range(args.sequences)]
    assert len(windows[-1]) == args.length, "the text is too short"
    config = QuantizeConfig(bits=args.bits, group_size=args.group, offload_to_disk=False)
    model = GPTQModel.load(args.model, config, device="cpu", dtype=torch.float32)
    begin = time.perf_counter()
    model.quantize([{"input_ids": window, "attention_mask": [1] * args.length} for window in windows], batch_size=1)
    seconds = time.perf_counter() - begin
    model.save(out)
    print(json.dumps({"seconds": seconds}))


def last_json(command: list) -> dict:
    result = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(result.stdout.strip().splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--text", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--ours", default="build/release/bin/quantlens")
    parser.add_argument("--bits", type=int, default=4)
    parser.add_argument("--group", type=int, default=64)
    parser.add_argument("--sequences", type=int, default=32)
    parser.add_argument("--length", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--peer-out", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer_out:
        return run_peer(args, args.peer_out)

    def perplexity(model, form):
        return last_json([args.ours, "perplexity", "--model", model, "--format", form, "--file", args.test, "--threads",
                          args.threads])["perplexity"]

    for _ in range(args.rounds):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            begin = time.perf_counter()
            last_json([args.ours, "quantize", "--model", args.model, "--format", f"gptq-w{args.bits}-g{args.group}", "--out",
                       folder / "ours", "--calibration", args.text, "--calibration-sequences", args.sequences,
                       "--calibration-length", args.length, "--threads", args.threads])
            ours = time.perf_counter() - begin
            peer = last_json([sys.executable, __file__, *sys.argv[1:], "--peer-out", folder / "peer"])["seconds"]
            print(json.dumps({"ours_seconds": round(ours, 1), "peer_seconds": round(peer, 1), "ratio": round(peer / ours, 2),
                              "ours_perplexity": perplexity(folder / "ours", "native"),
                              "peer_perplexity": perplexity(folder / "peer", "native"),
                              "full_perplexity": perplexity(args.model, "full")}), flush=True)


if __name__ == "__main__":
    main()
