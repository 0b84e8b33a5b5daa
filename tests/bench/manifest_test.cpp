#include "quantlens/bench/manifest.hpp"

#include <catch2/catch.hpp>

using namespace quantlens;

TEST_CASE("a row's command is the run's with the row chosen behind it", "[bench]") {
  const nlohmann::ordered_json manifest{{"argv", {"--model", "my model.gguf", "--formats=full,rtn-w4"}}, {"limit", 7}};
  const Cell cell{{"tiny", "nle"}, parse_format("rtn-w4;lm_head=full")};
  CHECK(reproducing_command(manifest, cell) ==
        "quantlens_bench --model 'my model.gguf' --formats=full,rtn-w4 --tasks tiny/nle --formats "
        "'rtn-w4;lm_head=full' --limit 7 --out quantlens-again");
}
