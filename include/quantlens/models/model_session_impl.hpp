/// What model_session.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/parallel.hpp"
#include "quantlens/models/model_session.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE FormatModel::FormatModel(std::shared_ptr<const ChatEncoder> encoder, Transformer transformer,
                                          bool tied_embeddings, const EngineOptions& options)
    : encoder_(std::move(encoder)),
      transformer_(std::move(transformer)),
      weight_(weigh(transformer_, tied_embeddings)),
      engine_(transformer_, options) {}

namespace model_detail {

/// Results of continuations one after the other, request by request.
template <class Request>
[[nodiscard]] std::vector<std::vector<ScoreResult>> by_request(std::span<const Request> requests,
                                                               const std::vector<ScoreResult>& results) {
  std::vector<std::vector<ScoreResult>> of_requests;
  auto next = results.begin();
  for (const Request& request : requests) {
    const auto end = next + static_cast<std::ptrdiff_t>(request.continuations.size());
    of_requests.emplace_back(next, end);
    next = end;
  }
  return of_requests;
}

}  // namespace model_detail

QUANTLENS_INLINE std::vector<std::vector<ScoreResult>> FormatModel::score(
    std::span<const ContinuationRequest> requests) {
  std::vector<ScoreRequest> scored;
  for (const ContinuationRequest& request : requests)
    for (ScoreRequest& one : encoder_->score_requests(request)) scored.push_back(std::move(one));
  return model_detail::by_request(requests, engine_.score(scored));
}

QUANTLENS_INLINE std::vector<std::vector<ScoreResult>> FormatModel::score_tokens(
    std::span<const TokenRequest> requests) {
  std::vector<ScoreRequest> scored;
  for (const TokenRequest& request : requests)
    for (const std::vector<TokenId>& continuation : request.continuations) {
      if (continuation.empty()) throw ItemError("continuation", "an empty continuation has no token to score");
      scored.push_back({request.context, continuation});
    }
  return model_detail::by_request(requests, engine_.score(scored));
}

QUANTLENS_INLINE std::vector<Completion> FormatModel::complete(std::span<const CompletionRequest> requests) {
  std::vector<GenerateRequest> generated;
  std::vector<std::string> repeated;
  for (const CompletionRequest& request : requests) {
    ChatEncoder::Opening opening = encoder_->opening(request);
    repeated.push_back(encoder_->tokenizer().decode(opening.repeated, false));
    std::size_t max_new_tokens = request.max_new_tokens + opening.repeated.size();
    if (!request.only_expected) opening.answers.clear();
    for (const std::vector<TokenId>& answer : opening.answers) max_new_tokens = std::max(max_new_tokens, answer.size());
    generated.push_back({std::move(opening.tokens), max_new_tokens, request.sampling, std::move(opening.answers)});
  }
  const std::vector<GenerateResult> results = engine_.generate(generated);
  std::vector<Completion> completions;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const std::span<const TokenId> tokens = results[i].tokens;
    const auto text_of_tokens = [&](std::span<const TokenId> part) {
      std::string text = encoder_->tokenizer().decode(part);
      if (text.starts_with(repeated[i])) text.erase(0, repeated[i].size());
      return text;
    };
    completions.push_back({text_of_tokens(tokens), generated[i].prompt.size(), tokens.size(), results[i].stopped,
                           results[i].seconds_to_first_token, results[i].seconds,
                           text_of_tokens(tokens.first(std::min<std::size_t>(tokens.size(), 1)))});
  }
  return completions;
}

QUANTLENS_INLINE std::vector<ScoreResult> FormatModel::score_text(std::span<const std::string> texts) {
  std::vector<ScoreRequest> scored;
  for (const std::string& text : texts) {
    ScoreRequest request;
    request.continuation = encoder_->encode_plain(text);
    scored.push_back(std::move(request));
  }
  return engine_.score(scored);
}

QUANTLENS_INLINE ModelSession::ModelSession(const std::filesystem::path& path, const EngineOptions& options,
                                            CalibrationOptions calibration)
    : file_(load_model(path)),
      encoder_(std::make_shared<const ChatEncoder>(file_)),
      kernels_(active_kernels()),
      options_(options),
      calibration_options_(std::move(calibration)) {}

QUANTLENS_INLINE const Calibration& ModelSession::calibration() const {
  const std::lock_guard lock(calibration_lock_);
  if (!calibration_) calibration_ = load_calibration(calibration_options_, *encoder_, file_.weights.config.n_ctx);
  return *calibration_;
}

QUANTLENS_INLINE std::vector<std::string> ModelSession::notes() const {
  std::vector<std::string> all = file_.notes();
  for (std::string& note : build_notes(compiled_kernels().back()->isa, has_openmp)) all.push_back(std::move(note));
  return all;
}

QUANTLENS_INLINE Transformer ModelSession::build_transformer(
    const FormatSpec& format, std::function<void(std::size_t n_done, std::size_t n_blocks)> progress) const {
  BuildOptions build;
  build.threads = options_.threads;
  if (format.needs_calibration()) build.calibration = &calibration();
  build.progress = std::move(progress);
  return quantlens::build_transformer(file_.weights, format, kernels_, build);
}

QUANTLENS_INLINE std::shared_ptr<FormatModel> ModelSession::build(const FormatSpec& format) const {
  return std::make_shared<FormatModel>(encoder_, build_transformer(format), !file_.weights.lm_head.has_value(),
                                       options_);
}

}  // namespace quantlens::inline QUANTLENS_ABI
