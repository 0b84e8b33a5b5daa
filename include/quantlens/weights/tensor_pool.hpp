/// The tensors of a model's files by canonical name, taken one after the other with their type, shape and numbers
/// checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/half.hpp"
#include "quantlens/io/byte_reader.hpp"
#include "quantlens/io/ggml_type.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/check_finite.hpp"
#include "quantlens/weights/name_maps.hpp"
#include "quantlens/weights/stored_tensor.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

/// Takes tensors out of a pool by canonical name; what nobody takes is an error in the end.
class TensorPool {
 public:
  /// `source` names the model in messages about tensors that are not there; `style` says how it spells them.
  TensorPool(std::string source, NameStyle style, const Architecture& architecture)
      : source_(std::move(source)), style_(style), architecture_(&architecture) {}

  void add(StoredTensor tensor) {
    const auto canonical = translate_name(*architecture_, tensor.name, style_, canonical_names);
    if (!canonical) throw unexpected(tensor);
    const auto [before, is_new] = tensors_.try_emplace(*canonical, std::move(tensor));
    if (!is_new)
      throw InputError("unexpected_tensor",
                       concat(source_, ": both plain and quantized weights for '", before->second.name, "'"));
  }

  [[nodiscard]] std::size_t size() const { return tensors_.size(); }
  [[nodiscard]] const std::string& source() const { return source_; }
  [[nodiscard]] NameStyle style() const { return style_; }
  [[nodiscard]] bool has(const std::string& name) const { return tensors_.contains(name); }
  /// Null where there is none.
  [[nodiscard]] const StoredTensor* find(const std::string& name) const {
    const auto found = tensors_.find(name);
    return found == tensors_.end() ? nullptr : &found->second;
  }
  void drop(const std::string& name) { tensors_.erase(name); }
  /// Lets the tensor `name` stand for `other`, which is not there.
  void rename(const std::string& name, const std::string& other) {
    auto taken = tensors_.extract(name);
    taken.key() = other;
    tensors_.insert(std::move(taken));
  }

  WeightMatrix matrix(const std::string& name, std::size_t rows, std::size_t cols, std::string_view suspect) {
    if (stores_transposed(name)) return transposed(take(name, {cols, rows}, suspect), name);
    StoredTensor tensor = take(name, {rows, cols}, suspect);
    if (tensor.matrix) {
      if (name == "embed")
        throw InputError("unexpected_tensor",
                         concat(tensor.file, ": '", tensor.name, "' is quantized; only linear layers can be"));
      tensor.matrix->matrix.name = name;
      schemes_.insert(tensor.matrix->scheme);
      return std::move(tensor.matrix->matrix);
    }
    WeightMatrix matrix;
    matrix.name = name;
    matrix.type = tensor.type;
    matrix.rows = rows;
    matrix.cols = cols;
    matrix.row_bytes = cols / block_elements(tensor.type) * block_bytes(tensor.type);
    matrix.data = tensor.data.data();
    types_.insert(tensor.type);
    return matrix;
  }

  /// A stored vector of floats, decoded.
  std::vector<float> vector(const std::string& name, std::size_t n, std::string_view suspect) {
    const StoredTensor tensor = take(name, {n}, suspect);
    if (tensor.matrix)
      throw InputError("unexpected_tensor", concat(tensor.file, ": '", tensor.name, "' is quantized, but no matrix"));
    const auto decode = [&]<class T>(T) {
      std::vector<float> values(n);
      for (std::size_t i = 0; i < n; ++i) values[i] = to_float(load_unaligned<T>(tensor.data.data() + i * sizeof(T)));
      return values;
    };
    if (tensor.type == GgmlType::f32) return decode(float{});
    if (tensor.type == GgmlType::f16) return decode(Half{});
    if (tensor.type == GgmlType::bf16) return decode(BFloat16{});
    throw FormatError("tensor_type", tensor.file, tensor.offset,
                      concat("tensor '", tensor.name, "' is of type ", quantlens::name(tensor.type),
                             "; vectors are read as F32, F16 or BF16"));
  }

  /// Errors: InputError `unexpected_tensor` if anything was left: ignoring it would compute another model.
  void require_all_taken(std::size_t n_layers) const {
    if (!tensors_.empty()) {
      const StoredTensor& left = tensors_.begin()->second;
      throw InputError("unexpected_tensor",
                       concat(left.file, ": tensor '", left.name,
                              "' has no place in this model; is n_layers = ", n_layers, " right?"));
    }
  }

  /// The types of all matrices taken, in the file format's order.
  [[nodiscard]] const std::set<GgmlType>& types() const { return types_; }
  /// The schemes of all matrices taken that are codes of a checkpoint.
  [[nodiscard]] const std::set<std::string>& schemes() const { return schemes_; }

 private:
  [[nodiscard]] static InputError unexpected(const StoredTensor& tensor) {
    return InputError("unexpected_tensor",
                      concat(tensor.file, ": tensor '", tensor.name, "' is none that a supported model has"));
  }

  [[nodiscard]] bool stores_transposed(const std::string& name) const {
    const StoredTensor* tensor = find(name);
    return architecture_->transposed_in_hf && style_ == NameStyle::hf && name.starts_with("blocks.") &&
           tensor != nullptr && !tensor->matrix;
  }

  /// Floats that are stored as [n_in, n_out], the other way round.
  [[nodiscard]] WeightMatrix transposed(const StoredTensor& tensor, const std::string& name) {
    const auto n_in = static_cast<std::size_t>(tensor.shape[0]), n_out = static_cast<std::size_t>(tensor.shape[1]);
    std::vector<float> row(n_out), values(n_in * n_out);
    for (std::size_t i = 0; i < n_in; ++i) {
      quantlens::decode_row(tensor.type, tensor.data.data() + i * n_out * block_bytes(tensor.type), row);
      for (std::size_t o = 0; o < n_out; ++o) values[o * n_in + i] = row[o];
    }
    types_.insert(tensor.type);
    return dense_matrix(name, n_out, n_in, std::move(values));
  }

  StoredTensor take(const std::string& name, const std::vector<std::uint64_t>& expected, std::string_view suspect) {
    auto taken = tensors_.extract(name);
    if (taken.empty())
      throw InputError(
          "missing_tensor",
          concat(source_, ": no tensor '", translate_name(*architecture_, name, canonical_names, style_).value_or(name),
                 "' (", name, ")"));
    StoredTensor& tensor = taken.mapped();
    if (tensor.shape != expected)
      throw InputError("shape", concat(tensor.name, " in ", tensor.file, ": expected ", shape_text(expected), ", got ",
                                       shape_text(tensor.shape), "; is ", suspect, " right?"));
    if (tensor.matrix)
      refuse_non_finite(tensor.file, tensor.name, tensor.matrix->matrix);
    else
      refuse_non_finite(tensor.file, tensor.offset, tensor.name, tensor.type, tensor.data,
                        static_cast<std::size_t>(expected.back()));
    return std::move(tensor);
  }

  std::string source_;
  NameStyle style_;
  const Architecture* architecture_;
  std::unordered_map<std::string, StoredTensor> tensors_;
  std::set<GgmlType> types_;
  std::set<std::string> schemes_;
};

}  // namespace detail

}  // namespace quantlens::inline QUANTLENS_ABI
