/// Answers that were paid for, found again by their question: in memory, and in a folder where one is given.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "quantlens/core/error.hpp"
#include "quantlens/core/sha256.hpp"
#include "quantlens/io/atomic_file.hpp"
#include "quantlens/io/json.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// One file for each question, named by its SHA-256. Files appear whole or not at all, so that a killed program leaves
/// none that is torn, and several programs may share a folder.
class AnswerCache {
 public:
  AnswerCache() = default;
  /// Errors: InputError "judge" where the folder cannot be made.
  explicit AnswerCache(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::error_code error;
    if (!folder_.empty()) std::filesystem::create_directories(folder_, error);
    if (error) throw InputError("judge", concat("cannot make the folder ", folder_.string(), ": ", error.message()));
  }

  /// Errors: InputError "judge" for a file that holds something else.
  [[nodiscard]] std::optional<nlohmann::json> find(const nlohmann::json& question) {
    const std::string name = name_of(question);
    if (const auto known = answers_.find(name); known != answers_.end()) return known->second;
    const std::filesystem::path file = folder_ / (name + ".json");
    std::error_code error;
    if (folder_.empty() || !std::filesystem::exists(file, error)) return std::nullopt;
    return answers_[name] = read(file, question);
  }

  /// Errors: Error "write".
  void keep(const nlohmann::json& question, nlohmann::json answer) {
    const std::string name = name_of(question);
    if (!folder_.empty()) {
      const nlohmann::json whole{{"schema", schema}, {"question", question}, {"answer", answer}};
      write_file_atomically(folder_ / (name + ".json"), text_of(whole) + "\n");
    }
    answers_[name] = std::move(answer);
  }

 private:
  static constexpr const char* schema = "quantlens-judge-answer/1";

  [[nodiscard]] static std::string text_of(const nlohmann::json& json) {
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  [[nodiscard]] static std::string name_of(const nlohmann::json& question) {
    const std::string text = text_of(question);
    return sha256_hex(std::as_bytes(std::span(text)));
  }

  [[nodiscard]] static nlohmann::json read(const std::filesystem::path& file, const nlohmann::json& question) {
    try {
      nlohmann::json whole = read_json_file(file);
      // By text: what is no UTF-8 in a question is replaced there.
      if (whole.is_object() && whole.value("schema", nlohmann::json()) == schema && whole.contains("answer") &&
          text_of(whole.value("question", nlohmann::json())) == text_of(question))
        return std::move(whole["answer"]);
    } catch (const InputError& error) {
      throw InputError("judge", concat(error.message(), "; remove the file, so that the judge is asked again"));
    }
    throw InputError("judge", concat(file.string(), " holds no answer to its question; remove it"));
  }

  std::filesystem::path folder_;  ///< empty: in memory alone
  std::map<std::string, nlohmann::json> answers_;
};

}  // namespace quantlens::inline QUANTLENS_ABI
