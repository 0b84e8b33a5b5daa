/// The committed values of scripts/fixtures/make_stats_fixtures.py, for the tests of stats.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>

inline nlohmann::json stats_reference(const char* section) {
  std::ifstream file(QUANTLENS_SOURCE_DIR "/tests/data/stats/reference.json");
  return nlohmann::json::parse(file).at(section);
}
