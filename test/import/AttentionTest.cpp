// What attention layers refuse, by name.
#include "import/Import.h"

#include "formats/Json.h"

#include "mlir/IR/MLIRContext.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

using namespace hornet;
using testing::HasSubstr;

namespace {

struct Row {
  const char *name, *className, *config, *query, *value, *kwargs, *words;
};

std::string tensor(const char *layer, const std::string &shape) {
  return fmt::format(
      R"({{"class_name": "__keras_tensor__", "config": {{"shape": {}, "dtype": "float32", "keras_history": ["{}", 0, 0]}}}})",
      shape, layer);
}

std::string input(const char *name, const std::string &shape) {
  return fmt::format(
      R"({{"class_name": "InputLayer", "name": "{0}", "config": {{"name": "{0}", "batch_shape": {1}}}, "inbound_nodes": []}})",
      name, shape);
}

/// A functional model of Keras 3: the layer 'it' on the inputs q and v, and m where it is given.
std::string problemsOf(const Row &row) {
  std::string q = tensor("q", row.query), v = tensor("v", row.value);
  bool isList = !std::string_view(row.className).ends_with("HeadAttention") &&
                std::string_view(row.className) != "GroupQueryAttention";
  std::string args = isList ? fmt::format("[[{}, {}]]", q, v) : fmt::format("[{}, {}]", q, v);
  std::string text = fmt::format(
      R"({{"class_name": "Functional", "config": {{"name": "model", "layers": [{}, {}, {},
         {{"class_name": "{}", "name": "it", "config": {{"name": "it", "trainable": true{}}},
           "inbound_nodes": [{{"args": {}, "kwargs": {{{}}}}}]}}],
         "input_layers": [["q", 0, 0], ["v", 0, 0], ["m", 0, 0]], "output_layers": ["it", 0, 0]}}}})",
      input("q", row.query), input("v", row.value), input("m", "[null, 4, 7]"), row.className,
      row.config, args, row.kwargs);
  auto json = formats::parseJson(text, "model.json");
  EXPECT_TRUE(json) << toString(json.error());
  auto model = keras::modelFromConfig(*json, "model.json");
  if (!model)
    return toString(model.error());
  mlir::MLIRContext context;
  auto imported = import::importModel(context, *model, {});
  return imported ? "" : toString(imported.error());
}

const char *const q = "[null, 4, 6]", *const v = "[null, 5, 6]";
#define HORNET_HEADS R"(, "num_heads": 2, "key_dim": 3)"
const Row rows[] = {
    {"Dropout", "Attention", R"(, "dropout": 1.5)", q, v, "", "dropout must be between 0 and 1"},
    {"ScoreMode", "Attention", R"(, "score_mode": "cosine")", q, v, "", "score_mode"},
    {"Features", "Attention", "", q, "[null, 5, 3]", "", "give query and key as many features"},
    {"Rank", "Attention", "", "[null, 4, 2, 6]", "[null, 5, 2, 6]", "", "batch, steps, features"},
    {"HeadsRank", "MultiHeadAttention", HORNET_HEADS, "[null, 6]", "[null, 6]", "",
     "need 3 dimensions or more"},
    {"HeadsAxes", "MultiHeadAttention", HORNET_HEADS R"(, "attention_axes": [2])", q, v, "",
     "attention_axes must be axes"},
    {"HeadsAxis", "MultiHeadAttention", HORNET_HEADS R"(, "attention_axes": [1])",
     "[null, 4, 2, 6]", "[null, 4, 3, 6]", "", "along which nothing attends"},
    {"HeadsOutput", "MultiHeadAttention", HORNET_HEADS R"(, "output_shape": [0])", q, v, "",
     "output_shape must be positive"},
    {"HeadsValueDim", "MultiHeadAttention", HORNET_HEADS R"(, "value_dim": 0)", q, v, "",
     "value_dim"},
    {"HeadsWindow", "MultiHeadAttention", HORNET_HEADS R"(, "sliding_window": -1)", q, v, "",
     "sliding_window"},
    {"HeadsMask", "MultiHeadAttention", HORNET_HEADS, q, v,
     R"("attention_mask": {"class_name": "__keras_tensor__", "config": {"shape": [null, 4, 7], "dtype": "float32", "keras_history": ["m", 0, 0]}})",
     "the mask (None, 4, 7) does not fit the scores (None, 2, 4, 5)"},
    {"Groups", "GroupQueryAttention",
     R"(, "head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 3)", q, v, "",
     "num_query_heads = 4 is no multiple"},
};

class AttentionProblems : public testing::TestWithParam<Row> {};

TEST_P(AttentionProblems, nameTheLayer) {
  std::string problems = problemsOf(GetParam());
  EXPECT_THAT(problems, HasSubstr(GetParam().words));
  EXPECT_THAT(problems, HasSubstr("'it'"));
}

INSTANTIATE_TEST_SUITE_P(All, AttentionProblems, testing::ValuesIn(rows),
                         [](const auto &info) { return std::string(info.param.name); });

} // namespace
