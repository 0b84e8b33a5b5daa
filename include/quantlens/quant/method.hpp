/// The quantization methods and what each of them may be told.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace quantlens::inline v0_1 {

enum class Method {
  full,              ///< the file's weights as floats
  native,            ///< the file's own codes
  rtn,               ///< round to nearest
  gptq,              ///< second-order error compensation on calibration text
  awq,               ///< scales and clips by what calibration text activates
  hqq,               ///< half-quadratic fit of the grid, no calibration
  bnb_nf4,           ///< bitsandbytes' NF4
  bnb_fp4,           ///< bitsandbytes' FP4
  bnb_int8,          ///< LLM.int8(): int8 weights and activations, outlier columns in float
  int8_weight_only,  ///< the weights of LLM.int8() under float activations
  gguf_q4_0,
  gguf_q4_1,
  gguf_q8_0,
  gguf_f16,
};

/// What a name of this method may hold behind the method's own name.
struct MethodInfo {
  Method method;
  std::string_view name;
  bool bits = false;         ///< -wB, which it then must
  bool group = false;        ///< -gG
  bool symmetry = false;     ///< -sym, -asym
  bool calibration = false;  ///< needs calibration text
  bool int8_activations = true;
  std::size_t default_group = 0;  ///< 0: the whole row
};

inline constexpr std::array method_infos = std::to_array<MethodInfo>({
    {.method = Method::full, .name = "full", .int8_activations = false},
    {.method = Method::native, .name = "native"},
    {.method = Method::rtn, .name = "rtn", .bits = true, .group = true, .symmetry = true},
    {.method = Method::gptq, .name = "gptq", .bits = true, .group = true, .symmetry = true, .calibration = true},
    {.method = Method::awq, .name = "awq", .bits = true, .group = true, .symmetry = true, .calibration = true},
    {.method = Method::hqq, .name = "hqq", .bits = true, .group = true},
    {.method = Method::bnb_nf4, .name = "bnb-nf4", .group = true, .int8_activations = false, .default_group = 64},
    {.method = Method::bnb_fp4, .name = "bnb-fp4", .group = true, .int8_activations = false, .default_group = 64},
    {.method = Method::bnb_int8, .name = "bnb-int8", .int8_activations = false},
    {.method = Method::int8_weight_only, .name = "int8-weight-only"},
    {.method = Method::gguf_q4_0, .name = "gguf-q4_0"},
    {.method = Method::gguf_q4_1, .name = "gguf-q4_1"},
    {.method = Method::gguf_q8_0, .name = "gguf-q8_0"},
    {.method = Method::gguf_f16, .name = "gguf-f16", .int8_activations = false},
});

[[nodiscard]] constexpr const MethodInfo& method_info(Method method) {
  return method_infos[static_cast<std::size_t>(method)];
}

[[nodiscard]] inline std::vector<std::string> method_names() {
  std::vector<std::string> names;
  for (const MethodInfo& info : method_infos) names.emplace_back(info.name);
  return names;
}

/// The types of GGUF files.
[[nodiscard]] constexpr bool is_gguf(Method method) { return method >= Method::gguf_q4_0; }

/// Whether the method chooses codes itself; it then leaves the output layer and embeddings full, as the reference
/// packages do.
[[nodiscard]] constexpr bool chooses_codes(Method method) {
  return method != Method::full && method != Method::native && !is_gguf(method);
}

[[nodiscard]] constexpr bool is_bnb_4bit(Method method) {
  return method == Method::bnb_nf4 || method == Method::bnb_fp4;
}

/// RTN and AWQ are asymmetric below 8 bit; GPTQ is symmetric, as GPTQModel and most published checkpoints.
[[nodiscard]] constexpr bool symmetric_by_default(Method method, int bits) {
  return method == Method::gptq || ((method == Method::rtn || method == Method::awq) && bits == 8);
}

}  // namespace quantlens::inline v0_1
