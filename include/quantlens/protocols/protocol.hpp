/// What every protocol offers: a way to ask models about the items of a task, and to score the answers. All that a
/// protocol is made of is declared by it: prompts, metrics, options, version, and the models that it needs.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/asking/protocol_options.hpp"
#include "quantlens/models/models.hpp"
#include "quantlens/protocols/metric.hpp"
#include "quantlens/tasks/item_record.hpp"
#include "quantlens/tasks/prompt_kind.hpp"
#include "quantlens/tasks/task.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What a protocol asks of models beyond texts and their log-probabilities. A cell that lacks it is not run.
struct ModelNeeds {
  std::vector<Capability> of_model = {Capability::scores};  ///< of the model under test
  bool judge = false;
  bool encoder = false;
  bool scorer = false;
  bool fluency = false;  ///< of `full` the log-probabilities of texts, which another model may give in its place
};

class Protocol {
 public:
  virtual ~Protocol() = default;

  /// As cells spell it.
  [[nodiscard]] virtual std::string_view name() const = 0;

  /// Raised by one whenever the same answers of a model would be asked for, read or scored in another way: answers of
  /// other versions are not taken from a journal.
  [[nodiscard]] virtual int version() const { return 1; }

  /// The prompts that it may ask with. Protocols that share one declare it alike.
  [[nodiscard]] virtual std::vector<PromptKind> prompts() const = 0;

  /// In the order in which tables show them. Records hold those that are not set-level.
  [[nodiscard]] virtual std::vector<Metric> metrics() const = 0;

  [[nodiscard]] virtual ModelNeeds needs() const { return {}; }

  /// What an item's scores depend on besides the item and what all items share, such as other items' references: part
  /// of the journal's keys.
  [[nodiscard]] virtual std::string depends_on(const Task&) const { return {}; }

  /// Whether the task has what the protocol asks for; run throws InputError where not.
  [[nodiscard]] virtual bool supports(const Task& task) const = 0;

  /// Whether it is run only where a user names it, not with all protocols of a task: an item asks hundreds of
  /// questions.
  [[nodiscard]] virtual bool only_by_name() const { return false; }

  /// One record for each item, in their order. All items go through each step in one batch; an item's answers and
  /// scores do not depend on the others, nor on how a set is cut into spans. One item is a fine span.
  /// Every random choice depends on `seed`, task and item alone.
  /// Errors: InputError where the task does not support the protocol; whatever the models throw.
  [[nodiscard]] virtual std::vector<ItemRecord> run(const Task& task, std::span<const Item> items, const Models& models,
                                                    std::uint64_t seed) const = 0;

  [[nodiscard]] const ProtocolOptions& options() const noexcept { return options_; }
  [[nodiscard]] ProtocolOptions& options() noexcept { return options_; }

 protected:
  /// `options`: those that it has.
  explicit Protocol(std::vector<OptionInfo> options = {}) : options_(std::move(options)) {}

 private:
  ProtocolOptions options_;
};

}  // namespace quantlens::inline QUANTLENS_ABI
