#include "compiler/Manifest.h"

#include "graph/Graph.h"
#include "lower/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace hornet {

static std::vector<runtime::Port> portsOf(const std::vector<import::Port> &ports) {
  std::vector<runtime::Port> result;
  result.reserve(ports.size());
  for (const import::Port &port : ports)
    result.push_back({port.name, port.dtype, port.shape});
  return result;
}

static runtime::EntrySignature signatureOf(func::FuncOp function,
                                           const llvm::StringMap<size_t> &parameters) {
  runtime::EntrySignature signature;
  using Source = runtime::WeightSlot::Source;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    if (auto symbol = function.getArgAttrOfType<FlatSymbolRefAttr>(i, lower::parameterAttr))
      signature.weights.push_back({Source::parameter, parameters.lookup(symbol.getValue())});
    if (auto index = function.getArgAttrOfType<IntegerAttr>(i, lower::preparedAttr))
      signature.weights.push_back({Source::prepared, static_cast<size_t>(index.getInt())});
  }
  auto bytes = [&](StringRef name) {
    return static_cast<size_t>(function->getAttrOfType<IntegerAttr>(name).getInt());
  };
  signature.arena = {bytes(lower::arenaBytesAttr), bytes(lower::arenaBytesPerSampleAttr)};
  return signature;
}

/// Weights are stored as 32-bit floats, or as 16-bit ones where the user asked for it.
static DType dtypeOf(Type element) {
  return element.isBF16() ? DType::bf16 : element.isF16() ? DType::f16 : DType::f32;
}

void addPorts(runtime::Manifest &manifest, ModuleOp module, const import::ImportedModel &imported) {
  manifest.inputs = portsOf(imported.inputs);
  manifest.outputs = portsOf(imported.outputs);
  manifest.states = imported.states;
  manifest.host = imported.host;
  llvm::StringMap<size_t> parameters;
  manifest.parameters = imported.parameters;
  for (size_t i = 0; i < imported.parameters.size(); ++i)
    parameters[imported.parameters[i].symbol] = i;
  auto predict = module.lookupSymbol<func::FuncOp>(graph::predictName);
  auto prepare = module.lookupSymbol<func::FuncOp>(graph::prepareName);
  manifest.predict = signatureOf(predict, parameters);
  manifest.prepare = signatureOf(prepare, parameters);
  for (unsigned i = 0; i < predict.getNumArguments(); ++i)
    if (auto index = predict.getArgAttrOfType<IntegerAttr>(i, lower::preparedAttr)) {
      auto type = cast<ShapedType>(predict.getArgumentTypes()[i]);
      manifest.prepared.resize(std::max<size_t>(manifest.prepared.size(), index.getInt() + 1));
      manifest.prepared[index.getInt()] = {dtypeOf(type.getElementType()),
                                           Shape(type.getShape().begin(), type.getShape().end())};
    }
  if (auto sections = predict->getAttrOfType<ArrayAttr>(lower::sectionsAttr))
    for (auto layers : sections.getAsRange<ArrayAttr>()) {
      auto names = layers.getAsValueRange<StringAttr>();
      manifest.sections.emplace_back(names.begin(), names.end());
    }
}

} // namespace hornet
