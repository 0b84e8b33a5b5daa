/// What protocols talk to: one model in one format, asked by text or by token.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/runtime/hooks.hpp"
#include "quantlens/runtime/sampler.hpp"
#include "quantlens/runtime/score_result.hpp"
#include "quantlens/text/token.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/model_config.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// One turn of a chat; `role` is "system", "user" or "assistant".
struct ChatMessage {
  std::string role;
  std::string content;

  friend bool operator==(const ChatMessage&, const ChatMessage&) = default;
};

/// A chat whose next turn is the assistant's; without messages no chat, but the bare text `answer_prefix`, which the
/// model continues. All of it is plain text: special-token strings in it are not special.
struct Prompt {
  std::vector<ChatMessage> messages;
  std::string answer_prefix;  ///< text that the assistant's answer already starts with; may be empty

  friend bool operator==(const Prompt&, const Prompt&) = default;
};

/// Asks how likely each of `continuations` is as the text that follows the prompt and its answer prefix. All of them
/// are scored from the same place: behind the tokens that the prompt alone and with each of them have in common. So a
/// token that spans the join is scored whole. Errors: ItemError for an empty continuation.
struct ContinuationRequest {
  Prompt prompt;
  std::vector<std::string> continuations;
};

/// Asks for the text that follows the prompt and its answer prefix.
struct CompletionRequest {
  Prompt prompt;
  std::size_t max_new_tokens = 0;
  /// Answers that are looked for: the model then starts where a ContinuationRequest would score them, so that it is
  /// free to choose the token that spans the join. The end of the prompt that it repeats is no part of the completion.
  std::vector<std::string> expected = {};
  Sampling sampling = {};           ///< greedy by default
  bool only_expected = false;       ///< nothing but one of `expected` may be written
  bool wants_first_tokens = false;  ///< whether Completion::first_tokens is of use
};

/// A token's text with its log-probability (natural logarithm).
struct TokenLogprob {
  std::string text;
  double logprob = 0;

  friend bool operator==(const TokenLogprob&, const TokenLogprob&) = default;
};

/// Generated text, without the answer prefix. Units: seconds.
struct Completion {
  std::string text;
  std::size_t n_prompt_tokens = 0;
  std::size_t n_tokens = 0;
  bool stopped = false;  ///< by a stop token, not by the limit
  double seconds_to_first_token = 0;
  double seconds = 0;
  std::string first_token = {};  ///< the text of the first generated token; empty where none was
  /// What the first token could have been: the likeliest ones, where asked for and where a model that cannot score
  /// tells as much.
  std::vector<TokenLogprob> first_tokens = {};
};

/// What a model may be asked for beyond completions. A model behind an interface of somebody else's may have none of
/// it.
enum class Capability {
  scores,    ///< score() and score_text()
  sampling,  ///< CompletionRequest::sampling
  choice,    ///< CompletionRequest::only_expected
  tokens,    ///< encode(), decode(), score_tokens() and next_token_probs()
  hooks      ///< run_with_hooks()
};

[[nodiscard]] constexpr std::string_view capability_name(Capability capability) {
  switch (capability) {
    case Capability::scores:
      return "log-probabilities of given texts";
    case Capability::sampling:
      return "sampled answers";
    case Capability::choice:
      return "answers from a given set";
    case Capability::tokens:
      return "requests by token";
    case Capability::hooks:
      break;
  }
  return "hooks";
}

/// The same as a ContinuationRequest in token ids, which are taken as they are: nothing is rendered, and no token is
/// added.
struct TokenRequest {
  std::vector<TokenId> context;
  std::vector<std::vector<TokenId>> continuations;
};

/// One model in one format. Results come in the requests' order, and do not depend on what else is in the batch.
/// Errors: ItemError for a request that cannot be answered, such as one beyond the model's context; the others can.
/// InputError "capability" for what the model cannot do; who needs it asks can() first.
/// Abstract, so that tests script it.
class TextModel {
 public:
  virtual ~TextModel() = default;

  [[nodiscard]] virtual bool can(Capability capability) = 0;

  /// One result for each continuation of each request.
  virtual std::vector<std::vector<ScoreResult>> score(std::span<const ContinuationRequest> requests) = 0;
  virtual std::vector<Completion> complete(std::span<const CompletionRequest> requests) = 0;
  /// Plain text from BOS, or from the first token where the model has no BOS: the log-probability of each predicted
  /// token.
  virtual std::vector<ScoreResult> score_text(std::span<const std::string> texts) = 0;

  /// The token ids that the model reads of a prompt.
  virtual std::vector<TokenId> encode(const Prompt& /*prompt*/) { throw lacks(Capability::tokens); }
  /// The text of token ids, special tokens left out.
  virtual std::string decode(std::span<const TokenId> /*tokens*/) { throw lacks(Capability::tokens); }
  /// One result for each continuation of each request.
  virtual std::vector<std::vector<ScoreResult>> score_tokens(std::span<const TokenRequest> /*requests*/) {
    throw lacks(Capability::tokens);
  }
  /// Probabilities of every token after each prompt. Shape of each: [vocab_size].
  virtual std::vector<std::vector<float>> next_token_probs(std::span<const std::vector<TokenId>> /*prompts*/) {
    throw lacks(Capability::tokens);
  }

  /// The shape of the model, which Hooks are made from.
  [[nodiscard]] virtual const ModelConfig& config() { throw lacks(Capability::hooks); }
  /// Logits behind tokens [first_logit, n) of one sequence, computed with hooks as Engine::run_with_hooks does. Shape
  /// [n - first_logit, vocab_size].
  virtual std::vector<float> run_with_hooks(std::span<const TokenId> /*tokens*/, const Hooks& /*hooks*/,
                                            std::size_t /*first_logit*/) {
    throw lacks(Capability::hooks);
  }

 protected:
  [[nodiscard]] static InputError lacks(Capability capability) {
    return {"capability", concat("this model does not offer ", capability_name(capability),
                                 "; take a model file, or a protocol that does without")};
  }
};

}  // namespace quantlens::inline QUANTLENS_ABI
