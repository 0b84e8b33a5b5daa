/// The matrices of scripts/fixtures/seeded_matrix.py, bit for bit, and readers of what its fixtures hold.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "quantlens/core/matrix_view.hpp"
#include "quantlens/core/rng.hpp"
#include "quantlens/core/sha256.hpp"

struct SeededMatrix {
  std::size_t rows = 0, cols = 0;
  std::vector<float> values;

  explicit SeededMatrix(const nlohmann::json& rule) : rows(rule.at("rows")), cols(rule.at("cols")) {
    quantlens::Rng rng(rule.at("seed").get<std::uint64_t>());
    for (std::size_t i = 0; i < rows * cols; ++i) {
      const std::uint64_t z = rng.next();
      std::int64_t sum = -131070;
      for (int shift = 0; shift < 64; shift += 16) sum += static_cast<std::int64_t>((z >> shift) & 0xffff);
      values.push_back(std::ldexp(static_cast<float>(sum), rule.at("exponent").get<int>()));
    }
    for (const auto& range : rule.value("zeros", nlohmann::json::array()))
      for (std::size_t i = range[0]; i < range[1].get<std::size_t>(); ++i) values[i] = 0.0f;
    for (const auto& written : rule.value("values", nlohmann::json::array()))
      values[written[0].get<std::size_t>()] = std::bit_cast<float>(written[1].get<std::uint32_t>());
  }

  [[nodiscard]] quantlens::MatrixView<const float> view() const { return {values.data(), rows, cols}; }
};

inline nlohmann::json quantizer_fixture(const std::string& path) {
  std::ifstream file(QUANTLENS_SOURCE_DIR "/tests/data/" + path);
  return nlohmann::json::parse(file);
}

template <class T>
std::string hex_of(const std::vector<T>& values) {
  std::string text;
  for (const std::byte byte : std::as_bytes(std::span(values)))
    for (const int shift : {4, 0}) text += "0123456789abcdef"[(std::to_integer<unsigned>(byte) >> shift) & 15u];
  return text;
}

/// Whether the values are the bytes of a fixture's array. Where the fixture holds few bytes, both are compared in full.
template <class T>
bool same_bytes(const nlohmann::json& stored, const std::vector<T>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  if (bytes.size() != stored.at("bytes").get<std::size_t>()) return false;
  if (stored.contains("hex") && hex_of(values) != stored.at("hex").get<std::string>()) return false;
  return quantlens::sha256_hex(bytes) == stored.at("sha256").get<std::string>();
}

template <class T>
std::vector<T> from_hex(const std::string& text) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return values;
}
