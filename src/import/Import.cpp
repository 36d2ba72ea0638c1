#include "import/Import.h"

#include "import/Importers.h"
#include "import/Inputs.h"
#include "import/ModelImport.h"
#include "import/Policies.h"

#include "mlir/IR/Diagnostics.h"

#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {

constexpr int outermost = -1;

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
    if (port.tensor.isKnown())
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
  if (!ref.isKnown())
    return {};
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

/// Whether the model was written by Keras 3.`minor`, or a later one, or does not say.
static bool isSince(const keras::Model &model, int minor) {
  StringRef version = model.kerasVersion;
  int written = 0;
  return model.generation == keras::Generation::keras3 &&
         (!version.consume_front("3.") || version.consumeInteger(10, written) || written >= minor);
}

/// What Keras hands on as one and the same tensor.
static Value withoutDropout(Value value) {
  while (auto dropout = value ? value.getDefiningOp<graph::DropoutOp>() : graph::DropoutOp())
    value = dropout.getInput();
  return value;
}

/// Since Keras 3.8, a call of MultiHeadAttention deletes the masks of the tensors that it is given:
/// whatever uses them later sees none.
void ModelImport::takeMasksAway(const keras::Layer &layer, ArrayRef<Tensor> inputs,
                                Tensors &tensors) const {
  if (layer.className != "MultiHeadAttention" || !isSince(model, 8))
    return;
  for (auto &[call, results] : tensors)
    for (Tensor &result : results)
      if (llvm::any_of(inputs, [&](const Tensor &input) {
            return withoutDropout(input.value) == withoutDropout(result.value);
          }))
        result.mask = {};
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
  if (llvm::any_of(inputs, [](Tensor t) { return joinedElements(t.value) > 1; }))
    import.problem("inbound_nodes",
                   "takes a tensor that joins the samples of a batch, which only "
                   "an output of the model may do",
                   "flatten each sample, by Flatten");
  note(state.records[record], checkPolicy(import));
  Block &block = *state.builder.getInsertionBlock();
  Operation *before = block.empty() ? nullptr : &block.back();
  if (layer.model)
    results = importNested(import, record, inputs);
  else if (!layer.isInput() && !layer.className.empty()) {
    importLayer(import);
    penalize(import);
    results.assign(import.allResults().begin(), import.allResults().end());
    takeMasksAway(layer, inputs, tensors);
  }
  for (const std::string &diagnostic : std::exchange(diagnostics, {}))
    import.problem("", diagnostic);
  // What follows counts on this: a tensor is null only where something was reported.
  bool whole = !results.empty() && llvm::all_of(results, [](const Tensor &tensor) {
    return tensor.value || tensor.host;
  });
  if (!whole && state.problems.empty())
    import.problem("inbound_nodes", "this call of the layer gives no output");

  if (!layer.isInput())
    keep(state.records[record], results);
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
  bool known = !nested.inputs.empty() && llvm::all_of(nested.inputs, [](const keras::Port &port) {
    return port.tensor.isKnown();
  });
  if (known && !layer.call().unread && ordered.size() != nested.inputs.size())
    layer.problem("inbound_nodes", fmt::format("the model takes {} inputs, got {}",
                                               nested.inputs.size(), ordered.size()));
  ordered.resize(nested.inputs.size());
  for (auto [port, tensor] : llvm::zip_equal(nested.inputs, ordered)) {
    const keras::Layer *input = port.tensor.isKnown() ? nested.find(port.tensor.layer) : nullptr;
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

/// A shared layer is imported, and complains, once for every call.
InputError ModelImport::allProblems() {
  if (calls > mostCalls)
    state.problems.push_back(
        {.file = model.file,
         .reason = fmt::format("the model unfolds to more than {} calls of layers", mostCalls)});
  InputError error;
  llvm::StringSet<> texts;
  for (Problem &problem : state.problems)
    if (texts.insert(toString(problem)).second)
      error.problems.push_back(std::move(problem));
  return error;
}

Expected<ImportedModel> ModelImport::run(std::vector<Problem> *problems) {
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
  for (const keras::Port &port : model.outputs)
    result.outputs.push_back({port.name});
  if (outputs.size() == model.outputs.size())
    addKept(outputs, result);
  InputError error = allProblems();
  flattenParameters(result);
  result.notes = std::move(state.notes);
  result.untrainable = std::move(state.untrainable);
  if (!state.host.openTexts.empty())
    result.openTexts.plan = state.host.plan;
  for (const auto &[layer, value] : state.host.openTexts) {
    result.openTexts.plan.results.push_back(value);
    result.openTexts.layers.push_back(layer);
  }
  if (!error.problems.empty()) {
    if (!problems)
      return tl::unexpected<Error>(std::move(error));
    *problems = std::move(error.problems);
    result.module = nullptr;
    return result;
  }
  if (llvm::any_of(outputs, [](const Tensor &output) { return !output.value && !output.host; }))
    return internalError("an output of the model was not imported");
  HORNET_TRY(finish(predict, outputs, result));
  return result;
}

Expected<ImportedModel> importModel(MLIRContext &context, const keras::Model &model,
                                    const ImportOptions &options, std::vector<Problem> *problems) {
  return ModelImport(context, model, options).run(problems);
}

} // namespace hornet::import
