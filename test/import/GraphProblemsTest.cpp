// What is wrong with a model's graph is listed with what is wrong with its layers, and nothing that
// only follows from it.

#include "import/Import.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

using namespace hornet;
using testing::ElementsAre;

namespace {

std::string layer(const std::string &className, const std::string &name, const std::string &nodes,
                  const std::string &config = "") {
  return fmt::format(
      R"({{"class_name": "{}", "config": {{"name": "{}"{}{}}}, "inbound_nodes": {}}})", className,
      name, config.empty() ? "" : ", ", config, nodes);
}

std::string dense(const std::string &name, const std::string &from, const char *units = "3") {
  return layer("Dense", name, fmt::format(R"([[["{}", 0, 0]]])", from),
               fmt::format(R"("units": {})", units));
}

const std::string input = layer("InputLayer", "a", "[]", R"("batch_input_shape": [null, 4])");

/// A functional model of Keras 2, with the input a (None, 4).
std::string functional(const std::vector<std::string> &layers, const std::string &output,
                       const std::string &inputs = R"([["a", 0, 0]])") {
  return fmt::format(R"({{"class_name": "Functional", "keras_version": "2.11.0", "config": {{
    "name": "m", "layers": [{}, {}], "input_layers": {},
    "output_layers": [["{}", 0, 0]]}}}})",
                     input, fmt::join(layers, ", "), inputs, output);
}

std::string sequential(const std::vector<std::string> &layers) {
  return fmt::format(R"({{"class_name": "Sequential", "config": {{"name": "m", "layers": [{}]}}}})",
                     fmt::join(layers, ", "));
}

/// "layer: reason" of each problem, in the order in which they are found.
std::vector<std::string> problemsOf(const std::string &text) {
  auto model = keras::examineConfig(formats::parseJson(text, "f").value(), "f");
  if (!model)
    return {toString(model.error())};
  EXPECT_EQ(model->problems.empty(), keras::modelFromConfig(*model->source, "f").has_value());
  mlir::MLIRContext context;
  auto imported = import::importModel(context, *model);
  std::vector<std::string> lines;
  if (!imported)
    for (const Problem &problem : std::get<InputError>(imported.error()).problems)
      lines.push_back(problem.layer + ": " + problem.reason.substr(0, problem.reason.find(" — ")));
  return lines;
}

std::string noClass(const std::string &name) {
  return fmt::format("{0}: no layer class 'No{0}'", name);
}
std::string dangling(const std::string &user, const std::string &source) {
  return fmt::format("{}: it takes the output of '{}', which does not exist", user, source);
}

TEST(GraphProblems, AreListedWithThoseOfLayers) {
  EXPECT_THAT(problemsOf(functional({dense("b", "x"), layer("Noc", "c", R"([[["a", 0, 0]]])"),
                                     dense("d", "y"), layer("Noe", "e", R"([[["d", 0, 0]]])"),
                                     layer("Add", "f", R"([[["b", 0, 0], ["z", 0, 0]]])")},
                                    "f")),
              ElementsAre(dangling("b", "x"), dangling("d", "y"), dangling("f", "z"), noClass("c"),
                          noClass("e")));
}

TEST(GraphProblems, LeaveALayersOwnAttributesToBeChecked) {
  EXPECT_THAT(problemsOf(functional({dense("b", "x", "-3")}, "b")),
              ElementsAre(dangling("b", "x"), "b: units must be a positive integer, got -3"));
}

TEST(GraphProblems, OfOutputsDoNotHideThoseOfLayers) {
  EXPECT_THAT(problemsOf(functional({dense("b", "a", "0")}, "x")),
              ElementsAre(": output_layers names 'x', which does not exist",
                          "b: units must be a positive integer, got 0"));
}

TEST(GraphProblems, OfNodesLeaveTheClassToBeChecked) {
  EXPECT_THAT(
      problemsOf(functional({layer("Nob", "b", "[[7]]"), layer("Dense", "c", "7", R"("units": 3)"),
                             dense("d", "b"), dense("e", "c", "0")},
                            "e")),
      ElementsAre("b: a node has a number where a tensor was expected",
                  "c: inbound_nodes is a number, a list was expected", noClass("b"),
                  "e: units must be a positive integer, got 0"));
}

TEST(GraphProblems, OfEveryCycleAreListed) {
  EXPECT_THAT(
      problemsOf(
          functional({dense("b", "c"), dense("c", "b"), dense("d", "d"), dense("e", "d", "0"),
                      layer("Add", "f", R"([[["a", 0, 0], ["g", 0, 0], ["h", 0, 0]]])"),
                      dense("g", "f"), dense("h", "f")},
                     "e")),
      ElementsAre("b: b <- c <- b is a cycle", "d: it takes its own output, which is a cycle",
                  "f: f <- g <- f is a cycle", "e: units must be a positive integer, got 0"));
}

TEST(GraphProblems, OfAnUnreadableLayerAreNotThoseOfLayersThatUseIt) {
  EXPECT_THAT(problemsOf(functional({R"({"config": {"name": "b"}})", dense("c", "b"),
                                     dense("d", "c", "0"), dense("e", "x")},
                                    "b")),
              ElementsAre(": a layer has no class_name", dangling("e", "x"),
                          "d: units must be a positive integer, got 0"));
  EXPECT_THAT(problemsOf(functional({R"({"class_name": "Dense", "config": 3, "name": "b"})",
                                     layer("Add", "c", R"([[["b", 0, 0], ["a", 0, 0]]])")},
                                    "c")),
              ElementsAre("b: config is a number, an object was expected"));
}

TEST(GraphProblems, OfALayerWithoutANameMakeEveryDanglingReferenceUncertain) {
  EXPECT_THAT(problemsOf(functional(
                  {R"({"class_name": "Dense"})", dense("b", "x"), dense("c", "b", "0")}, "y")),
              ElementsAre(": the layer has no name", "c: units must be a positive integer, got 0"));
}

TEST(GraphProblems, OfNamesGivenTwiceMakeReferencesToThemUncertain) {
  EXPECT_THAT(
      problemsOf(functional({dense("b", "a"), dense("b", "a", "0"), dense("c", "b", "-1")}, "b")),
      ElementsAre("b: two layers are named 'b'", "b: units must be a positive integer, got 0",
                  "c: units must be a positive integer, got -1"));
}

TEST(GraphProblems, OfASequentialLeaveTheRestToBeChecked) {
  std::string first = R"({"class_name": "Dense", "config": {"name": "b", "units": 3,
    "batch_input_shape": [null, 4]}})";
  EXPECT_THAT(
      problemsOf(sequential({"7", first, dense("c", "", "0")})),
      ElementsAre(": a layer has no class_name", "c: units must be a positive integer, got 0"));
  EXPECT_THAT(
      problemsOf(sequential({first, "7", dense("c", "", "0")})),
      ElementsAre(": a layer has no class_name", "c: units must be a positive integer, got 0"));
  EXPECT_THAT(problemsOf(sequential({first, R"({"class_name": "TimeDistributed", "config":
    {"name": "t", "layer": {"class_name": "Dense"}}})",
                                     dense("c", "", "0")})),
              ElementsAre(": the layer has no name", "c: units must be a positive integer, got 0"));
}

TEST(GraphProblems, OfNestedModelsAreListedWithTheOuterOnes) {
  std::string inner = fmt::format(R"({{"class_name": "Functional", "name": "n", "inbound_nodes":
    [[["a", 0, 0, {{}}]]], "config": {{"name": "n", "layers": [{}, {}, {}],
      "input_layers": [["q", 0, 0]], "output_layers": [["c", 0, 0]]}}}})",
                                  input, dense("b", "x"), dense("c", "b", "0"));
  std::string empty = R"({"class_name": "Sequential", "name": "s", "inbound_nodes":
    [[["a", 0, 0, {}]]], "config": {"name": "s", "layers": []}})";
  EXPECT_THAT(problemsOf(functional({inner, empty, dense("d", "n", "0"), dense("e", "s")}, "e")),
              ElementsAre("n/b: it takes the output of 'x', which does not exist",
                          "n: input_layers names 'q', which does not exist",
                          "s: the model has no layers",
                          "n/c: units must be a positive integer, got 0",
                          "d: units must be a positive integer, got 0"));
}

TEST(GraphProblems, OfInputsAreNotThoseOfShapes) {
  EXPECT_THAT(problemsOf(functional({dense("b", "a", "0")}, "b", R"([["x", 0, 0]])")),
              ElementsAre(": input_layers names 'x', which does not exist",
                          "a: the InputLayer 'a' is used, but not among input_layers",
                          "b: units must be a positive integer, got 0"));
  EXPECT_THAT(
      problemsOf(functional({dense("b", "a")}, "b", "[7]")),
      ElementsAre(": input_layers has a number where layer, node and tensor were expected"));
}

} // namespace
