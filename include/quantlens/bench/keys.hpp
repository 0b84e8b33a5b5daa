/// The journal's keys: a hash over everything that could change what the line says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "quantlens/tasks/task.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Raised by one whenever this program's answer to the same question may differ from the last version's: numerics,
/// tokenization, prompt rendering, protocols, scoring.
inline constexpr int answers_version = 4;

/// What the answers of one cell depend on, besides the item. Threads, batch, chunk and prefix sharing are left out:
/// by promise P1 (docs/numerics.md) they cannot change an answer. The limit is left out because it only chooses items.
struct CellIdentity {
  std::string model_sha256;
  std::string format;
  nlohmann::json scheme;  ///< every parameter of the format
  std::string isa;
  std::string task;
  std::string task_sha256;        ///< of what all items share: prompts, labels, demonstrations
  std::string prompts = "plain";  ///< the task's set of prompts
  std::string protocol;
  int protocol_version = 1;
  std::map<std::string, std::string, std::less<>> protocol_options;  ///< every one's value
  nlohmann::json judge = {};                                         ///< who rated the answers; null where nobody did
  std::map<std::string, std::string, std::less<>> second_models;     ///< hashes of those that the protocol asks, too
  std::string depends_on = {};  ///< hash of what else the protocol says that its scores depend on; empty: nothing
  std::string sampling = "greedy";
  std::uint64_t seed = 0;
  std::size_t repetition = 0;
  int answers = answers_version;
};

/// What times depend on besides: lines about time are found again only under the same settings on the same CPU.
struct TimingIdentity {
  std::size_t threads = 1;
  std::size_t batch = 1;
  std::size_t chunk = 0;  ///< 0: the engine's choice
  bool shared_prefix = true;
  std::string cpu;
};

/// SHA-256 of a JSON value's text; keys of objects are sorted.
[[nodiscard]] std::string json_sha256(const nlohmann::json& value);

[[nodiscard]] std::string cell_key(const CellIdentity& cell);

/// All that an item brings, so that an edited item is a new one.
[[nodiscard]] nlohmann::json item_json(const Item& item);

[[nodiscard]] std::string item_key(const std::string& cell, const Item& item);

[[nodiscard]] std::string timing_key(const std::string& key, const TimingIdentity& timing);

/// Of what a built format weighs.
[[nodiscard]] std::string format_key(const CellIdentity& cell);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/bench/keys_impl.hpp"
#endif
