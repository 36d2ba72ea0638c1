#include "host/Program.h"

#include <gmock/gmock.h>

using namespace hornet;
using namespace hornet::host;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

using Source = Value::Source;

/// Words to indices, which the code takes; what it gives becomes words again.
Plan wordsInWordsOut(int64_t oovCount = 1) {
  Plan plan;
  plan.values = {{Source::input, 0, DType::string, {unknownSize, 2}},
                 {Source::step, 0, DType::i64, {unknownSize, 2}},
                 {Source::code, 0, DType::f32, {unknownSize, 2}},
                 {Source::step, 1, DType::string, {unknownSize, 2}}};
  plan.steps = {{"words",
                 "StringLookup",
                 "look_up",
                 {0},
                 {{"tokens", {"a", "b"}},
                  {"first", oovCount},
                  {"oov", {{"start", 0}, {"count", oovCount}, {"hash", true}, {"salt", nullptr}}},
                  {"mask", nullptr}}},
                {"back",
                 "StringLookup",
                 "invert",
                 {2},
                 {{"tokens", {"a", "b"}}, {"first", 1}, {"oov", "?"}, {"mask", nullptr}}}};
  plan.arguments = {1};
  plan.results = {3};
  return plan;
}

Tensor words(std::vector<std::string> texts) {
  Tensor tensor(DType::string, {static_cast<int64_t>(texts.size()) / 2, 2});
  std::ranges::copy(texts, tensor.as<std::string>().begin());
  return tensor;
}

/// One more than each number.
Expected<std::vector<Tensor>> increment(std::vector<Tensor> arguments) {
  EXPECT_EQ(arguments.at(0).dtype(), DType::f32);
  for (float &value : arguments[0].as<float>())
    value += 1;
  return arguments;
}

Expected<std::vector<Tensor>> run(const Plan &plan, const Tensor &input) {
  // As an artifact's manifest keeps it.
  Program program = HORNET_TRY(Program::make(planOf(Json::parse(jsonOf(plan).dump()))));
  return program.run(std::vector{input}, increment);
}

TEST(Program, WordsGoInAndOut) {
  auto outputs = run(wordsInWordsOut(), words({"a", "b", "x", "a"}));
  ASSERT_TRUE(outputs) << toString(outputs.error());
  EXPECT_THAT((*outputs)[0].as<std::string>(), ElementsAre("b", "?", "a", "b"));
}

TEST(Program, AWordWithoutAnIndexIsRefusedByItsLayer) {
  auto outputs = run(wordsInWordsOut(0), words({"a", "owl"}));
  ASSERT_FALSE(outputs);
  EXPECT_THAT(toString(outputs.error()),
              AllOf(HasSubstr("'words' (StringLookup)"),
                    HasSubstr("'owl' is not in the vocabulary"), HasSubstr("num_oov_indices")));
}

TEST(Program, BytesThatAreNoTextAreRefused) {
  auto outputs = run(wordsInWordsOut(), words({"a", "\xff"}));
  ASSERT_FALSE(outputs);
  EXPECT_THAT(toString(outputs.error()),
              HasSubstr("string number 1 of input number 0 is not UTF-8"));
}

TEST(Program, APlanThatNoImportMadeIsRefused) {
  auto refusal = [](const std::function<void(Plan &)> &damage) {
    Plan plan = wordsInWordsOut();
    damage(plan);
    auto program = Program::make(plan);
    return program ? "none" : toString(program.error());
  };
  EXPECT_THAT(refusal([](Plan &p) { p.steps[0].function = "shell"; }), HasSubstr("damaged"));
  EXPECT_THAT(refusal([](Plan &p) { p.steps[0].settings.erase("tokens"); }), HasSubstr("damaged"));
  EXPECT_THAT(refusal([](Plan &p) { p.steps[0].operands = {3}; }), HasSubstr("damaged"));
  EXPECT_THAT(refusal([](Plan &p) { p.values[1].index = 7; }), HasSubstr("damaged"));
  EXPECT_EQ(refusal([](Plan &) {}), "none");
  Json json = jsonOf(wordsInWordsOut());
  json["results"] = {9};
  EXPECT_ANY_THROW(planOf(json));
}

} // namespace
