#!/usr/bin/env python3
"""Prefill and decode speed of quantlens beside llama.cpp's, on the same file, threads and machine, in turn.

Install the peer, built for this machine (about five minutes), and run with that Python:

    python3 -m venv peer
    CMAKE_ARGS=-DGGML_NATIVE=ON peer/bin/pip install --no-binary llama-cpp-python llama-cpp-python==0.3.36
    peer/bin/python benchmarks/peers/llama_cpp.py --ours build/release/bin/quantlens --model FILE.gguf --threads 2

A row's ratio is the median over rounds of ours / peer within one round; its spread is (largest - smallest) / median of
those ratios. Speeds are medians, in tokens per second.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

PREFILL, DECODE = 512, 128
HERE = pathlib.Path(__file__).resolve().parent


def serve_peer(model: str, threads: int) -> None:
    """Loads the model once, then measures once for every line on stdin."""
    # This file has the package's name and must not be found in its place.
    sys.path[:] = [folder for folder in sys.path if pathlib.Path(folder).resolve() != HERE]
    from llama_cpp import Llama

    llama = Llama(model_path=model, n_ctx=PREFILL + DECODE + 8, n_batch=PREFILL, n_ubatch=PREFILL, n_threads=threads,
                  n_threads_batch=threads, flash_attn=True, verbose=False)
    tokens = [(i * 7919) % (llama.n_vocab() - 100) + 50 for i in range(PREFILL)]

    def measure() -> dict:
        llama.reset()
        begin = time.perf_counter()
        llama.eval(tokens)
        prefill = PREFILL / (time.perf_counter() - begin)
        # Decoding starts from a short context on both sides.
        llama.reset()
        llama.eval(tokens[:1])
        begin = time.perf_counter()
        for i in range(DECODE):
            llama.eval([tokens[i + 1]])
        return {"prefill": prefill, "decode": DECODE / (time.perf_counter() - begin)}

    measure()
    print("ready", flush=True)
    for _ in sys.stdin:
        print(json.dumps(measure()), flush=True)


def measure_ours(args: argparse.Namespace) -> dict:
    command = [args.ours, "speed", "--model", args.model, "--format", args.format, "--threads", str(args.threads),
               "--prefill", str(PREFILL), "--decode", str(DECODE), "--repeat", "3"]
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {"prefill": result["prefill_tokens_per_s"], "decode": result["decode_tokens_per_s"]}


def compare(args: argparse.Namespace) -> list[dict]:
    peer = subprocess.Popen([sys.executable, __file__, "--serve", "--model", args.model, "--threads", str(args.threads)],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if peer.stdout.readline().strip() != "ready":
        sys.exit("llama_cpp.py: the peer did not start; is llama-cpp-python installed for this Python? See --help.")
    rounds = []
    for _ in range(args.rounds):
        ours = measure_ours(args)
        theirs = []
        for _ in range(3):
            peer.stdin.write("\n")
            peer.stdin.flush()
            theirs.append(json.loads(peer.stdout.readline()))
        rounds.append((ours, {key: statistics.median(t[key] for t in theirs) for key in ours}))
    peer.stdin.close()
    peer.wait()

    rows = []
    for what, key in (("prefill-512", "prefill"), ("decode", "decode")):
        ratios = [ours[key] / theirs[key] for ours, theirs in rounds]
        ratio = statistics.median(ratios)
        rows.append({"what": what, "ours": statistics.median(ours[key] for ours, _ in rounds),
                     "peer": statistics.median(theirs[key] for _, theirs in rounds), "ratio": ratio,
                     "spread": (max(ratios) - min(ratios)) / ratio})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", help="path of the quantlens tool")
    parser.add_argument("--model", required=True, help="a GGUF file that both read")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--format", default="native-a8", help="ours; llama.cpp always uses int8 activations")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        return serve_peer(args.model, args.threads)
    if not args.ours:
        parser.error("--ours is needed")
    rows = compare(args)
    if args.json:
        print(json.dumps({"rows": rows}))
    else:
        for row in rows:
            print(f"{row['what']:12} ours {row['ours']:8.1f}  peer {row['peer']:8.1f}  "
                  f"ratio {row['ratio']:.2f}  spread {row['spread']:.2f}")


if __name__ == "__main__":
    main()
