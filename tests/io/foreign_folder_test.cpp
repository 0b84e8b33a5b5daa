#include "quantlens/io/foreign_folder.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "gguf_builder.hpp"
#include "quantlens/io/hf_folder.hpp"
#include "refusal.hpp"
#include "temp_folder.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

struct Case {
  std::vector<std::string> files;
  std::string fragment;
};

}  // namespace

TEST_CASE("a folder that is no model is refused by what it is and what to do") {
  const std::vector<Case> cases{
      {{}, "no config.json; the folder is empty"},
      {{"notes.txt"}, "no config.json; a model is a folder with config.json, tokenizer.json and model.safetensors"},
      {{"adapter_config.json", "adapter_model.safetensors", "tokenizer.json"},
       "no config.json; it is a LoRA or other PEFT adapter (adapter_config.json): merge it into its base model first"},
      {{"adapter_config.json", "adapter_model.bin", "config.json"},
       "holds an adapter (adapter_config.json) beside config.json; merge it"},
      {{"adapter_config.json", "config.json", "adapter.bin"}, "nor model.safetensors.index.json; it is a LoRA"},
      {{"a.gguf", "README.md"}, "no config.json; it holds GGUF files: name it as the model, not the folder: 'a.gguf'"},
      {{"config.json", "a-q4.gguf", "a-q8.gguf"},
       "name one of them as the model, not the folder: 'a-q4.gguf' and 'a-q8"},
      {{"config.json", "pytorch_model.bin", "training_args.bin"},
       "nor model.safetensors.index.json; it holds 'pytorch_model.bin' and 'training_args.bin' in PyTorch's format"},
      {{"consolidated.00.pth", "params.json"}, "no config.json; it holds 'consolidated.00.pth' in PyTorch's format"},
      {{"config.json", "tf_model.h5"}, "it holds 'tf_model.h5', a format that is not read"},
      {{"checkpoint-10/config.json", "checkpoint-20/config.json", "checkpoint-30/other.json"},
       "name the folder below it that holds the model: 'checkpoint-10' and 'checkpoint-20'"},
      {{"blobs/x", "refs/main", "snapshots/abc/config.json"}, "that holds the model: 'snapshots/abc'"},
      {{"a.gguf", "b.gguf", "c.gguf", "d.gguf", "e.gguf", "f.gguf", "g.gguf", "h.gguf"}, "'f.gguf' and 2 more"},
      {{".model.safetensors.1.tmp"}, "no config.json, but '.model.safetensors.1.tmp', a file that was never finished"},
  };
  for (const Case& c : cases) {
    const TempFolder folder;
    for (const std::string& file : c.files) {
      std::filesystem::create_directories((folder.path() / file).parent_path());
      folder.write(file, "{}");
    }
    check_refused(c.fragment, "hf_folder", c.fragment, [&] { static_cast<void>(HfFolder::open(folder.path())); });
  }
}

TEST_CASE("an adapter's base model is named where the adapter names it") {
  const TempFolder folder;
  folder.write("adapter_config.json", R"({"peft_type":"LORA","base_model_name_or_path":"org/base"})");
  CHECK_THAT(describe_foreign_folder(folder.path()), Catch::Contains("adapter of 'org/base' (adapter_config.json)"));
  folder.write("adapter_config.json", R"({"base_model_name_or_path":7})");
  CHECK_THAT(describe_foreign_folder(folder.path()), Catch::Contains("adapter (adapter_config.json)"));
}

TEST_CASE("a whole model beside an adapter's configuration alone is read") {
  const TempFolder folder;
  folder.write("config.json", "{}");
  folder.write("adapter_config.json", "{}");
  folder.write("model.safetensors", safetensors_file("{}", ""));
  CHECK(HfFolder::open(folder.path()).tensors().empty());
}

TEST_CASE("a folder without tokenizer.json says what it has instead") {
  const TempFolder folder;
  CHECK_THROWS_WITH(refuse_tokenizer(folder.path()), Catch::Contains("no tokenizer.json; the folder is empty"));
  folder.write("config.json", "{}");
  CHECK_THROWS_WITH(refuse_tokenizer(folder.path()), Catch::Contains("no tokenizer.json; download it"));
  folder.write("tokenizer.model", "x");
  CHECK_THROWS_WITH(refuse_tokenizer(folder.path()),
                    Catch::Contains("no tokenizer.json, only 'tokenizer.model'; make it with AutoTokenizer"));
}
