// What an import ends with: the outputs, what stateful layers keep, the parameters.

#include "base/Nearest.h"
#include "import/ModelImport.h"

#include "mlir/IR/Verifier.h"

#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {

RankedTensorType tensorType(MLIRContext *context, const Shape &shape, DType dtype) {
  SmallVector<int64_t> extents;
  for (int64_t extent : shape)
    extents.push_back(extent == unknownSize ? ShapedType::kDynamic : extent);
  Type element = Float32Type::get(context);
  if (dtype == DType::boolean)
    element = IntegerType::get(context, 1);
  return RankedTensorType::get(extents, element);
}

int64_t joinedElements(Value value) {
  auto reshape = value ? value.getDefiningOp<graph::ReshapeOp>() : graph::ReshapeOp();
  if (!reshape || reshape.getType().getRank() != 1 || reshape.getType().hasStaticShape())
    return 1;
  return elementsOf(reshape.getInput().getType().getShape());
}

//===----------------------------------------------------------------------===//
// Results of layers as outputs
//===----------------------------------------------------------------------===//

/// Keeps the results of a call, before its record has it, where they are asked for; but not what
/// the host computes.
void ModelImport::keep(const LayerRecord &record, ArrayRef<Tensor> results) {
  if (state.wrappers || llvm::any_of(results, [](const Tensor &t) { return t.host.has_value(); }))
    return;
  std::string path = llvm::join(record.path, "/");
  bool wanted = false;
  for (const std::string &name : options.layerOutputs)
    if (name == "*" || name == path || name == record.name()) {
      wanted = true;
      found.insert(name);
    }
  size_t call = record.calls.size();
  for (auto [i, result] : llvm::enumerate(results))
    if (wanted)
      kept.emplace_back(call + i == 0 ? path : fmt::format("{}[{}][{}]", path, call, i),
                        result.value);
}

/// Adds what was kept to the outputs, but what is one by the same name.
void ModelImport::addKept(SmallVectorImpl<Tensor> &outputs, ImportedModel &result) {
  std::map<std::string, Value> named;
  for (auto [port, output] : llvm::zip_equal(model.outputs, outputs))
    named[port.name] = output.value;
  for (auto &[name, value] : kept) {
    if (auto known = named.find(name); known != named.end()) {
      if (known->second == value)
        continue;
      name += "[0][0]";
    }
    outputs.push_back({value});
    result.outputs.push_back({name});
  }
  std::vector<std::string_view> names;
  for (const LayerRecord &record : state.records)
    names.push_back(record.name());
  for (const std::string &name : options.layerOutputs) {
    if (name == "*" || found.contains(name))
      continue;
    bool known = llvm::any_of(state.records, [&](const LayerRecord &record) {
      return name == record.name() || name == llvm::join(record.path, "/");
    });
    state.problems.push_back(
        {.file = model.file,
         .attribute = "--layer",
         .reason =
             known ? fmt::format("the layer '{}' has no result of its own in compiled code", name)
                   : fmt::format("the model has no layer '{}'", name),
         .mend = known ? "" : didYouMean(name, names)});
  }
}

//===----------------------------------------------------------------------===//
// The module
//===----------------------------------------------------------------------===//

/// Parameters in the order of the layers, and which of them are whose.
void ModelImport::flattenParameters(ImportedModel &result) {
  for (size_t i = 0; i < state.records.size(); ++i)
    for (keras::Parameter &parameter : state.parameters[i]) {
      state.records[i].parameters.push_back(result.parameters.size());
      result.parameters.push_back(std::move(parameter));
    }
  // A nested model's layers follow it: from the last to the first, each adds to its model.
  for (size_t i = 0; i < state.records.size(); ++i)
    for (size_t j = i + 1;
         j < state.records.size() && state.records[j].depth() > state.records[i].depth(); ++j)
      if (auto &own = state.parameters[j]; !own.empty())
        llvm::append_range(state.records[i].parameters,
                           ArrayRef(state.records[j].parameters).take_front(own.size()));
  result.layers = std::move(state.records);
}

Shape ModelImport::shapeOf(const Tensor &tensor) {
  return tensor.value  ? toShape(tensor.value)
         : tensor.host ? state.host[*tensor.host].shape
                       : Shape();
}

Port ModelImport::portOf(const std::string &name, const Tensor &tensor) {
  if (tensor.host)
    return {name, state.host[*tensor.host].shape, state.host[*tensor.host].dtype};
  bool isBool = getElementTypeOrSelf(tensor.value).isInteger(1);
  Shape shape = toShape(tensor.value);
  if (int64_t joined = joinedElements(tensor.value); joined > 1)
    shape.front() = -joined;
  return {name, std::move(shape), isBool ? DType::boolean : DType::f32};
}

/// Says which values of the plan are the model's outputs; gives those that code computes.
SmallVector<Value> ModelImport::planOutputs(ArrayRef<Tensor> outputs, ImportedModel &result) {
  host::Plan &plan = state.host.plan;
  for (auto [output, port] : llvm::zip_equal(outputs, result.outputs)) {
    size_t value = output.host ? *output.host : state.host.addResult(output.value);
    plan.values[value].shape = port.shape;
    plan.results.push_back(value);
  }
  result.host = std::move(plan);
  return SmallVector<Value>(state.host.codeResults());
}

/// What stateful layers keep goes out of @predict as it came in.
void ModelImport::addStates(SmallVectorImpl<Value> &outputs, ImportedModel &result) {
  for (const KeptState &kept : state.states) {
    State added{.name = fmt::format("{}/state_{}", fmt::join(kept.path, "/"), kept.number),
                .slot = "state",
                .parameter = std::nullopt,
                .shape = toShape(kept.argument),
                .input = cast<BlockArgument>(kept.argument).getArgNumber(),
                .output = outputs.size()};
    outputs.push_back(kept.value);
    result.states.push_back(std::move(added));
  }
}

/// Names the arguments and results of @predict.
static void nameEnds(func::FuncOp predict, const ImportedModel &result) {
  Builder builder(predict.getContext());
  auto nameArgument = [&](size_t i, StringRef name) {
    predict.setArgAttr(i, graph::portNameAttr, builder.getStringAttr(name));
  };
  auto nameResult = [&](size_t i, StringRef name) {
    predict.setResultAttr(i, graph::portNameAttr, builder.getStringAttr(name));
  };
  if (result.host) {
    for (auto [i, value] : llvm::enumerate(result.host->arguments))
      nameArgument(i, fmt::format("value {}", value));
    for (size_t i = 0; i < predict.getNumResults(); ++i)
      nameResult(i, fmt::format("result {}", i));
    return;
  }
  for (auto [i, port] : llvm::enumerate(result.inputs))
    nameArgument(i, port.name);
  for (auto [i, port] : llvm::enumerate(result.outputs))
    nameResult(i, port.name);
  for (const State &kept : result.states) {
    nameArgument(kept.input, kept.name);
    nameResult(*kept.output, kept.name);
  }
}

Expected<void> ModelImport::finish(func::FuncOp predict, ArrayRef<Tensor> outputs,
                                   ImportedModel &result) {
  OpBuilder &builder = state.builder;
  for (auto [port, output] : llvm::zip_equal(result.outputs, outputs))
    port = portOf(port.name, output);
  SmallVector<Value> computed;
  if (HostPlan::isNeeded(model))
    computed = planOutputs(outputs, result);
  else
    computed = llvm::map_to_vector(outputs, [](const Tensor &output) { return output.value; });
  addStates(computed, result);
  SmallVector<Value> returned;
  for (Value output : computed) {
    int64_t joined = joinedElements(output);
    Value samples = joined > 1 ? output.getDefiningOp()->getOperand(0) : output;
    if (joined > 1)
      samples = graph::ReshapeOp::create(
          builder, output.getLoc(),
          RankedTensorType::get({ShapedType::kDynamic, joined}, getElementTypeOrSelf(output)),
          samples);
    returned.push_back(samples);
  }
  func::ReturnOp::create(builder, predict.getLoc(), returned);
  predict.setFunctionType(
      builder.getFunctionType(predict.front().getArgumentTypes(), ValueRange(returned).getTypes()));
  nameEnds(predict, result);
  builder.setInsertionPoint(predict);
  for (const keras::Parameter &parameter : result.parameters)
    graph::ParameterOp::create(
        builder, NameLoc::get(builder.getStringAttr(llvm::join(parameter.layerPath, "/"))),
        parameter.symbol, tensorType(builder.getContext(), parameter.shape, DType::f32),
        !parameter.trainable);
  if (mlir::failed(verify(*result.module)))
    return internalError(
        fmt::format("the imported model is not valid: {}", fmt::join(diagnostics, "; ")));
  return {};
}

} // namespace hornet::import
