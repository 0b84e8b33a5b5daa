/// The tensors that a quantized checkpoint keeps for one matrix: taken by name, with every type, shape and value
/// checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/half.hpp"
#include "quantlens/io/byte_reader.hpp"
#include "quantlens/io/hf_folder.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/check_finite.hpp"
#include "quantlens/weights/stored_tensor.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// One tensor of a checkpoint.
class CheckpointTensor {
 public:
  explicit CheckpointTensor(HfFolder::Tensor stored) : stored_(stored) {}

  [[nodiscard]] const std::string& name() const { return stored_.tensor->name; }
  [[nodiscard]] const std::string& dtype() const { return stored_.tensor->dtype; }
  [[nodiscard]] const std::vector<std::uint64_t>& shape() const { return stored_.tensor->shape; }
  [[nodiscard]] std::uint64_t dim(std::size_t i) const { return stored_.tensor->shape[i]; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return stored_.tensor->data; }
  [[nodiscard]] const HfFolder::Tensor& stored() const { return stored_; }

  template <class T>
  [[nodiscard]] T at(std::size_t i) const {
    return load_unaligned<T>(bytes().data() + i * sizeof(T));
  }

  /// Errors: FormatError `checkpoint` unless the tensor has that type.
  void require_dtype(std::string_view wanted) const {
    if (dtype() != wanted) fail(0, concat("should be of type ", wanted, ", is ", dtype()));
  }
  void require_n_dims(std::size_t n) const {
    if (shape().size() != n) fail(0, concat("should have ", n, " dimensions, has shape ", shape_text(shape())));
  }
  /// `because` says where the expectation comes from.
  void require_shape(const std::vector<std::uint64_t>& wanted, std::string_view because) const {
    if (shape() != wanted)
      fail(0, concat("expected shape ", shape_text(wanted), " (", because, "), got ", shape_text(shape())));
  }

  /// Floats of F32, F16 or BF16, all of them finite.
  [[nodiscard]] std::vector<float> floats() const {
    const auto decode = [&]<class T>(GgmlType type, T) {
      refuse_non_finite(stored_.shard->name(), stored_.tensor->offset, name(), type, bytes(),
                        shape().empty() ? 1 : static_cast<std::size_t>(shape().back()));
      std::vector<float> values(bytes().size() / sizeof(T));
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = to_float(at<T>(i));
      return values;
    };
    if (dtype() == "F32") return decode(GgmlType::f32, float{});
    if (dtype() == "F16") return decode(GgmlType::f16, Half{});
    if (dtype() == "BF16") return decode(GgmlType::bf16, BFloat16{});
    fail(0, concat("should hold floats (F32, F16 or BF16), is ", dtype()));
  }

  /// Points into the tensor's data.
  [[noreturn]] void fail(std::uint64_t at, std::string_view why) const {
    throw FormatError("checkpoint", stored_.shard->name(), stored_.tensor->offset + at,
                      concat("tensor '", name(), "': ", why));
  }

 private:
  HfFolder::Tensor stored_;
};

/// The tensors of one module, by what follows its name and a dot: "qweight", "scales", "weight.absmax".
class CheckpointModule {
 public:
  explicit CheckpointModule(std::string name) : name_(std::move(name)) {}

  void add(std::string part, HfFolder::Tensor stored) { parts_.emplace(std::move(part), CheckpointTensor(stored)); }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const CheckpointTensor* find(std::string_view part) const {
    const auto found = parts_.find(part);
    return found != parts_.end() ? &found->second : nullptr;
  }
  /// Errors: InputError `missing_tensor`.
  [[nodiscard]] const CheckpointTensor& require(std::string_view part) const {
    if (const CheckpointTensor* found = find(part)) return *found;
    throw InputError("missing_tensor", concat("no tensor '", name_, ".", part, "', which goes with '",
                                              parts_.begin()->second.name(), "'"));
  }
  /// Errors: InputError `unexpected_tensor` for a part that is none of these.
  void require_only(std::initializer_list<std::string_view> known) const {
    for (const auto& [part, tensor] : parts_) {
      bool found = false;
      for (const std::string_view name : known) found = found || part == name;
      if (!found)
        throw InputError("unexpected_tensor",
                         concat("tensor '", tensor.name(), "' is none that this kind of checkpoint has"));
    }
  }

 private:
  std::string name_;
  std::map<std::string, CheckpointTensor, std::less<>> parts_;
};

}  // namespace quantlens::inline QUANTLENS_ABI
