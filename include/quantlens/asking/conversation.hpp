/// A protocol's conversation with the model about a batch of items, written down in their records as it goes.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/models/models.hpp"
#include "quantlens/tasks/item_record.hpp"
#include "quantlens/tasks/task.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A request that belongs to one item of the batch.
template <class Request>
struct ItemRequest {
  std::size_t item = 0;
  Request request;
};

/// Sends requests in one batch, and notes question, answer, tokens and time in the item's record. `step` names the
/// question in transcripts.
class Conversation {
 public:
  Conversation(const Task& task, std::span<const Item> items, const Models& models);

  [[nodiscard]] ItemRecord& record(std::size_t item) { return records_.at(item); }
  [[nodiscard]] std::vector<ItemRecord> take_records();

  /// Answers come without the answer prefix; invalid UTF-8 (a character cut at the length limit) is replaced.
  std::vector<Completion> complete(std::string_view step, std::span<const ItemRequest<CompletionRequest>> asked);

  /// One result for each continuation of each request. Errors: Error "not_finite" where one is not a number.
  std::vector<std::vector<ScoreResult>> score(std::string_view step,
                                              std::span<const ItemRequest<ContinuationRequest>> asked);

  /// The same by token. Nothing is written down: it is for questions by the hundred. Errors: as score.
  std::vector<std::vector<ScoreResult>> score_tokens(std::string_view step,
                                                     std::span<const ItemRequest<TokenRequest>> asked);

  /// As complete and score, of the judge: what it takes is nobody's. Precondition: there is a judge.
  std::vector<Completion> complete_by_judge(std::string_view step,
                                            std::span<const ItemRequest<CompletionRequest>> asked);
  std::vector<std::vector<ScoreResult>> score_by_judge(std::string_view step,
                                                       std::span<const ItemRequest<ContinuationRequest>> asked);

  /// Scores texts under the `full` model; its time is nobody's. Errors: as score.
  std::vector<ScoreResult> score_text_by_full(std::string_view step, std::span<const ItemRequest<std::string>> asked);

 private:
  template <class Request>
  [[nodiscard]] static std::vector<Request> requests_of(std::span<const ItemRequest<Request>> asked);

  template <class Result>
  [[nodiscard]] static std::vector<Result> checked(std::vector<Result> results, std::size_t expected);

  /// Each request's item is charged with an equal share of the time.
  template <class Request, class Result>
  std::vector<Result> timed(std::span<const ItemRequest<Request>> asked,
                            std::vector<Result> (TextModel::*call)(std::span<const Request>));

  [[nodiscard]] static nlohmann::json entry_of(std::string_view step, const Prompt& prompt);
  /// Repairs the completion's text first.
  [[nodiscard]] static nlohmann::json entry_of(std::string_view step, const CompletionRequest& request,
                                               Completion& completion);
  /// Errors: as score.
  [[nodiscard]] nlohmann::json entry_of(std::string_view step, const ItemRequest<ContinuationRequest>& asked,
                                        const std::vector<ScoreResult>& results) const;

  /// What a model that computes NaN says of other items is no measurement either, so this is no fault of the item. A
  /// probability of 0 is one.
  void require_number(std::string_view step, std::size_t item, const ScoreResult& result) const;

  /// JSON has no infinities: a log-probability that is not finite is null.
  [[nodiscard]] static nlohmann::json number(double value);

  Models models_;
  std::vector<ItemRecord> records_;
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/asking/conversation_impl.hpp"
#endif
