/// What conversation.hpp declares, defined.
#pragma once

#include <chrono>
#include <cmath>
#include <cstddef>
#include <limits>
#include <nlohmann/json.hpp>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/transform.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/asking/conversation.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/text/unicode.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE Conversation::Conversation(const Task& task, std::span<const Item> items, const Models& models)
    : models_(models), records_(items.size()) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    records_[i].item_id = items[i].id;
    records_[i].gold = items[i].label;
    records_[i].group = items[i].group;
    if (task.labels.empty())
      records_[i].predicted_label.clear();
    else
      records_[i].gold_label = task.labels.at(items[i].label);
  }
}

QUANTLENS_INLINE std::vector<ItemRecord> Conversation::take_records() {
  for (ItemRecord& item : records_)
    if (item.n_generated_tokens > 0)
      item.set_score(metric::generated_tokens, static_cast<double>(item.n_generated_tokens));
  return std::move(records_);
}

template <class Request>
std::vector<Request> Conversation::requests_of(std::span<const ItemRequest<Request>> asked) {
  return asked | ranges::views::transform(&ItemRequest<Request>::request) | ranges::to<std::vector>();
}

template <class Result>
std::vector<Result> Conversation::checked(std::vector<Result> results, std::size_t expected) {
  if (results.size() != expected) throw Error("model", concat("expected ", expected, " answers, got ", results.size()));
  return results;
}

template <class Request, class Result>
std::vector<Result> Conversation::timed(std::span<const ItemRequest<Request>> asked,
                                        std::vector<Result> (TextModel::*call)(std::span<const Request>)) {
  if (asked.empty()) return {};
  const std::vector<Request> requests = requests_of(asked);
  const auto start = std::chrono::steady_clock::now();
  std::vector<Result> results = (models_.model.*call)(requests);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  for (const auto& request : asked) record(request.item).seconds += seconds / static_cast<double>(asked.size());
  return checked(std::move(results), asked.size());
}

QUANTLENS_INLINE std::vector<Completion> Conversation::complete(std::string_view step,
                                                                std::span<const ItemRequest<CompletionRequest>> asked) {
  std::vector<Completion> completions = timed(asked, &TextModel::complete);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const Completion& completion = completions[i];
    ItemRecord& item = record(asked[i].item);
    item.transcript.push_back(entry_of(step, asked[i].request, completions[i]));
    item.n_prompt_tokens += completion.n_prompt_tokens;
    item.n_generated_tokens += completion.n_tokens;
    if (!item.ttft_seconds) item.ttft_seconds = completion.seconds_to_first_token;
  }
  return completions;
}

QUANTLENS_INLINE std::vector<std::vector<ScoreResult>> Conversation::score(
    std::string_view step, std::span<const ItemRequest<ContinuationRequest>> asked) {
  std::vector<std::vector<ScoreResult>> results = timed(asked, &TextModel::score);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    results[i] = checked(std::move(results[i]), asked[i].request.continuations.size());
    record(asked[i].item).transcript.push_back(entry_of(step, asked[i], results[i]));
  }
  return results;
}

QUANTLENS_INLINE std::vector<Completion> Conversation::complete_by_judge(
    std::string_view step, std::span<const ItemRequest<CompletionRequest>> asked) {
  if (asked.empty()) return {};
  const auto requests = requests_of(asked);
  std::vector<Completion> completions = checked(models_.judge->complete(requests), asked.size());
  for (std::size_t i = 0; i < asked.size(); ++i) {
    nlohmann::json entry = entry_of(step, asked[i].request, completions[i]);
    entry["model"] = "judge";
    record(asked[i].item).transcript.push_back(std::move(entry));
  }
  return completions;
}

QUANTLENS_INLINE std::vector<std::vector<ScoreResult>> Conversation::score_by_judge(
    std::string_view step, std::span<const ItemRequest<ContinuationRequest>> asked) {
  if (asked.empty()) return {};
  const auto requests = requests_of(asked);
  std::vector<std::vector<ScoreResult>> results = checked(models_.judge->score(requests), asked.size());
  for (std::size_t i = 0; i < asked.size(); ++i) {
    results[i] = checked(std::move(results[i]), asked[i].request.continuations.size());
    nlohmann::json entry = entry_of(step, asked[i], results[i]);
    entry["model"] = "judge";
    record(asked[i].item).transcript.push_back(std::move(entry));
  }
  return results;
}

QUANTLENS_INLINE std::vector<std::vector<ScoreResult>> Conversation::score_tokens(
    std::string_view step, std::span<const ItemRequest<TokenRequest>> asked) {
  std::vector<std::vector<ScoreResult>> results = timed(asked, &TextModel::score_tokens);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    results[i] = checked(std::move(results[i]), asked[i].request.continuations.size());
    for (const ScoreResult& result : results[i]) require_number(step, asked[i].item, result);
  }
  return results;
}

QUANTLENS_INLINE std::vector<ScoreResult> Conversation::score_text_by_full(
    std::string_view step, std::span<const ItemRequest<std::string>> asked) {
  if (asked.empty()) return {};
  const auto texts = requests_of(asked);
  std::vector<ScoreResult> results = checked(models_.full.score_text(texts), asked.size());
  for (std::size_t i = 0; i < asked.size(); ++i) {
    require_number(step, asked[i].item, results[i]);
    record(asked[i].item)
        .transcript.push_back({{"step", step},
                               {"model", "fluency"},
                               {"text", asked[i].request},
                               {"logprob", number(results[i].logprob)},
                               {"n_tokens", results[i].token_logprobs.size()}});
  }
  return results;
}

QUANTLENS_INLINE nlohmann::json Conversation::entry_of(std::string_view step, const Prompt& prompt) {
  nlohmann::json messages = nlohmann::json::array();
  for (const auto& [role, content] : prompt.messages) messages.push_back({{"role", role}, {"content", content}});
  return {{"step", step}, {"messages", std::move(messages)}, {"answer_prefix", prompt.answer_prefix}};
}

QUANTLENS_INLINE nlohmann::json Conversation::entry_of(std::string_view step, const CompletionRequest& request,
                                                       Completion& completion) {
  completion.text = replace_invalid_utf8(completion.text);
  nlohmann::json entry = entry_of(step, request.prompt);
  entry.update({{"max_new_tokens", request.max_new_tokens},
                {"answer", completion.text},
                {"n_prompt_tokens", completion.n_prompt_tokens},
                {"n_tokens", completion.n_tokens},
                {"stopped", completion.stopped}});
  return entry;
}

QUANTLENS_INLINE nlohmann::json Conversation::entry_of(std::string_view step,
                                                       const ItemRequest<ContinuationRequest>& asked,
                                                       const std::vector<ScoreResult>& results) const {
  nlohmann::json entry = entry_of(step, asked.request.prompt);
  for (std::size_t c = 0; c < results.size(); ++c) {
    require_number(step, asked.item, results[c]);
    entry["continuations"].push_back({{"text", asked.request.continuations[c]},
                                      {"logprob", number(results[c].logprob)},
                                      {"n_tokens", results[c].token_logprobs.size()}});
  }
  return entry;
}

QUANTLENS_INLINE void Conversation::require_number(std::string_view step, std::size_t item,
                                                   const ScoreResult& result) const {
  if (result.logprob < std::numeric_limits<double>::infinity()) return;
  throw Error("not_finite", concat("item ", records_.at(item).item_id, ", ", step, ": a log-probability is ",
                                   result.logprob, "; look for overflow or damage in the model's weights"));
}

QUANTLENS_INLINE nlohmann::json Conversation::number(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
}

}  // namespace quantlens::inline QUANTLENS_ABI
