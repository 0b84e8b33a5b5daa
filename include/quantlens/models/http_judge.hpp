/// An OpenAI-compatible chat endpoint as a model that only writes: patient with failures, within a budget, asked once
/// for each question.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/models/answer_cache.hpp"
#include "quantlens/models/api_key.hpp"
#include "quantlens/models/measured_model.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What came of one POST.
struct HttpReply {
  int status = 0;         ///< 0: there was no reply
  std::string failure;    ///< why there was none
  bool is_final = false;  ///< whether asking again would give the same failure
  std::string content_type, retry_after, location, body;
};

/// Sends a JSON text to the endpoint's chat completions. Errors: Interrupted after a signal; everything else is in the
/// reply.
using PostJson = std::function<HttpReply(std::string_view json)>;

/// Returns after `seconds`. Errors: Interrupted after a signal.
void wait_interruptibly(double seconds);

struct HttpJudgeOptions {
  std::string url;    ///< the endpoint, for errors and for the questions of the cache
  std::string model;  ///< its name for the model
  std::size_t max_requests = 10'000;
  std::size_t max_tokens = 10'000'000;  ///< of questions and answers together
  std::filesystem::path cache;          ///< a folder for answers; empty: they are kept in memory alone
  std::size_t attempts = 5;             ///< of each request, the first included
  std::function<void(double seconds)> wait = wait_interruptibly;
};

/// Answers chats, and tells the likeliest first tokens where the endpoint does. Questions that were answered before are
/// answered from the cache and cost nothing.
/// Errors of complete(): ItemError "judge" for a question that the endpoint refuses, and for an answer that is none;
/// InputError "judge" where it is not reached after all attempts, refuses the key, has no such path or model, or has
/// used up the budget; InputError "capability" for what it cannot do. None of them, and no answer, holds the key.
class HttpJudge final : public MeasuredModel {
 public:
  /// Errors: those of AnswerCache.
  HttpJudge(HttpJudgeOptions options, ApiKey key, PostJson post);

  [[nodiscard]] bool can(Capability /*capability*/) override { return false; }
  std::vector<Completion> complete(std::span<const CompletionRequest> requests) override;
  std::vector<std::vector<ScoreResult>> score(std::span<const ContinuationRequest> /*requests*/) override {
    throw lacks(Capability::scores);
  }
  std::vector<ScoreResult> score_text(std::span<const std::string> /*texts*/) override {
    throw lacks(Capability::scores);
  }

  /// Tokens that were paid for.
  [[nodiscard]] EngineCounters counters() const override { return counters_; }
  /// Nothing of it is here.
  [[nodiscard]] ModelWeight weight() const override { return {}; }
  void forget_prompts() override {}
  void use_threads(std::size_t /*threads*/) override {}

  /// Requests that were sent, those that failed included.
  [[nodiscard]] std::size_t n_requests() const noexcept { return n_requests_; }

 private:
  [[nodiscard]] Completion answer(const CompletionRequest& request);
  [[nodiscard]] Completion ask(const nlohmann::json& body);
  /// Sends until there is a reply that another attempt would not better.
  [[nodiscard]] HttpReply send(std::string_view text);
  void require_budget() const;
  /// Errors: those of complete() for a reply that is no success.
  void require_success(const HttpReply& reply) const;
  [[nodiscard]] InputError failed(std::string_view why) const;
  [[nodiscard]] std::string url_text(std::string_view why) const;

  HttpJudgeOptions options_;
  ApiKey key_;
  PostJson post_;
  AnswerCache cache_;
  EngineCounters counters_;
  std::size_t n_requests_ = 0;
  bool tells_first_tokens_ = true;  ///< until it has refused to
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/models/http_judge_impl.hpp"
#endif
