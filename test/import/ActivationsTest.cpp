#include "import/Activations.h"

#include "formats/Npy.h"
#include "graph/Graph.h"
#include "test/graph/Interpreter.h"

#include "mlir/IR/Verifier.h"

#include <cmath>
#include <gmock/gmock.h>

using namespace hornet;
using import::Activation;
using keras::Generation;
using test::Array;
using ::testing::HasSubstr;

namespace {

struct Context {
  mlir::MLIRContext context;
  mlir::OpBuilder builder{&context};
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp function;

  /// A function of one float tensor, with the builder inside.
  explicit Context(llvm::ArrayRef<int64_t> shape) {
    context.loadDialect<graph::GraphDialect, mlir::func::FuncDialect>();
    module = mlir::ModuleOp::create(builder.getUnknownLoc());
    builder.setInsertionPointToEnd(module->getBody());
    auto type = mlir::RankedTensorType::get(shape, builder.getF32Type());
    function = mlir::func::FuncOp::create(builder, builder.getUnknownLoc(), "f",
                                          builder.getFunctionType(type, {}));
    builder.setInsertionPointToEnd(function.addEntryBlock());
  }

  Expected<mlir::Value> build(const Activation &activation,
                              Generation generation = Generation::keras3) {
    return import::buildActivation(builder, builder.getUnknownLoc(), activation, generation,
                                   function.getArgument(0));
  }
};

/// activation(x), with the batch dimension left open.
Array run(const Activation &activation, const Array &x,
          Generation generation = Generation::keras3) {
  std::vector<int64_t> shape = x.shape;
  shape[0] = mlir::ShapedType::kDynamic;
  Context context(shape);
  auto y = context.build(activation, generation);
  if (!y) {
    ADD_FAILURE() << toString(y.error());
    return {};
  }
  mlir::func::ReturnOp::create(context.builder, context.builder.getUnknownLoc(), *y);
  context.function.setType(
      context.builder.getFunctionType(context.function.getArgumentTypes(), y->getType()));
  EXPECT_TRUE(mlir::succeeded(mlir::verify(*context.module)));
  return test::interpret(context.function, x).at(0);
}

float run(const Activation &activation, float x) {
  return run(activation, Array({1, 1}, {x})).values.at(0);
}

Array toArray(const Tensor &tensor) {
  auto values = tensor.as<float>();
  return {tensor.shape(), {values.begin(), values.end()}};
}

void expectClose(const Array &found, const Array &wanted) {
  ASSERT_EQ(found.shape, wanted.shape);
  for (size_t i = 0; i < wanted.values.size(); ++i) {
    float a = found.values[i], b = wanted.values[i];
    bool same = a == b || (std::isnan(a) && std::isnan(b));
    EXPECT_TRUE(same || std::fabs(a - b) <= 1e-5f + 1e-5f * std::fabs(b))
        << "element " << i << ": " << a << " instead of " << b;
  }
}

struct Golden {
  std::string folder;
  Activation activation;
  Generation generation = Generation::keras3;
  std::string file = "io.npz";
};

std::vector<Golden> goldens() {
  std::vector<Golden> cases;
  for (const char *name :
       {"celu",         "elu",        "exponential", "gelu",       "glu",         "hard_shrink",
        "hard_sigmoid", "hard_silu",  "hard_tanh",   "leaky_relu", "log_sigmoid", "log_softmax",
        "mish",         "relu",       "relu6",       "selu",       "sigmoid",     "silu",
        "soft_shrink",  "softmax",    "softplus",    "softsign",   "sparse_plus", "sparse_sigmoid",
        "sparsemax",    "squareplus", "tanh",        "tanh_shrink"})
    cases.push_back({std::string("activation__") + name, {name}});
  cases.insert(
      cases.end(),
      {
          {"activation__hard_sigmoid", {"hard_sigmoid"}, Generation::keras2, "io_keras2.npz"},
          {"activation__gelu_approximate_op", {"gelu", {{"approximate", 1}}}},
          {"activation__softmax_3d", {"softmax"}},
          {"activation__threshold_op", {"threshold", {{"threshold", 0.5}, {"default_value", -1}}}},
          {"elu__alpha", {"elu", {{"alpha", 0.3}}}},
          {"leaky_relu__slope", {"leaky_relu", {{"negative_slope", 0.07}}}},
          {"leaky_relu__slope_gt1", {"leaky_relu", {{"negative_slope", 1.5}}}},
          {"relu_layer__max6", {"relu", {{"max_value", 6}}}},
          {"relu_layer__max_slope_threshold",
           {"relu", {{"max_value", 2}, {"negative_slope", 0.1}, {"threshold", 0.5}}}},
          {"softmax_layer__axis1", {"softmax", {}, {1}}},
          {"special_values__relu", {"relu"}},
          {"special_values__sigmoid", {"sigmoid"}},
      });
  return cases;
}

class ActivationGolden : public ::testing::TestWithParam<Golden> {};

TEST_P(ActivationGolden, GivesWhatKerasGives) {
  const Golden &golden = GetParam();
  auto arrays = formats::readNpzFile("test/golden/layers/" + golden.folder + "/" + golden.file);
  ASSERT_TRUE(arrays) << toString(arrays.error());
  Array x, y;
  for (auto &[name, tensor] : *arrays)
    (name == "output_0" ? y : x) = toArray(tensor);
  expectClose(run(golden.activation, x, golden.generation), y);
}

INSTANTIATE_TEST_SUITE_P(Keras, ActivationGolden, ::testing::ValuesIn(goldens()), [](auto &info) {
  return info.param.folder + (info.param.file == "io.npz" ? "" : "_keras2");
});

TEST(Activations, TakeEveryNameOfTheTable) {
  for (std::string_view name : import::activationNames())
    EXPECT_TRUE(Context({mlir::ShapedType::kDynamic, 4}).build({std::string(name)})) << name;
}

TEST(Activations, SoftmaxOverTwoAxesSumsToOne) {
  Array y = run({"softmax", {}, {-1, 1}}, {{2, 2, 2}, {1, 2, 3, 4, 100, 100, 0, 0}});
  EXPECT_NEAR(y.values[0] + y.values[1] + y.values[2] + y.values[3], 1, 1e-6);
  EXPECT_NEAR(y.values[4], 0.5, 1e-6);
}

// The cumulative sums 0.5 and 1 in a support of 2 give the threshold (0.5 + 1 - 1) / 2 = 0.25.
TEST(Activations, SparsemaxAddsUpCumulativeSumsOfTiesAsKerasDoes) {
  Array y = run({"sparsemax"}, {{1, 3}, {0.5, 0.5, -3}});
  EXPECT_THAT(y.values, ::testing::ElementsAre(0.25f, 0.25f, 0.f));
}

TEST(Activations, DoNotOverflowOnTheBranchTheyDrop) {
  EXPECT_EQ(run({"elu"}, 3e38f), 3e38f);
  EXPECT_EQ(run({"softplus"}, 3e38f), 3e38f);
  EXPECT_EQ(run({"log_sigmoid"}, -3e38f), -3e38f);
  EXPECT_EQ(run({"mish"}, 1e30f), 1e30f);
  EXPECT_FLOAT_EQ(run({"softplus"}, -20.f), 2.0611537e-9f);
}

TEST(Activations, KeepNaN) {
  for (const char *name : {"relu", "relu6", "elu", "selu", "celu", "leaky_relu", "softplus",
                           "hard_sigmoid", "hard_tanh", "silu", "gelu", "mish", "tanh", "softmax"})
    EXPECT_TRUE(std::isnan(run({name}, NAN))) << name;
}

TEST(Activations, RefuseAnUnknownNameAndSuggestTheNearest) {
  auto y = Context({1, 4}).build({"leakyrelu"});
  ASSERT_FALSE(y);
  EXPECT_THAT(toString(y.error()), HasSubstr("'leakyrelu'"));
  EXPECT_THAT(toString(y.error()), HasSubstr("'leaky_relu'"));
}

TEST(Activations, RefuseAnAttributeOfAnotherFunction) {
  auto y = Context({1, 4}).build({"tanh", {{"alpha", 1}}});
  ASSERT_FALSE(y);
  EXPECT_THAT(toString(y.error()), HasSubstr("'alpha'"));
}

TEST(Activations, RefuseAnAxisThatTheInputDoesNotHave) {
  for (int64_t axis : {-3, 2}) {
    auto y = Context({1, 4}).build({"softmax", {}, {axis}});
    ASSERT_FALSE(y);
    EXPECT_THAT(toString(y.error()), HasSubstr("axis " + std::to_string(axis)));
  }
  EXPECT_FALSE(Context({1, 4}).build({"softmax", {}, {1, -1}}));
  EXPECT_FALSE(Context({mlir::ShapedType::kDynamic, 4}).build({"sparsemax", {}, {0}}));
}

TEST(Activations, RefuseGluOfAnOddNumber) {
  auto y = Context({1, 5}).build({"glu"});
  ASSERT_FALSE(y);
  EXPECT_THAT(toString(y.error()), HasSubstr("5 elements"));
}

} // namespace
