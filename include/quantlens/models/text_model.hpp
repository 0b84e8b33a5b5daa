/// What protocols talk to: one model in one format, as text in and text or log-probabilities out.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "quantlens/runtime/score_result.hpp"

namespace quantlens::inline v0_1 {

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
};

/// One model in one format. Results come in the requests' order, and do not depend on what else is in the batch.
/// Errors: ItemError for a request that cannot be answered, such as one beyond the model's context; the others can.
/// Abstract, so that tests script it.
class TextModel {
 public:
  virtual ~TextModel() = default;

  /// One result for each continuation of each request.
  virtual std::vector<std::vector<ScoreResult>> score(std::span<const ContinuationRequest> requests) = 0;
  virtual std::vector<Completion> complete(std::span<const CompletionRequest> requests) = 0;
  /// Plain text from BOS, or from the first token where the model has no BOS: the log-probability of each predicted
  /// token.
  virtual std::vector<ScoreResult> score_text(std::span<const std::string> texts) = 0;
};

}  // namespace quantlens::inline v0_1
