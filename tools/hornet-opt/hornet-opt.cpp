// The developer's tool: reads IR, runs the passes named on its command line, prints IR. For IR
// tests.

#include "TestDifferentiate.h"
#include "differentiate/Gradients.h"
#include "graph/Graph.h"
#include "lower/Passes.h"
#include "optimize/Passes.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registry.insert<hornet::graph::GraphDialect>();
  hornet::differentiate::registerGradients(registry);
  mlir::registerAllPasses();
  hornet::optimize::registerOptimizePasses();
  hornet::lower::registerLowerPasses();
  hornet::registerTestDifferentiate();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "Hornet's optimizer driver\n", registry));
}
