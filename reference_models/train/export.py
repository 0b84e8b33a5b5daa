"""Writes a run's model as an ordinary Hugging Face folder, weights in bf16, and reads the weights back.

Usage: python -m train.export RUN FOLDER
"""

import argparse
import json
import pathlib
import shutil

import torch
from safetensors.torch import load_file, save_file

from train.evaluate import load_run
from train.model import Config, Llama
from train.prompts import BOS, END
from train.tokens import Encoder, load


def model_config(config: Config, bos: int, end: int) -> dict:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": config.vocab_size,
        "hidden_size": config.d_model,
        "intermediate_size": config.d_ff,
        "num_hidden_layers": config.n_layers,
        "num_attention_heads": config.n_heads,
        "num_key_value_heads": config.n_kv_heads,
        "head_dim": config.d_head,
        "hidden_act": "silu",
        "rms_norm_eps": config.norm_eps,
        "rope_theta": config.rope_theta,
        "rope_scaling": None,
        "max_position_embeddings": config.n_ctx,
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "bos_token_id": bos,
        "eos_token_id": end,
        "pad_token_id": end,
    }


def weights(model: Llama) -> dict[str, torch.Tensor]:
    return {f"model.{name}": value.detach().to(torch.bfloat16).contiguous() for name, value in model.state_dict().items()}


def read_weights(folder: pathlib.Path) -> dict[str, torch.Tensor]:
    """f32, of a run or of a folder that `export` wrote."""
    if (folder / "checkpoint.pt").is_file():
        return torch.load(folder / "checkpoint.pt")["model"]
    return {name.removeprefix("model."): value.float() for name, value in load_file(folder / "model.safetensors").items()}


def write_json(path: pathlib.Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def export(model: Llama, tokenizer_folder: pathlib.Path, folder: pathlib.Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    special = Encoder(load(tokenizer_folder)).special
    save_file(weights(model), folder / "model.safetensors", metadata={"format": "pt"})
    write_json(folder / "config.json", model_config(model.config, special[BOS], special[END]))
    generation = {"bos_token_id": special[BOS], "eos_token_id": special[END], "pad_token_id": special[END], "do_sample": False}
    write_json(folder / "generation_config.json", generation)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(tokenizer_folder / name, folder / name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    options = parser.parse_args()
    export(load_run(options.run).model, options.run, options.folder)


if __name__ == "__main__":
    main()
