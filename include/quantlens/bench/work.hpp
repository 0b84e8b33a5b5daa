/// What a cell has to compute, and one timed call of its protocol.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "quantlens/bench/cell.hpp"
#include "quantlens/bench/host.hpp"
#include "quantlens/bench/journal.hpp"
#include "quantlens/bench/keys.hpp"
#include "quantlens/bench/metered_model.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/models/models.hpp"
#include "quantlens/protocols/protocol.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Another model that rates answers, and who it is, as keys and results say it.
struct Judge {
  nlohmann::json identity;              ///< null: there is none
  std::shared_ptr<MeteredModel> model;  ///< null: there is none
};

/// A judge that answers with nothing, for when the model's own time alone is of interest: no other is kept busy, or
/// paid, for that.
class SilentJudge final : public MeasuredModel {
 public:
  [[nodiscard]] bool can(Capability /*capability*/) override { return false; }
  std::vector<Completion> complete(std::span<const CompletionRequest> requests) override {
    return std::vector<Completion>(requests.size());
  }
  std::vector<std::vector<ScoreResult>> score(std::span<const ContinuationRequest> /*requests*/) override {
    throw lacks(Capability::scores);
  }
  std::vector<ScoreResult> score_text(std::span<const std::string> /*texts*/) override {
    throw lacks(Capability::scores);
  }
  [[nodiscard]] EngineCounters counters() const override { return {}; }
  [[nodiscard]] ModelWeight weight() const override { return {}; }
  void forget_prompts() override {}
  void use_threads(std::size_t /*threads*/) override {}
};

/// Models beside the one under test that some protocols ask; null where the run has none. Hashes are of their files.
struct SecondModels {
  TextEncoder* encoder = nullptr;
  std::string encoder_sha256 = {};
  PairScorer* scorer = nullptr;
  std::string scorer_sha256 = {};
  std::shared_ptr<MeteredModel> fluency = {};  ///< scores texts in the place of `full`
  std::string fluency_sha256 = {};
};

/// A cell with everything its name stands for.
struct CellWork {
  Cell cell;
  const Task& task;
  const Protocol& protocol;
  std::span<const Item> items;
  CellIdentity identity;
  MeteredModel* judge = nullptr;  ///< where the protocol needs one
  SecondModels second = {};

  /// The seed of this repetition; never the format's, so that items stay paired.
  [[nodiscard]] std::uint64_t seed() const;
};

/// How the latency phase goes.
struct LatencyPlan {
  std::size_t items = 0;   ///< of each row
  std::size_t rounds = 1;  ///< in which all rows are timed in turn
  std::size_t threads = 1;
};

/// What all cells of a run share.
struct RunContext {
  Journal& journal;
  TimingIdentity timing;
  LatencyPlan latency;
  Host host = {};
  /// Told after each slice: the cell, how many items it advanced, and whether they were computed or served.
  std::function<void(const Cell&, std::size_t, bool)> on_items = [](const Cell&, std::size_t, bool) {};
  /// Told after each round of the latency phase: how many there are, of how many.
  std::function<void(std::size_t, std::size_t)> on_round = [](std::size_t, std::size_t) {};
  double max_failed_items = 0;  ///< share of a cell's items that may fail before the cell does
  Judge judge = {};
  SecondModels second = {};
};

/// An item that could not be asked, and why.
struct FailedItem {
  std::string id;
  std::string error;
};

/// More items failed than a share allows, or all of them.
[[nodiscard]] bool too_many_failed(std::size_t n_failed, std::size_t n_items, double most);

/// One call of a protocol. Units: seconds of the format's own work, without building models and without the calls to
/// the models that judge it: `full`, a judge, second models.
struct TimedRun {
  std::vector<ItemRecord> records;
  double seconds = 0;
  Meter meter;
};

/// `host` tells the time. Errors: InputError "capability" for a model that lacks what the protocol needs; what the
/// protocol throws; Error where it returns another number of records than items.
[[nodiscard]] TimedRun run_timed(const CellWork& work, std::span<const Item> items, MeteredModel& model,
                                 MeteredModel& full, const Host& host);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/bench/work_impl.hpp"
#endif
