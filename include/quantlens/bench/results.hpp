/// results.json, schema quantlens-results/1: a manifest, one row a cell, and rankings; every key is always there.
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "quantlens/bench/model_provider.hpp"
#include "quantlens/bench/ranking.hpp"
#include "quantlens/bench/sweep.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

inline constexpr const char* results_schema = "quantlens-results/1";

/// Of the two phases that a row tells of.
struct RowThreads {
  std::size_t quality = 1, latency = 1;
};

/// One row, with every metric of `known`: those of other protocols have n 0 and nulls. A failed cell has status
/// "failed", its `error`, n 0 and nulls; one whose times are not to be trusted has status "mistrusted". Both have the
/// command that measures them again, which `manifest` knows.
[[nodiscard]] nlohmann::ordered_json row_json(const Row& row, std::span<const MetricInfo> known,
                                              const nlohmann::ordered_json& manifest, const ModelPool& model,
                                              const RowThreads& threads);

/// One aspect; `best` is null where it cannot be decided.
[[nodiscard]] nlohmann::ordered_json ranking_json(const Ranking& ranking);

/// The whole document.
[[nodiscard]] nlohmann::ordered_json results_json(nlohmann::ordered_json manifest, Sweep& sweep, const ModelPool& model,
                                                  const RowThreads& threads);

/// Writes the document whole or not at all. Errors: Error naming the file; what was there before stays.
void write_results(const std::filesystem::path& path, const nlohmann::ordered_json& results);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/bench/results_impl.hpp"
#endif
