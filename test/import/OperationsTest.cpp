// Keras's operations: that each has a place, and what is said of wrong calls of TensorFlow's.

#include "formats/File.h"
#include "formats/Json.h"
#include "import/Operation.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <set>
#include <sstream>

using namespace hornet;
using formats::Json;
using testing::HasSubstr;

namespace {

/// Function and class ("-": none) of each function of keras.ops.
std::vector<std::pair<std::string, std::string>> functionsOfKeras() {
  auto bytes = formats::readFile("test/import/data/keras-ops-3.15.txt");
  std::vector<std::pair<std::string, std::string>> functions;
  if (!bytes)
    return functions;
  std::istringstream lines({reinterpret_cast<const char *>(bytes->data()), bytes->size()});
  for (std::string line; std::getline(lines, line);)
    if (size_t space = line.find(' '); !line.empty() && line[0] != '#')
      functions.emplace_back(line.substr(0, space), line.substr(space + 1));
  return functions;
}

TEST(Operations, eachOfKerasIsSupportedOrRefusedForAReason) {
  std::set<std::string_view> supported, refused;
  for (std::string_view name : import::supportedOperations())
    EXPECT_TRUE(supported.insert(name).second) << name << " is there twice";
  for (const import::RefusedOperation &each : import::refusedOperations()) {
    EXPECT_TRUE(refused.insert(each.name).second) << each.name << " is there twice";
    EXPECT_FALSE(supported.contains(each.name)) << each.name;
    EXPECT_FALSE(each.reason.empty()) << each.name;
  }
  auto functions = functionsOfKeras();
  EXPECT_GT(functions.size(), 300u);
  for (const auto &[function, name] : functions)
    EXPECT_TRUE(name == "-" || supported.contains(name) || refused.contains(name))
        << "keras.ops." << function << " (" << name << ")";
}

/// What is said of a model of one layer that is called on "x" of (None, 4, 3), with these keyword
/// arguments; empty when it is imported.
std::string problemsOf(const std::string &className, const std::string &config,
                       const std::string &arguments = "{}") {
  std::string text = fmt::format(
      R"({{"class_name": "Functional", "keras_version": "2.15.0", "config": {{"name": "m", "layers": [
      {{"class_name": "InputLayer", "name": "x", "inbound_nodes": [],
        "config": {{"name": "x", "batch_input_shape": [null, 4, 3], "dtype": "float32"}}}},
      {{"class_name": "{}", "name": "it", "inbound_nodes": [["x", 0, 0, {}]],
        "config": {{"name": "it", "trainable": true, {}}}}}],
      "input_layers": [["x", 0, 0]], "output_layers": [["it", 0, 0]]}}}})",
      className, arguments, config);
  auto json = formats::parseJson(text, "model.json");
  EXPECT_TRUE(json) << toString(json.error());
  auto model = keras::modelFromConfig(*json, "model.json");
  EXPECT_TRUE(model) << toString(model.error());
  mlir::MLIRContext context;
  auto imported = import::importModel(context, *model, {});
  return imported ? "" : toString(imported.error());
}

struct Mistake {
  const char *className, *config, *arguments, *message;
};

const Mistake mistakes[] = {
    {"TFOpLambda", R"("function": "math.reduce_mean")", R"({"axis": 1})", ""},
    {"TFOpLambda", R"("function": "tf.compat.v1.nn.tanh")", "{}", ""},
    {"TFOpLambda", R"("function": "math.betainc")", "{}",
     "the function 'tf.math.betainc' is not supported"},
    {"TFOpLambda", R"("function": 3)", "{}", "the name of a function is missing, got 3"},
    {"TFOpLambda", R"("function": "math.reduce_mean")", R"({"axis": 5})", "axis 5 is out of range"},
    {"TFOpLambda", R"("function": "math.cumsum")", R"({"axis": 1, "exclusive": true})",
     "the argument exclusive=true is not supported"},
    {"TFOpLambda", R"("function": "math.add")", "{}", "the argument x2 is missing"},
    {"TFOpLambda", R"("function": "reshape")", R"({"shape": [12, -1]})",
     "the batch must stay the first dimension"},
    {"TFOpLambda", R"("function": "boolean_mask")", "{}", "is not supported"},
    {"SlicingOpLambda", R"("function": "__operators__.getitem")", R"({"slice_spec": [0]})",
     "takes samples out of the batch"},
    {"TensorFlowOpLayer", R"("node_def": "{\"op\": \"Relu\", \"input\": [\"x\"]}")", "{}", ""},
    {"TensorFlowOpLayer", R"("node_def": {"op": "Mean", "input": ["x", "axes"],
      "attr": {"keep_dims": {"b": true}, "T": {"type": "DT_FLOAT"}}}, "constants": {"1": [1]})",
     "{}", ""},
    {"TensorFlowOpLayer", R"("node_def": {"op": "Mean", "input": ["x", "axes"]})", "{}",
     "the node has 2 inputs, its call and its constants give 1"},
    {"TensorFlowOpLayer", R"("node_def": {"op": "Betainc", "input": ["x"]})", "{}",
     "the TensorFlow operation 'Betainc' is not supported"},
    {"TensorFlowOpLayer", R"("node_def": "op: \"Relu\"")", "{}",
     "the definition of a node of TensorFlow is missing, or is no JSON"},
    {"TensorFlowOpLayer", R"("node_def": {"op": "StridedSlice", "input": ["x", "b", "e", "s"],
      "attr": {"begin_mask": {"i": "1"}, "end_mask": {"i": "1"}, "shrink_axis_mask": {"i": "2"}}},
      "constants": {"1": [0, 1], "2": [0, 2], "3": [1, 1]})",
     "{}", ""},
    {"Lambda", R"("function": "relu", "function_type": "function", "module": "keras.activations")",
     "{}", ""},
    {"Lambda", R"("function": "mean", "function_type": "function", "module": "keras.backend",
      "arguments": {"axis": 1})",
     "{}", ""},
    {"Lambda", R"("function": "relu", "function_type": "function", "module": "__main__")", "{}",
     "Lambda refers to a Python function by name ('relu'); it takes (None, 4, 3)"},
    {"Lambda", R"("function": ["4wEA", null, null], "function_type": "lambda",
      "output_shape": [4, 2])",
     "{}",
     "Lambda holds Python bytecode: it is not executed; it takes (None, 4, 3) and gives [4,2] a "
     "sample"},
    {"Lambda", R"("function": ["4wEA", null, null], "function_type": "lambda",
      "output_shape": ["4wEB", null, null], "output_shape_type": "lambda")",
     "{}", "it is not executed; it takes (None, 4, 3); give an importer"},
};

class OneFunction : public testing::TestWithParam<Mistake> {};

TEST_P(OneFunction, isTakenOrRefusedByName) {
  const Mistake &mistake = GetParam();
  std::string said = problemsOf(mistake.className, mistake.config, mistake.arguments);
  if (std::string_view(mistake.message).empty())
    EXPECT_EQ(said, "");
  else
    EXPECT_THAT(said, HasSubstr(mistake.message));
}

INSTANTIATE_TEST_SUITE_P(All, OneFunction, testing::ValuesIn(mistakes), [](const auto &info) {
  return std::string(info.param.className) + std::to_string(info.index);
});

} // namespace
