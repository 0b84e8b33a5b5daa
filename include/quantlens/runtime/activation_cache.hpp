/// Copies of chosen points of a forward pass, for chosen tokens only.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/runtime/hooks.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Memory: the chosen points' widths times the chosen tokens, in floats.
class ActivationCache {
 public:
  /// Shape [n_tokens, width].
  struct Rows {
    std::size_t n_tokens = 0, width = 0;
    std::vector<float> values;

    [[nodiscard]] MatrixView<const float> view() const { return {values.data(), n_tokens, width}; }
  };

  /// Copies tokens `tokens` of each pass (all of them where it is empty) at the points that `pattern` names, for as
  /// long as it lives; what an earlier pass left is replaced. `hooks` must outlive it. Errors: as Hooks::add.
  ActivationCache(Hooks& hooks, std::string_view pattern, std::vector<std::size_t> tokens = {})
      : tokens_(std::move(tokens)),
        scope_(hooks.add(pattern, [this](std::string_view name, MatrixView<float> values) { keep(name, values); })) {}
  ActivationCache(const ActivationCache&) = delete;
  ActivationCache& operator=(const ActivationCache&) = delete;

  /// Errors: InputError `unknown_name` for a point that no pass has met.
  [[nodiscard]] const Rows& operator[](const std::string& name) const {
    const auto found = rows_.find(name);
    if (found != rows_.end()) return found->second;
    std::vector<std::string> known;
    for (const auto& [kept, rows] : rows_) known.push_back(kept);
    throw unknown_name("cached hook", name, known);
  }
  [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }

 private:
  void keep(std::string_view name, MatrixView<float> values) {
    Rows rows;
    rows.width = values.cols;
    const auto copy = [&](std::size_t token) {
      const auto row = values.row(token);
      rows.values.insert(rows.values.end(), row.begin(), row.end());
      ++rows.n_tokens;
    };
    for (std::size_t t = 0; tokens_.empty() && t < values.rows; ++t) copy(t);
    for (const std::size_t token : tokens_) {
      if (token >= values.rows)
        throw InputError("hook", concat(name, ": token ", token, " of a pass of ", values.rows, " tokens"));
      copy(token);
    }
    rows_.insert_or_assign(std::string(name), std::move(rows));
  }

  std::vector<std::size_t> tokens_;
  std::map<std::string, Rows> rows_;
  Hooks::Scope scope_;
};

}  // namespace quantlens::inline QUANTLENS_ABI
