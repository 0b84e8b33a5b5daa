/// What transformer.hpp declares, defined.
#pragma once

#include "quantlens/core/compiled.hpp"
#include "quantlens/runtime/forward.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE void Transformer::forward(std::span<const SequenceChunk> chunks, std::size_t n_threads,
                                           Workspace& work, const LogitsConsumer& consume, const Hooks* hooks) const {
  ForwardPass pass(*this, chunks, n_threads, work, consume, hooks);
  run_team(n_threads, [&](const Team& team) { pass.run(team); });
  pass.rethrow();
}

}  // namespace quantlens::inline QUANTLENS_ABI
