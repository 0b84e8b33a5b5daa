/// The names of tensors: canonical ones, and what GGUF and Hugging Face files call them.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "quantlens/core/error.hpp"

namespace quantlens::inline v0_1 {

/// One tensor's three names; those of a block's tensors come behind "blocks.3.", "blk.3." and "model.layers.3.".
struct TensorNames {
  std::string_view canonical, gguf, hf;
};

inline constexpr std::array model_tensor_names = std::to_array<TensorNames>({
    {"embed", "token_embd.weight", "model.embed_tokens.weight"},
    {"final_norm", "output_norm.weight", "model.norm.weight"},
    {"lm_head", "output.weight", "lm_head.weight"},
    {"rope_freqs", "rope_freqs.weight", ""},
});

inline constexpr std::array block_tensor_names = std::to_array<TensorNames>({
    {"attn_norm", "attn_norm.weight", "input_layernorm.weight"},
    {"attn.q", "attn_q.weight", "self_attn.q_proj.weight"},
    {"attn.k", "attn_k.weight", "self_attn.k_proj.weight"},
    {"attn.v", "attn_v.weight", "self_attn.v_proj.weight"},
    {"attn.q_bias", "attn_q.bias", "self_attn.q_proj.bias"},
    {"attn.k_bias", "attn_k.bias", "self_attn.k_proj.bias"},
    {"attn.v_bias", "attn_v.bias", "self_attn.v_proj.bias"},
    {"attn.o", "attn_output.weight", "self_attn.o_proj.weight"},
    {"attn.o_bias", "attn_output.bias", "self_attn.o_proj.bias"},
    {"mlp_norm", "ffn_norm.weight", "post_attention_layernorm.weight"},
    {"mlp.gate", "ffn_gate.weight", "mlp.gate_proj.weight"},
    {"mlp.up", "ffn_up.weight", "mlp.up_proj.weight"},
    {"mlp.down", "ffn_down.weight", "mlp.down_proj.weight"},
    {"mlp.gate_bias", "ffn_gate.bias", "mlp.gate_proj.bias"},
    {"mlp.up_bias", "ffn_up.bias", "mlp.up_proj.bias"},
    {"mlp.down_bias", "ffn_down.bias", "mlp.down_proj.bias"},
});

/// Whose names, and how they number blocks.
struct NameStyle {
  std::string_view TensorNames::*name;
  std::string_view block_prefix;
};
inline constexpr NameStyle canonical_names{&TensorNames::canonical, "blocks."};
inline constexpr NameStyle gguf_names{&TensorNames::gguf, "blk."};
inline constexpr NameStyle hf_names{&TensorNames::hf, "model.layers."};

/// The same tensor's name in another style; nothing for a name that no supported model has.
/// Example: translate_name("blk.3.attn_q.weight", gguf_names, canonical_names) is "blocks.3.attn.q".
[[nodiscard]] inline std::optional<std::string> translate_name(std::string_view name, NameStyle from, NameStyle to) {
  const auto find_in = [&](const auto& table, std::string_view wanted) -> std::optional<std::string_view> {
    for (const TensorNames& names : table)
      if (!wanted.empty() && names.*from.name == wanted && !(names.*to.name).empty()) return names.*to.name;
    return std::nullopt;
  };
  if (!name.starts_with(from.block_prefix)) {
    const auto found = find_in(model_tensor_names, name);
    return found ? std::optional<std::string>(*found) : std::nullopt;
  }
  name.remove_prefix(from.block_prefix.size());
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view number = name.substr(0, dot);
  std::size_t block = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), block);
  // "03" and "3" must not name the same block.
  if (error != std::errc() || end != number.data() + number.size() || (number.size() > 1 && number[0] == '0'))
    return std::nullopt;
  const auto found = find_in(block_tensor_names, name.substr(dot + 1));
  if (!found) return std::nullopt;
  return concat(to.block_prefix, block, ".", *found);
}

}  // namespace quantlens::inline v0_1
