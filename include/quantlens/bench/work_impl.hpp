/// What work.hpp declares, defined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "quantlens/bench/work.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/rng.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::uint64_t CellWork::seed() const {
  return identity.repetition == 0 ? identity.seed : seed_of(identity.seed, "repetition", identity.repetition);
}

QUANTLENS_INLINE bool too_many_failed(std::size_t n_failed, std::size_t n_items, double most) {
  return n_failed > 0 && (n_failed == n_items || static_cast<double>(n_failed) / static_cast<double>(n_items) > most);
}

QUANTLENS_INLINE TimedRun run_timed(const CellWork& work, std::span<const Item> items, MeteredModel& model,
                                    MeteredModel& own_full, const Host& host) {
  for (const Capability needed : work.protocol.needs().of_model)
    if (!model.can(needed))
      throw InputError("capability", concat(work.cell.what.protocol, " needs ", capability_name(needed),
                                            ", which this model does not offer; take a model file"));
  const bool has_other = work.protocol.needs().fluency && work.second.fluency != nullptr;
  MeteredModel& full = has_other ? *work.second.fluency : own_full;
  model.reset_meter();
  full.reset_meter();
  if (work.judge != nullptr) work.judge->reset_meter();
  TimedRun run;
  std::optional<MeteredEncoder> encoder;
  std::optional<MeteredScorer> scorer;
  if (work.second.encoder != nullptr) encoder.emplace(*work.second.encoder, host.seconds);
  if (work.second.scorer != nullptr) scorer.emplace(*work.second.scorer, host.seconds);
  const Models models{model, full, work.judge, encoder ? &*encoder : nullptr, scorer ? &*scorer : nullptr};
  const double start = host.seconds();
  run.records = work.protocol.run(work.task, items, models, work.seed());
  run.meter = model.meter();
  run.seconds = host.seconds() - start - run.meter.build_seconds;
  for (const MeteredModel* other : {&full, work.judge})
    if (other != nullptr) run.seconds -= other->meter().seconds + other->meter().build_seconds;
  run.seconds -= (encoder ? encoder->seconds() : 0) + (scorer ? scorer->seconds() : 0);
  if (run.records.size() != items.size())
    throw Error("protocol",
                concat(work.cell.name(), ": ", run.records.size(), " records for ", items.size(), " items"));
  return run;
}

}  // namespace quantlens::inline QUANTLENS_ABI
