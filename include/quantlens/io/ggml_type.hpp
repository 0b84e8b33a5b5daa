/// The tensor types of GGUF files: names and block sizes of all, an enumerator for each that models are read from.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Numbered as in the file. A file may hold a tensor of a type without an enumerator here; is_supported() tells.
enum class GgmlType : std::uint32_t {
  f32 = 0,
  f16 = 1,
  q4_0 = 2,
  q4_1 = 3,
  q5_0 = 6,
  q5_1 = 7,
  q8_0 = 8,
  q2_k = 10,
  q3_k = 11,
  q4_k = 12,
  q5_k = 13,
  q6_k = 14,
  bf16 = 30
};

/// How a type lays out its elements: blocks of `block_elements` along the innermost dimension.
struct GgmlTypeInfo {
  std::uint32_t id;
  std::string_view name;
  std::uint32_t block_elements;
  std::uint32_t block_bytes;
};

/// Source: the block structures of ggml. Ids that are missing here were retired or never given out.
inline constexpr std::array ggml_types = std::to_array<GgmlTypeInfo>({
    {0, "F32", 1, 4},         {1, "F16", 1, 2},         {2, "Q4_0", 32, 18},      {3, "Q4_1", 32, 20},
    {6, "Q5_0", 32, 22},      {7, "Q5_1", 32, 24},      {8, "Q8_0", 32, 34},      {9, "Q8_1", 32, 36},
    {10, "Q2_K", 256, 84},    {11, "Q3_K", 256, 110},   {12, "Q4_K", 256, 144},   {13, "Q5_K", 256, 176},
    {14, "Q6_K", 256, 210},   {15, "Q8_K", 256, 292},   {16, "IQ2_XXS", 256, 66}, {17, "IQ2_XS", 256, 74},
    {18, "IQ3_XXS", 256, 98}, {19, "IQ1_S", 256, 50},   {20, "IQ4_NL", 32, 18},   {21, "IQ3_S", 256, 110},
    {22, "IQ2_S", 256, 82},   {23, "IQ4_XS", 256, 136}, {24, "I8", 1, 1},         {25, "I16", 1, 2},
    {26, "I32", 1, 4},        {27, "I64", 1, 8},        {28, "F64", 1, 8},        {29, "IQ1_M", 256, 56},
    {30, "BF16", 1, 2},       {34, "TQ1_0", 256, 54},   {35, "TQ2_0", 256, 66},   {39, "MXFP4", 32, 17},
    {40, "NVFP4", 64, 36},    {41, "Q1_0", 128, 18},
});

/// Null for an id that ggml does not know.
[[nodiscard]] constexpr const GgmlTypeInfo* find_ggml_type(std::uint32_t id) {
  for (const GgmlTypeInfo& info : ggml_types)
    if (info.id == id) return &info;
  return nullptr;
}

namespace detail {
/// A type unknown to the table counts as one without elements and bytes.
[[nodiscard]] constexpr GgmlTypeInfo info_or_unknown(GgmlType type) {
  const GgmlTypeInfo* info = find_ggml_type(static_cast<std::uint32_t>(type));
  return info != nullptr ? *info : GgmlTypeInfo{static_cast<std::uint32_t>(type), "unknown", 1, 0};
}
}  // namespace detail

/// Weights in one block; 1 for the plain float types.
[[nodiscard]] constexpr std::size_t block_elements(GgmlType type) {
  return detail::info_or_unknown(type).block_elements;
}

/// Bytes that one block takes in the file.
[[nodiscard]] constexpr std::size_t block_bytes(GgmlType type) { return detail::info_or_unknown(type).block_bytes; }

/// ggml's own name, such as "Q4_1".
[[nodiscard]] constexpr std::string_view name(GgmlType type) { return detail::info_or_unknown(type).name; }

/// Whether models are read from tensors of this type.
[[nodiscard]] constexpr bool is_supported(GgmlType type) {
  switch (type) {
    case GgmlType::f32:
    case GgmlType::f16:
    case GgmlType::q4_0:
    case GgmlType::q4_1:
    case GgmlType::q5_0:
    case GgmlType::q5_1:
    case GgmlType::q8_0:
    case GgmlType::q2_k:
    case GgmlType::q3_k:
    case GgmlType::q4_k:
    case GgmlType::q5_k:
    case GgmlType::q6_k:
    case GgmlType::bf16:
      return true;
  }
  return false;
}

/// Whether the type stores quantized codes (and not floats).
[[nodiscard]] constexpr bool is_quantized(GgmlType type) { return block_elements(type) > 1; }

}  // namespace quantlens::inline QUANTLENS_ABI
