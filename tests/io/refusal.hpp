/// How the malformed corpus judges: a typed error of the expected id, naming the culprit, within a second.
#pragma once

#include <catch2/catch.hpp>
#include <ctime>
#include <exception>
#include <string>

#include "quantlens/core/error.hpp"

namespace quantlens::test {

/// Processor time, which other programs on the machine do not lengthen.
inline double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// `fragment` is part of the message.
template <class Load>
void check_refused(const std::string& name, const std::string& id, const std::string& fragment, Load&& load) {
  INFO("case: " << name);
  const double start = cpu_seconds();
  try {
    load();
    FAIL_CHECK("accepted");
  } catch (const InputError& error) {
    CHECK(error.id() == id);
    CHECK_THAT(error.what(), Catch::Contains(fragment));
  } catch (const std::exception& error) {
    FAIL_CHECK("not a typed error: " << error.what());
  }
  CHECK(cpu_seconds() - start < 1.0);
}

}  // namespace quantlens::test
