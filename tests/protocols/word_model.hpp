/// A TextModel whose tokens are words, and whose log-odds follow a script: what hiding words does to it is known.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/models/text_model.hpp"

namespace quantlens::test {

using namespace quantlens;

/// A token is a run of other characters with the blanks before it; token 0 begins every text and spells nothing.
class WordModel final : public TextModel {
 public:
  /// The log-odds of the token `word` behind a text.
  std::function<double(const std::string& text, const std::string& word)> log_odds = [](const auto&, const auto&) {
    return 0.0;
  };
  std::function<std::string(const Prompt&)> on_complete = [](const auto&) { return std::string(" two words"); };
  std::size_t label = 0;  ///< which of the labels is the likeliest

  std::vector<CompletionRequest> completed;
  std::vector<std::string> contexts;       ///< what was scored by token, in order
  std::vector<std::string> continuations;  ///< and behind each of these
  std::vector<std::size_t> batches;        ///< requests of each call of score_tokens

  [[nodiscard]] bool can(Capability capability) override {
    return capability == Capability::scores || capability == Capability::tokens;
  }

  std::vector<std::vector<ScoreResult>> score(std::span<const ContinuationRequest> requests) override {
    std::vector<std::vector<ScoreResult>> results;
    for (const ContinuationRequest& request : requests) {
      results.emplace_back();
      for (std::size_t i = 0; i < request.continuations.size(); ++i)
        results.back().push_back({i == label ? -0.5 : -2.0, {i == label ? -0.5 : -2.0}, 0});
    }
    return results;
  }

  std::vector<Completion> complete(std::span<const CompletionRequest> requests) override {
    std::vector<Completion> completions;
    for (const CompletionRequest& request : requests) {
      completed.push_back(request);
      completions.push_back({on_complete(request.prompt), 10, 2, true, 0.25, 0.5});
    }
    return completions;
  }

  std::vector<ScoreResult> score_text(std::span<const std::string> texts) override {
    return std::vector<ScoreResult>(texts.size(), ScoreResult{-1, {-1}, 0});
  }

  std::vector<TokenId> encode(const Prompt& prompt) override {
    std::string text;
    for (const ChatMessage& message : prompt.messages) text += message.content + "\n";
    text += prompt.answer_prefix;
    std::vector<TokenId> tokens{0};
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t word = std::min(text.find_first_not_of(" \n", at), text.size());
      const std::size_t end = std::min(text.find_first_of(" \n", word), text.size());
      tokens.push_back(
          ids_.try_emplace(text.substr(at, end - at), static_cast<TokenId>(ids_.size() + 1)).first->second);
      at = end;
    }
    return tokens;
  }

  std::string decode(std::span<const TokenId> tokens) override {
    std::string text;
    for (const TokenId token : tokens)
      for (const auto& [word, id] : ids_)
        if (id == token) text += word;
    return text;
  }

  std::vector<std::vector<ScoreResult>> score_tokens(std::span<const TokenRequest> requests) override {
    batches.push_back(requests.size());
    std::vector<std::vector<ScoreResult>> results;
    for (const TokenRequest& request : requests) {
      results.emplace_back();
      for (const std::vector<TokenId>& continuation : request.continuations) {
        contexts.push_back(decode(request.context));
        continuations.push_back(decode(continuation));
        ScoreResult result;
        for (const TokenId& token : continuation) {
          const double odds = log_odds(contexts.back(), decode({&token, 1}));
          result.token_logprobs.push_back(-std::log1p(std::exp(-odds)));
          result.logprob += result.token_logprobs.back();
        }
        results.back().push_back(std::move(result));
      }
    }
    return results;
  }

 private:
  std::map<std::string, TokenId> ids_;
};

}  // namespace quantlens::test
