#!/usr/bin/env python3
"""Compares `quantlens tokenize` with Hugging Face's tokenizers on seeded mixed-script lines.

Needs: pip install tokenizers gguf. The reference is built from the vocabulary and merges of the GGUF file itself.
Prints the number of differing lines; exits 1 where there are any.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "scripts" / "fixtures"))
from mixed_text import MixedText  # noqa: E402
from reference_tokenizers import pre_tokenizer_of  # noqa: E402


def reference(model):
    from gguf import GGUFReader
    from tokenizers import Tokenizer, decoders, models, normalizers

    fields = GGUFReader(model).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"].contents()]
    family = fields["tokenizer.ggml.pre"].contents()
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges,
                                     ignore_merges=family == "llama-bpe"))
    tokenizer.pre_tokenizer = pre_tokenizer_of(family)
    if family == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="the quantlens tool")
    parser.add_argument("--model", required=True, help="a GGUF file; its vocabulary is enough")
    parser.add_argument("--lines", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()

    lines = MixedText(arguments.seed).lines(arguments.lines)
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.write("".join(json.dumps(line) + "\n" for line in lines))
        file.flush()
        command = [arguments.program, "tokenize", "--model", arguments.model, "--file", file.name, "--jsonl"]
        output = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode()
    ours = [json.loads(line) for line in output.split("\n") if line]
    if len(ours) != len(lines):
        raise SystemExit(f"{len(lines)} lines in, {len(ours)} lines out")
    expected = [encoding.ids for encoding in reference(arguments.model).encode_batch(lines, add_special_tokens=False)]
    differing = [i for i in range(len(lines)) if ours[i] != expected[i]]
    for i in differing[:5]:
        print(f"line {i}: {ascii(lines[i])}\n  ours     {ours[i]}\n  expected {expected[i]}", file=sys.stderr)
    print(f"{len(lines)} lines, {sum(map(len, expected))} tokens, {len(differing)} differing lines")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
