#include "quantlens/io/partial_folder.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "refusal.hpp"
#include "temp_folder.hpp"

using namespace quantlens;
using namespace quantlens::test;
namespace fs = std::filesystem;

namespace {

const nlohmann::json some_run{{"format", "gptq-w4-g32-act"}, {"isa", "scalar"}};
const nlohmann::json other_run{{"format", "gptq-w4-g64"}, {"isa", "scalar"}};

/// What a run of its own makes of the target, and what it leaves beside it.
void check_makes(const fs::path& target) {
  {
    PartialFolder partial(target);
    partial.begin(some_run);
    CHECK_FALSE(fs::exists(partial.output()));
    write_file_atomically(partial.output(), "whole");
    partial.publish();
  }
  CHECK(read_text(target) == "whole");
  CHECK_FALSE(fs::exists(target.string() + ".partial"));
}

}  // namespace

TEST_CASE("an output appears whole, and nothing stays beside it") {
  const TempFolder folder;
  check_makes(folder.path() / "out.gguf");
  check_refused("twice", "usage", "exists already", [&] { PartialFolder(folder.path() / "out.gguf"); });
  CHECK_FALSE(fs::exists(folder.path() / "out.gguf.partial"));
}

TEST_CASE("a link that leads nowhere is not replaced") {
  const TempFolder folder;
  fs::create_symlink(folder.path() / "nowhere", folder.path() / "out");
  check_refused("link", "usage", "exists already", [&] { PartialFolder(folder.path() / "out"); });
  CHECK_FALSE(fs::exists(folder.path() / "out.partial"));
}

TEST_CASE("a folder may be named with a slash at its end") {
  const TempFolder folder;
  PartialFolder partial(folder.path() / "out/");
  partial.begin(some_run);
  fs::create_directory(partial.output());
  partial.publish();
  CHECK(fs::is_directory(folder.path() / "out"));
}

TEST_CASE("a run without work to take up leaves nothing, one with work leaves it to the same run") {
  const TempFolder folder;
  const fs::path target = folder.path() / "out", left = folder.path() / "out.partial";
  { const PartialFolder refused(target); }
  CHECK_FALSE(fs::exists(left));
  {
    PartialFolder stopped(target);
    stopped.begin(some_run);
    fs::create_directory(stopped.output());
    write_file_atomically(stopped.output() / "half", "");
  }
  CHECK_FALSE(fs::exists(left));
  {
    PartialFolder working(target);
    working.begin(some_run);
    write_file_atomically(working.folder() / "part-0", "done");
    fs::create_directory(working.output());
  }
  CHECK(read_text(left / "part-0") == "done");
  CHECK_FALSE(fs::exists(left / "output"));
  check_refused("another run", "resume", "remove it, or name another target",
                [&] { PartialFolder(target).begin(other_run); });
  CHECK(read_text(left / "part-0") == "done");
  {
    PartialFolder resumed(target);
    resumed.begin(some_run);
    CHECK(read_text(resumed.folder() / "part-0") == "done");
  }
  check_makes(target);
}

TEST_CASE("one process at a time; whom a lock belonged to is no matter once it is dead") {
  const TempFolder folder;
  const fs::path target = folder.path() / "out";
  {
    const PartialFolder held(target);
    check_refused("held", "locked", "out.partial belongs to a run that is still going", [&] { PartialFolder{target}; });
    CHECK(fs::exists(folder.path() / "out.partial/lock"));
  }
  fs::create_directory(folder.path() / "out.partial");
  folder.write("out.partial/lock", "");
  check_makes(target);
}

TEST_CASE("whatever a killed run leaves is taken up or cleared away") {
  const TempFolder folder;
  const fs::path target = folder.path() / "out", left = folder.path() / "out.partial";
  fs::create_directory(left);
  SECTION("an empty folder") {}
  SECTION("a run.json that was being written") {
    folder.write("out.partial/lock", "");
    folder.write("out.partial/.run.json.12.0.tmp", "{\"form");
  }
  SECTION("no lock: the folder of an older version") { folder.write("out.partial/run.json", some_run.dump()); }
  SECTION("another run that has finished nothing") {
    folder.write("out.partial/run.json", other_run.dump());
    folder.write("out.partial/output", "half");
  }
  SECTION("a run.json that is none") { folder.write("out.partial/run.json", "{"); }
  SECTION("an output, complete but for its name") {
    folder.write("out.partial/run.json", some_run.dump());
    folder.write("out.partial/output", "whole");
    folder.write("out.partial/finished", "");
  }
  check_makes(target);
}

TEST_CASE("what a run that was killed behind its end has left goes once its target is asked for again") {
  const TempFolder folder;
  const fs::path target = folder.write("out", "whole");
  fs::create_directory(folder.path() / "out.partial");
  folder.write("out.partial/run.json", some_run.dump());
  folder.write("out.partial/part-0", "done");
  const auto ask = [&] { check_refused("again", "usage", "exists already", [&] { PartialFolder{target}; }); };
  ask();
  CHECK(fs::exists(folder.path() / "out.partial/part-0"));
  folder.write("out.partial/finished", "");
  ask();
  CHECK_FALSE(fs::exists(folder.path() / "out.partial"));
  CHECK(read_text(target) == "whole");
}

TEST_CASE("a folder that no run has left is refused and stays as it was") {
  const TempFolder folder;
  fs::create_directory(folder.path() / "out.partial");
  folder.write("out.partial/notes.txt", "mine");
  check_refused("notes", "resume", "is no unfinished run", [&] { PartialFolder(folder.path() / "out"); });
  CHECK(read_text(folder.path() / "out.partial/notes.txt") == "mine");
  CHECK(std::distance(fs::directory_iterator(folder.path() / "out.partial"), {}) == 1);
}

TEST_CASE("a target that came into existence meanwhile is not replaced") {
  const TempFolder folder;
  PartialFolder partial(folder.path() / "out");
  partial.begin(some_run);
  write_file_atomically(partial.output(), "ours");
  folder.write("out", "theirs");
  check_refused("meanwhile", "usage", "exists already", [&] { partial.publish(); });
  CHECK(read_text(folder.path() / "out") == "theirs");
}
