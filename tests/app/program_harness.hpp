/// Runs quantlens_bench over a scripted model in a process of its own.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../bench/scripted_provider.hpp"
#include "../io/temp_folder.hpp"
#include "quantlens/app/bench_program.hpp"

namespace quantlens::test {

using Json = nlohmann::ordered_json;

/// Wraps the scripted model so that each call takes a while.
class SlowModel final : public MeasuredModel {
 public:
  explicit SlowModel(std::shared_ptr<MeasuredModel> model) : model_(std::move(model)) {}
  [[nodiscard]] bool can(Capability capability) override { return model_->can(capability); }
  [[nodiscard]] EngineCounters counters() const override { return model_->counters(); }
  [[nodiscard]] ModelWeight weight() const override { return model_->weight(); }
  void forget_prompts() override { model_->forget_prompts(); }
  void use_threads(std::size_t threads) override { model_->use_threads(threads); }
  std::vector<std::vector<ScoreResult>> score(std::span<const ContinuationRequest> requests) override {
    return model_->score(requests);
  }
  std::vector<Completion> complete(std::span<const CompletionRequest> requests) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(4));
    return model_->complete(requests);
  }
  std::vector<ScoreResult> score_text(std::span<const std::string> texts) override { return model_->score_text(texts); }

 private:
  std::shared_ptr<MeasuredModel> model_;
};

struct SharedProvider final : ModelProvider {
  SharedProvider(ScriptedProvider& provider, const std::filesystem::path& path, bool slow)
      : provider_(provider), own_name_(path.stem().string()), slow_(slow) {}
  [[nodiscard]] std::string name() const override { return provider_.name(); }
  [[nodiscard]] std::string own_name() const override { return own_name_; }
  [[nodiscard]] std::string sha256() const override {
    return own_name_ == "other" ? std::string(64, 'b') : provider_.sha256();
  }
  [[nodiscard]] bool source_quantized() const override { return provider_.source_quantized(); }
  [[nodiscard]] std::string source_types() const override { return provider_.source_types(); }
  [[nodiscard]] std::size_t n_ctx() const override { return provider_.n_ctx(); }
  [[nodiscard]] std::string text_of(const Prompt& prompt) const override {
    const std::string text = provider_.text_of(prompt);
    return own_name_ == "other" ? text.substr(provider_.chat_mark.size()) : text;
  }
  [[nodiscard]] std::size_t n_tokens(const Prompt& prompt) const override { return provider_.n_tokens(prompt); }
  [[nodiscard]] std::string isa() const override { return provider_.isa(); }
  [[nodiscard]] nlohmann::json scheme(const FormatSpec& format) const override { return provider_.scheme(format); }
  [[nodiscard]] std::shared_ptr<MeasuredModel> build(const FormatSpec& format) override {
    std::shared_ptr<MeasuredModel> model = provider_.build(format);
    return slow_ ? std::make_shared<SlowModel>(model) : model;
  }
  ScriptedProvider& provider_;
  std::string own_name_;
  bool slow_;
};

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

struct Result {
  int status = 0;
  std::string out, err;
};

/// Runs the program in a process of its own: Google Benchmark's flags are global, and some runs are killed.
struct Program {
  TempFolder folder;
  ScriptedProvider provider;
  bool slow = false;
  rlim_t file_limit = RLIM_INFINITY;

  explicit Program(std::size_t n_items = 12) { write_tiny_task(folder.path() / "tasks", n_items); }
  [[nodiscard]] std::filesystem::path out() const { return folder.path() / "out"; }
  [[nodiscard]] std::string tasks() const { return (folder.path() / "tasks").string(); }
  [[nodiscard]] Json results() const { return Json::parse(read_text(out() / "results.json")); }

  pid_t start(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--out", out().string()});
    const pid_t child = ::fork();
    if (child != 0) return child;
    for (const auto& [name, fd] : std::map<std::string, int>{{"stdout", 1}, {"stderr", 2}})
      ::dup2(::open((folder.path() / name).c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644), fd);
    if (file_limit != RLIM_INFINITY) {
      const rlimit limit{file_limit, file_limit};
      ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    const OpenModel open = [&](const std::filesystem::path& path, const BenchOptions&) {
      if (path == "missing.gguf") throw InputError("file", "no such file: missing.gguf");
      if (path.filename() == "other.gguf") provider.noise["full"] = 0.5;
      return std::make_unique<SharedProvider>(provider, path, slow);
    };
    const int status = run_bench_program(arguments, open, std::cout, std::cerr, provider.time.host(), tasks());
    std::cout.flush();
    ::_exit(status);
  }
  Result wait(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), read_text(folder.path() / "stdout"),
            read_text(folder.path() / "stderr")};
  }
  Result run(std::vector<std::string> arguments) { return wait(start(std::move(arguments))); }
};

inline const std::vector<std::string> three_formats{"--model", "m.gguf",   "--formats", "full,rtn-w8,rtn-w2-g64",
                                                    "--tasks", "tiny/nle", "--batch",   "2"};

inline std::vector<std::string> with(std::vector<std::string> arguments, const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

/// What must not depend on when and how often a run was interrupted.
inline Json scores_of(const Json& results) {
  Json scores = Json::array();
  for (const Json& row : results["rows"]) scores.push_back({row["format"], row["task"], row["n"], row["metrics"]});
  return scores;
}

}  // namespace quantlens::test
