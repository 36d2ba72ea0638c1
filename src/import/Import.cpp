#include "import/Import.h"

#include "import/Importers.h"
#include "import/Inputs.h"
#include "import/Policies.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"

#include <fmt/format.h>
#include <map>

using namespace mlir;

namespace hornet::import {

namespace {
/// Models unfold when a nested one is called more than once: more calls than this are not imported.
constexpr size_t mostCalls = 100000;
constexpr int outermost = -1;

/// The tensors of one model while it is inlined: by layer and call.
using Tensors = std::map<std::pair<int, int>, SmallVector<Tensor>>;

class ModelImport {
public:
  ModelImport(MLIRContext &context, const keras::Model &model, const ImportOptions &options)
      : model(model), options(options), state{OpBuilder(&context), model.file} {
    state.inlineModel = [this](const keras::Model &inner, size_t record, ArrayRef<Tensor> inputs) {
      return inlineModel(inner, static_cast<int>(record), inputs);
    };
  }
  Expected<ImportedModel> run();

private:
  void plan(const keras::Model &model, const std::vector<std::string> &path, bool trainable,
            int parent);
  void planWrapped(const keras::Layer &layer, const std::vector<std::string> &path, bool trainable,
                   int record);
  SmallVector<Tensor> addArguments(Block &block, ImportedModel &result);
  Shape shapeOf(const Tensor &tensor);
  Port portOf(const std::string &name, const Tensor &tensor);
  SmallVector<Tensor> inlineModel(const keras::Model &model, int parent, ArrayRef<Tensor> inputs);
  Tensor find(const keras::TensorRef &ref, int parent, const Tensors &tensors);
  void importCall(const keras::Model &model, int parent, keras::Step step, Tensors &tensors);
  SmallVector<Tensor> importNested(LayerImport &layer, size_t record, ArrayRef<Tensor> inputs);
  void note(const LayerRecord &record, const std::string &text);
  void flattenParameters(ImportedModel &result);
  void planOutputs(ArrayRef<Tensor> outputs, ImportedModel &result);
  Expected<void> finish(func::FuncOp predict, ArrayRef<Tensor> outputs, ImportedModel &result);

  const keras::Model &model;
  const ImportOptions &options;
  ImportState state;
  std::map<std::pair<int, int>, size_t> recordOf;     ///< (record of the model around it, layer)
  std::map<std::pair<int, std::string>, int> layerOf; ///< (that record, name) to layer
  std::vector<std::string> diagnostics;               ///< what MLIR said since the last layer
  size_t calls = 0;
};
} // namespace

static RankedTensorType tensorType(MLIRContext *context, const Shape &shape, DType dtype) {
  SmallVector<int64_t> extents;
  for (int64_t extent : shape)
    extents.push_back(extent == unknownSize ? ShapedType::kDynamic : extent);
  Type element = Float32Type::get(context);
  if (dtype == DType::boolean)
    element = IntegerType::get(context, 1);
  return RankedTensorType::get(extents, element);
}

/// What each element of a contraction's result is summed over; nothing for other ops.
static std::optional<SmallVector<int64_t>> summedExtents(Operation &op) {
  auto shape = [](auto value) { return SmallVector<int64_t>(value.getType().getShape()); };
  SmallVector<int64_t> extents;
  if (auto matmul = dyn_cast<graph::MatmulOp>(op))
    extents = shape(matmul.getRhs());
  else if (auto convolution = dyn_cast<graph::ConvolutionOp>(op))
    extents = shape(convolution.getFilter());
  else if (auto einsum = dyn_cast<graph::EinsumOp>(op))
    return einsum.summedExtents();
  else
    return std::nullopt;
  extents.pop_back();
  return extents;
}

/// Products of the contractions among `ops`, for one sample.
static int64_t multiplyAdds(llvm::iterator_range<Block::iterator> ops) {
  int64_t total = 0;
  for (Operation &op : ops) {
    int64_t products = 0;
    if (auto scan = dyn_cast<graph::ScanOp>(op)) {
      int64_t step = multiplyAdds({scan.getBody().front().begin(), scan.getBody().front().end()});
      products = llvm::SaturatingMultiply<uint64_t>(step, scan.getTime());
    } else if (auto summed = summedExtents(op)) {
      auto result = cast<RankedTensorType>(op.getResult(0).getType()).getShape();
      products = llvm::SaturatingMultiply<uint64_t>(elementsOf(result), elementsOf(*summed));
    }
    total = llvm::SaturatingAdd<uint64_t>(total, products) & INT64_MAX;
  }
  return total;
}

/// Gives every layer its record, before anything is imported: their order is that of the weights.
void ModelImport::plan(const keras::Model &model, const std::vector<std::string> &path,
                       bool trainable, int parent) {
  for (auto [i, layer] : llvm::enumerate(model.layers)) {
    std::vector<std::string> layerPath = path;
    layerPath.push_back(layer.name);
    bool layerTrainable = trainable && layer.trainable();
    size_t record = state.records.size();
    recordOf[{parent, i}] = record;
    layerOf[{parent, layer.name}] = static_cast<int>(i);
    state.records.push_back({layerPath, layer.className, layerTrainable, layer.implied});
    state.parameters.emplace_back();
    if (layer.model)
      plan(*layer.model, layerPath, layerTrainable && layer.model->trainable,
           static_cast<int>(record));
    planWrapped(layer, layerPath, layerTrainable, static_cast<int>(record));
  }
}

/// The same for a model that a layer wraps.
void ModelImport::planWrapped(const keras::Layer &layer, const std::vector<std::string> &path,
                              bool trainable, int record) {
  for (const keras::Layer &inner : layer.wrapped) {
    std::vector<std::string> innerPath = path;
    innerPath.push_back(inner.name);
    bool innerTrainable = trainable && inner.trainable();
    if (inner.model)
      plan(*inner.model, innerPath, innerTrainable && inner.model->trainable, record);
    planWrapped(inner, innerPath, innerTrainable, record);
  }
}

void ModelImport::note(const LayerRecord &record, const std::string &text) {
  if (!text.empty() && llvm::none_of(state.notes, [&](auto &n) { return n.reason == text; }))
    state.notes.push_back(
        {model.file, llvm::join(record.path, "/"), record.className, "dtype", text});
}

/// The type in which the host keeps an input of the dtype.
static DType hostType(const std::string &dtype) {
  llvm::StringRef name(dtype);
  if (name == "string")
    return DType::string;
  if (name == "bool")
    return DType::boolean;
  return name.starts_with("int") || name.starts_with("uint") ? DType::i64 : DType::f32;
}

/// One argument for each input, or a value of the plan; null for those whose shape is not known.
SmallVector<Tensor> ModelImport::addArguments(Block &block, ImportedModel &result) {
  SmallVector<Tensor> arguments;
  bool planned = HostPlan::isNeeded(model);
  std::vector<std::optional<Shape>> shapes = inputShapes(model, options, state.problems);
  for (auto [port, shape] : llvm::zip_equal(model.inputs, shapes)) {
    const keras::Layer *layer = model.find(port.tensor.layer);
    DType dtype = hostType(layer ? policyOf(layer->config) : "");
    if (!planned && dtype != DType::boolean)
      dtype = DType::f32;
    result.inputs.push_back({port.name, shape.value_or(Shape()), dtype});
    if (planned) {
      arguments.emplace_back();
      if (shape)
        arguments.back().host = state.host.addInput(result.inputs.size() - 1, dtype, *shape);
      continue;
    }
    Location loc = NameLoc::get(state.builder.getStringAttr(port.tensor.layer));
    arguments.push_back(
        {shape ? block.addArgument(tensorType(state.builder.getContext(), *shape, dtype), loc)
               : Value()});
  }
  return arguments;
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

SmallVector<Tensor> ModelImport::inlineModel(const keras::Model &model, int parent,
                                             ArrayRef<Tensor> inputs) {
  Tensors tensors;
  for (auto [port, input] : llvm::zip(model.inputs, inputs))
    tensors[{layerOf[{parent, port.tensor.layer}], port.tensor.call}] = {input};
  for (keras::Step step : model.order) {
    if (++calls > mostCalls)
      return {};
    importCall(model, parent, step, tensors);
  }
  SmallVector<Tensor> outputs;
  for (const keras::Port &port : model.outputs)
    outputs.push_back(find(port.tensor, parent, tensors));
  return outputs;
}

/// The tensor that `ref` names; null, and reported, when its layer gives fewer.
Tensor ModelImport::find(const keras::TensorRef &ref, int parent, const Tensors &tensors) {
  int layer = layerOf.at({parent, ref.layer});
  auto index = static_cast<size_t>(ref.tensor);
  auto call = tensors.find({layer, ref.call});
  if (call != tensors.end() && index < call->second.size())
    return call->second[index];
  const LayerRecord &record = state.records[recordOf.at({parent, layer})];
  std::string reason =
      call == tensors.end()
          ? fmt::format("call {} of '{}' is not made before its result is asked for", ref.call,
                        record.name())
          : fmt::format("output {} of '{}' does not exist: it has {}", index, record.name(),
                        call->second.size());
  // A layer without results has said already why.
  if (call == tensors.end() || !call->second.empty())
    state.problems.push_back(
        {model.file, llvm::join(record.path, "/"), record.className, "inbound_nodes", reason});
  return {};
}

/// Marks what an activity regularizer looks at.
static void penalize(LayerImport &layer) {
  const Json *found = layer.find("activity_regularizer");
  if (!found)
    return;
  // Without what generations of Keras write differently.
  Json regularizer = *found;
  if (regularizer.is_object())
    for (const char *key : {"module", "registered_name"})
      regularizer.erase(key);
  for (Tensor &result : layer.allResults())
    if (result.value && isa<FloatType>(getElementTypeOrSelf(result.value)))
      result.value = graph::PenalizeOp::create(layer.builder(), layer.location(), result.value,
                                               regularizer.dump());
}

void ModelImport::importCall(const keras::Model &model, int parent, keras::Step step,
                             Tensors &tensors) {
  const keras::Layer &layer = model.layers[step.layer];
  const keras::Call &call = layer.calls[step.call];
  size_t record = recordOf[{parent, step.layer}];
  SmallVector<Tensor> inputs, &results = tensors[{step.layer, step.call}];
  CallRecord callRecord;
  for (const keras::TensorRef &ref : call.inputs) {
    inputs.push_back(find(ref, parent, tensors));
    callRecord.connectedTo.push_back(fmt::format("{}[{}][{}]", ref.layer, ref.call, ref.tensor));
  }
  LayerImport import(state, record, model, layer, call, inputs);
  note(state.records[record], checkPolicy(import));
  Block &block = *state.builder.getInsertionBlock();
  Operation *before = block.empty() ? nullptr : &block.back();
  if (layer.model)
    results = importNested(import, record, inputs);
  else if (!layer.isInput()) {
    importLayer(import);
    penalize(import);
    results.assign(import.allResults().begin(), import.allResults().end());
  }
  for (const std::string &diagnostic : std::exchange(diagnostics, {}))
    import.problem("", diagnostic);
  // What follows counts on this: a tensor is null only where something was reported.
  bool whole = !results.empty() && llvm::all_of(results, [](const Tensor &tensor) {
    return tensor.value || tensor.host;
  });
  if (!whole && state.problems.empty())
    import.problem("inbound_nodes", "this call of the layer gives no output");

  auto first = before ? std::next(before->getIterator()) : block.begin();
  LayerRecord &filled = state.records[record];
  filled.multiplyAdds += multiplyAdds({first, block.end()});
  for (auto [ends, shapes] : {std::pair(ArrayRef<Tensor>(inputs), &callRecord.inputs),
                              std::pair(ArrayRef<Tensor>(results), &callRecord.outputs)})
    for (Tensor tensor : ends)
      shapes->push_back(shapeOf(tensor));
  filled.calls.push_back(std::move(callRecord));
}

/// A nested model's inputs in its own order: those of a dict come by name.
static SmallVector<Tensor> orderInputs(const keras::Model &nested, const keras::Call &call,
                                       ArrayRef<Tensor> inputs) {
  const Json *dict = call.args.is_array() && call.args.size() == 1 ? &call.args[0] : nullptr;
  SmallVector<Tensor> ordered;
  for (const keras::Port &port : nested.inputs) {
    if (!dict || !dict->is_object() || !dict->contains(port.name))
      return SmallVector<Tensor>(inputs);
    const Json &tensor = (*dict)[port.name];
    auto index = tensor.is_object() ? tensor.value(std::string(keras::tensorKey), size_t(0)) : 0;
    ordered.push_back(index < inputs.size() ? inputs[index] : Tensor());
  }
  return ordered;
}

SmallVector<Tensor> ModelImport::importNested(LayerImport &layer, size_t record,
                                              ArrayRef<Tensor> inputs) {
  const keras::Model &nested = *layer.layer().model;
  SmallVector<Tensor> ordered = orderInputs(nested, layer.call(), inputs);
  if (ordered.size() != nested.inputs.size())
    layer.problem("inbound_nodes", fmt::format("the model takes {} inputs, got {}",
                                               nested.inputs.size(), ordered.size()));
  ordered.resize(nested.inputs.size());
  for (auto [port, tensor] : llvm::zip_equal(nested.inputs, ordered)) {
    const keras::Layer *input = nested.find(port.tensor.layer);
    auto declared = input ? keras::batchShape(nested, *input) : std::optional<Shape>();
    if (!declared || !*declared || (!tensor.value && !tensor.host) ||
        fits(shapeOf(tensor), **declared))
      continue;
    layer.problem("inbound_nodes", fmt::format("the model's input '{}' takes {}, got {}", port.name,
                                               toString(**declared), toString(shapeOf(tensor))));
    tensor = {};
  }
  return inlineModel(nested, static_cast<int>(record), ordered);
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
  return {name, toShape(tensor.value), isBool ? DType::boolean : DType::f32};
}

/// Says which values of the plan are the model's outputs.
void ModelImport::planOutputs(ArrayRef<Tensor> outputs, ImportedModel &result) {
  host::Plan &plan = state.host.plan;
  for (const Tensor &output : outputs) {
    size_t value = output.host ? *output.host : state.host.addResult(output.value);
    plan.results.push_back(value);
  }
  result.host = std::move(plan);
}

Expected<void> ModelImport::finish(func::FuncOp predict, ArrayRef<Tensor> outputs,
                                   ImportedModel &result) {
  OpBuilder &builder = state.builder;
  for (auto [port, output] : llvm::zip_equal(model.outputs, outputs))
    result.outputs.push_back(portOf(port.name, output));
  SmallVector<Value> returned;
  std::vector<std::string> argumentNames, resultNames;
  if (HostPlan::isNeeded(model)) {
    planOutputs(outputs, result);
    llvm::append_range(returned, state.host.codeResults());
    for (size_t i = 0; i < result.host->arguments.size(); ++i)
      argumentNames.push_back(fmt::format("value {}", result.host->arguments[i]));
    for (size_t i = 0; i < returned.size(); ++i)
      resultNames.push_back(fmt::format("result {}", i));
  } else {
    for (const Tensor &output : outputs)
      returned.push_back(output.value);
    for (const Port &port : result.inputs)
      argumentNames.push_back(port.name);
    for (const Port &port : result.outputs)
      resultNames.push_back(port.name);
  }
  func::ReturnOp::create(builder, predict.getLoc(), returned);
  predict.setFunctionType(
      builder.getFunctionType(predict.front().getArgumentTypes(), ValueRange(returned).getTypes()));
  for (auto [i, name] : llvm::enumerate(argumentNames))
    predict.setArgAttr(i, graph::portNameAttr, builder.getStringAttr(name));
  for (auto [i, name] : llvm::enumerate(resultNames))
    predict.setResultAttr(i, graph::portNameAttr, builder.getStringAttr(name));
  flattenParameters(result);
  builder.setInsertionPoint(predict);
  for (const keras::Parameter &parameter : result.parameters)
    graph::ParameterOp::create(
        builder, NameLoc::get(builder.getStringAttr(llvm::join(parameter.layerPath, "/"))),
        parameter.symbol, tensorType(builder.getContext(), parameter.shape, DType::f32),
        !parameter.trainable);
  result.notes = std::move(state.notes);
  if (mlir::failed(verify(*result.module)))
    return internalError(
        fmt::format("the imported model is not valid: {}", fmt::join(diagnostics, "; ")));
  return {};
}

Expected<ImportedModel> ModelImport::run() {
  OpBuilder &builder = state.builder;
  builder.getContext()->loadDialect<graph::GraphDialect, func::FuncDialect>();
  ScopedDiagnosticHandler handler(builder.getContext(), [this](Diagnostic &diagnostic) {
    diagnostics.push_back(diagnostic.str());
    return success();
  });
  Location loc = NameLoc::get(builder.getStringAttr(model.name));
  ImportedModel result;
  result.module = ModuleOp::create(loc);
  builder.setInsertionPointToStart(result.module->getBody());
  auto predict =
      func::FuncOp::create(builder, loc, graph::predictName, builder.getFunctionType({}, {}));
  state.body = &predict.getBody().emplaceBlock();
  builder.setInsertionPointToStart(state.body);

  plan(model, {}, model.trainable, outermost);
  SmallVector<Tensor> arguments = addArguments(predict.front(), result);
  SmallVector<Tensor> outputs = inlineModel(model, outermost, arguments);
  if (calls > mostCalls)
    state.problems.push_back(
        {.file = model.file,
         .reason = fmt::format("the model unfolds to more than {} calls of layers", mostCalls)});
  // A shared layer is imported, and complains, once for every call.
  InputError error;
  for (Problem &problem : state.problems)
    if (llvm::none_of(error.problems, [&](auto &p) { return toString(p) == toString(problem); }))
      error.problems.push_back(std::move(problem));
  if (!error.problems.empty())
    return tl::unexpected<Error>(std::move(error));
  if (llvm::any_of(outputs, [](const Tensor &output) { return !output.value && !output.host; }))
    return internalError("an output of the model was not imported");
  HORNET_TRY(finish(predict, outputs, result));
  return result;
}

Expected<ImportedModel> importModel(MLIRContext &context, const keras::Model &model,
                                    const ImportOptions &options) {
  return ModelImport(context, model, options).run();
}

} // namespace hornet::import
