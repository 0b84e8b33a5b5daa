#!/usr/bin/env python3
"""Next-token log-probabilities of checkpoints that quantlens wrote, as another program loads them and as quantlens does.

Install the peers (the first line for .gguf files, the second for folders), and run with that Python:

    python3 -m venv peer
    peer/bin/pip install llama-cpp-python==0.3.36 gguf==0.19.0 numpy
    peer/bin/pip install gptqmodel==7.7.0 bitsandbytes==0.50.2 transformers accelerate
    peer/bin/python benchmarks/peers/checkpoint_logits.py --text TEXT --checkpoint FILE.gguf...

llama.cpp rounds activations to int8 wherever weights are quantized, GPTQModel's kernel computes in float16, and transformers in the
type of the embedding; every rounding moves what the next layer rounds. So each is compared twice: as it runs, and in float32, with
weights that the gguf package, GPTQModel or bitsandbytes decodes. (LLM.int8() rounds activations by definition.)
The first --tokens tokens of TEXT, read as one window. Log-probabilities are logits without each position's constant, which no
probability depends on. Differences are peer - ours in nats over all positions and the whole vocabulary, weighted alike or by the
peer's probability; KL is KL(peer || ours), the mean over positions.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# This folder's files have names of packages.
sys.path[:] = [folder for folder in sys.path if pathlib.Path(folder).resolve() != HERE]

import numpy  # noqa: E402


def of_llama_cpp(path: str, text: str, n_tokens: int, threads: int):
    import llama_cpp

    def logits(file):
        f32 = llama_cpp.GGML_TYPE_F32
        llama = llama_cpp.Llama(model_path=file, n_ctx=n_tokens + 8, n_batch=n_tokens, n_ubatch=n_tokens, n_threads=threads,
                                n_threads_batch=threads, logits_all=True, type_k=f32, type_v=f32, flash_attn=False, verbose=False)
        tokens = llama.tokenize(text.encode(), add_bos=False, special=False)[:n_tokens]
        llama.eval(tokens)
        return tokens, numpy.array(llama.scores[:len(tokens)])

    yield "", *logits(path)
    with tempfile.TemporaryDirectory() as folder:
        decoded = str(pathlib.Path(folder) / "decoded.gguf")
        decoded_gguf(path, decoded)
        yield ", float32", *logits(decoded)


def decoded_gguf(path: str, out: str) -> None:
    """The same model with all tensors in float32, decoded by the gguf package."""
    import gguf

    reader = gguf.GGUFReader(path)
    writer = gguf.GGUFWriter(out, arch="")
    for field in reader.fields.values():
        if not field.name.startswith("GGUF.") and field.name != "general.file_type":
            kind, *inner = field.types
            writer.kv_data[0][field.name] = gguf.GGUFValue(field.contents(), kind, inner[-1] if inner else None)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, gguf.dequantize(tensor.data, tensor.tensor_type).astype("f4"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def in_float32(model, path: str):
    """The same model: weights of GPTQModel's layers decoded by it, other floats as the checkpoint holds them."""
    import torch
    from safetensors.torch import load_file

    for name, layer in list(model.named_modules()):
        if hasattr(layer, "dequantize_weight"):
            layer.float()
            linear = torch.nn.Linear(layer.in_features, layer.out_features, bias=layer.bias is not None)
            linear.weight.data = layer.dequantize_weight().T.float().contiguous()
            if layer.bias is not None:
                linear.bias.data = layer.bias
            model.set_submodule(name, linear)
        elif hasattr(layer, "support_avx512bf16_for_cpu"):
            layer.support_avx512bf16_for_cpu = False  # bitsandbytes would compute in bfloat16
    parameters = dict(model.named_parameters())
    for file in pathlib.Path(path).glob("*.safetensors"):
        for name, tensor in load_file(file).items():
            if name in parameters and tensor.is_floating_point():
                parameters[name].data = tensor.float()
    return model


def of_transformers(path: str, text: str, n_tokens: int, threads: int):
    os.environ.setdefault("TORCHDYNAMO_DISABLE", "1")  # compiling takes longer than one window
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(threads)
    tokens = AutoTokenizer.from_pretrained(path)(text, add_special_tokens=False)["input_ids"][:n_tokens]
    quantization = json.loads((pathlib.Path(path) / "config.json").read_text()).get("quantization_config", {})

    def load():
        if quantization.get("quant_method") != "gptq":
            return AutoModelForCausalLM.from_pretrained(path, device_map="cpu")
        from gptqmodel import BACKEND, GPTQModel

        # Float16, as its kernel for any processor takes no other type.
        return GPTQModel.load(path, device="cpu", backend=BACKEND.TORCH, dtype=torch.float16).model

    for variant in ("", ", float32"):
        model = in_float32(load(), path) if variant else load()
        with torch.no_grad():
            yield variant, tokens, model(torch.tensor([tokens])).logits[0].float().numpy()


def of_quantlens(program: str, path: str, kind: str, tokens: list, folder: pathlib.Path):
    (folder / "tokens").write_text(" ".join(map(str, tokens)))
    subprocess.run([program, path, kind, folder / "tokens", folder / "probs"], check=True)
    probs = numpy.fromfile(folder / "probs", dtype="<f4").reshape(len(tokens), -1)
    return log_softmax(numpy.log(numpy.maximum(probs, numpy.finfo(numpy.float32).tiny)))


def log_softmax(logits):
    logits = logits.astype(float)
    logits -= logits.max(axis=1, keepdims=True)
    return logits - numpy.log(numpy.exp(logits).sum(axis=1, keepdims=True))


def print_row(table, label: str, kind: str, peer, ours) -> None:
    difference, weight = peer - ours, numpy.exp(peer) / len(peer)
    equal = int((peer.argmax(axis=1) == ours.argmax(axis=1)).sum())
    print(f"| {label} | {kind} | {peer.size:,} | {numpy.sqrt((difference**2).mean()):.2g} | {abs(difference).max():.2g} | "
          f"{numpy.sqrt((weight * difference**2).sum()):.2g} | {(weight * difference).sum():.2g} | {equal} of {len(peer)} |",
          file=table, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", nargs="+", required=True, help=".gguf files or Hugging Face folders")
    parser.add_argument("--text", required=True)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--ours", default=str(ROOT / "build/release/bin/token_probs"))
    parser.add_argument("--formats", default="native", help="ours, separated by commas")
    args = parser.parse_args()
    text = pathlib.Path(args.text).read_text()
    table, sys.stdout = sys.stdout, sys.stderr  # where GPTQModel tells what it does
    print("| checkpoint | ours | logits | RMS difference | largest | RMS, weighted | KL | top-1 equal |\n|---|---|---|---|---|---|---|---|", file=table)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for path in args.checkpoint:
            load = of_llama_cpp if path.endswith(".gguf") else of_transformers
            for variant, tokens, logits in load(path, text, args.tokens, args.threads):
                peer = log_softmax(logits)
                for kind in args.formats.split(","):
                    ours = of_quantlens(args.ours, path, kind, tokens, folder)
                    print_row(table, pathlib.Path(path).name + variant, kind, peer, ours)


if __name__ == "__main__":
    main()
