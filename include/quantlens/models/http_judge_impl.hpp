/// What http_judge.hpp declares, defined.
#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/models/chat_completion.hpp"
#include "quantlens/models/http_judge.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE void wait_interruptibly(double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (Clock::now() < end) {
    InterruptGuard::check();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

namespace detail {

/// A request that the endpoint understands and does not want, such as one for what its model does not offer.
class RefusedRequest : public ItemError {
 public:
  using ItemError::ItemError;
};

/// Whether the next attempt may go better.
[[nodiscard]] inline bool is_passing(const HttpReply& reply) {
  return reply.status == 0 ? !reply.is_final : reply.status == 408 || reply.status == 429 || reply.status >= 500;
}

/// The longest wait between two attempts that a run is held up for.
inline constexpr double longest_wait_seconds = 60;

/// Seconds to wait before attempt number `attempt` + 1: as many as the endpoint asks for, or else 1, 2, 4, ...
[[nodiscard]] inline double wait_before_next(const HttpReply& reply, std::size_t attempt) {
  const std::string& text = reply.retry_after;
  unsigned asked = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), asked);
  if (code == std::errc{} && end == text.data() + text.size() && !text.empty()) return asked;
  return std::min(longest_wait_seconds, static_cast<double>(1u << std::min<std::size_t>(attempt - 1, 6)));
}

/// "500", or why there was no reply.
[[nodiscard]] inline std::string outcome_text(const HttpReply& reply) {
  return reply.status == 0 ? reply.failure : concat("status ", reply.status);
}

}  // namespace detail

QUANTLENS_INLINE HttpJudge::HttpJudge(HttpJudgeOptions options, ApiKey key, PostJson post)
    : options_(std::move(options)), key_(std::move(key)), post_(std::move(post)), cache_(options_.cache) {}

QUANTLENS_INLINE std::vector<Completion> HttpJudge::complete(std::span<const CompletionRequest> requests) {
  std::vector<Completion> completions;
  for (const CompletionRequest& request : requests) completions.push_back(answer(request));
  return completions;
}

QUANTLENS_INLINE Completion HttpJudge::answer(const CompletionRequest& request) {
  const nlohmann::json plain = chat_request_json(options_.model, request, false);
  if (!request.wants_first_tokens || !tells_first_tokens_) return ask(plain);
  try {
    return ask(chat_request_json(options_.model, request, true));
  } catch (const detail::RefusedRequest&) {
    Completion completion = ask(plain);
    tells_first_tokens_ = false;  // only now: the question itself was none to refuse
    return completion;
  }
}

QUANTLENS_INLINE Completion HttpJudge::ask(const nlohmann::json& body) {
  InterruptGuard::check();
  const nlohmann::json question{{"url", options_.url}, {"body", body}};
  try {
    if (const auto known = cache_.find(question)) return completion_from_json(*known);
  } catch (const nlohmann::json::exception&) {
    throw failed("a cached answer holds something else; remove its folder");
  }
  const std::string text = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const auto start = std::chrono::steady_clock::now();
  const HttpReply reply = send(text);
  require_success(reply);
  Completion completion;
  try {
    completion = parse_chat_reply(reply.body, text, key_);
  } catch (const ItemError& error) {
    throw ItemError("judge", url_text(error.message()));
  }
  completion.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  counters_ += {completion.n_prompt_tokens, completion.n_tokens, 0, completion.seconds};
  cache_.keep(question, completion_json(completion));
  return completion;
}

QUANTLENS_INLINE HttpReply HttpJudge::send(std::string_view text) {
  for (std::size_t attempt = 1;; ++attempt) {
    require_budget();
    ++n_requests_;
    HttpReply reply = post_(text);
    if (!detail::is_passing(reply)) return reply;
    const std::string what = detail::outcome_text(reply);
    if (attempt >= options_.attempts)
      throw failed(concat(what, " after ", attempt,
                          " attempts; run again when the endpoint answers, what it has said "
                          "so far is kept"));
    const double seconds = detail::wait_before_next(reply, attempt);
    if (seconds > detail::longest_wait_seconds)
      throw failed(
          concat(what, "; it asks to wait ", seconds, " seconds: run again then, what it has said so far is kept"));
    options_.wait(seconds);
  }
}

QUANTLENS_INLINE void HttpJudge::require_budget() const {
  if (n_requests_ >= options_.max_requests)
    throw failed(concat("the budget of ", options_.max_requests, " requests is spent; raise --judge-max-requests"));
  const std::size_t n_tokens = counters_.prompt_tokens + counters_.generated_tokens;
  if (n_tokens >= options_.max_tokens)
    throw failed(concat("the budget of ", options_.max_tokens, " tokens is spent (", n_tokens,
                        " were used); raise --judge-max-tokens"));
}

QUANTLENS_INLINE void HttpJudge::require_success(const HttpReply& reply) const {
  const int status = reply.status;
  if (status == 0) throw failed(reply.failure);
  if (status == 401 || status == 403)
    throw failed(key_.empty() ? concat("it asks for a key (status ", status, "); set QUANTLENS_JUDGE_KEY")
                              : concat("it refuses the key (status ", status, "); check QUANTLENS_JUDGE_KEY"));
  if (status == 404 || status == 405)
    throw failed(concat("it has no such path or no model '", options_.model, "' (status ", status,
                        "); check the URL and --judge-model"));
  if (status >= 300 && status < 400) {
    const std::string place = key_.hide(reply.location);
    throw failed(concat("it redirects to '", printable(place.substr(0, place.find_first_of("?#")), 200), "' (status ",
                        status, "); name the endpoint itself"));
  }
  if (status < 200 || status >= 300) {
    const std::string message = error_message_in(reply.body, key_);
    throw detail::RefusedRequest("judge", url_text(concat("it refuses the request (status ", status, ")",
                                                          message.empty() ? "" : ": " + message)));
  }
  if (!reply.content_type.empty() && reply.content_type.find("json") == std::string::npos)
    throw failed(concat("it answers with '", printable(key_.hide(reply.content_type), 60),
                        "' instead of JSON; is the endpoint OpenAI-compatible?"));
}

QUANTLENS_INLINE std::string HttpJudge::url_text(std::string_view why) const {
  return concat("the judge at ", options_.url, ": ", why);
}

QUANTLENS_INLINE InputError HttpJudge::failed(std::string_view why) const { return {"judge", url_text(why)}; }

}  // namespace quantlens::inline QUANTLENS_ABI
