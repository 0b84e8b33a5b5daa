/// What every protocol offers: a way to ask a model about the items of a task, and to score the answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "quantlens/metrics/metric_info.hpp"
#include "quantlens/models/text_model.hpp"
#include "quantlens/protocols/label_scoring.hpp"
#include "quantlens/tasks/item_record.hpp"
#include "quantlens/tasks/task.hpp"

namespace quantlens::inline v0_1 {

/// Choices that a user may make for every protocol.
struct ProtocolOptions {
  LabelScore label_score = LabelScore::sum;
  /// Words (separated by blanks) to which a counterfactual's edited field is cut first; 0: never. FIZLE cuts at 255
  /// tokens; words are the same for every tokenizer.
  std::size_t max_input_words = 0;
};

class Protocol {
 public:
  explicit Protocol(ProtocolOptions options = {}) : options_(options) {}
  virtual ~Protocol() = default;

  /// As cells spell it.
  [[nodiscard]] virtual std::string_view name() const = 0;

  /// Raised by one whenever the same answers of a model would be asked for, read or scored in another way.
  [[nodiscard]] virtual int version() const { return 1; }

  /// In the order in which tables show them. Records hold those that are not set-level.
  [[nodiscard]] virtual std::vector<MetricInfo> metrics() const = 0;

  /// Whether the task has what the protocol asks for; run throws InputError where not.
  [[nodiscard]] virtual bool supports(const Task& task) const = 0;

  /// One record for each item, in their order. All items go through each step in one batch; an item's answers and
  /// scores do not depend on the others, nor on how a set is cut into spans. One item is a fine span.
  /// `model` is the format under test, `full` the same model unquantized, which judges how fluent texts are.
  /// Every random choice depends on `seed`, task and item alone.
  /// Errors: InputError where the task does not support the protocol; whatever the models throw.
  [[nodiscard]] virtual std::vector<ItemRecord> run(const Task& task, std::span<const Item> items, TextModel& model,
                                                    TextModel& full, std::uint64_t seed) const = 0;

 protected:
  [[nodiscard]] const ProtocolOptions& options() const { return options_; }

 private:
  ProtocolOptions options_;
};

}  // namespace quantlens::inline v0_1
