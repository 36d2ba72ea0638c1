#include "import/Import.h"

#include "base/Nearest.h"
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
    state.customLayers = options.customLayers;
    state.inlineModel = [this](const keras::Model &inner, size_t record, ArrayRef<Tensor> inputs) {
      ++wrappers;
      auto results = inlineModel(inner, static_cast<int>(record), inputs);
      --wrappers;
      return results;
    };
  }
  Expected<ImportedModel> run(std::vector<Problem> *problems);

private:
  void plan(const keras::Model &model, const std::vector<std::string> &path, bool trainable,
            int parent);
  void planWrapped(const keras::Layer &layer, const std::vector<std::string> &path, bool trainable,
                   int record);
  SmallVector<Tensor> addArguments(Block &block, ImportedModel &result);
  SmallVector<Tensor> inlineModel(const keras::Model &model, int parent, ArrayRef<Tensor> inputs);
  Tensor find(const keras::TensorRef &ref, int parent, const Tensors &tensors);
  void importCall(const keras::Model &model, int parent, keras::Step step, Tensors &tensors);
  SmallVector<Tensor> importNested(LayerImport &layer, size_t record, ArrayRef<Tensor> inputs);
  void takeMasksAway(const keras::Layer &layer, ArrayRef<Tensor> inputs, Tensors &tensors) const;
  void keep(const LayerRecord &record, ArrayRef<Tensor> results);
  void addKept(SmallVectorImpl<Value> &outputs, ImportedModel &result);
  void note(const LayerRecord &record, const std::string &text);
  void flattenParameters(ImportedModel &result);
  void addStates(func::FuncOp predict, SmallVectorImpl<Value> &outputs, ImportedModel &result);
  InputError allProblems();
  Expected<void> finish(func::FuncOp predict, SmallVector<Value> outputs, ImportedModel &result);

  const keras::Model &model;
  const ImportOptions &options;
  ImportState state;
  std::map<std::pair<int, int>, size_t> recordOf;     ///< (record of the model around it, layer)
  std::map<std::pair<int, std::string>, int> layerOf; ///< (that record, name) to layer
  std::vector<std::string> diagnostics;               ///< what MLIR said since the last layer
  /// Results of layers that become outputs: name and value.
  std::vector<std::pair<std::string, Value>> kept;
  llvm::StringSet<> found; ///< of options.layerOutputs
  int wrappers = 0;        ///< layers around what is imported, whose batch is another
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

/// One argument for each input; null for those whose shape is not known.
SmallVector<Tensor> ModelImport::addArguments(Block &block, ImportedModel &result) {
  SmallVector<Tensor> arguments;
  std::vector<std::optional<Shape>> shapes = inputShapes(model, options, state.problems);
  for (auto [port, shape] : llvm::zip_equal(model.inputs, shapes)) {
    const keras::Layer *layer = model.find(port.tensor.layer);
    DType dtype = layer && policyOf(layer->config) == "bool" ? DType::boolean : DType::f32;
    result.inputs.push_back({port.name, shape.value_or(Shape()), dtype});
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

/// How many elements of a sample stand along the first dimension, where samples were joined.
static int64_t joinedElements(Value value) {
  auto reshape = value ? value.getDefiningOp<graph::ReshapeOp>() : graph::ReshapeOp();
  if (!reshape || reshape.getType().getRank() != 1 || reshape.getType().hasStaticShape())
    return 1;
  return elementsOf(reshape.getInput().getType().getShape());
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
  else if (!layer.isInput()) {
    importLayer(import);
    penalize(import);
    results.assign(import.allResults().begin(), import.allResults().end());
    takeMasksAway(layer, inputs, tensors);
  }
  for (const std::string &diagnostic : std::exchange(diagnostics, {}))
    import.problem("", diagnostic);
  // What follows counts on this: a tensor is null only where something was reported.
  bool whole = !results.empty() && llvm::all_of(results, [](Tensor t) { return bool(t.value); });
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
      shapes->push_back(tensor.value ? toShape(tensor.value) : Shape());
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
    if (!declared || !*declared || !tensor.value || fits(toShape(tensor.value), **declared))
      continue;
    layer.problem("inbound_nodes", fmt::format("the model's input '{}' takes {}, got {}", port.name,
                                               toString(**declared), shapeOf(tensor.value)));
    tensor = {};
  }
  return inlineModel(nested, static_cast<int>(record), ordered);
}

//===----------------------------------------------------------------------===//
// Results of layers as outputs
//===----------------------------------------------------------------------===//

/// Keeps the results of a call, before its record has it, where they are asked for.
void ModelImport::keep(const LayerRecord &record, ArrayRef<Tensor> results) {
  if (wrappers)
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
void ModelImport::addKept(SmallVectorImpl<Value> &outputs, ImportedModel &result) {
  std::map<std::string, Value> named;
  for (auto [port, value] : llvm::zip_equal(model.outputs, outputs))
    named[port.name] = value;
  for (auto &[name, value] : kept) {
    if (auto known = named.find(name); known != named.end()) {
      if (known->second == value)
        continue;
      name += "[0][0]";
    }
    outputs.push_back(value);
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
         .reason = known ? fmt::format("the layer '{}' has no result of its own in the model", name)
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

/// What stateful layers keep goes out of @predict as it came in.
void ModelImport::addStates(func::FuncOp predict, SmallVectorImpl<Value> &outputs,
                            ImportedModel &result) {
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

Expected<void> ModelImport::finish(func::FuncOp predict, SmallVector<Value> outputs,
                                   ImportedModel &result) {
  OpBuilder &builder = state.builder;
  addStates(predict, outputs, result);
  SmallVector<Value> returned;
  for (Value output : outputs) {
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
  for (auto [i, port] : llvm::enumerate(result.inputs))
    predict.setArgAttr(i, graph::portNameAttr, builder.getStringAttr(port.name));
  for (auto [i, port] : llvm::enumerate(result.outputs)) {
    predict.setResultAttr(i, graph::portNameAttr, builder.getStringAttr(port.name));
    bool isBool = getElementTypeOrSelf(outputs[i]).isInteger(1);
    Shape shape = toShape(outputs[i]);
    if (int64_t joined = joinedElements(outputs[i]); joined > 1)
      shape.front() = -joined;
    port = {port.name, std::move(shape), isBool ? DType::boolean : DType::f32};
  }
  for (const State &kept : result.states) {
    predict.setArgAttr(kept.input, graph::portNameAttr, builder.getStringAttr(kept.name));
    predict.setResultAttr(*kept.output, graph::portNameAttr, builder.getStringAttr(kept.name));
  }
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
  builder.setInsertionPointToStart(&predict.getBody().emplaceBlock());

  plan(model, {}, model.trainable, outermost);
  SmallVector<Tensor> arguments = addArguments(predict.front(), result);
  SmallVector<Value> outputs;
  for (Tensor output : inlineModel(model, outermost, arguments))
    outputs.push_back(output.value);
  for (const keras::Port &port : model.outputs)
    result.outputs.push_back({port.name});
  if (outputs.size() == model.outputs.size())
    addKept(outputs, result);
  InputError error = allProblems();
  flattenParameters(result);
  result.notes = std::move(state.notes);
  result.untrainable = std::move(state.untrainable);
  if (!error.problems.empty()) {
    if (!problems)
      return tl::unexpected<Error>(std::move(error));
    *problems = std::move(error.problems);
    result.module = nullptr;
    return result;
  }
  if (llvm::is_contained(outputs, Value()))
    return internalError("an output of the model was not imported");
  HORNET_TRY(finish(predict, outputs, result));
  return result;
}

Expected<ImportedModel> importModel(MLIRContext &context, const keras::Model &model,
                                    const ImportOptions &options, std::vector<Problem> *problems) {
  return ModelImport(context, model, options).run(problems);
}

} // namespace hornet::import
