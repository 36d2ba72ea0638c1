// Each gradient rule against finite differences, in double precision.

#include "differentiate/Gradients.h"
#include "test/differentiate/Functions.h"

#include "mlir/Parser/Parser.h"

#include <algorithm>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <map>
#include <numeric>
#include <random>
#include <set>

using namespace mlir;
using namespace hornet;
using test::Array;
using test::distinct;
using test::functionOf;
using test::OpCase;

namespace {

/// A context that knows the dialect and its gradients.
struct Context : MLIRContext {
  Context() {
    DialectRegistry registry;
    registry.insert<graph::GraphDialect, func::FuncDialect>();
    differentiate::registerGradients(registry);
    appendDialectRegistry(registry);
    loadAllAvailableDialects();
  }
};

class Rules : public testing::TestWithParam<OpCase> {};

TEST_P(Rules, areTheLimitsOfDifferences) {
  Context context;
  std::string text = GetParam().function("f64");
  auto module = parseSourceString<ModuleOp>(text, &context);
  ASSERT_TRUE(module) << text;
  func::FuncOp function = functionOf(*module), derived = function.clone();
  OwningOpRef<func::FuncOp> owner(derived);
  ASSERT_TRUE(succeeded(test::addGradients(derived))) << text;

  std::vector<Array> arguments;
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
    arguments.push_back(distinct(type, GetParam().domain, i));
  Array weights = test::interpret(function, arguments).at(0);
  std::mt19937 engine(1);
  for (double &weight : weights.values)
    weight = std::uniform_real_distribution<double>(-1, 1)(engine);
  auto loss = [&] {
    Array y = test::interpret(function, arguments).at(0);
    return std::inner_product(y.values.begin(), y.values.end(), weights.values.begin(), 0.0);
  };
  std::vector<Array> withWeights = arguments;
  withWeights.push_back(weights);
  std::vector<Array> gradients = test::interpret(derived, withWeights);
  ASSERT_EQ(gradients.size(), arguments.size() + 1);
  gradients.erase(gradients.begin());

  constexpr double step = 1e-5;
  for (auto [i, gradient] : llvm::enumerate(gradients)) {
    ASSERT_EQ(gradient.shape, arguments[i].shape) << text;
    for (size_t j = 0; j < gradient.values.size(); ++j) {
      double &x = arguments[i].values[j], before = x;
      x = before + step;
      double above = loss();
      x = before - step;
      double difference = (above - loss()) / (2 * step);
      x = before;
      EXPECT_NEAR(gradient.values[j], difference, 1e-8 + 1e-6 * std::abs(difference))
          << "argument " << i << ", element " << j << " of\n"
          << text;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Rules, testing::ValuesIn(test::opCases()),
                         [](const auto &test) { return test.param.name; });

//===----------------------------------------------------------------------===//
// Every op
//===----------------------------------------------------------------------===//

/// Ops without a gradient, and why.
const std::map<std::string, std::string> none = {
    {"graph.parameter", "declares"},
    {"graph.get_parameter", "a variable itself"},
    {"graph.constant", "depends on nothing"},
    {"graph.dropout", "expanded by the step before"},
    {"graph.noise", "expanded by the step before"},
    {"graph.penalize", "taken out by the step before"},
    {"graph.filter_gradient", "stands in gradients alone"},
    {"graph.max_pool_index", "stands in gradients alone"},
    {"graph.scatter_add", "stands in gradients alone"},
    {"graph.yield", "ends the body of a scan"},
    {"graph.winograd_convolution", "made by the lowering"},
    {"graph.winograd_filter_gradient", "made by the lowering"},
};

TEST(Ops, haveARuleOrAReasonForNone) {
  Context context;
  std::set<std::string> tried;
  for (const OpCase &each : test::opCases()) {
    auto module = parseSourceString<ModuleOp>(each.function("f64"), &context);
    ASSERT_TRUE(module) << each.name;
    functionOf(*module).walk(
        [&](Operation *op) { tried.insert(op->getName().getStringRef().str()); });
  }
  size_t seen = 0;
  for (RegisteredOperationName op : context.getRegisteredOperations()) {
    std::string name = op.getStringRef().str();
    if (op.getDialectNamespace() != "graph")
      continue;
    ++seen;
    bool hasRule = op.hasInterface<differentiate::Differentiable>();
    EXPECT_NE(hasRule, none.contains(name)) << name << " has no rule, and no reason for none";
    bool apart = name == "graph.stop_gradient"; // has a test of its own
    EXPECT_TRUE(!hasRule || apart || tried.contains(name)) << name << " has no case in Cases.cpp";
  }
  EXPECT_GT(seen, none.size());
}

/// The gradient is not the limit of differences there, so that it has a test of its own.
TEST(StopGradient, letsNothingThrough) {
  Context context;
  auto module = parseSourceString<ModuleOp>(OpCase{"stopped",
                                                   {"2x3"},
                                                   "%s = graph.stop_gradient %a : A\n"
                                                   "graph.multiply %a, %s : (A, A) -> A"}
                                                .function("f64"),
                                            &context);
  ASSERT_TRUE(module && succeeded(test::addGradients(functionOf(*module))));
  Array x({2, 3}, {1, 2, 3, 4, 5, 6}), ones({2, 3}, {1, 1, 1, 1, 1, 1});
  EXPECT_THAT(test::interpret(functionOf(*module), {x, ones}).at(1).values,
              testing::ElementsAre(1, 2, 3, 4, 5, 6));
}

//===----------------------------------------------------------------------===//
// What rules do where functions have no derivative
//===----------------------------------------------------------------------===//

/// The gradients of sum(op * weights) at `arguments`.
std::vector<Array> gradientsAt(const OpCase &op, std::vector<Array> arguments, Array weights) {
  Context context;
  auto module = parseSourceString<ModuleOp>(op.function("f64"), &context);
  EXPECT_TRUE(module && succeeded(test::addGradients(functionOf(*module))));
  arguments.push_back(std::move(weights));
  std::vector<Array> results = test::interpret(functionOf(*module), arguments);
  return {results.begin() + 1, results.end()};
}

using testing::ElementsAre;

TEST(Ties, theFirstMaximumOfAWindowTakesAll) {
  OpCase apart{"",
               {"1x4x1"},
               "graph.max_pool %a window [2] strides [2] low [0] high [0]"
               " : (A) -> <1x2x1>"};
  EXPECT_THAT(gradientsAt(apart, {{{1, 4, 1}, {5, 5, 2, 2}}}, {{1, 2, 1}, {1, 10}})[0].values,
              ElementsAre(1, 0, 10, 0));
  OpCase overlapping{"",
                     {"1x4x1"},
                     "graph.max_pool %a window [3] strides [1] low [0] high [0]"
                     " : (A) -> <1x2x1>"};
  EXPECT_THAT(gradientsAt(overlapping, {{{1, 4, 1}, {1, 5, 5, 5}}}, {{1, 2, 1}, {1, 10}})[0].values,
              ElementsAre(0, 11, 0, 0));
}

TEST(Ties, equalMaximaOfAReductionShare) {
  OpCase reduce{"", {"2x4"}, "graph.reduce_max %a dimensions [1] : (A) -> <2>"};
  EXPECT_THAT(gradientsAt(reduce, {{{2, 4}, {1, 3, 3, 2, 7, 7, 7, 7}}}, {{2}, {1, 4}})[0].values,
              ElementsAre(0, 0.5, 0.5, 0, 1, 1, 1, 1));
}

TEST(Ties, theLeftOfTwoEqualsTakesAll) {
  for (const char *name : {"maximum", "minimum"}) {
    OpCase op{"", {"1", "1"}, fmt::format("graph.{} %a, %b : (A, B) -> A", name)};
    auto gradients = gradientsAt(op, {{{1}, {2}}, {{1}, {2}}}, {{1}, {3}});
    EXPECT_THAT(gradients[0].values, ElementsAre(3)) << name;
    EXPECT_THAT(gradients[1].values, ElementsAre(0)) << name;
  }
}

TEST(Ties, reluAndAbsAreFlatAtZero) {
  for (const char *name : {"relu", "abs"}) {
    OpCase op{"", {"1"}, fmt::format("graph.{} %a : A", name)};
    EXPECT_THAT(gradientsAt(op, {{{1}, {0}}}, {{1}, {3}})[0].values, ElementsAre(0)) << name;
  }
}

TEST(Ties, powersOfZeroAreNoNumberlessGradients) {
  OpCase op{"", {"1", "1"}, "graph.power %a, %b : (A, B) -> A"};
  auto gradients = gradientsAt(op, {{{1}, {0}}, {{1}, {2}}}, {{1}, {3}});
  EXPECT_THAT(gradients[0].values, ElementsAre(0));
  EXPECT_THAT(gradients[1].values, ElementsAre(0));
}

//===----------------------------------------------------------------------===//
// Going back
//===----------------------------------------------------------------------===//

TEST(GoingBack, usesOfOneValueAddUp) {
  OpCase op{"", {"2"}, "%s = graph.multiply %a, %a : (A, A) -> A\ngraph.add %s, %a : (A, A) -> A"};
  EXPECT_THAT(gradientsAt(op, {{{2}, {3, 4}}}, {{2}, {1, 10}})[0].values, ElementsAre(7, 90));
}

TEST(GoingBack, whatTheLossDoesNotDependOnHasZeros) {
  OpCase op{"", {"2", "3"}, "graph.negate %a : A"};
  auto gradients = gradientsAt(op, {{{2}, {1, 2}}, {{3}, {1, 2, 3}}}, {{2}, {1, 10}});
  EXPECT_THAT(gradients[0].values, ElementsAre(-1, -10));
  EXPECT_THAT(gradients[1].values, ElementsAre(0, 0, 0));
}

TEST(GoingBack, anOpWithoutRuleIsNamedAtItsLayer) {
  Context context;
  auto module = parseSourceString<ModuleOp>(
      "func.func @f(%a: tensor<2xf64>) -> tensor<2xf64> {\n"
      "%y = graph.dropout %a rate 0.5 : tensor<2xf64> loc(\"dropout_1\")\n"
      "return %y : tensor<2xf64>\n}",
      &context);
  std::string said;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    said = fmt::format("{}: {}", cast<NameLoc>(diagnostic.getLocation()).getName().str(),
                       diagnostic.str());
  });
  EXPECT_TRUE(failed(test::addGradients(functionOf(*module))));
  EXPECT_EQ(said, "dropout_1: 'graph.dropout' has no gradient");
}

} // namespace
