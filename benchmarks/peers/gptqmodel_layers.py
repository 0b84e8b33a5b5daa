#!/usr/bin/env python3
"""GPTQ's output error ||X (Q - W)^T||^2 beside GPTQModel's, on three matrices of each model.

Install the peer, and run with that Python:

    python3 -m venv peer
    peer/bin/pip install gptqmodel==7.7.0 transformers
    peer/bin/python benchmarks/peers/gptqmodel_layers.py --model FOLDER... --text CALIBRATION.txt

FOLDERs are Hugging Face folders with plain weights; inputs X are what the model in full precision makes of the first tokens of
CALIBRATION.txt. Both quantize symmetrically with the same damping, without act-order in group-aware order, the default of both:
ours with grids that reach the largest weight, as GPTQModel's do (-minmax), and with the searched ones that are its default.
A ratio below 1 is a smaller error than GPTQModel's.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:] = [str(ROOT / "scripts" / "fixtures")] + [folder for folder in sys.path if pathlib.Path(folder).resolve() != HERE]

import torch  # noqa: E402

from make_gptq_fixtures import activations, gptqmodel, output_error  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", nargs="+", required=True)
    parser.add_argument("--text", required=True)
    parser.add_argument("--ours", default=str(ROOT / "build/release/bin/gptq_layer"))
    parser.add_argument("--group", type=int, default=64)
    parser.add_argument("--tokens", type=int, default=4096)
    args = parser.parse_args()
    print("| model | matrix | bits | act-order | GPTQModel | minmax, ratio | searched, ratio |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for model in args.model:
            matrices = ["0.self_attn.q_proj", "1.self_attn.o_proj", "2.mlp.down_proj"]
            layers = activations(args.tokens, model, pathlib.Path(args.text).read_text(), matrices)
            for matrix, (weights, inputs) in layers.items():
                (folder / "weights").write_bytes(weights.contiguous().numpy().tobytes())
                (folder / "inputs").write_bytes(inputs.contiguous().numpy().tobytes())
                for bits in (4, 3, 2):
                    for act_order in (False, True):
                        theirs = gptqmodel(weights, inputs, bits, args.group, act_order, True, group_aware=not act_order)
                        reference = output_error(weights, theirs, inputs)
                        ratios = []
                        for grids in ("-minmax", ""):
                            name = f"gptq-w{bits}-g{args.group}{'-act' if act_order else ''}{grids}"
                            subprocess.run([args.ours, name, folder / "weights", folder / "inputs", str(weights.shape[1]), folder / "out"],
                                           check=True)
                            ours = torch.from_file(str(folder / "out"), size=weights.numel()).reshape_as(weights)
                            ratios.append(output_error(weights, ours, inputs) / reference)
                        print(f"| {pathlib.Path(model).name} | {matrix} | {bits} | {'yes' if act_order else 'no'} | "
                              f"{reference:.5g} | {ratios[0]:.4f} | {ratios[1]:.4f} |", flush=True)


if __name__ == "__main__":
    main()
