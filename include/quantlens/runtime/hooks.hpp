/// Named points of a forward pass whose values may be read and replaced, whatever format the weights have.
/// docs/hooks.md lists them with their shapes; the names are TransformerLens's, so that analyses carry over.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/glob.hpp"
#include "quantlens/core/matrix_view.hpp"
#include "quantlens/core/suggest.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/model_config.hpp"

namespace quantlens::inline QUANTLENS_ABI {

enum class HookPoint {
  resid_pre,
  q,
  k,
  v,
  pattern,
  z,
  attn_out,
  resid_mid,
  pre,
  pre_linear,
  post,
  mlp_out,
  resid_post,
  final_norm
};
inline constexpr std::size_t n_hook_points = 14;

/// What is behind "blocks.N."; final_norm is a name of its own.
[[nodiscard]] constexpr std::string_view hook_name(HookPoint point) {
  constexpr std::array<std::string_view, n_hook_points> names{"hook_resid_pre",    "attn.hook_q",
                                                              "attn.hook_k",       "attn.hook_v",
                                                              "attn.hook_pattern", "attn.hook_z",
                                                              "hook_attn_out",     "hook_resid_mid",
                                                              "mlp.hook_pre",      "mlp.hook_pre_linear",
                                                              "mlp.hook_post",     "hook_mlp_out",
                                                              "hook_resid_post",   "ln_final.hook_normalized"};
  return names[static_cast<std::size_t>(point)];
}

/// Hooks of one model. A hook sees all rows of a pass at once, on one thread, and what it writes is what the pass goes
/// on with; what one throws ends the pass. Those of one point run in the order in which they were added.
/// Threads: not to be changed while a pass runs.
class Hooks {
 public:
  using Hook = std::function<void(std::string_view name, MatrixView<float> values)>;

  /// Takes the hooks that it stands for away again when it goes.
  class [[nodiscard]] Scope {
   public:
    Scope(Hooks& hooks, std::uint64_t id) : hooks_(&hooks), id_(id) {}
    Scope(Scope&& other) noexcept : hooks_(std::exchange(other.hooks_, nullptr)), id_(other.id_) {}
    Scope& operator=(Scope&&) = delete;
    ~Scope() {
      if (hooks_ != nullptr) std::erase_if(hooks_->entries_, [&](const Entry& entry) { return entry.id == id_; });
    }

   private:
    Hooks* hooks_;
    std::uint64_t id_;
  };

  explicit Hooks(const ModelConfig& config) : n_layers_(config.n_layers), has_gate_(config.record().gated_mlp) {}
  Hooks(const Hooks&) = delete;
  Hooks& operator=(const Hooks&) = delete;

  /// `pattern`: a name, or one with `*` for any characters but dots. Errors: InputError `unknown_name` where it matches
  /// none of the model's points.
  Scope add(std::string_view pattern, Hook hook) {
    const std::uint64_t id = next_id_++;
    bool found = false;
    for (std::size_t layer = 0; layer < n_layers_; ++layer)
      for (std::size_t p = 0; p + 1 < n_hook_points; ++p)
        found |= add_at(pattern, static_cast<HookPoint>(p), layer, hook, id);
    found |= add_at(pattern, HookPoint::final_norm, 0, hook, id);
    if (!found) throw unknown_name("hook", pattern, names_in_a_block());
    return {*this, id};
  }

  [[nodiscard]] bool has(HookPoint point, std::size_t layer) const noexcept {
    return std::ranges::any_of(entries_, [&](const Entry& e) { return e.point == point && e.layer == layer; });
  }
  void run(HookPoint point, std::size_t layer, MatrixView<float> values) const {
    for (const Entry& entry : entries_)
      if (entry.point == point && entry.layer == layer) entry.hook(entry.name, values);
  }

 private:
  struct Entry {
    HookPoint point;
    std::size_t layer;
    std::string name;
    Hook hook;
    std::uint64_t id;
  };

  [[nodiscard]] bool exists(HookPoint point) const { return has_gate_ || point != HookPoint::pre_linear; }
  [[nodiscard]] static std::string name_of(HookPoint point, std::size_t layer) {
    return point == HookPoint::final_norm ? std::string(hook_name(point))
                                          : concat("blocks.", layer, ".", hook_name(point));
  }
  /// Those of the last block, and the one behind all blocks.
  [[nodiscard]] std::vector<std::string> names_in_a_block() const {
    std::vector<std::string> names;
    for (std::size_t p = 0; p + 1 < n_hook_points; ++p)
      if (exists(static_cast<HookPoint>(p))) names.push_back(name_of(static_cast<HookPoint>(p), n_layers_ - 1));
    names.emplace_back(hook_name(HookPoint::final_norm));
    return names;
  }
  bool add_at(std::string_view pattern, HookPoint point, std::size_t layer, const Hook& hook, std::uint64_t id) {
    std::string name = name_of(point, layer);
    if (!exists(point) || !matches_glob(pattern, name, '.')) return false;
    entries_.push_back({point, layer, std::move(name), hook, id});
    return true;
  }

  std::size_t n_layers_;
  bool has_gate_;
  std::uint64_t next_id_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace quantlens::inline QUANTLENS_ABI
