/// What a run was: program, machine, settings, inputs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "quantlens/bench/bench_options.hpp"
#include "quantlens/bench/keys.hpp"
#include "quantlens/bench/model_provider.hpp"
#include "quantlens/bench/plan.hpp"
#include "quantlens/bench/work.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The processor as the system names it; "unknown" where it does not say.
[[nodiscard]] std::string cpu_name();

/// Now, as "2026-01-31T09:08:07Z".
[[nodiscard]] std::string utc_time();

/// Everything that is known before the first cell; the program adds how it ended. `baseline` is what deltas are to,
/// `other` its model where that is another one, else null; `judge` is who rates answers, or null; `second` are the
/// models that some protocols ask, too.
[[nodiscard]] nlohmann::ordered_json make_manifest(const BenchOptions& options, const Plan& plan,
                                                   const ModelProvider& model, const TimingIdentity& timing,
                                                   std::string_view baseline, const ModelProvider* other,
                                                   const nlohmann::json& judge, const SecondModels& second = {});

/// The command that measures one row of a run again: the run's own command line, and behind it what chooses the row,
/// since of a flag that is given again the last value counts. The folder is a new one, so that nothing is served from
/// the journal.
[[nodiscard]] std::string reproducing_command(const nlohmann::ordered_json& manifest, const Cell& cell);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/bench/manifest_impl.hpp"
#endif
