#include "compiler/MemoryPlan.h"

#include "compiler/Compilation.h"
#include "compiler/Layers.h"
#include "graph/Graph.h"
#include "lower/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <functional>
#include <numeric>

using namespace mlir;

namespace hornet {

static size_t bytesOf(const Shape &shape, DType dtype = DType::f32) {
  return sizeOf(dtype) *
         std::accumulate(shape.begin(), shape.end(), size_t{1}, std::multiplies<>());
}

static std::vector<PlannedBuffer> buffersOf(func::FuncOp function) {
  std::vector<PlannedBuffer> buffers;
  function.walk([&](memref::ViewOp view) {
    auto place = view->getAttrOfType<DenseI64ArrayAttr>(lower::placeAttr);
    if (!place)
      return;
    std::set<std::string> layers = layersOf(view.getLoc());
    buffers.push_back({{layers.begin(), layers.end()},
                       place[0] != 0,
                       static_cast<size_t>(place[1]),
                       static_cast<size_t>(place[2])});
  });
  return buffers;
}

Expected<MemoryPlan> planMemory(const keras::Model &model, const CompileOptions &options) {
  Compilation compilation(options, nullptr);
  HORNET_TRY(compilation.run(model, Stage::plan));
  const runtime::Manifest &manifest = compilation.manifest;
  MemoryPlan plan;
  for (const Parameter &parameter : manifest.parameters)
    plan.parameters += bytesOf(parameter.shape);
  for (const runtime::WeightSlot &slot : manifest.predict.weights)
    if (slot.source == runtime::WeightSlot::Source::parameter)
      plan.kept += bytesOf(manifest.parameters[slot.index].shape);
  for (const auto &[dtype, shape] : manifest.prepared)
    plan.prepared += bytesOf(shape, dtype);
  plan.arena = manifest.predict.arena;
  plan.buffers =
      buffersOf(compilation.imported->module->lookupSymbol<func::FuncOp>(graph::predictName));
  return plan;
}

} // namespace hornet
