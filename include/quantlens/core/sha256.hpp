/// SHA-256. Source: FIPS 180-4.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "quantlens/core/interrupt.hpp"
#include "quantlens/version.hpp"
namespace quantlens::inline QUANTLENS_ABI {

/// The running hash of a stream of bytes.
class Sha256 {
 public:
  /// Errors: Interrupted, for files; whoever hashes a key may be writing down what is finished.
  void update(std::span<const std::byte> bytes) {
    n_bytes_ += bytes.size();
    if (n_pending_ > 0) {
      const std::size_t n = std::min(block_bytes - n_pending_, bytes.size());
      std::copy_n(bytes.begin(), n, pending_.begin() + static_cast<std::ptrdiff_t>(n_pending_));
      n_pending_ += n;
      bytes = bytes.subspan(n);
      if (n_pending_ < block_bytes) return;
      add_block(pending_.data());
      n_pending_ = 0;
    }
    for (; bytes.size() >= block_bytes; bytes = bytes.subspan(block_bytes)) {
      if (bytes.size() > uninterrupted_bytes) InterruptGuard::check();
      add_block(bytes.data());
    }
    std::copy(bytes.begin(), bytes.end(), pending_.begin());
    n_pending_ = bytes.size();
  }
  void update(std::string_view text) { update(std::as_bytes(std::span(text))); }

  /// 64 lower-case digits: the hash of everything so far. More may follow.
  [[nodiscard]] std::string hex() const {
    Sha256 last = *this;
    std::array<std::byte, 2 * block_bytes> padding{};
    padding[0] = std::byte{0x80};
    const std::size_t length_at = (n_pending_ < block_bytes - 8 ? block_bytes : 2 * block_bytes) - 8 - n_pending_;
    for (std::size_t i = 0; i < 8; ++i) padding[length_at + i] = static_cast<std::byte>((n_bytes_ * 8) >> (56 - 8 * i));
    last.update(std::span(padding).first(length_at + 8));
    std::string text;
    for (const std::uint32_t word : last.state_)
      for (int shift = 28; shift >= 0; shift -= 4) text += "0123456789abcdef"[(word >> shift) & 0xfu];
    return text;
  }

 private:
  static constexpr std::size_t uninterrupted_bytes = std::size_t{1} << 20;
  static constexpr std::size_t block_bytes = 64;
  static constexpr std::array<std::uint32_t, 64> round_constants = {
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
      0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
      0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
      0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
      0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
      0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
      0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

  static std::uint32_t big_endian(const std::byte* from) {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | std::to_integer<std::uint32_t>(from[i]);
    return value;
  }

  void add_block(const std::byte* block) {
    std::array<std::uint32_t, 64> w;
    for (std::size_t i = 0; i < 16; ++i) w[i] = big_endian(block + 4 * i);
    for (std::size_t i = 16; i < 64; ++i) {
      const std::uint32_t s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
      const std::uint32_t s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    auto [a, b, c, d, e, f, g, h] = state_;
    for (std::size_t i = 0; i < 64; ++i) {
      const std::uint32_t s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
      const std::uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + round_constants[i] + w[i];
      const std::uint32_t s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
      const std::uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g;
      g = f;
      f = e;
      e = d + t1;
      d = c;
      c = b;
      b = a;
      a = t1 + t2;
    }
    const std::array<std::uint32_t, 8> mixed = {a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < 8; ++i) state_[i] += mixed[i];
  }

  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::byte, block_bytes> pending_{};
  std::size_t n_pending_ = 0;
  std::uint64_t n_bytes_ = 0;
};

/// The hash of some bytes as 64 lower-case digits. Errors: Interrupted.
[[nodiscard]] inline std::string sha256_hex(std::span<const std::byte> bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.hex();
}

}  // namespace quantlens::inline QUANTLENS_ABI
