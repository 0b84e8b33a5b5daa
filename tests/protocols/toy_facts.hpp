/// Small tasks about facts: five capitals and two currencies, two chains.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "quantlens/tasks/task.hpp"

namespace quantlens::test {

using namespace quantlens;

inline Item fact(const std::string& id, const std::string& relation, const std::string& subject,
                 std::vector<std::string> objects) {
  Item item;
  item.id = id;
  item.fields = {{"relation", relation},
                 {"subject", subject},
                 {"object", objects.front()},
                 {"prompt", "The " + relation + " of " + subject + " is"}};
  item.group = relation;
  item.answers["object"] = std::move(objects);
  return item;
}

/// Its demonstrations are its own items.
inline Task recall_task(std::size_t n_demonstrations = 0) {
  Task task;
  task.name = "facts";
  task.items = {fact("c1", "capital", "Norway", {"Oslo"}),
                fact("c2", "capital", "Brazil", {"Brasilia", "Bras\xc3\xadlia"}),
                fact("c3", "capital", "Spain", {"Madrid"}),
                fact("c4", "capital", "Kenya", {"Nairobi"}),
                fact("c5", "capital", "Norway", {"Christiania"}),
                fact("m1", "currency", "Norway", {"Norwegian krone", "krone"}),
                fact("m2", "currency", "Japan", {"yen"})};
  task.demonstrations = task.items;
  PromptTemplate prompt;
  prompt.plain = true;
  prompt.user = TextTemplate("{prompt}");
  prompt.answer = TextTemplate(" {object}.");
  prompt.n_demonstrations = n_demonstrations;
  prompt.max_new_tokens = 8;
  task.prompts["recall"] = prompt;
  return task;
}

inline Item chain(const std::string& id, const std::string& entity, std::vector<std::string> bridge,
                  std::vector<std::string> answer) {
  Item item;
  item.id = id;
  item.fields = {{"bridge", bridge.front()},
                 {"answer", answer.front()},
                 {"one", entity + " lies in"},
                 {"two", "The capital of " + bridge.front() + " is"},
                 {"both", "The capital of the country of " + entity + " is"}};
  item.answers["bridge"] = std::move(bridge);
  item.answers["answer"] = std::move(answer);
  return item;
}

inline Task two_hop_task(std::size_t n_demonstrations = 0) {
  Task task;
  task.name = "chains";
  task.items = {chain("t1", "Bergen", {"Norway", "Norge"}, {"Oslo"}), chain("t2", "Sevilla", {"Spain"}, {"Madrid"}),
                chain("t3", "Mombasa", {"Kenya"}, {"Nairobi", "Nairobi City"}),
                chain("t4", "Tromso", {"Norway"}, {"Oslo"})};
  task.items[0].group = task.items[1].group = "seen";
  task.items[2].group = task.items[3].group = "new";
  task.demonstrations = task.items;
  const auto add = [&](const char* name, const char* user, const char* answer) {
    PromptTemplate& prompt = task.prompts[name];
    prompt.plain = true;
    prompt.user = TextTemplate(user);
    prompt.answer = TextTemplate(answer);
    prompt.n_demonstrations = n_demonstrations;
    prompt.max_new_tokens = 32;
  };
  add("first_hop", "{one}", " {bridge}.");
  add("second_hop", "{two}", " {answer}.");
  add("two_hop", "{both}", " {answer}.");
  return task;
}

}  // namespace quantlens::test
