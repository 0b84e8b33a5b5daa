/// quantlens generate, score, perplexity and speed: what needs the transformer.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/io/json.hpp"
#include "quantlens/io/jsonl.hpp"
#include "quantlens/io/mapped_file.hpp"
#include "quantlens/models/model_session.hpp"
#include "quantlens/models/probe_text.hpp"
#include "quantlens/runtime/engine.hpp"
#include "quantlens_command.hpp"

namespace quantlens::tool {

struct GenerateCommand {
  EngineCommandOptions engine;
  std::string prompt;
  std::size_t max_new_tokens = 64;
  bool chat = false;
  SpecialOption special;
  Sampling sampling;

  void add_to(CLI::App& command) {
    engine.add_to(command);
    command.add_option("--prompt", prompt, "Plain text")->required();
    add_count_option(command, "--max-new-tokens", "The completion's limit", max_new_tokens, {0});
    CLI::Option* as_chat = command.add_flag("--chat", chat, "The prompt is what the user says to the assistant");
    special.add_to(command)->excludes(as_chat);
    CLI::Option* temperature =
        add_real_option(command, "--temperature", "Of the sampling; 0 is greedy", sampling.temperature, {0, 1e6});
    add_count_option(command, "--top-k", "Sample from the K most likely tokens; 0: from all", sampling.top_k, {0})
        ->needs(temperature);
    add_real_option(command, "--top-p", "Sample from the most likely tokens that make up P", sampling.top_p, {0, 1})
        ->needs(temperature);
    add_count_option(command, "--seed", "Of the sampling", sampling.seed, {0})->needs(temperature);
  }

  void run(std::ostream& out) {
    const LoadedModel model(engine);
    const ModelSession& session = model.session();
    special.warn(session.encoder().tokenizer(), prompt);
    if (chat && session.file().chat_template.empty() && session.file().chat.refusal.empty())
      throw InputError("chat", concat(engine.model.path, " has no chat template"));
    const std::vector<TokenId> tokens =
        chat ? session.encoder().encode(session.encoder().text_of({{{"user", prompt}}, ""}))
             : session.encoder().encode_plain(prompt, special.parse);
    const GenerateRequest request{tokens, max_new_tokens, sampling};
    const auto results = Engine(model.transformer(), engine.engine).generate({&request, 1});
    out << shown(session.encoder().tokenizer().decode(results.front().tokens));
    if (isatty(STDOUT_FILENO) == 1) out << '\n';
  }
};

struct ScoreCommand {
  EngineCommandOptions engine;
  SpecialOption special;
  std::string file;

  void add_to(CLI::App& command) {
    engine.add_to(command);
    engine.add_batching_to(command);
    special.add_to(command);
    command.add_option("--file", file, "JSON lines {\"context\": text, \"continuation\": text}")->required();
  }

  /// One line for each that is not blank. Errors: Error "lines" at the end where some failed.
  void run(std::ostream& out) {
    const MappedFile lines = MappedFile::open(file);
    const LoadedModel model(engine);
    Engine scorer(model.transformer(), engine.engine);
    std::vector<ScoreRequest> requests;
    std::vector<std::string> errors;  // of every line; empty: to be scored
    for_each_line(lines.text(), [&](std::string_view line, std::size_t number) {
      if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
      try {
        ScoreRequest request = read_request(line, number, model.session().encoder());
        scorer.check(request);
        requests.push_back(std::move(request));
        errors.emplace_back();
      } catch (const InputError& error) {
        errors.emplace_back(error.what());
      }
    });
    const std::vector<ScoreResult> results = scorer.score(requests);
    auto next = results.begin();
    for (const std::string& error : errors) {
      nlohmann::ordered_json line{{"error", error}};
      if (error.empty()) {
        line = {{"logprob", next->logprob}, {"n_tokens", next->token_logprobs.size()}, {"greedy", next->greedy()}};
        ++next;
      }
      out << line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
    }
    if (const std::size_t n_failed = errors.size() - results.size(); n_failed > 0)
      throw Error("lines", concat(n_failed, " of ", errors.size(), " lines of ", file, " failed; the output says why"));
  }

 private:
  [[nodiscard]] ScoreRequest read_request(std::string_view line, std::size_t number, const ChatEncoder& encoder) {
    const std::string where = concat(file, " line ", number);
    const nlohmann::json value = parse_json_strict(line, where);
    const auto text = [&](const char* key) {
      if (!value.is_object() || !value.contains(key) || !value[key].is_string())
        throw InputError("lines", concat(where, ": expected an object with the text '", key, "'"));
      return value[key].get<std::string>();
    };
    const std::string context = text("context"), continuation = text("continuation");
    special.warn(encoder.tokenizer(), context + continuation);
    return encoder.score_requests({{{}, context}, {continuation}}, special.parse).front();
  }
};

struct PerplexityCommand {
  EngineCommandOptions engine;
  std::string file;
  std::size_t context = 512;

  void add_to(CLI::App& command) {
    engine.add_to(command);
    engine.add_batching_to(command);
    command
        .add_option("--file", file,
                    "Plain text, taken as one; or JSON lines of texts, or of chats, whose answers count")
        ->required();
    add_count_option(command, "--context", "Tokens of a window; the first of each is not predicted", context,
                     {2, size_range.most});
  }

  void run(std::ostream& out) const {
    const LoadedModel model(engine);
    const std::vector<ScoreRequest> sequences =
        probe_sequences(file, model.session().encoder(), context, std::numeric_limits<std::size_t>::max());
    double logprob = 0;
    std::size_t n_predicted = 0;
    for (const ScoreResult& result : Engine(model.transformer(), engine.engine).score(sequences)) {
      logprob += result.logprob;
      n_predicted += result.token_logprobs.size();
    }
    if (n_predicted == 0) throw InputError("text", concat(file, " leaves no token to predict"));
    out << nlohmann::ordered_json{{"perplexity", std::exp(-logprob / static_cast<double>(n_predicted))},
                                  {"n_tokens", n_predicted},
                                  {"windows", sequences.size()}}
               .dump()
        << '\n';
  }
};

struct SpeedCommand {
  EngineCommandOptions engine;
  std::size_t prefill = 512, decode = 128, repeat = 5;

  void add_to(CLI::App& command) {
    engine.add_to(command);
    add_chunk_option(command, engine.engine.chunk);
    add_count_option(command, "--prefill", "Tokens of the prompt", prefill, size_range);
    add_count_option(command, "--decode", "Tokens generated one by one after a prompt of one", decode, size_range);
    add_count_option(command, "--repeat", "Measurements, of which the median counts", repeat, size_range);
  }

  void run(std::ostream& out) const {
    LoadedModel model(engine);
    // Whatever the model says, all tokens are generated.
    model.transformer().config.stop_tokens.clear();
    const ModelConfig& config = model.transformer().config;
    if (prefill >= config.n_ctx || decode >= config.n_ctx)
      throw InputError("n_ctx", concat("the model's context is ", config.n_ctx, " tokens"));
    EngineOptions options = engine.engine;
    options.shared_prefix = false;
    Engine runner(model.transformer(), options);

    const std::vector<TokenId> prompt = some_tokens(prefill, config.vocab_size);
    const GenerateRequest prefill_only{prompt, 1, {}}, decode_only{{prompt.front()}, decode + 1, {}};
    const auto run_once = [&](const GenerateRequest& request) {
      const EngineCounters before = runner.counters();
      static_cast<void>(runner.generate({&request, 1}));
      const EngineCounters& after = runner.counters();
      return std::pair(static_cast<double>(after.prompt_tokens - before.prompt_tokens) /
                           (after.prompt_seconds - before.prompt_seconds),
                       static_cast<double>(after.generated_tokens - before.generated_tokens) /
                           (after.generate_seconds - before.generate_seconds));
    };
    std::vector<double> prefill_speeds, decode_speeds;
    run_once(prefill_only);
    run_once(decode_only);
    for (std::size_t i = 0; i < repeat; ++i) {
      prefill_speeds.push_back(run_once(prefill_only).first);
      decode_speeds.push_back(run_once(decode_only).second);
    }
    const auto [prefill_median, prefill_spread] = median_and_spread(prefill_speeds);
    const auto [decode_median, decode_spread] = median_and_spread(decode_speeds);
    out << nlohmann::ordered_json{{"prefill_tokens_per_s", prefill_median},
                                  {"decode_tokens_per_s", decode_median},
                                  {"prefill_spread", prefill_spread},
                                  {"decode_spread", decode_spread}}
               .dump()
        << '\n';
  }

 private:
  /// Ids all over the vocabulary, always the same.
  [[nodiscard]] static std::vector<TokenId> some_tokens(std::size_t n, std::size_t vocab_size) {
    constexpr std::size_t stride = 7919;
    std::vector<TokenId> tokens;
    for (std::size_t i = 0; i < n; ++i) tokens.push_back(static_cast<TokenId>(i * stride % vocab_size));
    return tokens;
  }

  /// The median, and (largest - smallest) / median.
  [[nodiscard]] static std::pair<double, double> median_and_spread(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t n = values.size();
    const double median = (values[(n - 1) / 2] + values[n / 2]) / 2;
    return {median, (values.back() - values.front()) / median};
  }
};

}  // namespace quantlens::tool
