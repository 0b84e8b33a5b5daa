#include "quantlens/tasks/item_record.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <nlohmann/json.hpp>

using namespace quantlens;

namespace {

ItemRecord example() {
  ItemRecord record;
  record.item_id = "i-\xc3\xa9\"\\";
  record.gold = 2;
  record.predicted = 1;
  record.gold_label = "odd";
  record.predicted_label = "bad";
  record.group = "odd ones";
  record.label_tie = true;
  record.set_score(metric::rouge_l, 1.0 / 3.0);
  record.set_score(metric::perplexity, std::nullopt);
  record.edits = {{0.1 + 0.2, true, false}, {0.0, false, true}};
  record.transcript.push_back({{"step", "classify"}, {"answer", "a\nb\t{c}"}});
  record.n_prompt_tokens = 123;
  record.n_generated_tokens = 45;
  record.seconds = 0.1 + 0.2;
  record.ttft_seconds = 1e-300;
  return record;
}

}  // namespace

TEST_CASE("a record survives its way through JSON text unchanged") {
  const ItemRecord record = example();
  const ItemRecord back = item_record_from_json(nlohmann::json::parse(to_json(record).dump()));
  CHECK(back == record);
  CHECK(back.scores.at("rouge_l") == 1.0 / 3.0);
  CHECK(back.scores.at("perplexity") == std::nullopt);
  CHECK(back.seconds == 0.1 + 0.2);
}

TEST_CASE("an invalid prediction is null and named in JSON") {
  ItemRecord record = example();
  record.predicted = no_label;
  record.predicted_label = invalid_label;
  record.ttft_seconds = std::nullopt;
  const nlohmann::json json = to_json(record);
  CHECK(json.at("predicted").is_null());
  CHECK(json.at("predicted_label") == "invalid");
  CHECK(item_record_from_json(nlohmann::json::parse(json.dump())) == record);
}

TEST_CASE("a score that is no finite number is null") {
  ItemRecord record;
  record.set_score(metric::perplexity, std::numeric_limits<double>::infinity());
  record.set_score(metric::rouge_l, std::numeric_limits<double>::quiet_NaN());
  record.set_score(metric::token_f1, 0.0);
  CHECK(record.scores.at("perplexity") == std::nullopt);
  CHECK(record.scores.at("rouge_l") == std::nullopt);
  CHECK(record.scores.at("token_f1") == 0.0);
}

TEST_CASE("a record may come back without its transcript and edits") {
  nlohmann::json json = to_json(example());
  json.erase("transcript");
  CHECK(item_record_from_json(json).edits == example().edits);
  json.erase("edits");
  CHECK(item_record_from_json(json).edits.empty());
  CHECK(item_record_from_json(json).transcript == Transcript());
  CHECK(item_record_from_json(json).n_generated_tokens == 45);
}

TEST_CASE("JSON that is no record is a typed error") {
  nlohmann::json json = to_json(example());
  json.erase("scores");
  CHECK_THROWS_AS(item_record_from_json(json), InputError);
  json = to_json(example());
  json["edits"][1].erase("flipped");
  CHECK_THROWS_AS(item_record_from_json(json), InputError);
  CHECK_THROWS_AS(item_record_from_json(nlohmann::json("text")), InputError);
}
