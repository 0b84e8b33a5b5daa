/// The judge that a command line names: a model file, or an endpoint.
#pragma once

#include <functional>
#include <initializer_list>

#include "quantlens/bench/bench_options.hpp"
#include "quantlens/bench/model_provider.hpp"
#include "quantlens/bench/work.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Opens a file as `open` does and answers in full precision; of an endpoint nothing is asked yet. None where none is
/// named. `under_test`: the models that it may not be, where the user does not allow it; null ones are none.
/// Errors: InputError "usage" for flags that do not go together, and for a URL that is none; "judge" for the model
/// under test, and for a key that is none.
[[nodiscard]] Judge open_judge(const BenchOptions& options, const OpenModel& open,
                               std::initializer_list<const ModelProvider*> under_test,
                               const std::function<double()>& seconds);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/app/open_judge_impl.hpp"
#endif
