#include "quantlens/io/hf_folder.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "gguf_builder.hpp"
#include "temp_folder.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

const std::filesystem::path data_folder = std::filesystem::path(QUANTLENS_SOURCE_DIR) / "tests/data/weights";

std::string one_tensor(const std::string& name) {
  return safetensors_file("{\"" + name + R"(":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "x");
}

/// A folder with a config and one file of weights.
struct SmallFolder : TempFolder {
  SmallFolder() {
    write("config.json", "{}");
    write("model.safetensors", one_tensor("w"));
  }
  [[nodiscard]] HfFolder open() const { return HfFolder::open(path()); }
};

/// A folder whose index is the given text, with the shards a.safetensors ("a") and b.safetensors ("b").
struct ShardedFolder : TempFolder {
  explicit ShardedFolder(const std::string& index) {
    write("config.json", "{}");
    write("a.safetensors", one_tensor("a"));
    write("b.safetensors", one_tensor("b"));
    write("model.safetensors.index.json", index);
  }
  [[nodiscard]] HfFolder open() const { return HfFolder::open(path()); }
};

}  // namespace

TEST_CASE("a sharded folder gives the tensors of all shards") {
  const HfFolder folder = HfFolder::open(data_folder / "llama");
  CHECK(folder.tensors().size() == 20);
  CHECK(folder.config()["model_type"] == "llama");
  CHECK(folder.generation_config()["eos_token_id"] == nlohmann::json({2, 0}));
  CHECK(folder.tokenizer()["model"]["type"] == "BPE");
  CHECK(folder.chat_template() == read_text(data_folder / "llama/chat_template.jinja"));
}

TEST_CASE("absent files are null and an empty template") {
  const HfFolder folder = SmallFolder().open();
  CHECK(folder.tokenizer().is_null());
  CHECK(folder.generation_config().is_null());
  CHECK(folder.chat_template().empty());
  CHECK(folder.tensors().size() == 1);
}

TEST_CASE("the chat template is found in each of its places") {
  const SmallFolder folder;
  folder.write("tokenizer_config.json",
               R"({"chat_template":"one","model_max_length":1000000000000000019884624838656})");
  CHECK(folder.open().chat_template() == "one");
  folder.write("tokenizer_config.json",
               R"({"chat_template":[{"name":"tool_use","template":"tools"},{"name":"default","template":"two"}]})");
  CHECK(folder.open().chat_template() == "two");
  folder.write("chat_template.jinja", "three");
  CHECK(folder.open().chat_template() == "three");
}

TEST_CASE("the folder's hash follows every file that is used, and nothing else") {
  const SmallFolder folder;
  const std::string before = folder.open().sha256();
  CHECK(before == folder.open().sha256());
  folder.write("README.md", "text");
  CHECK(before == folder.open().sha256());
  folder.write("config.json", "{ }");
  const std::string after = folder.open().sha256();
  CHECK(before != after);
  folder.write("model.safetensors", one_tensor("v"));
  CHECK(after != folder.open().sha256());
}

TEST_CASE("folders that are incomplete or inconsistent are refused by name") {
  const auto check = [](const std::string& index, const std::string& fragment) {
    CHECK_THROWS_WITH(ShardedFolder(index).open(), Catch::Contains("quantlens.hf_folder") && Catch::Contains(fragment));
  };
  check("{}", "no weight_map");
  check(R"({"weight_map":{"a":1}})", "maps 'a' to no file name");
  check(R"({"weight_map":{"a":"../a.safetensors"}})", "'../a.safetensors', which is no file name in this folder");
  check(R"({"weight_map":{"a":"/etc/passwd"}})", "no file name in this folder");
  check(R"({"weight_map":{"a":"x\\a.safetensors"}})", "no file name in this folder");
  check(R"({"weight_map":{"a":"config.json"}})", "no file name in this folder");
  check(R"({"weight_map":{"a":"c.safetensors"}})", "shard 'c.safetensors' is missing");
  check(R"({"weight_map":{"a":"b.safetensors"}})", "expects 'a' in 'b.safetensors'");
  CHECK(ShardedFolder(R"({"weight_map":{"a":"a.safetensors","b":"b.safetensors"}})").open().tensors().size() == 2);

  const TempFolder empty;
  CHECK_THROWS_WITH(HfFolder::open(empty.path()), Catch::Contains("no config.json"));
  empty.write("config.json", "[]");
  CHECK_THROWS_WITH(HfFolder::open(empty.path()), Catch::Contains("should be an object"));
  empty.write("config.json", "{}");
  CHECK_THROWS_WITH(HfFolder::open(empty.path()), Catch::Contains("neither model.safetensors nor"));
}

TEST_CASE("a chat template that is none opens, and the folder says why it is none") {
  const SmallFolder folder;
  const auto problem = [&](const char* config) {
    folder.write("tokenizer_config.json", config);
    const HfFolder opened = folder.open();
    CHECK(opened.chat_template().empty());
    return opened.chat_template_problem();
  };
  CHECK_THAT(problem(R"({"chat_template":[{"name":"rag","template":"x"},{"name":"tool","template":"y"}]})"),
             Catch::Contains("no chat_template is named 'default'; there are: 'rag' 'tool'"));
  CHECK_THAT(problem(R"({"chat_template":[{"name":"rag"}]})"), Catch::Contains("a name and a template"));
  CHECK_THAT(problem(R"({"chat_template":7})"), Catch::Contains("neither a string nor a list"));
  CHECK(problem(R"({"chat_template":null})").empty());
  CHECK(problem("{}").empty());
}

TEST_CASE("the index decides where a tensor is read, and what it does not list is read from its shard") {
  const ShardedFolder folder(R"({"weight_map":{"a":"a.safetensors","b":"b.safetensors"}})");
  folder.write("a.safetensors", safetensors_file(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                                                 R"("b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},)"
                                                 R"("c":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})",
                                                 "123"));
  const HfFolder opened = folder.open();
  REQUIRE(opened.tensors().size() == 3);
  for (const auto& [tensor, shard] : opened.tensors()) {
    CHECK(shard->name() == (tensor->name == "b" ? "b.safetensors" : "a.safetensors"));
    CHECK(tensor->data[0] == static_cast<std::byte>(tensor->name == "a" ? '1' : tensor->name == "b" ? 'x' : '3'));
  }
  REQUIRE(opened.notes().size() == 2);
  CHECK(opened.notes()[0] == "a.safetensors also holds 'b', which is read from where the index says");
  CHECK(opened.notes()[1] == "a.safetensors holds 'c', which the index does not list, but is read");

  folder.write("b.safetensors", safetensors_file(R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                                                 R"("c":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                                                 "45"));
  CHECK_THROWS_WITH(folder.open(), Catch::Contains("'c' is in several shards and not in the index"));
}

TEST_CASE("a whole file comes before an index, as for transformers") {
  const ShardedFolder folder(R"({"weight_map":{"a":"a.safetensors","b":"b.safetensors"}})");
  CHECK(folder.open().notes().empty());
  folder.write("model.safetensors", one_tensor("w"));
  const HfFolder opened = folder.open();
  REQUIRE(opened.tensors().size() == 1);
  CHECK(opened.tensors()[0].tensor->name == "w");
  REQUIRE(opened.notes().size() == 1);
  CHECK_THAT(opened.notes()[0], Catch::Contains("model.safetensors is read; model.safetensors.index.json"));
}

TEST_CASE("the only file of weights, or the only index, is read whatever it is called") {
  const TempFolder folder;
  folder.write("config.json", "{}");
  folder.write("gptq_model-4bit-32g.safetensors", one_tensor("w"));
  HfFolder opened = HfFolder::open(folder.path());
  CHECK(opened.tensors().size() == 1);
  REQUIRE(opened.notes().size() == 1);
  CHECK_THAT(opened.notes()[0], Catch::Contains("gptq_model-4bit-32g.safetensors is read, since there is neither"));

  folder.write("other.safetensors", one_tensor("v"));
  CHECK_THROWS_WITH(HfFolder::open(folder.path()),
                    Catch::Contains("but 'gptq_model-4bit-32g.safetensors' and 'other.safetensors'; rename"));
  folder.write("quantize_config.json", R"({"model_file_base_name":"other"})");
  opened = HfFolder::open(folder.path());
  REQUIRE(opened.tensors().size() == 1);
  CHECK(opened.tensors()[0].tensor->name == "v");
  CHECK(opened.notes().empty());
  CHECK(opened.quantize_config()["model_file_base_name"] == "other");

  folder.write("quantize_config.json", R"({"model_file_base_name":null})");
  folder.write("own.safetensors.index.json", R"({"weight_map":{"v":"other.safetensors"}})");
  opened = HfFolder::open(folder.path());
  REQUIRE(opened.tensors().size() == 1);
  CHECK_THAT(opened.notes().at(0), Catch::Contains("the shards of own.safetensors.index.json are read"));

  const TempFolder shard;
  shard.write("config.json", "{}");
  shard.write("model-00001-of-00002.safetensors", one_tensor("w"));
  CHECK_THROWS_WITH(HfFolder::open(shard.path()), Catch::Contains("the index is missing, download it too"));
}

TEST_CASE("links that lead nowhere are named, also where the file may be absent") {
  for (const std::string name : {"config.json", "model.safetensors", "tokenizer_config.json", "chat_template.jinja"}) {
    const SmallFolder folder;
    std::filesystem::remove(folder.path() / name);
    std::filesystem::create_symlink("../blobs/none", folder.path() / name);
    CHECK_THROWS_WITH(folder.open(), Catch::Contains(name + ": a link to a file that is not there"));
  }
}

TEST_CASE("settings beside config.json are read and hashed only where config.json has none") {
  const SmallFolder folder;
  folder.write("quantize_config.json", R"({"bits":4})");
  const std::string with = folder.open().sha256();
  CHECK(folder.open().quantize_config()["bits"] == 4);
  folder.write("quantize_config.json", R"({"bits":8})");
  CHECK(with != folder.open().sha256());
  folder.write("config.json", R"({"quantization_config":null})");
  CHECK(folder.open().quantize_config()["bits"] == 8);
  folder.write("config.json", R"({"quantization_config":{}})");
  CHECK(folder.open().quantize_config().is_null());
}
