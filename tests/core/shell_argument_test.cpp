#include "quantlens/core/shell_argument.hpp"

#include <catch2/catch.hpp>

using namespace quantlens;

TEST_CASE("an argument reaches a shell's program as it is") {
  CHECK(shell_argument("rtn-w4-g32") == "rtn-w4-g32");
  CHECK(shell_argument("") == "''");
  CHECK(shell_argument("a b") == "'a b'");
  CHECK(shell_argument("rtn-w4;lm_head=full") == "'rtn-w4;lm_head=full'");
  CHECK(shell_argument("it's") == "'it'\\''s'");
  CHECK(shell_argument("$(x)") == "'$(x)'");
}
