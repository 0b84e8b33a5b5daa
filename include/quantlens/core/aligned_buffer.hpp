/// Owned memory aligned to a cache line, for trivially copyable elements.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <type_traits>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Bytes in a cache line and in the widest vector register.
inline constexpr std::size_t cache_line = 64;

/// A fixed number of elements, zero at first, aligned to `cache_line`.
template <class T>
class AlignedBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t size) : size_(size) {
    if (size == 0) return;
    if (size > std::numeric_limits<std::size_t>::max() / sizeof(T)) throw std::bad_alloc();
    data_.reset(static_cast<T*>(::operator new (size * sizeof(T), std::align_val_t{cache_line})));
    std::fill_n(data_.get(), size, T{});
  }

  /// Grows to at least `size` elements; what was in it is lost.
  void require(std::size_t size) {
    if (size > size_) *this = AlignedBuffer(size);
  }

  [[nodiscard]] T* data() noexcept { return data_.get(); }
  [[nodiscard]] const T* data() const noexcept { return data_.get(); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] T& operator[](std::size_t i) noexcept { return data_.get()[i]; }
  [[nodiscard]] const T& operator[](std::size_t i) const noexcept { return data_.get()[i]; }
  [[nodiscard]] std::span<T> span() noexcept { return {data(), size_}; }
  [[nodiscard]] std::span<const T> span() const noexcept { return {data(), size_}; }

 private:
  struct Free {
    void operator()(T* p) const noexcept { ::operator delete (p, std::align_val_t{cache_line}); }
  };
  std::unique_ptr<T[], Free> data_;
  std::size_t size_ = 0;
};

}  // namespace quantlens::inline QUANTLENS_ABI
