/// The names of tensors: canonical ones, and what GGUF and Hugging Face files call them.
#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/architecture.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Whose names, and how they number blocks.
enum class NameStyle { canonical, gguf, hf };
inline constexpr NameStyle canonical_names = NameStyle::canonical, gguf_names = NameStyle::gguf,
                           hf_names = NameStyle::hf;

[[nodiscard]] inline std::string_view name_in(const TensorRecord& tensor, NameStyle style) {
  return style == NameStyle::canonical ? tensor.canonical : style == NameStyle::gguf ? tensor.gguf : tensor.hf;
}
[[nodiscard]] inline std::string_view block_prefix(const Architecture& architecture, NameStyle style) {
  return style == NameStyle::canonical ? "blocks." : style == NameStyle::gguf ? "blk." : architecture.hf_blocks;
}

/// The same tensor's name in another style; nothing for a name that the architecture has not.
/// Example: translate_name(llama, "blk.3.attn_q.weight", gguf_names, canonical_names) is "blocks.3.attn.q".
[[nodiscard]] inline std::optional<std::string> translate_name(const Architecture& architecture, std::string_view name,
                                                               NameStyle from, NameStyle to) {
  const auto find_in = [&](const auto& table, std::string_view wanted) -> std::optional<std::string_view> {
    for (const TensorRecord& tensor : table)
      if (!wanted.empty() && name_in(tensor, from) == wanted && !name_in(tensor, to).empty())
        return name_in(tensor, to);
    return std::nullopt;
  };
  const std::string_view prefix = block_prefix(architecture, from);
  if (!name.starts_with(prefix)) {
    const auto found = find_in(architecture.tensors, name);
    return found ? std::optional<std::string>(*found) : std::nullopt;
  }
  name.remove_prefix(prefix.size());
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view number = name.substr(0, dot);
  std::size_t block = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), block);
  // "03" and "3" must not name the same block.
  if (error != std::errc() || end != number.data() + number.size() || (number.size() > 1 && number[0] == '0'))
    return std::nullopt;
  const auto found = find_in(architecture.block_tensors, name.substr(dot + 1));
  if (!found) return std::nullopt;
  return concat(block_prefix(architecture, to), block, ".", *found);
}

}  // namespace quantlens::inline QUANTLENS_ABI
