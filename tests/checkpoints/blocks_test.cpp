#include "quantlens/checkpoints/blocks.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "../io/refusal.hpp"
#include "../io/temp_folder.hpp"
#include "checkpoint_folders.hpp"
#include "checkpoint_matrices.hpp"

using namespace quantlens;
using namespace quantlens::test;

TEST_CASE("a kept block reads back to the same codes and values") {
  struct Case {
    const char* source;
    CheckpointFormat format;
  };
  using enum CheckpointFormat;
  const Case c = GENERATE(Case{"gptq-w4-g32-act", gptq}, Case{"gptq-w3-g32-asym", gptq_v2}, Case{"awq-w4-g32", awq},
                          Case{"bnb-nf4", bnb_4bit}, Case{"bnb-int8", bnb_int8});
  CAPTURE(c.source);
  ModelFile model = load_model(checkpoints / c.source);
  BlockWeights& block = model.weights.blocks[0];
  block.vectors.norms[BlockNorm::mlp][3] = 0.1f;
  const bool mixed = c.format == gptq;
  if (mixed)
    block[BlockPart::up] =
        dense_matrix(block[BlockPart::up].name, block[BlockPart::up].rows, block[BlockPart::up].cols,
                     std::vector<float>(block[BlockPart::up].rows * block[BlockPart::up].cols, 0.3f));

  const TempFolder folder;
  const BlockStore store(folder.path(), c.format, model.weights.config);
  CHECK(store.n_finished() == 0);
  CHECK_FALSE(store.find(0));
  store.keep(0, block);
  const BlockStore again(folder.path(), c.format, model.weights.config);
  CHECK(again.n_finished() == 1);
  std::optional<StoredBlock> stored = again.find(0);
  REQUIRE(stored);
  CHECK(stored->weights.vectors.norms[BlockNorm::attn] == block.vectors.norms[BlockNorm::attn]);
  CHECK(stored->weights.vectors.norms[BlockNorm::mlp] == block.vectors.norms[BlockNorm::mlp]);
  for (const BlockPart part : all_block_parts) {
    const WeightMatrix &read = stored->weights[part], &wanted = block[part];
    CAPTURE(wanted.name);
    REQUIRE((read.codes != nullptr) == (wanted.codes != nullptr));
    CHECK(read.form == wanted.form);
    if (read.codes) check_equal(*read.codes, *wanted.codes);
  }
  if (!mixed) return;
  std::vector<float> row(block[BlockPart::up].cols);
  stored->weights[BlockPart::up].decode_row(5, row);
  CHECK(row == std::vector<float>(row.size(), 0.3f));
}

TEST_CASE("damaged blocks are refused, and one without its meaning is not finished") {
  const ModelFile model = load_model(checkpoints / "gptq-w8");
  const TempFolder folder;
  const BlockStore store(folder.path(), CheckpointFormat::gptq, model.weights.config);
  store.keep(0, model.weights.blocks[0]);

  const std::string whole = read_text(folder.path() / "block-0.safetensors");
  folder.write("block-0.safetensors", whole.substr(0, whole.size() / 2));
  check_refused("cut", "safetensors", "block-0.safetensors", [&] { static_cast<void>(store.find(0)); });
  std::filesystem::remove(folder.path() / "block-0.json");
  CHECK_FALSE(store.find(0));
}
