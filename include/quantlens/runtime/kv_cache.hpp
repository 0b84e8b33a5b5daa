/// Keys and values of one sequence, in pages of sixteen positions that sequences with the same prefix share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include "quantlens/core/aligned_buffer.hpp"
#include "quantlens/packed/packed_view.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Positions in a page: one block of keys of the attention kernel.
inline constexpr std::size_t page_positions = tile_width;

struct KvShape {
  std::size_t n_layers = 0, n_kv_heads = 0, d_head = 0;

  [[nodiscard]] std::size_t value_stride() const noexcept { return round_up(d_head, tile_width); }
  [[nodiscard]] std::size_t head_floats() const noexcept { return page_positions * (d_head + value_stride()); }
  [[nodiscard]] std::size_t page_floats() const noexcept { return n_layers * n_kv_heads * head_floats(); }
};

/// All layers' keys and values of sixteen consecutive positions, f32.
class KvPage {
 public:
  explicit KvPage(const KvShape& shape) : shape_(shape), floats_(shape.page_floats()) {}

  [[nodiscard]] std::shared_ptr<KvPage> copy() const {
    const auto page = std::make_shared<KvPage>(shape_);
    std::copy_n(floats_.data(), floats_.size(), page->floats_.data());
    return page;
  }

  /// Shape [d_head][16 positions].
  [[nodiscard]] float* keys(std::size_t layer, std::size_t head) noexcept {
    return floats_.data() + (layer * shape_.n_kv_heads + head) * shape_.head_floats();
  }
  /// Shape [16 positions][value_stride].
  [[nodiscard]] float* values(std::size_t layer, std::size_t head) noexcept {
    return keys(layer, head) + page_positions * shape_.d_head;
  }

 private:
  KvShape shape_;
  AlignedBuffer<float> floats_;
};

/// One sequence's pages. Whole pages may belong to several sequences; only pages of its own are ever written.
class KvCache {
 public:
  explicit KvCache(const KvShape& shape) : shape_(shape) {}

  [[nodiscard]] std::size_t length() const noexcept { return length_; }
  [[nodiscard]] const std::vector<std::shared_ptr<KvPage>>& pages() const noexcept { return pages_; }

  /// Appends sixteen positions that another sequence has computed. Precondition: length() is a multiple of 16.
  void adopt(std::shared_ptr<KvPage> page) {
    pages_.push_back(std::move(page));
    length_ += page_positions;
  }

  /// The same positions for another sequence to go on from: whole pages are shared, one that is not full is copied.
  [[nodiscard]] KvCache fork() const {
    KvCache copy = *this;
    if (length_ % page_positions != 0) copy.pages_.back() = pages_.back()->copy();
    return copy;
  }

  /// Makes room for n more positions and counts them in; the forward pass fills them.
  void extend(std::size_t n) {
    length_ += n;
    while (pages_.size() * page_positions < length_) pages_.push_back(std::make_shared<KvPage>(shape_));
  }

 private:
  KvShape shape_;
  std::size_t length_ = 0;
  std::vector<std::shared_ptr<KvPage>> pages_;
};

}  // namespace quantlens::inline QUANTLENS_ABI
