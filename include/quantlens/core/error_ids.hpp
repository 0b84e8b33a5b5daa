/// The kinds of failures that errors name: one id for one kind. docs/errors.md says what to do about each.
#pragma once

#include <array>
#include <ostream>
#include <string_view>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Every id there is.
inline constexpr std::array error_ids =
    std::to_array<std::string_view>({"activation",   "answers",      "block_size",
                                     "busy",         "calibration",  "capability",
                                     "chat",         "checkpoint",   "config",
                                     "continuation", "csv",          "embedding",
                                     "engine",       "file",         "file_kind",
                                     "filter",       "format",       "gguf",
                                     "gguf_key",     "gguf_split",   "group_size",
                                     "hf_folder",    "hook",         "insertion",
                                     "isa",          "item_record",  "journal",
                                     "json",         "judge",        "lines",
                                     "locked",       "metrics",      "missing_tensor",
                                     "model",        "n_ctx",        "not_finite",
                                     "protocol",     "regex",        "resume",
                                     "safetensors",  "shape",        "stats",
                                     "task",         "task_data",    "task_row",
                                     "template",     "tensor_type",  "text",
                                     "tokenizer",    "toml",         "unexpected_tensor",
                                     "unicode",      "unknown_name", "usage",
                                     "utf8",         "weights",      "write"});

/// One of `error_ids`; another does not compile.
class ErrorId {
 public:
  consteval ErrorId(const char* name) : name_(name) {
    for (const std::string_view known : error_ids)
      if (known == name_) return;
    throw "unknown error id: give it a line in core/error_ids.hpp and a row in docs/errors.md";
  }

  [[nodiscard]] constexpr std::string_view name() const noexcept { return name_; }
  friend constexpr bool operator==(ErrorId id, std::string_view name) noexcept { return id.name_ == name; }
  friend std::ostream& operator<<(std::ostream& out, ErrorId id) { return out << id.name_; }

 private:
  std::string_view name_;
};

}  // namespace quantlens::inline QUANTLENS_ABI
