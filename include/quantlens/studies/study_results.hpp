/// The `study` of results.json: a study's measures by task and column, mean ranks, and the numbers that were published.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>

#include "quantlens/bench/sweep.hpp"
#include "quantlens/studies/studies.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The published numbers of a study, as docs/studies has them; null where the file is not there.
/// Errors: InputError for a file that is no JSON.
[[nodiscard]] nlohmann::ordered_json published_numbers(const Study& study);

/// What `rows` (finished, with their `results`, the document so far) say of the study. Published rows are those of the
/// run's columns: of its own model where that is one of the study's, else of all.
[[nodiscard]] nlohmann::ordered_json study_json(const Study& study, const nlohmann::ordered_json& results,
                                                std::span<const std::unique_ptr<Row>> rows,
                                                const nlohmann::ordered_json& published, std::uint64_t seed);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/studies/study_results_impl.hpp"
#endif
