/// A model file that speaks text, in any of its formats: what protocols and programs are built on.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "quantlens/kernels/dispatch.hpp"
#include "quantlens/runtime/engine.hpp"
#include "quantlens/runtime/quantize_model.hpp"
#include "quantlens/text/chat_template.hpp"
#include "quantlens/text/tokenizer.hpp"
#include "quantlens/weights/load.hpp"

namespace quantlens::inline v0_1 {

/// Turns chats into token ids as one file's template and tokenizer do.
class ChatEncoder {
 public:
  explicit ChatEncoder(const ModelFile& file)
      : tokenizer_(file.tokenizer), bos_text_(file.bos_text), eos_text_(file.eos_text) {
    if (!file.chat_template.empty()) template_.emplace(file.chat_template);
  }

  [[nodiscard]] const Tokenizer& tokenizer() const noexcept { return tokenizer_; }

  /// A chat as one text, ready for encode(): contents guarded, the template's special tokens not. A model without a
  /// template gets the contents with blank lines between and after them.
  [[nodiscard]] std::string text_of(const Prompt& prompt) const {
    std::string text;
    if (template_) {
      nlohmann::ordered_json messages = nlohmann::ordered_json::array();
      for (const ChatMessage& message : prompt.messages)
        messages.push_back({{"role", message.role}, {"content", tokenizer_.guard_content(message.content)}});
      text = template_->render({{"messages", std::move(messages)},
                                {"add_generation_prompt", true},
                                {"tools", nullptr},
                                {"documents", nullptr},
                                {"bos_token", bos_text_},
                                {"eos_token", eos_text_}});
    } else {
      for (const ChatMessage& message : prompt.messages) text += tokenizer_.guard_content(message.content) + "\n\n";
    }
    return text + tokenizer_.guard_content(prompt.answer_prefix);
  }

  /// Token ids of what the model is asked.
  [[nodiscard]] std::vector<TokenId> encode(const Prompt& prompt) const {
    return prompt.messages.empty() ? encode_plain(prompt.answer_prefix) : encode(text_of(prompt));
  }

  /// Token ids of text_of()'s text. Templates write the beginning-of-text token themselves; without a template the
  /// model's own rule adds it.
  [[nodiscard]] std::vector<TokenId> encode(std::string_view text) const {
    std::vector<TokenId> ids = tokenizer_.encode(text, {.parse_special = true});
    if (!template_) add_bos(ids);
    return ids;
  }

  /// Plain text, with BOS where the model's own rules add it, never EOS. Special-token strings in it are plain text,
  /// too.
  [[nodiscard]] std::vector<TokenId> encode_plain(std::string_view text) const {
    std::vector<TokenId> ids = tokenizer_.encode(text);
    add_bos(ids);
    return ids;
  }

  /// Context and continuation as one string, tokenized and split; trailing blanks of the context go with the
  /// continuation.
  [[nodiscard]] ScoreRequest score_request(const ContinuationRequest& request) const {
    if (request.prompt.messages.empty())
      return split_request(request.prompt.answer_prefix, request.continuation,
                           [this](std::string_view text) { return encode_plain(text); });
    return split_request(text_of(request.prompt), tokenizer_.guard_content(request.continuation),
                         [this](std::string_view text) { return encode(text); });
  }

  /// `encode(text)` gives token ids. Shapes: the two parts together are encode(context + continuation).
  template <class Encode>
  [[nodiscard]] static ScoreRequest split_request(std::string context, std::string continuation, Encode&& encode) {
    const std::size_t end = context.find_last_not_of(" \t\r\n");
    const std::size_t kept = end == std::string::npos ? 0 : end + 1;
    continuation.insert(0, context, kept);
    context.resize(kept);
    const std::vector<TokenId> whole = encode(context + continuation);
    const std::size_t n_context = std::min(encode(context).size(), whole.size());
    const auto split = whole.begin() + static_cast<std::ptrdiff_t>(n_context);
    return {{whole.begin(), split}, {split, whole.end()}};
  }

 private:
  void add_bos(std::vector<TokenId>& ids) const {
    if (tokenizer_.adds_bos()) ids.insert(ids.begin(), *tokenizer_.bos());
  }

  Tokenizer tokenizer_;
  std::optional<ChatTemplate> template_;
  std::string bos_text_, eos_text_;
};

/// One file in one format.
class FormatModel final : public TextModel {
 public:
  FormatModel(const ModelFile& file, std::shared_ptr<const ChatEncoder> encoder, const FormatSpec& format,
              const KernelTable& kernels, const EngineOptions& options)
      : encoder_(std::move(encoder)),
        transformer_(build_transformer(file.weights, format, kernels, options.threads)),
        weight_(weigh(transformer_, !file.weights.lm_head.has_value())),
        engine_(transformer_, options) {}

  std::vector<ScoreResult> score(std::span<const ContinuationRequest> requests) override {
    std::vector<ScoreRequest> scored;
    for (const ContinuationRequest& request : requests) scored.push_back(encoder_->score_request(request));
    return engine_.score(scored);
  }

  std::vector<Completion> complete(std::span<const CompletionRequest> requests) override {
    std::vector<GenerateRequest> generated;
    for (const CompletionRequest& request : requests)
      generated.push_back({encoder_->encode(request.prompt), request.max_new_tokens, {}});
    const std::vector<GenerateResult> results = engine_.generate(generated);
    std::vector<Completion> completions;
    for (std::size_t i = 0; i < results.size(); ++i) {
      const std::span<const TokenId> tokens = results[i].tokens;
      const auto text_of_tokens = [&](std::span<const TokenId> part) { return encoder_->tokenizer().decode(part); };
      completions.push_back({text_of_tokens(tokens), generated[i].prompt.size(), tokens.size(), results[i].stopped,
                             results[i].seconds_to_first_token, results[i].seconds,
                             text_of_tokens(tokens.first(std::min<std::size_t>(tokens.size(), 1)))});
    }
    return completions;
  }

  std::vector<ScoreResult> score_text(std::span<const std::string> texts) override {
    std::vector<ScoreRequest> scored;
    for (const std::string& text : texts) {
      ScoreRequest request;
      request.continuation = encoder_->encode_plain(text);
      scored.push_back(std::move(request));
    }
    return engine_.score(scored);
  }

  /// Forgets every shared prefix, so that what follows is timed as if nothing had been asked before.
  void forget_prompts() { engine_.forget_prompts(); }

  [[nodiscard]] const EngineCounters& counters() const noexcept { return engine_.counters(); }
  [[nodiscard]] const ModelWeight& weight() const noexcept { return weight_; }

 private:
  std::shared_ptr<const ChatEncoder> encoder_;
  Transformer transformer_;
  ModelWeight weight_;
  Engine engine_;
};

/// One loaded file.
class ModelSession {
 public:
  /// Errors: those of load_model, of the chat template and of QUANTLENS_ISA.
  ModelSession(const std::filesystem::path& path, const EngineOptions& options)
      : file_(load_model(path)),
        encoder_(std::make_shared<const ChatEncoder>(file_)),
        kernels_(active_kernels()),
        options_(options) {}

  [[nodiscard]] const ModelFile& file() const noexcept { return file_; }
  [[nodiscard]] const ChatEncoder& encoder() const noexcept { return *encoder_; }
  [[nodiscard]] const KernelTable& kernels() const noexcept { return kernels_; }
  [[nodiscard]] const EngineOptions& options() const noexcept { return options_; }

  [[nodiscard]] std::shared_ptr<FormatModel> build(const FormatSpec& format) const {
    return std::make_shared<FormatModel>(file_, encoder_, format, kernels_, options_);
  }

 private:
  ModelFile file_;
  std::shared_ptr<const ChatEncoder> encoder_;
  const KernelTable& kernels_;
  EngineOptions options_;
};

}  // namespace quantlens::inline v0_1
