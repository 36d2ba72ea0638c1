// Every function of the IR tests means the same before and after the passes that it is for.

#include "graph/Graph.h"
#include "optimize/Passes.h"
#include "test/graph/Interpreter.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace mlir;
using hornet::test::Array;

namespace {

struct Case {
  const char *name;
  const char *file;
  std::unique_ptr<Pass> (*pass)();
};

class Equivalence : public ::testing::TestWithParam<Case> {};

/// Random numbers that depend on `seed` alone; those of rank 1 positive, as variances have to be.
Array random(RankedTensorType type, size_t seed) {
  SmallVector<int64_t> shape(type.getShape());
  for (int64_t &extent : shape)
    extent = ShapedType::isDynamic(extent) ? 2 : extent;
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> numbers(shape.size() == 1 ? 0.1f : -1.f, 1.f);
  Array array(shape);
  for (double &value : array.values)
    value = numbers(engine);
  return array;
}

using Results = std::map<std::string, std::vector<Array>>;

Results interpretAll(ModuleOp module) {
  auto parameter = [module](StringRef symbol) mutable {
    auto op = module.lookupSymbol<hornet::graph::ParameterOp>(symbol);
    Array array =
        random(cast<RankedTensorType>(op.getType()), std::hash<std::string>()(symbol.str()));
    array.values[0] *= -1; // a negative scale turns the order around
    return array;
  };
  Results results;
  for (auto function : module.getOps<func::FuncOp>()) {
    std::vector<Array> arguments;
    for (Type type : function.getArgumentTypes())
      arguments.push_back(random(cast<RankedTensorType>(type), arguments.size()));
    results[function.getName().str()] = hornet::test::interpret(function, arguments, parameter);
  }
  return results;
}

TEST_P(Equivalence, rewritesKeepTheMeaning) {
  MLIRContext context;
  context.loadDialect<hornet::graph::GraphDialect, func::FuncDialect>();
  auto module = parseSourceFile<ModuleOp>(GetParam().file, &context);
  ASSERT_TRUE(module);
  Results before = interpretAll(*module);
  PassManager passes(&context);
  passes.addPass(GetParam().pass());
  ASSERT_TRUE(succeeded(passes.run(*module)));
  Results after = interpretAll(*module);
  for (auto &[name, arrays] : before) {
    ASSERT_EQ(after[name].size(), arrays.size()) << name;
    for (auto [wanted, found] : llvm::zip_equal(arrays, after[name])) {
      ASSERT_EQ(found.shape, wanted.shape) << name;
      for (auto [i, a, b] : llvm::enumerate(found.values, wanted.values))
        ASSERT_NEAR(a, b, 1e-5 * (1 + std::fabs(b))) << name << ", element " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Passes, Equivalence,
    ::testing::Values(Case{"canonicalize", "test/graph/canonicalize.mlir",
                           [] { return createCanonicalizerPass(); }},
                      Case{"drop_identities", "test/optimize/drop-identities.mlir",
                           hornet::optimize::createDropIdentities},
                      Case{"expand_composites", "test/optimize/expand-composites.mlir",
                           hornet::optimize::createExpandComposites},
                      Case{"fold_scale", "test/optimize/fold-scale.mlir",
                           hornet::optimize::createFoldScale}),
    [](auto &info) { return info.param.name; });

} // namespace
