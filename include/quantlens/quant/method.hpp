/// The quantization methods and what each of them may be told.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/matrix_view.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

class PackedMatrix;
struct IntegerCodes;

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
  // Behind these stand the methods that are registered, in their order.
};

/// Chooses the codes of one matrix. Shape of weights: [n_out, n_in].
using QuantizeMatrix = PackedMatrix (*)(MatrixView<const float> weights, const IntegerCodes& wanted);

/// What a name of this method may hold behind the method's own name.
struct MethodInfo {
  Method method = Method::full;
  std::string_view name;
  bool bits = false;         ///< -wB, which it then must
  bool group = false;        ///< -gG
  bool symmetry = false;     ///< -sym, -asym
  bool calibration = false;  ///< needs calibration text
  bool int8_activations = true;
  std::size_t default_group = 0;      ///< 0: the whole row
  QuantizeMatrix quantize = nullptr;  ///< of a method from outside of the library
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

namespace method_detail {

/// The methods from outside of the library.
[[nodiscard]] inline std::deque<MethodInfo>& registered() {
  static std::deque<MethodInfo> methods;
  return methods;
}

}  // namespace method_detail

/// Adds a method whose quantizer looks at one matrix and nothing else. Not while others look any up: call it before
/// main() does anything, or let a RegisterMethod of namespace scope do so. Errors: InputError "format" for a method
/// without a quantizer or a bit width, and for a name that is taken.
inline void register_method(MethodInfo info) {
  auto& methods = method_detail::registered();
  const auto is_same = [&](const MethodInfo& other) { return other.name == info.name; };
  if (info.quantize == nullptr || !info.bits || info.name.empty() || std::ranges::any_of(method_infos, is_same) ||
      std::ranges::any_of(methods, is_same))
    throw InputError("format", concat("method '", info.name,
                                      "': expected a name of its own, bit widths and a quantizer that looks at one "
                                      "matrix"));
  info.calibration = false;
  info.method = static_cast<Method>(method_infos.size() + methods.size());
  methods.push_back(info);
}

/// `const quantlens::RegisterMethod registered{{.name = "mine", .bits = true, .quantize = mine}};` adds a method before
/// main() begins.
struct RegisterMethod {
  explicit RegisterMethod(const MethodInfo& info) { register_method(info); }
};

[[nodiscard]] inline bool is_registered(Method method) {
  return static_cast<std::size_t>(method) >= method_infos.size();
}

[[nodiscard]] inline const MethodInfo& method_info(Method method) {
  const auto at = static_cast<std::size_t>(method);
  return is_registered(method) ? method_detail::registered().at(at - method_infos.size()) : method_infos[at];
}

/// Every method that there is.
[[nodiscard]] inline std::vector<const MethodInfo*> known_methods() {
  std::vector<const MethodInfo*> known;
  for (const MethodInfo& info : method_infos) known.push_back(&info);
  for (const MethodInfo& info : method_detail::registered()) known.push_back(&info);
  return known;
}

[[nodiscard]] inline std::vector<std::string> method_names() {
  std::vector<std::string> names;
  for (const MethodInfo* info : known_methods()) names.emplace_back(info->name);
  return names;
}

/// The types of GGUF files.
[[nodiscard]] constexpr bool is_gguf(Method method) {
  switch (method) {
    case Method::gguf_q4_0:
    case Method::gguf_q4_1:
    case Method::gguf_q8_0:
    case Method::gguf_f16:
      return true;
    default:
      return false;
  }
}

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

}  // namespace quantlens::inline QUANTLENS_ABI
