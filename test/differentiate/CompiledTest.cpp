// Every op and its gradient through the whole compiler, against the interpreter.

#include "compiler/Compilation.h"
#include "graph/Graph.h"
#include "keras/Builder.h"
#include "runtime/Model.h"
#include "test/differentiate/Functions.h"

#include "mlir/Parser/Parser.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace mlir;
using namespace hornet;
using test::Array;
using test::OpCase;

namespace {

Shape shapeOf(Type type) {
  Shape shape;
  for (int64_t extent : cast<RankedTensorType>(type).getShape())
    shape.push_back(ShapedType::isDynamic(extent) ? unknownSize : extent);
  return shape;
}

std::vector<import::Port> portsOf(TypeRange types, const std::string &name) {
  std::vector<import::Port> ports;
  for (Type type : types)
    ports.push_back({name + std::to_string(ports.size()), shapeOf(type),
                     getElementTypeOrSelf(type).isInteger(32) ? DType::i32 : DType::f32});
  return ports;
}

/// A model whose graph does not matter: `predict` takes its place.
keras::Model placeholder() {
  using namespace keras::layers;
  keras::Sequential model;
  model.add(Input({1}));
  model.add(Flatten());
  return *model.toModel();
}

/// @predict of `module`, which must be of the compilation's context, as machine code.
Expected<runtime::Model> compileModule(Compilation &compilation, OwningOpRef<ModuleOp> module) {
  func::FuncOp predict = test::functionOf(*module);
  predict.setName(graph::predictName);
  compilation.imported->inputs = portsOf(predict.getArgumentTypes(), "in");
  compilation.imported->outputs = portsOf(predict.getResultTypes(), "out");
  compilation.imported->module = std::move(module);
  for (const StageName &row : stageNames)
    if (row.stage <= Stage::llvm)
      HORNET_TRY(compilation.advance(row));
  std::string bytes = HORNET_TRY(linkArtifact(compilation));
  auto artifact = HORNET_TRY(runtime::loadArtifact(std::as_bytes(std::span(bytes))));
  return runtime::Model::load(std::move(artifact), {});
}

/// What a graph computes by the interpreter, and by machine code.
struct Answers {
  std::vector<Array> wanted;
  std::vector<Tensor> found;
};

std::optional<Answers> run(const std::string &text, bool gradients, const CompileOptions &options,
                           const std::function<Array(Type, size_t)> &argument) {
  Compilation compilation(options, nullptr);
  EXPECT_TRUE(compilation.begin(placeholder()));
  auto module = parseSourceString<ModuleOp>(text, compilation.context.get());
  EXPECT_TRUE(module) << text;
  if (!module || (gradients && failed(test::addGradients(test::functionOf(*module)))))
    return std::nullopt;
  func::FuncOp function = test::functionOf(*module);
  std::vector<Array> arguments;
  std::vector<Tensor> inputs;
  for (Type type : function.getArgumentTypes()) {
    Array array = argument(type, arguments.size());
    bool isInteger = getElementTypeOrSelf(type).isInteger(32);
    Tensor &input = inputs.emplace_back(isInteger ? DType::i32 : DType::f32, array.shape);
    for (auto [i, value] : llvm::enumerate(array.values))
      if (isInteger)
        input.as<int32_t>()[i] = static_cast<int32_t>(value);
      else
        value = input.as<float>()[i] = static_cast<float>(value);
    arguments.push_back(std::move(array));
  }
  Answers answers{test::interpret(function, arguments), {}};
  auto model = compileModule(compilation, std::move(module));
  EXPECT_TRUE(model) << toString(model.error()) << text;
  if (!model)
    return std::nullopt;
  auto outputs = model->run(inputs);
  EXPECT_TRUE(outputs) << toString(outputs.error()) << text;
  if (!outputs)
    return std::nullopt;
  answers.found = std::move(*outputs);
  return answers;
}

void expectEqual(const Answers &answers, const std::string &text) {
  ASSERT_EQ(answers.found.size(), answers.wanted.size()) << text;
  for (auto [result, wanted] : llvm::enumerate(answers.wanted)) {
    const Tensor &found = answers.found[result];
    ASSERT_EQ(found.shape(), Shape(wanted.shape)) << text;
    double most = 0;
    for (double value : wanted.values)
      most = std::max(most, std::abs(value));
    for (size_t i = 0; i < wanted.values.size(); ++i)
      ASSERT_NEAR(found.as<float>()[i], wanted.values[i], 1e-6 + 1e-5 * most)
          << "result " << result << ", element " << i << " of\n"
          << text;
  }
}

class Compiled : public testing::TestWithParam<OpCase> {};

TEST_P(Compiled, givesWhatTheInterpreterGives) {
  std::string text = GetParam().function("f32");
  bool hasGradient = text.find("filter_gradient") == text.npos;
  for (auto [level, threads] : {std::pair(3, 1), std::pair(3, 2), std::pair(0, 1)}) {
    SCOPED_TRACE("-O" + std::to_string(level) + " threads " + std::to_string(threads));
    auto answers =
        run(text, hasGradient, {.level = level, .threads = threads, .target = "x86-64-v3"},
            [](Type type, size_t i) { return test::distinct(type, GetParam().domain, i); });
    ASSERT_TRUE(answers);
    expectEqual(*answers, text);
  }
}

auto nameOf = [](const auto &test) { return test.param.name; };
INSTANTIATE_TEST_SUITE_P(Small, Compiled, testing::ValuesIn(test::opCases()), nameOf);
INSTANTIATE_TEST_SUITE_P(Wide, Compiled, testing::ValuesIn(test::wideCases()), nameOf);

TEST(RandomUniform, isPhiloxBitForBit) {
  const char *text = "func.func @f(%k: tensor<4xi32>, %a: tensor<?x37x11xf32>)"
                     " -> (tensor<?x37x11xf32>, tensor<4xf32>) {\n"
                     "%c = graph.constant dense<0.0> : tensor<4xf32>\n"
                     "%y = graph.random_uniform %k, %a stream 5"
                     " : (tensor<4xi32>, tensor<?x37x11xf32>) -> tensor<?x37x11xf32>\n"
                     "%z = graph.random_uniform %k, %c stream 6"
                     " : (tensor<4xi32>, tensor<4xf32>) -> tensor<4xf32>\n"
                     "return %y, %z : tensor<?x37x11xf32>, tensor<4xf32>\n}";
  for (auto [level, threads] : {std::pair(3, 1), std::pair(3, 2), std::pair(0, 1)}) {
    auto answers = run(text, false, {.level = level, .threads = threads, .target = "x86-64-v3"},
                       [](Type type, size_t i) {
                         Array array = test::distinct(type, test::Domain::around0, i);
                         return i == 0 ? Array({4}, {-5, 1 << 30, 77, INT32_MIN}) : array;
                       });
    ASSERT_TRUE(answers);
    for (auto [result, wanted] : llvm::enumerate(answers->wanted))
      for (size_t i = 0; i < wanted.values.size(); ++i)
        ASSERT_EQ(answers->found[result].as<float>()[i], wanted.values[i])
            << "-O" << level << ", threads " << threads << ", element " << i;
  }
}

} // namespace
