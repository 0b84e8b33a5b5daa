#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <vector>

#include "kernel_test_matrices.hpp"
#include "quantlens/kernels/dispatch.hpp"
#include "quantlens/kernels/reference.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

/// Keys and values in the kernel's blocks, beside the plain rows they came from.
struct Cache {
  Cache(std::size_t n_keys, std::size_t d)
      : n(n_keys), d_head(d), keys(random_floats(n * d, 1)), values(random_floats(n * d, 2)) {
    const std::size_t stride = round_up(d, tile_width);
    for (std::size_t b = 0; b < ceil_div(n, tile_width); ++b) {
      key_blocks.emplace_back(d * tile_width, 0.0f);
      value_blocks.emplace_back(stride * tile_width, 0.0f);
      for (std::size_t k = 0; k < tile_width && b * tile_width + k < n; ++k)
        for (std::size_t c = 0; c < d; ++c) {
          key_blocks[b][c * tile_width + k] = keys[(b * tile_width + k) * d + c];
          value_blocks[b][k * stride + c] = values[(b * tile_width + k) * d + c];
        }
    }
    for (std::size_t b = 0; b < key_blocks.size(); ++b) {
      key_pointers.push_back(key_blocks[b].data());
      value_pointers.push_back(value_blocks[b].data());
    }
  }

  /// Query i sees keys [first_keys[i], n_keys[i]); all from 0 on where first_keys is empty.
  std::vector<std::vector<float>> attend(const std::vector<float>& queries, const std::vector<std::size_t>& n_keys,
                                         const std::vector<std::size_t>& first_keys = {}) {
    std::vector<std::vector<float>> outputs(n_keys.size(), std::vector<float>(d_head));
    std::vector<float> scores(attention_queries * key_blocks.size() * tile_width);
    AttentionTask task;
    task.n_queries = n_keys.size();
    for (std::size_t q = 0; q < n_keys.size(); ++q) {
      task.queries[q] = queries.data() + q * d_head;
      task.outputs[q] = outputs[q].data();
      task.n_keys[q] = n_keys[q];
      task.first_keys[q] = first_keys.empty() ? 0 : first_keys[q];
    }
    task.d_head = d_head;
    task.key_blocks = key_pointers.data();
    task.value_blocks = value_pointers.data();
    task.scores = scores.data();
    task.score_stride = key_blocks.size() * tile_width;
    active_kernels().attend(task);
    return outputs;
  }

  std::size_t n, d_head;
  std::vector<float> keys, values;
  std::vector<std::vector<float>> key_blocks, value_blocks;
  std::vector<const float*> key_pointers, value_pointers;
};

}  // namespace

TEST_CASE("attention agrees with the double reference") {
  const std::size_t d_head = GENERATE(2u, 8u, 16u, 30u, 64u, 80u, 128u);
  const std::size_t n_keys = GENERATE(1u, 15u, 16u, 17u, 100u);
  Cache cache(n_keys, d_head);
  const auto queries = random_floats(4 * d_head, 3, 0.3);
  std::vector<std::size_t> visible;
  for (std::size_t q = 0; q < 4; ++q) visible.push_back(std::max<std::size_t>(1, n_keys - 3 + q));
  for (auto& v : visible) v = std::min(v, n_keys);
  const auto outputs = cache.attend(queries, visible);
  for (std::size_t q = 0; q < 4; ++q) {
    const auto expected =
        reference::attend(std::span(queries).subspan(q * d_head, d_head), {cache.keys.data(), visible[q], d_head},
                          {cache.values.data(), visible[q], d_head});
    for (std::size_t d = 0; d < d_head; ++d) CHECK(outputs[q][d] == Approx(expected[d]).margin(2e-6));
  }
}

TEST_CASE("a window of keys agrees with the double reference, and blocks before it change nothing") {
  const std::size_t d_head = GENERATE(8u, 64u);
  const std::size_t window = GENERATE(1u, 5u, 16u, 33u);
  Cache cache(70, d_head);
  const auto queries = random_floats(4 * d_head, 3, 0.3);
  const std::vector<std::size_t> n_keys{40, 47, 48, 70};
  std::vector<std::size_t> first_keys;
  for (const std::size_t n : n_keys) first_keys.push_back(n - window);
  const auto outputs = cache.attend(queries, n_keys, first_keys);
  for (std::size_t q = 0; q < 4; ++q) {
    const auto seen = [&](const std::vector<float>& rows) {
      return MatrixView<const float>(rows.data() + first_keys[q] * d_head, window, d_head);
    };
    const auto expected =
        reference::attend(std::span(queries).subspan(q * d_head, d_head), seen(cache.keys), seen(cache.values));
    for (std::size_t d = 0; d < d_head; ++d) CHECK(outputs[q][d] == Approx(expected[d]).margin(2e-6));
    // Alone, and from the first block on that it sees.
    const std::size_t block = first_keys[q] / tile_width, begin = block * tile_width;
    Cache rest = cache;
    rest.key_pointers.assign(cache.key_pointers.begin() + static_cast<std::ptrdiff_t>(block), cache.key_pointers.end());
    rest.value_pointers.assign(cache.value_pointers.begin() + static_cast<std::ptrdiff_t>(block),
                               cache.value_pointers.end());
    const auto query = queries.begin() + static_cast<std::ptrdiff_t>(q * d_head);
    const auto alone =
        rest.attend({query, query + static_cast<std::ptrdiff_t>(d_head)}, {n_keys[q] - begin}, {first_keys[q] - begin});
    CHECK(alone[0] == outputs[q]);
  }
}

TEST_CASE("a query's result does not depend on its group") {
  Cache cache(50, 64);
  const auto queries = random_floats(3 * 64, 5, 0.3);
  const auto together = cache.attend(queries, {30, 31, 50});
  const auto alone = cache.attend(queries, {30});
  CHECK(together[0] == alone[0]);
}
