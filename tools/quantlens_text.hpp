/// quantlens tokenize and render-chat: text without a transformer.
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/checkpoints/load.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/io/file_kind.hpp"
#include "quantlens/io/gguf.hpp"
#include "quantlens/io/hf_folder.hpp"
#include "quantlens/io/json.hpp"
#include "quantlens/io/jsonl.hpp"
#include "quantlens/io/mapped_file.hpp"
#include "quantlens/jinja/chat_rules.hpp"
#include "quantlens/jinja/chat_template.hpp"
#include "quantlens/text/tokenizer.hpp"
#include "quantlens/text/tokenizer_data.hpp"
#include "quantlens/text/tokenizer_json.hpp"
#include "quantlens_command.hpp"

namespace quantlens::tool {

/// The tokenizer of a model, which need not have weights. Prints what was read otherwise than the files say.
[[nodiscard]] inline Tokenizer load_tokenizer(const std::filesystem::path& path) {
  TokenizerData data;
  if (!std::filesystem::is_directory(path)) {
    data = tokenizer_data_from_gguf(GgufFile::open(path));
  } else {
    const nlohmann::json tokenizer = read_folder_json(path, "tokenizer.json");
    if (tokenizer.is_null()) refuse_tokenizer(path);
    data = tokenizer_data_from_json(tokenizer, read_folder_json(path, "tokenizer_config.json"),
                                    model_type_of(read_folder_json(path, "config.json")));
  }
  print_notes(data.notes);
  return Tokenizer(std::move(data));
}

struct TokenizeCommand {
  ModelOption model;
  std::string file;
  bool jsonl = false;
  EncodeOptions encode;

  void add_to(CLI::App& command) {
    model.add_to(command);
    command.add_option("--file", file, "Text; lines end at \\n only")->required();
    command.add_flag("--jsonl", jsonl, "Each line is a JSON string");
    command.add_flag("--add-special", encode.add_special, "Add BOS and EOS where the model's own rules do");
    command.add_flag("--parse-special", encode.parse_special, "Special-token strings become tokens");
  }

  /// One line for each line of the file; one that cannot be tokenized says why. Errors: Error where there were such.
  void run(std::ostream& out) const {
    const Tokenizer tokenizer = load_tokenizer(model.path);
    const MappedFile text = open_as(FileKind::text, file);
    std::size_t n = 0, n_failed = 0;
    for_each_line(text.text(), [&](std::string_view line, std::size_t number) {
      ++n;
      nlohmann::json result;
      try {
        result = jsonl ? tokenizer.encode(json_string(line, number), encode) : tokenizer.encode(line, encode);
      } catch (const InputError& error) {
        ++n_failed;
        result = {{"error", error.what()}};
      }
      out << result.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
      if (!out) throw Error("write", "cannot write to standard output");
    });
    if (n_failed > 0) throw Error("lines", concat(file, ": ", n_failed, " of ", n, " lines could not be tokenized"));
  }

 private:
  [[nodiscard]] std::string json_string(std::string_view line, std::size_t number) const {
    const std::string where = concat(file, " line ", number);
    const nlohmann::json value = parse_json_strict(line, where);
    if (!value.is_string()) throw InputError("json", where + ": expected a JSON string");
    return value.get<std::string>();
  }
};

struct RenderChatCommand {
  ModelOption model;
  std::string file, template_file;
  std::optional<std::string> bos, eos;

  void add_to(CLI::App& command) {
    model.add_to(command, false);
    command.add_option("--file", file, "One JSON object: messages, add_generation_prompt, ...")->required();
    command.add_option("--template", template_file, "A Jinja file to use instead of the model's template");
    command.add_option("--bos", bos, "bos_token");
    command.add_option("--eos", eos, "eos_token");
  }

  void run(std::ostream& out) const {
    auto context = parse_json_strict<nlohmann::ordered_json>(open_as(FileKind::json, file).text(), file);
    const auto refuse = [&](std::string_view why) { throw InputError("chat", concat(file, ": ", why)); };
    if (!context.is_object()) refuse("expected one JSON object");
    if (!context.contains("messages") || !context["messages"].is_array()) refuse("'messages' should be an array");
    for (const auto& message : context["messages"])
      if (!message.is_object()) refuse("each message should be an object with role and content");
    const Source source = read_source();
    set_token(context, "bos_token", bos, source.bos);
    set_token(context, "eos_token", eos, source.eos);
    auto complete = chat_context(context["messages"], false, "", "");
    complete.update(context);
    const auto text = [&](const char* key) {
      return complete[key].is_string() ? complete[key].get<std::string>() : std::string();
    };
    const ChatRules rules = chat_rules(source.chat_template, text("bos_token"), text("eos_token"));
    if (rules.system_in_user) put_system_in_user(complete["messages"]);
    if (complete["messages"] != context["messages"]) print_notes(std::vector<std::string>{note_on(rules)});
    out << shown(ChatTemplate(source.chat_template).render(complete));
  }

 private:
  struct Source {
    std::string chat_template, bos, eos;
  };

  /// The option's text, else what the context says itself, else the model's.
  static void set_token(nlohmann::ordered_json& context, const char* key, const std::optional<std::string>& option,
                        const std::string& of_model) {
    if (option)
      context[key] = *option;
    else if (!context.contains(key))
      context[key] = of_model;
  }

  /// The model's own. Errors: InputError where there is none.
  [[nodiscard]] std::string read_template() const {
    std::string chat_template, problem;
    if (std::filesystem::is_directory(model.path)) {
      const HfFolder folder = HfFolder::open(model.path);
      chat_template = folder.chat_template();
      problem = folder.chat_template_problem();
    } else {
      chat_template = GgufFile::open(model.path).string_or("tokenizer.chat_template", "");
    }
    if (chat_template.empty())
      throw InputError("chat", concat(model.path, problem.empty() ? " has no chat template" : ": " + problem,
                                      "; give one with --template"));
    return chat_template;
  }

  [[nodiscard]] Source read_source() const {
    Source source;
    if (!model.path.empty()) {
      const Tokenizer tokenizer = load_tokenizer(model.path);
      if (tokenizer.bos()) source.bos = tokenizer.token_text(*tokenizer.bos());
      if (tokenizer.eos()) source.eos = tokenizer.token_text(*tokenizer.eos());
      if (template_file.empty()) source.chat_template = read_template();
    } else if (template_file.empty()) {
      throw InputError("usage", "render-chat needs --model or --template");
    }
    if (!template_file.empty()) source.chat_template = open_as(FileKind::text, template_file).text();
    return source;
  }
};

}  // namespace quantlens::tool
