/// Runs one protocol on a model in full precision and in a format, and says what the format costs.
/// Usage: compare_formats [MODEL [FORMAT]]
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "quantlens/bench/prompt_sets.hpp"
#include "quantlens/quantlens.hpp"

int main(int argc, char** argv) try {
  const std::string model_name = argc > 1 ? argv[1] : "refworld-small", format_name = argc > 2 ? argv[2] : "rtn-w2-g64";
  const quantlens::ModelSession session(quantlens::find_model(model_name), {});
  const auto full = session.build(quantlens::parse_format("full"));
  const auto quantized = session.build(quantlens::parse_format(format_name));

  // Reference models are asked in the words that they were trained on, all others with the task's ordinary prompts.
  const quantlens::PromptedTask tasks(
      quantlens::load_task(quantlens::find_data_folder("tasks") / "world_topic", {}, quantlens::known_prompts()));
  const quantlens::Task& task =
      tasks.under(quantlens::choose_prompts(tasks.task(), quantlens::PromptChoice::automatic, session.file().name));
  const std::vector<quantlens::Item> items = quantlens::select_items(task, 40, /*seed=*/0);

  // Which words decide the label? And do they, once they are hidden?
  const auto protocol = quantlens::make_protocol("self_consistency_words");
  const auto scores_of = [&](quantlens::TextModel& model) {
    std::vector<std::optional<double>> scores;
    for (const quantlens::ItemRecord& record : protocol->run(task, items, {model, *full}, /*seed=*/0))
      scores.push_back(record.scores.at("faithful_all"));
    return scores;
  };
  const auto before = scores_of(*full), after = scores_of(*quantized);
  const quantlens::Summary summary = quantlens::summarize_binary(after, before);
  std::cout << "faithful_all on " << summary.n_paired << " items: full " << *summary.value - *summary.delta << ", "
            << format_name << ' ' << *summary.value << ", delta " << *summary.delta << " [" << *summary.delta_lo << ", "
            << *summary.delta_hi << "], p " << *summary.p << '\n';
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
