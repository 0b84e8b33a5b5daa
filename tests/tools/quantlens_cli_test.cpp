// Runs the built tool: outputs, exit statuses and what goes to which stream.
#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../io/temp_folder.hpp"
#include "quantlens/core/sha256.hpp"
#include "quantlens/version.hpp"
#include "tool_program.hpp"

using namespace quantlens;
using namespace quantlens::test;
using quantlens::test::read_text;
using quantlens::test::TempFolder;
using Json = nlohmann::json;

TEST_CASE("help and version are data and succeed") {
  const Result version = run({"--version"});
  CHECK(version.status == 0);
  CHECK(version.out == "quantlens " QUANTLENS_VERSION "\n");
  CHECK(version.err.empty());
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--help"}, {"inspect", "--help"}, {"generate", "--help"}}) {
    const Result help = run(arguments);
    CHECK(help.status == 0);
    CHECK_THAT(help.out, Catch::Contains("--"));
    CHECK(help.err.empty());
  }
}

TEST_CASE("wrong use and bad input exit with 2, say why on stderr and leave stdout empty") {
  const TempFolder folder;
  const std::string model = data("models/tiny-llama"), gguf = data("weights/llama.gguf");
  const std::string text = folder.write("text", "abc\n").string();
  const std::string broken = folder.write("broken.gguf", "GGUF\x03").string();
  const std::string bad_json = folder.write("bad.json", R"({"messages": [)").string();
  const std::string no_messages = folder.write("none.json", R"({"add_generation_prompt": true})").string();
  const std::string chat = folder.write("chat.json", R"({"messages": [{"role": "user", "content": "x"}]})").string();
  const std::string no_continuation = folder.write("score.jsonl", "{\"context\": \"a\"}\n").string();
  const std::string bad_template = folder.write("bad.jinja", "a\n{{ x | nosuch }}").string();
  const std::string raising = folder.write("raise.jinja", "{{ raise_exception('no such role') }}").string();
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{}, "[quantlens.usage] A subcommand is required"},
      {{"tokenise"}, "unknown command 'tokenise'; did you mean 'tokenize'?"},
      {{"inspect"}, "[quantlens.usage] --model is required"},
      {{"inspect", "--model", model, "--nosuch"},
       "[quantlens.unknown_name] unknown flag '--nosuch'; known: --help --model"},
      {{"inspect", "--modle", model}, "unknown flag '--modle'; did you mean '--model'?"},
      {{"inspect", "--model="}, "[quantlens.usage] --model takes a path; got ''"},
      {{"inspect", "--model", "/nowhere/model.gguf"}, "/nowhere/model.gguf"},
      {{"inspect", "--model", broken}, "[quantlens.gguf] broken.gguf at byte"},
      {{"inspect", "--model", text}, "is text ('abc')"},
      {{"inspect", "--model", folder.path().string()}, "no config.json"},
      {{"tokenize", "--model", model}, "--file"},
      {{"tokenize", "--model", model, "--file", "/nowhere"}, "/nowhere"},
      {{"render-chat", "--file", chat}, "--model or --template"},
      {{"render-chat", "--file", chat, "--template", bad_template},
       "[quantlens.template] line 2: unknown filter 'nosuch'"},
      {{"render-chat", "--file", chat, "--template", raising}, "no such role"},
      {{"render-chat", "--file", bad_json, "--template", raising}, "[quantlens.json]"},
      {{"render-chat", "--file", no_messages, "--template", raising}, "'messages'"},
      {{"render-chat", "--file", chat, "--model", data("models/tiny-llama-bf16") + "/nosuch"}, "nosuch"},
      {{"generate", "--model", model}, "--prompt"},
      {{"generate", "--model", model, "--prompt", "a", "--threads", "0"},
       "[quantlens.usage] --threads takes a whole number from 1 to 4096; got '0'"},
      {{"generate", "--model", model, "--prompt", "a", "--threads", "1", "--threads", "1"}, "--threads: At Most 1"},
      {{"generate", "--model", model, "--prompt"}, "--prompt needs a value"},
      {{"generate", "--model", model, "--prompt", "a", "--chat=1"}, "unknown flag '--chat=1'"},
      {{"generate", "--model", model, "--prompt", "a", "--threads", "-1"}, "--threads"},
      {{"generate", "--model", model, "--prompt", "a", "--max-new-tokens", "-3"}, "--max-new-tokens"},
      {{"generate", "--model", model, "--prompt", "a", "--max-new-tokens", "many"}, "--max-new-tokens"},
      {{"generate", "--model", model, "--prompt", "a", "--temperature", "1", "--top-k", "-1"}, "--top-k"},
      {{"generate", "--model", model, "--prompt", "a", "--temperature", "1", "--seed", "1.5"}, "--seed"},
      {{"generate", "--model", model, "--prompt", "a", "--top-p", "0.5"}, "--temperature"},
      {{"generate", "--model", model, "--prompt", "a", "--temperature", "-1"}, "--temperature"},
      {{"generate", "--model", model, "--prompt", ""}, "a prompt without tokens"},
      {{"generate", "--model", model, "--prompt", "a", "--chat"}, "no chat template"},
      {{"generate", "--model", model, "--prompt", "a", "--format", "rtm-w4"}, "did you mean 'rtn'"},
      {{"generate", "--model", model, "--prompt", "a", "--format", "full-a8"}, "full-a8"},
      {{"generate", "--model", model, "--prompt", std::string(2000, 'a')}, "128"},
      {{"generate", "--model", model, "--prompt", "a", "--chat", "--parse-special"}, "excludes"},
      {{"score", "--model", model, "--file", no_continuation, "--batch", "0"}, "--batch"},
      {{"perplexity", "--model", model, "--file", text}, "less than one window"},
      {{"perplexity", "--model", model, "--file", text, "--context", "1"}, "--context"},
      {{"speed", "--model", model, "--prefill", "129"}, "context is 128"},
      {{"speed", "--model", gguf, "--repeat", "0"}, "--repeat"},
  };
  for (const auto& [arguments, fragment] : cases) {
    std::string line;
    for (const std::string& argument : arguments) line += argument.substr(0, 80) + " ";
    INFO("quantlens " << line);
    const Result result = run(arguments);
    CHECK(result.status == 2);
    CHECK(result.out.empty());
    CHECK_THAT(result.err, Catch::Contains(fragment));
  }
  const Result isa = run({"generate", "--model", model, "--prompt", "a"}, "QUANTLENS_ISA=nosuch");
  CHECK(isa.status == 2);
  CHECK_THAT(isa.err, Catch::Contains("'nosuch'"));
}

TEST_CASE("a reference model is found by its name") {
  const Result result = run({"inspect", "--model", "refworld-unfaithful"});
  REQUIRE(result.status == 0);
  const Json report = Json::parse(result.out);
  CHECK(report["format"] == "huggingface");
  CHECK(std::filesystem::path(report["path"].get<std::string>()).filename() == "refworld-unfaithful");
}

TEST_CASE("inspect shows a GGUF file and a folder") {
  const Result gguf = run({"inspect", "--model", data("weights/llama.gguf")});
  REQUIRE(gguf.status == 0);
  const Json report = Json::parse(gguf.out);
  const std::string bytes = read_text(data("weights/llama.gguf"));
  CHECK(report["format"] == "gguf");
  CHECK(report["sha256"] == sha256_hex(std::as_bytes(std::span(bytes))));
  CHECK(report["architecture"] == "llama");
  CHECK(report["tokenizer"]["bos_text"] == "<|im_start|>");
  CHECK(report["tokenizer"]["vocab_size"] == 272);
  const std::string source = read_text(data("weights/llama/chat_template.jinja"));
  CHECK(report["chat_template"]["sha256"] == sha256_hex(std::as_bytes(std::span(source))));
  CHECK(report["tensors"].size() > 10);
  CHECK(report["bits_per_weight"].get<double>() > 2.0);

  const Result folder = run({"inspect", "--model", data("models/tiny-llama")});
  REQUIRE(folder.status == 0);
  const Json other = Json::parse(folder.out);
  CHECK(other["format"] == "huggingface");
  CHECK(other["config"]["d_model"] == 48);
  CHECK(other["config"]["norm_eps"] == 1e-05);
  CHECK(other["config"]["rope_scaling"]["kind"] == "llama3");
  CHECK(other["chat_template"].is_null());
  CHECK(other["bits_per_weight"] == 32.0);
  for (const Json& tensor : other["tensors"]) CHECK(tensor["type"] == "F32");
}

TEST_CASE("tokenize gives one array a line, and lines end at line feeds only") {
  const TempFolder folder;
  const std::string model = data("models/tiny-llama");
  const std::string text = folder.write("text", "The sky\n\nis\r\nb\u2028\x0b<|bos|>").string();
  CHECK(run({"tokenize", "--model", model, "--file", text}).out ==
        "[51,71,68,220,82,74,88]\n[]\n[72,82,201]\n[65,158,222,101,199,27,91,65,78,82,91,29]\n");
  const Json special = json_lines(run({"tokenize", "--model", model, "--file", text, "--parse-special"}).out).back();
  CHECK(special.back() == 256);
  const std::string lines = folder.write("lines", "\"The sky\"\n\"a\\nb\"\n").string();
  CHECK(run({"tokenize", "--model", model, "--file", lines, "--jsonl"}).out ==
        "[51,71,68,220,82,74,88]\n[64,198,65]\n");
  const Result only_tokenizer = run({"tokenize", "--model", data("tokenizer/gpt-2"), "--file", text});
  CHECK(only_tokenizer.status == 0);
  CHECK(json_lines(only_tokenizer.out).size() == 4);
}

TEST_CASE("a line that cannot be tokenized says why in its place, and the others are there") {
  const TempFolder folder;
  const std::string model = data("models/tiny-llama");
  const Result plain = run({"tokenize", "--model", model, "--file", folder.write("t", "is\ncaf\xe9\nis\n").string()});
  CHECK(plain.status == 1);
  CHECK_THAT(plain.err, Catch::Contains("[quantlens.lines]") && Catch::Contains("1 of 3 lines"));
  REQUIRE(json_lines(plain.out).size() == 3);
  CHECK(json_lines(plain.out)[0] == json_lines(plain.out)[2]);
  CHECK_THAT(json_lines(plain.out)[1]["error"].get<std::string>(), Catch::Contains("not valid UTF-8"));
  const std::string lines = folder.write("l", "is\n\"is\"\n5\n").string();
  const Result strings = run({"tokenize", "--model", model, "--file", lines, "--jsonl"});
  CHECK(strings.status == 1);
  REQUIRE(json_lines(strings.out).size() == 3);
  CHECK_THAT(json_lines(strings.out)[0]["error"].get<std::string>(), Catch::Contains("line 1"));
  CHECK(json_lines(strings.out)[1] == Json{72, 82});
  CHECK_THAT(json_lines(strings.out)[2]["error"].get<std::string>(), Catch::Contains("expected a JSON string"));
}

TEST_CASE("render-chat takes a template file or a model's template and adds no newline") {
  const TempFolder folder;
  const std::string chat =
      folder
          .write("chat.json", R"({"messages": [{"role": "user", "content": "Żółw"}], "add_generation_prompt": true,
                                    "tools": [{"b": 1, "a": 2}]})")
          .string();
  const std::string source =
      folder
          .write("t.jinja",
                 "{{ bos_token }}{% for m in messages %}{{ m.role }}: {{ m.content }}{% endfor %}"
                 "{{ tools[0] | tojson }}{{ strftime_now('%d %b %Y') }}{{ add_generation_prompt }}"
                 "{{ eos_token }}\n")
          .string();
  CHECK(run({"render-chat", "--file", chat, "--template", source, "--bos", "<s>", "--eos", "</s>"}).out ==
        "<s>user: Żółw{\"b\": 1, \"a\": 2}26 Jul 2024True</s>");
  CHECK(run({"render-chat", "--file", chat, "--template", source, "--model", data("weights/llama.gguf")}).out ==
        "<|im_start|>user: Żółw{\"b\": 1, \"a\": 2}26 Jul 2024True<|im_end|>");
  for (const char* model : {"weights/llama.gguf", "weights/llama"})
    CHECK(run({"render-chat", "--file", chat, "--model", data(model)}).out == "Żółw");
  const std::string missing =
      folder.write("m.jinja", "{{ tools is none }}{{ documents is none }}{{ add_generation_prompt }}").string();
  const std::string short_chat = folder.write("short.json", R"({"messages": []})").string();
  CHECK(run({"render-chat", "--file", short_chat, "--template", missing}).out == "TrueTrueFalse");
}

TEST_CASE("render-chat puts a system text that the template refuses in front of the user's and says so") {
  const TempFolder folder;
  const std::string chat =
      folder
          .write("chat.json",
                 R"({"messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]})")
          .string();
  const std::string strict =
      folder
          .write("t.jinja",
                 "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
                 "[{{ m.role }}: {{ m.content }}]{% endfor %}")
          .string();
  const Result rendered = run({"render-chat", "--file", chat, "--template", strict});
  CHECK(rendered.out == "[user: Be kind.\n\nHi]");
  CHECK_THAT(rendered.err, Catch::Contains("note: the chat template refuses a system role"));
}

TEST_CASE("sampling repeats with its seed") {
  const auto sample = [](const std::string& seed) {
    const Result result =
        run({"generate", "--model", data("weights/llama.gguf"), "--prompt", "a", "--chat", "--max-new-tokens", "8",
             "--temperature", "2.5", "--top-k", "100", "--top-p", "0.99", "--seed", seed});
    CHECK(result.status == 0);
    return result.out;
  };
  CHECK(sample("1") == sample("1"));
  CHECK((sample("1") != sample("2") || sample("1") != sample("3")));
}

TEST_CASE("speed reports medians and spreads") {
  const Result result = run({"speed", "--model", data("models/tiny-llama"), "--prefill", "32", "--decode", "8",
                             "--repeat", "2", "--threads", "1"});
  REQUIRE(result.status == 0);
  const Json report = Json::parse(result.out);
  CHECK(report.size() == 4);
  CHECK(report["prefill_tokens_per_s"].get<double>() > 0);
  CHECK(report["decode_tokens_per_s"].get<double>() > 0);
  CHECK(report["prefill_spread"].get<double>() >= 0);
  CHECK(report["decode_spread"].get<double>() >= 0);
}

TEST_CASE("quantize writes a folder whole, and takes up a run that was stopped") {
  const TempFolder folder;
  const std::string out = (folder.path() / "out").string();
  const std::vector<std::string> arguments{
      "quantize", "--model", "refworld-small",          "--format", "gptq-w4-g64",
      "--out",    out,       "--calibration-sequences", "4",        "--calibration-length",
      "64"};
  const Result done = run(arguments);
  CAPTURE(done.err);
  REQUIRE(done.status == 0);
  CHECK(Json::parse(done.out) == Json({{"format", "gptq-w4-g64"}, {"out", out}}));
  CHECK(done.err.empty());
  CHECK_FALSE(std::filesystem::exists(out + ".partial"));
  const std::string weights = read_text(folder.path() / "out/model.safetensors");
  CHECK(run({"inspect", "--model", out}).status == 0);

  const Result again = run(arguments);
  CHECK(again.status == 2);
  CHECK_THAT(again.err, Catch::Contains("exists already"));

  // A run that is killed at its first finished block.
  std::filesystem::remove_all(out);
  std::string command = quoted(tool_path().string());
  for (const std::string& argument : arguments) command += " " + quoted(argument);
  command += " >/dev/null 2>&1 & pid=$!; until [ -e " + quoted(out + ".partial/block-0.json") + " ] || " +
             "! kill -0 $pid 2>/dev/null; do sleep 0.01; done; kill -9 $pid; wait $pid";
  static_cast<void>(std::system(("{ " + command + "; } 2>/dev/null").c_str()));
  if (std::filesystem::exists(out)) {
    WARN("SKIPPED: the run ended before it could be killed");
    return;
  }
  std::vector<std::string> other = arguments;
  other[4] = "gptq-w3-g64";
  const Result refused = run(other);
  CHECK(refused.status == 2);
  CHECK_THAT(refused.err, Catch::Contains("another run"));
  const Result resumed = run(arguments);
  CAPTURE(resumed.err);
  CHECK(resumed.status == 0);
  CHECK_THAT(resumed.err, Catch::Contains("going on behind"));
  CHECK(read_text(folder.path() / "out/model.safetensors") == weights);
}
