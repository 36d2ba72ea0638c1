// Architectures as JSON, up to the graph.

#include "formats/Json.h"
#include "host/Program.h"
#include "import/Import.h"
#include "keras/Model.h"
#include "test/fuzz/Fuzz.h"

#include "graph/Graph.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace hornet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto json = formats::parseJson(fuzz::textOf(data, size), "fuzz.json");
  fuzz::expectNoBug(json);
  if (!json)
    return 0;
  auto model = keras::modelFromConfig(*json, "fuzz.json");
  fuzz::expectNoBug(model);
  if (!model)
    return 0;
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.loadDialect<graph::GraphDialect, mlir::func::FuncDialect>();
  auto imported = import::importModel(context, *model);
  fuzz::expectNoBug(imported);
  // What the import plans for the host can be run there.
  if (imported && imported->host && !host::Program::make(*imported->host))
    std::abort();
  return 0;
}
