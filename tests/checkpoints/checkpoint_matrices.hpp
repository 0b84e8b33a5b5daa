/// Random packed matrices, written through a file and read back as the tensors of one module.
#pragma once

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../io/temp_folder.hpp"
#include "quantlens/checkpoints/tensor.hpp"
#include "quantlens/io/safetensors.hpp"
#include "quantlens/io/safetensors_writer.hpp"
#include "quantlens/packed/packed_matrix.hpp"

namespace quantlens::test {

/// Numbers without a pattern: a linear congruential generator.
class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : state_(seed) {}
  std::uint32_t below(std::uint32_t n) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::uint32_t>(state_ >> 33) % n;
  }

 private:
  std::uint64_t state_;
};

/// Codes of every value and scales that are f16; affine groups have zero points of every value, 0 first.
template <class L, int Bits>
PackedMatrix random_matrix(std::size_t rows, std::size_t cols, std::size_t group, std::uint64_t seed) {
  Numbers numbers(seed);
  PackedMatrix matrix = pack<L, Bits>(rows, cols, group);
  std::vector<std::uint8_t> codes(cols);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::uint8_t& code : codes) code = static_cast<std::uint8_t>(numbers.below(1u << Bits));
    matrix.set_row_codes(r, codes);
    for (std::size_t g = 0; g < matrix.n_groups(); ++g) {
      matrix.scale(r, g) = static_cast<float>(1 + numbers.below(2047)) * 0x1p-14f;
      if constexpr (L::has_offset)
        matrix.offset(r, g) =
            -matrix.scale(r, g) * static_cast<float>((r + g) % 4 == 0 ? 0 : numbers.below(1u << Bits));
    }
  }
  return matrix;
}

/// Columns sorted by group: the inputs of a group are scattered, but ascend within it.
inline void scatter_inputs(PackedMatrix& matrix, std::uint64_t seed) {
  Numbers numbers(seed);
  std::vector<std::uint32_t> order(matrix.cols());
  std::iota(order.begin(), order.end(), 0u);
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[numbers.below(static_cast<std::uint32_t>(i))]);
  for (std::size_t g = 0; g < matrix.n_groups(); ++g) {
    const auto first = order.begin() + static_cast<std::ptrdiff_t>(g * matrix.group_size());
    std::sort(first, first + static_cast<std::ptrdiff_t>(matrix.group_size()));
  }
  matrix.set_input_order(order);
}

/// The same layout, codes and order, and bit for bit the same values.
inline void check_equal(const PackedMatrix& got, const PackedMatrix& wanted) {
  REQUIRE(got.layout() == wanted.layout());
  REQUIRE(got.bits() == wanted.bits());
  REQUIRE(got.rows() == wanted.rows());
  REQUIRE(got.cols() == wanted.cols());
  REQUIRE(got.group_size() == wanted.group_size());
  CHECK(got.input_order() == wanted.input_order());
  std::vector<std::uint8_t> got_codes(got.cols()), wanted_codes(got.cols());
  std::vector<float> got_row(got.cols()), wanted_row(got.cols());
  bool same = true;
  for (std::size_t r = 0; r < got.rows(); ++r) {
    got.row_codes(r, got_codes);
    wanted.row_codes(r, wanted_codes);
    got.decode_row(r, got_row);
    wanted.decode_row(r, wanted_row);
    same = same && got_codes == wanted_codes;
    for (std::size_t c = 0; c < got_row.size(); ++c)
      same = same && std::bit_cast<std::uint32_t>(got_row[c]) == std::bit_cast<std::uint32_t>(wanted_row[c]);
  }
  CHECK(same);
}

/// The tensors of the module "m", from a file.
class WrittenModule {
 public:
  explicit WrittenModule(const std::vector<OutputTensor>& tensors) : module_("m") {
    write_safetensors(folder_.path() / "m.safetensors", tensors);
    file_.emplace(SafetensorsFile::open(folder_.path() / "m.safetensors"));
    for (const SafetensorsTensor& tensor : file_->tensors()) module_.add(tensor.name.substr(2), {&tensor, &*file_});
  }
  [[nodiscard]] const CheckpointModule& module() const { return module_; }
  [[nodiscard]] const CheckpointTensor& operator[](std::string_view part) const { return module_.require(part); }

 private:
  TempFolder folder_;
  std::optional<SafetensorsFile> file_;
  CheckpointModule module_;
};

/// The tensors with one of them replaced by other elements.
template <class T>
std::vector<OutputTensor> with_tensor(std::vector<OutputTensor> tensors, std::string_view name, std::string dtype,
                                      std::vector<std::uint64_t> shape, std::vector<T> elements) {
  for (OutputTensor& tensor : tensors)
    if (tensor.name == name)
      tensor = {tensor.name, std::move(dtype), std::move(shape),
                [elements](const ByteSink& sink) { sink(std::as_bytes(std::span(elements))); }};
  return tensors;
}

}  // namespace quantlens::test
