"""Makes the files beside it with the reference packages: pip install gguf safetensors transformers torch tokenizers.

* reference.gguf: every metadata type and every tensor type that loads, written by the gguf package.
* llama/ and qwen2/: tiny random Hugging Face folders written by transformers (llama/ in two shards).
* llama.gguf, qwen2.gguf: the same weights as the llama.cpp converter would store them (Llama's q and k permuted).
* hashes.json: the SHA-256 of each tensor: of reference.gguf the bytes as the gguf package reads them, of the folders
  the float32 values in PyTorch.
"""

import hashlib
import json
import pathlib

import gguf
import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM)

HERE = pathlib.Path(__file__).parent
SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}"


def make_reference():
    writer = gguf.GGUFWriter(HERE / "reference.gguf", "llama")
    writer.add_uint8("test.u8", 200)
    writer.add_int8("test.i8", -100)
    writer.add_uint16("test.u16", 60000)
    writer.add_int16("test.i16", -30000)
    writer.add_uint32("test.u32", 4000000000)
    writer.add_int32("test.i32", -2000000000)
    writer.add_uint64("test.u64", 2**63 + 5)
    writer.add_int64("test.i64", -(2**62))
    writer.add_float32("test.f32", 0.1)
    writer.add_float64("test.f64", 0.1)
    writer.add_bool("test.bool", True)
    writer.add_string("test.string", "naïve 😀")
    writer.add_array("test.ints", [1, -2, 3])
    writer.add_array("test.floats", [0.5, -1.25])
    writer.add_array("test.bools", [True, False, True])
    writer.add_array("test.strings", ["", "a", "äöü"])
    writer.add_custom_alignment(64)
    rng = np.random.default_rng(0)
    values = rng.standard_normal((3, 64), dtype=np.float32)
    for kind in ("F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"):
        quantized = gguf.quants.quantize(values, gguf.GGMLQuantizationType[kind])
        writer.add_tensor(f"tensor.{kind}", quantized, raw_dtype=gguf.GGMLQuantizationType[kind])
    writer.add_tensor("tensor.3d", np.arange(24, dtype=np.float32).reshape(2, 3, 4))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return {tensor.name: hashlib.sha256(tensor.data.tobytes()).hexdigest()
            for tensor in gguf.GGUFReader(HERE / "reference.gguf").tensors}


def make_tokenizer(folder):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=272, special_tokens=SPECIALS,
                                  initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False)
    tokenizer.train_from_iterator(["the quick brown fox jumps over the lazy dog and the other dog"], trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=SPECIALS[1], eos_token=SPECIALS[2])
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    return json.loads(tokenizer.to_str())


def permute(weights, n_head):
    """llama.cpp's convert_hf_to_gguf.py, LlamaModel.permute."""
    return (weights.reshape(n_head, 2, weights.shape[0] // n_head // 2, *weights.shape[1:])
            .swapaxes(1, 2).reshape(weights.shape))


def write_gguf(path, arch, config, state, tokenizer, matrix_type):
    writer = gguf.GGUFWriter(path, arch)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    vocabulary = sorted(tokenizer["model"]["vocab"].items(), key=lambda entry: entry[1])
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list([token for token, _ in vocabulary])
    writer.add_token_types([3 if token in SPECIALS else 1 for token, _ in vocabulary])
    writer.add_token_merges([" ".join(pair) for pair in tokenizer["model"]["merges"]])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
    names = gguf.get_tensor_name_map({v: k for k, v in gguf.MODEL_ARCH_NAMES.items()}[arch],
                                     config.num_hidden_layers)
    for name, tensor in state.items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        values = tensor.float().numpy()
        if arch == "llama" and name.endswith("q_proj.weight"):
            values = permute(values, config.num_attention_heads)
        if arch == "llama" and name.endswith("k_proj.weight"):
            values = permute(values, config.num_key_value_heads)
        kind = matrix_type if values.ndim == 2 else gguf.GGMLQuantizationType.F32
        writer.add_tensor(names.get_name(name, (".weight", ".bias")), gguf.quants.quantize(values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def make_model(arch, config, model_class, matrix_type, shard_size):
    folder = HERE / arch
    folder.mkdir(exist_ok=True)
    torch.manual_seed(1)
    model = model_class(config).to(torch.bfloat16)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 1:
                parameter.normal_(1.0, 0.1)
            parameter[parameter.abs() < 1e-4] = 0  # f16 then holds every bfloat16 value exactly
    model.generation_config.eos_token_id = [2, 0]
    model.save_pretrained(folder, max_shard_size=shard_size)
    tokenizer = make_tokenizer(folder)
    state = model.state_dict()
    write_gguf(HERE / f"{arch}.gguf", arch, config, state, tokenizer, matrix_type)
    return {name: hashlib.sha256(tensor.float().numpy().tobytes()).hexdigest() for name, tensor in state.items()}


def main():
    common = dict(vocab_size=272, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
                  num_key_value_heads=2, max_position_embeddings=128, bos_token_id=1, eos_token_id=2)
    llama = LlamaConfig(**common, tie_word_embeddings=True, rms_norm_eps=1e-5,
                        rope_parameters={"rope_type": "default", "rope_theta": 5000.0})
    qwen2 = Qwen2Config(**common, tie_word_embeddings=False,
                        rope_parameters={"rope_type": "default", "rope_theta": 1000000.0})
    hashes = {
        "reference": make_reference(),
        "llama": make_model("llama", llama, LlamaForCausalLM, gguf.GGMLQuantizationType.BF16, "20KB"),
        "qwen2": make_model("qwen2", qwen2, Qwen2ForCausalLM, gguf.GGMLQuantizationType.F16, "5GB"),
    }
    (HERE / "hashes.json").write_text(json.dumps(hashes, indent=1) + "\n")


if __name__ == "__main__":
    main()
