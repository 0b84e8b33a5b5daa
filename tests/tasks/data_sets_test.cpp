#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "../io/temp_folder.hpp"
#include "quantlens/protocols/registry.hpp"
#include "quantlens/tasks/load_task.hpp"

using namespace quantlens;
using quantlens::test::TempFolder;

TEST_CASE("the tasks on data sets read files in the form that the owners of the sets give them") {
  struct Expected {
    const char *task, *file, *contents;
    std::vector<std::string> ids, groups;                // groups: as the items come
    std::vector<std::string> labels;                     // of the items; none where the task is about facts
    std::map<std::string, std::string> fields, answers;  // of the last item; the first answer of each kind
    std::vector<std::string> references;                 // of the last item
    std::vector<std::string> protocols;
  };
  const std::vector<std::string> about_texts{"nle",
                                             "counterfactual",
                                             "counterfactual_guided",
                                             "self_consistency_counterfactual",
                                             "self_consistency_redaction",
                                             "self_consistency_words",
                                             "perturb_test",
                                             "answer_and_explain",
                                             "explain_and_answer",
                                             "chain_of_thought",
                                             "cot_interventions",
                                             "biasing_features",
                                             "hints",
                                             "cc_shap",
                                             "cc_shap_cot",
                                             "judged",
                                             "tiger_score",
                                             "simulated",
                                             "bart_score",
                                             "bert_score",
                                             "embedding_similarity"};
  // Without a target, or an edit that the data ask for.
  std::vector<std::string> about_words = about_texts;
  std::erase_if(about_words, [](const std::string& name) {
    return name.starts_with("counterfactual") || name == "self_consistency_counterfactual" ||
           name == "self_consistency_redaction";
  });
  std::vector<std::string> about_options = about_words;
  about_options.insert(std::find(about_options.begin(), about_options.end(), "hints"), "biasing_always_first");
  const std::vector<Expected> sets{
      {"agnews",
       "test.csv",
       R"csv("3","Kiln maker sells its oven arm","Tallow   Sons gets #36;3 million, it said."
"4","Probe photographs a comet (INV)","INV - The craft sent\back ""sharp"" pictures."
"1","Envoys meet in Quillport","Two islands spoke, at last, of borders."
"2","Rowers win by a length","The crew of lane four led from the start."
)csv",
       {"1", "2", "3", "4"},
       {"", "", "", ""},
       {"business", "technology", "world", "sports"},
       {{"text", "Rowers win by a length The crew of lane four led from the start."}},
       {},
       {},
       about_texts},
      {"esnli",
       "esnli_test_9824_expl1.csv",
       R"csv(idx,label,sentence1,sentence2,explanation
0,neutral,"A gardener, in boots, waters leeks.",The leeks are for sale.,Watered leeks need not be for sale.
1,contradiction,Two sailors mend a net.,The sailors sleep.,"""Mend"" and ""sleep"" exclude each other."
5,entailment,A potter turns a bowl.,A bowl is being made.,Turning a bowl is making it.
)csv",
       {"0", "1", "5"},
       {"", "", ""},
       {"neutral", "contradiction", "entailment"},
       {{"premise", "A potter turns a bowl."}, {"hypothesis", "A bowl is being made."}},
       {},
       {"Turning a bowl is making it."},
       about_texts},
      {"healthfc",
       "Datensatz.csv",
       "\xef\xbb\xbf"
       R"csv(en_claim,en_explanation,en_top_sentences,de_claim,de_explanation,de_top_sentences,label,de_verdict,de_title,authors,date,url
Does fir tea mend bones?,Nobody has studied it.,"No study was found. The maker, asked twice, named none.",a,b,c,1,d,e,f,g,https://health.example/fir-tea/
Is fir tea tasty?,,Nine of ten tasters liked it.,a,b,c,0,d,e,f,g,https://health.example/fir-tea/
Does shade harm pansies?,They grow as well in it.,"In the shade they grew ""as tall as ever"".",a,b,c,2,d,e,f,g,https://health.example/pansies/
)csv",
       {"https://health.example/fir-tea/", "https://health.example/fir-tea/#2", "https://health.example/pansies/"},
       {"", "", ""},
       {"unknown", "yes", "no"},
       {{"claim", "Does shade harm pansies?"}, {"evidence", "In the shade they grew \"as tall as ever\"."}},
       {},
       {"They grow as well in it."},
       about_words},
      {"ecqa",
       "ecqa_val_cqa_1090.csv",
       R"csv(,q_no,q_concept,q_text,q_op1,q_op2,q_op3,q_op4,q_op5,q_ans,taskA_pos,taskA_neg,taskB
0,c0ffee,cork,Where does a cork float?,sand,water,attic,water,wool,water,"Corks are light.
Water is not.",Sand holds no cork up.,"A cork is lighter than water, and so it floats."
1,beef,quill,Who writes with a quill?,"mason, aged",baker,scribe,sailor,mole,scribe,Scribes write.,Moles do not.,"Scribes write.
The others seldom do."
)csv",
       {"c0ffee", "beef"},
       {"", ""},
       {"B", "C"},
       {{"question", "Who writes with a quill?"}, {"options", "A) mason, aged B) baker C) scribe D) sailor E) mole"}},
       {},
       {"Scribes write.\nThe others seldom do."},
       about_options},
      {"lre",
       "commonsense/tool_trade.json",
       R"({"name": "tool of a trade", "prompt_templates": ["A {} is used by a", "It takes a {} to be a"],
           "prompt_templates_zs": ["Who uses a {}? A"],
           "properties": {"relation_type": "commonsense", "domain_name": "tool", "range_name": "trade",
                          "symmetric": false},
           "samples": [{"subject": "trowel", "object": "mason"}, {"subject": "awl", "object": "cobbler"}]})",
       {"commonsense/tool_trade-1", "commonsense/tool_trade-2"},
       {"tool of a trade", "tool of a trade"},
       {},
       {{"prompt", "A awl is used by a"}},
       {{"object", "cobbler"}},
       {},
       {"recall"}},
      {"twohop",
       "compositional_celebrities_subset.json",
       R"({"data": [{"Q1": "Where was Ona Brill born?", "A1": ["Quillport", "Port Quill"],
                     "Q2": "What is the river of Quillport?", "A2": ["the Tarn"],
                     "Question": "What is the river of Ona Brill's birthplace?", "Answer": ["the Tarn", "Tarn"],
                     "person": "Ona Brill", "category": "birthplace_river", "person_id": 7},
                    {"Q1": "When was Ede Moss born?", "A1": ["1901"], "Q2": "Who was mayor in 1901?", "A2": ["Gil Orr"],
                     "Question": "Who was mayor when Ede Moss was born?", "Answer": ["Gil Orr"],
                     "person": "Ede Moss", "category": "birthyear_mayor", "person_id": 8}], "version": 1})",
       {"1", "2"},
       {"birthplace_river", "birthyear_mayor"},
       {},
       {{"first", "When was Ede Moss born?"},
        {"second", "Who was mayor in 1901?"},
        {"question", "Who was mayor when Ede Moss was born?"}},
       {{"bridge", "1901"}, {"answer", "Gil Orr"}},
       {},
       {"two_hop"}},
      {"twohopfact",
       "TwoHopFact.csv",
       R"csv(uid,fact_comp_type,r1(e1).prompt,r2(e2).prompt,r2(r1(e1)).prompt,e2.aliases,e3.aliases
3,town-sea,Brill is on the,The Tarn flows into the,The river of Brill ends in,"(('Tarn', 'Tarne'),)","((""Moss' Sea"",),)"
)csv",
       {"3"},
       {"town-sea"},
       {},
       {{"chain", "The river of Brill ends in"}},
       {{"bridge", "Tarn"}, {"answer", "Moss' Sea"}},
       {},
       {"two_hop"}}};
  for (const Expected& expected : sets) {
    CAPTURE(expected.task);
    const TempFolder data;
    data.write(std::filesystem::path(expected.task) / expected.file, expected.contents);
    const Task task =
        load_task(std::filesystem::path(QUANTLENS_SOURCE_DIR) / "tasks" / expected.task, data.path(), known_prompts());
    std::vector<std::string> ids, groups, labels, protocols;
    for (const Item& item : task.items) {
      ids.push_back(item.id);
      groups.push_back(item.group);
      if (!task.labels.empty()) labels.push_back(task.labels.at(item.label));
    }
    CHECK(ids == expected.ids);
    CHECK(groups == expected.groups);
    CHECK(labels == expected.labels);
    CHECK(task.items.back().references == expected.references);
    for (const auto& [name, value] : expected.fields) CHECK(task.items.back().fields.at(name) == value);
    CHECK(task.items.back().answers.size() == expected.answers.size());
    for (const auto& [name, value] : expected.answers) CHECK(task.items.back().answers.at(name).at(0) == value);
    for (const std::string& protocol : protocol_names())
      if (make_protocol(protocol)->supports(task)) protocols.push_back(protocol);
    CHECK(protocols == expected.protocols);
  }
}
