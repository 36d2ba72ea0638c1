#include "import/LayerImport.h"

#include <fmt/format.h>
#include <numeric>

using namespace mlir;

namespace hornet::import {

int64_t elementsOf(ArrayRef<int64_t> shape) {
  int64_t elements = 1;
  for (int64_t extent : shape)
    if (ShapedType::isStatic(extent) && llvm::MulOverflow(elements, extent, elements))
      return largestTensor + 1;
  return std::min(elements, largestTensor + 1);
}

Shape toShape(Value value) {
  Shape shape;
  for (int64_t extent : cast<RankedTensorType>(value.getType()).getShape())
    shape.push_back(ShapedType::isDynamic(extent) ? unknownSize : extent);
  return shape;
}

std::string shapeOf(Value value) { return toString(toShape(value)); }

/// Of layers that a wrapper calls.
static const keras::Call noCall;

/// The tensors that `json` (arguments of a call) refers to, in their order.
static void collect(const Json &json, ArrayRef<Tensor> tensors, SmallVectorImpl<Tensor> &result) {
  if (json.is_object())
    if (auto it = json.find(keras::tensorKey); it != json.end()) {
      auto index = it->is_number_integer() ? it->get<int64_t>() : -1;
      if (index >= 0 && index < static_cast<int64_t>(tensors.size()))
        result.push_back(tensors[index]);
      return;
    }
  if (json.is_structured())
    for (const Json &entry : json)
      collect(entry, tensors, result);
}

Config::Report LayerImport::reporter() {
  return [this](std::string attribute, std::string reason, std::string mend) {
    for (LayerImport *layer = this; layer; layer = layer->outer)
      layer->wrong = true;
    state.problems.push_back({state.file, llvm::join(path, "/"), className(), std::move(attribute),
                              std::move(reason), std::move(mend)});
  };
}

static Location locationOf(ImportState &state, ArrayRef<std::string> path) {
  return NameLoc::get(state.builder.getStringAttr(llvm::join(path, "/")));
}

LayerImport::LayerImport(LayerImport &outer, const keras::Layer &wrapped, ArrayRef<Tensor> inputs)
    : Config(wrapped.config, reporter()), state(outer.state), outer(&outer), record(outer.record),
      path(outer.path), isTrainable(outer.isTrainable && wrapped.trainable()), kerasLayer(wrapped),
      kerasCall(noCall), kerasGeneration(outer.kerasGeneration), loc(outer.loc), all(inputs) {
  path.push_back(wrapped.name);
  loc = locationOf(state, path);
  setInputs();
}

LayerImport::LayerImport(ImportState &state, size_t record, const keras::Model &model,
                         const keras::Layer &layer, const keras::Call &call,
                         ArrayRef<Tensor> inputs)
    : Config(layer.config, reporter()), state(state), record(record),
      path(state.records[record].path), isTrainable(state.records[record].trainable),
      kerasLayer(layer), kerasCall(call), kerasGeneration(model.generation),
      loc(locationOf(state, path)), all(inputs) {
  setInputs();
}

void LayerImport::setInputs() {
  given.clear();
  if (outer) {
    given = all;
  } else {
    collect(kerasCall.args, all, given);
    // Layers call their first argument so, and functional models may pass it by name.
    if (auto named = kerasCall.kwargs.find("inputs");
        given.empty() && named != kerasCall.kwargs.end())
      collect(*named, all, given);
  }
  positional = llvm::map_to_vector(given, [](const Tensor &tensor) { return tensor.value; });
  masks = llvm::map_to_vector(given, [](const Tensor &tensor) { return tensor.mask; });
}

void LayerImport::bringIn(llvm::function_ref<Value(size_t)> place) {
  if (llvm::none_of(all, [](const Tensor &tensor) { return tensor.host.has_value(); }))
    return;
  for (Tensor &tensor : all)
    if (tensor.host)
      tensor = {place(*tensor.host)};
  setInputs();
}

size_t LayerImport::spatialDimensions() const {
  return className()[className().find_first_of("123")] - '0';
}

Value LayerImport::input() {
  if (positional.size() != 1) {
    problem("inbound_nodes", fmt::format("takes one input, got {}", positional.size()));
    return {};
  }
  Value x = positional.front();
  if (x && !getElementTypeOrSelf(x).isF32()) {
    problem("inbound_nodes", "takes numbers, got a boolean tensor");
    return {};
  }
  return x;
}

Value LayerImport::tensor(const Json &json) const {
  SmallVector<Tensor> found;
  if (json.is_object())
    collect(json, all, found);
  return json.is_object() && json.contains(keras::tensorKey) && found.size() == 1
             ? found.front().value
             : Value();
}

SmallVector<Value> LayerImport::keywordList(std::string_view name) {
  keywords.push_back(name);
  SmallVector<Tensor> found;
  if (auto it = kerasCall.kwargs.find(name); it != kerasCall.kwargs.end())
    collect(*it, all, found);
  return llvm::map_to_vector(found, [](Tensor tensor) { return tensor.value; });
}

Value LayerImport::keyword(std::string_view name) {
  SmallVector<Value> found = keywordList(name);
  return found.size() == 1 ? found.front() : Value();
}

SmallVector<Tensor> LayerImport::argument(std::string_view name, size_t position) {
  keywords.push_back(name);
  const Json *json = nullptr;
  if (auto it = kerasCall.kwargs.find(name); it != kerasCall.kwargs.end())
    json = &*it;
  else if (kerasCall.args.is_array() && position < kerasCall.args.size())
    json = &kerasCall.args[position];
  SmallVector<Tensor> found;
  if (!json || json->is_null())
    return found;
  if (!json->is_array()) {
    collect(*json, all, found);
    return found;
  }
  for (const Json &entry : *json) {
    SmallVector<Tensor> one;
    collect(entry, all, one);
    if (one.size() != 1 && !entry.is_null())
      problem("inbound_nodes",
              fmt::format("{} in the argument {} of its call is no tensor", describe(entry), name));
    found.push_back(one.size() == 1 ? one.front() : Tensor());
  }
  return found;
}

bool LayerImport::callFlag(std::string_view name) {
  auto it = kerasCall.kwargs.find(name);
  if (it == kerasCall.kwargs.end() || !it->is_boolean())
    return false;
  keywords.push_back(name);
  return it->get<bool>();
}

Value LayerImport::mask() {
  Value given = keyword("mask");
  if (!given)
    given = implicitMask();
  if (!given || positional.empty() || !positional.front())
    return given;
  auto type = cast<RankedTensorType>(given.getType());
  ArrayRef<int64_t> shape = cast<RankedTensorType>(positional.front().getType()).getShape();
  if (type.getElementType().isInteger(1) && type.getShape() == shape.take_front(2))
    return given;
  problem("mask", fmt::format("needs a boolean mask of (batch, steps) for the input {}, got {} {}",
                              shapeOf(positional.front()),
                              type.getElementType().isInteger(1) ? "booleans of" : "numbers of",
                              shapeOf(given)));
  return {};
}

void LayerImport::passMask() {
  Value passed = keyword("mask");
  if (!passed)
    passed = implicitMask();
  if (!results.empty() && !results.front().mask)
    results.front().mask = passed;
}

/// Whether a layer of the class computes something else while training.
static bool dependsOnTraining(StringRef className) {
  return className == "BatchNormalization" || className.contains("Dropout") ||
         className.contains("Noise");
}

/// Whether an argument is none: null, or what Keras 2 writes for the masks of inputs that have
/// none.
static bool isNone(const Json &value) {
  return value.is_null() ||
         (value.is_array() && llvm::all_of(value, [](const Json &one) { return one.is_null(); }));
}

void LayerImport::checkArguments() {
  for (const auto &[name, value] : kerasCall.kwargs.items()) {
    bool ignored = isNone(value) || name == "inputs" || llvm::is_contained(keywords, name);
    bool training = name == "training" && !(value == true && dependsOnTraining(className()));
    if (!ignored && !training)
      problem("inbound_nodes", fmt::format("the argument {}={} of its call is not supported yet",
                                           name, describe(value)));
  }
  // The first argument holds the inputs, others may do so too; a number is left to the importer.
  if (kerasCall.args.is_array())
    for (const Json &argument : kerasCall.args) {
      SmallVector<Tensor> tensors;
      collect(argument, all, tensors);
      if (tensors.empty() && !argument.is_null() && !argument.is_number() &&
          !(argument.is_boolean() && !(argument == true && dependsOnTraining(className()))))
        problem("inbound_nodes", fmt::format("the argument {} of its call is not supported yet",
                                             describe(argument)));
    }
}

const CustomLayer *LayerImport::custom() const {
  std::string place = llvm::join(path, "/");
  StringRef qualified = kerasLayer.registeredName.empty() ? className() : kerasLayer.registeredName;
  std::string bare = className().substr(className().rfind('>') + 1);
  auto isMeant = [&](const CustomLayer &custom) {
    if (className() == "Lambda")
      return custom.name == kerasLayer.name || custom.name == place;
    return custom.name == className() || custom.name == qualified || custom.name == bare;
  };
  const auto *found = llvm::find_if(state.customLayers, isMeant);
  return found == state.customLayers.end() ? nullptr : found;
}

bool LayerImport::ready() const {
  return !wrong &&
         llvm::all_of(all, [](const Tensor &tensor) { return tensor.value || tensor.host; });
}

//===----------------------------------------------------------------------===//
// Weights and constants
//===----------------------------------------------------------------------===//

Value LayerImport::parameter(std::string_view name, const Shape &shape, bool trainable,
                             std::string_view holder, std::string_view named) {
  if (elementsOf(shape) > largestTensor) {
    problem(std::string(name), fmt::format("{} would have the shape {}, more than {} elements",
                                           name, toString(shape), largestTensor));
    return {};
  }
  std::vector<keras::Parameter> &declared = state.parameters[record];
  auto known = llvm::find_if(declared, [&](const auto &p) {
    return p.name == name && p.layerPath == path && p.path == holder;
  });
  if (known == declared.end()) {
    std::string_view object = named.empty() ? holder : named;
    std::string base =
        fmt::format("{}/{}{}{}", fmt::join(path, "/"), object, object.empty() ? "" : "/", name);
    std::string symbol = base;
    for (int i = 1; !state.symbols.insert(symbol).second; ++i)
      symbol = fmt::format("{}_{}", base, i);
    declared.push_back(
        {symbol, path, std::string(name), shape, trainable && isTrainable, std::string(holder)});
    known = std::prev(declared.end());
  } else if (known->shape != shape) {
    problem(std::string(name), fmt::format("a call of the layer needs {} of shape {}, another {}",
                                           name, toString(known->shape), toString(shape)));
    return {};
  }
  OperationState op(loc, graph::GetParameterOp::getOperationName());
  graph::GetParameterOp::build(
      state.builder, op, RankedTensorType::get(shape, state.builder.getF32Type()), known->symbol);
  return checked(op);
}

std::optional<Shape>
LayerImport::shapeOfParameter(std::initializer_list<std::string_view> names) const {
  for (const keras::Parameter &declared : state.parameters[record])
    if (declared.layerPath == path && llvm::is_contained(names, declared.name))
      return declared.shape;
  return std::nullopt;
}

/// The entry of a layer's state; null when it has none yet.
static KeptState *keptIn(ImportState &state, ArrayRef<std::string> path, size_t number) {
  for (KeptState &kept : state.states)
    if (ArrayRef(kept.path) == path && kept.number == number)
      return &kept;
  return nullptr;
}

Value LayerImport::recall(size_t number, ArrayRef<int64_t> shape) {
  if (const KeptState *kept = keptIn(state, path, number))
    return kept->value;
  if (!state.host.plan.values.empty())
    problem("stateful",
            "a stateful layer in a model that takes strings, or looks up or hashes integers, is "
            "not supported",
            "run the lookups by themselves, and this layer in a model of numbers");
  SmallVector<int64_t> batched = {ShapedType::kDynamic};
  llvm::append_range(batched, shape);
  auto type = RankedTensorType::get(batched, state.builder.getF32Type());
  Value argument = state.builder.getInsertionBlock()->addArgument(type, loc);
  state.states.push_back({path, number, argument, argument});
  return argument;
}

void LayerImport::remember(size_t number, Value value) {
  if (KeptState *kept = keptIn(state, path, number))
    kept->value = value;
}

void LayerImport::refuseTraining(std::string_view reason, std::string_view mend) {
  state.untrainable.push_back(
      {state.file, llvm::join(path, "/"), className(), "", std::string(reason), std::string(mend)});
}

void LayerImport::note(std::string attribute, std::string text) {
  Problem note{state.file,           llvm::join(path, "/"), className(),
               std::move(attribute), std::move(text),       ""};
  if (llvm::none_of(state.notes, [&](auto &n) { return toString(n) == toString(note); }))
    state.notes.push_back(std::move(note));
}

Value LayerImport::splat(ArrayRef<int64_t> shape, double value) {
  auto type = RankedTensorType::get(shape, state.builder.getF32Type());
  return graph::ConstantOp::create(state.builder, loc,
                                   DenseElementsAttr::get(type, static_cast<float>(value)));
}

Value LayerImport::vector(ArrayRef<float> values) {
  auto type =
      RankedTensorType::get(static_cast<int64_t>(values.size()), state.builder.getF32Type());
  return graph::ConstantOp::create(state.builder, loc, DenseElementsAttr::get(type, values));
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

Value LayerImport::inferred(OperationState &op, Infer infer) {
  if (llvm::is_contained(op.operands, Value()))
    return {};
  SmallVector<Type> types;
  if (mlir::failed(infer(op.getContext(), loc, op.operands,
                         op.attributes.getDictionary(op.getContext()), op.getRawProperties(),
                         op.regions, types)))
    return {};
  op.types.assign(types.begin(), types.end());
  return checked(op);
}

Value LayerImport::checked(OperationState &op) {
  if (!fits(cast<RankedTensorType>(op.types.front()).getShape()))
    return {};
  return state.builder.create(op)->getResult(0);
}

bool LayerImport::fits(ArrayRef<int64_t> shape) {
  if (elementsOf(shape) <= largestTensor)
    return true;
  problem("", fmt::format("computes a tensor of more than {} elements a sample", largestTensor),
          "make the layer or its input smaller");
  return false;
}

Value LayerImport::reshape(Value x, ArrayRef<int64_t> shape) {
  if (!x)
    return {};
  OperationState op(loc, graph::ReshapeOp::getOperationName());
  graph::ReshapeOp::build(state.builder, op, RankedTensorType::get(shape, getElementTypeOrSelf(x)),
                          x);
  return checked(op);
}

Value LayerImport::transpose(Value x, ArrayRef<int64_t> permutation) {
  return create<graph::TransposeOp>(x, permutation);
}

Value LayerImport::channelsToLast(Value x) {
  if (!x)
    return {};
  SmallVector<int64_t> permutation(cast<RankedTensorType>(x.getType()).getRank());
  std::iota(permutation.begin(), permutation.end(), 0);
  std::rotate(permutation.begin() + 1, permutation.begin() + 2, permutation.end());
  return transpose(x, permutation);
}

Value LayerImport::channelsToSecond(Value x) {
  if (!x)
    return {};
  SmallVector<int64_t> permutation(cast<RankedTensorType>(x.getType()).getRank());
  std::iota(permutation.begin(), permutation.end(), 0);
  std::rotate(permutation.begin() + 1, permutation.end() - 1, permutation.end());
  return transpose(x, permutation);
}

bool LayerImport::hasRank(Value x, int64_t rank, std::string_view meaning) {
  if (!x || cast<RankedTensorType>(x.getType()).getRank() == rank)
    return static_cast<bool>(x);
  problem("",
          fmt::format("needs an input of {} dimensions ({}), got {}", rank, meaning, shapeOf(x)));
  return false;
}

bool LayerImport::hasSpatial(Value x, size_t spatial, bool channelsFirst) {
  static constexpr std::string_view names[] = {"steps", "height, width", "depth, height, width"};
  return hasRank(x, static_cast<int64_t>(spatial) + 2,
                 fmt::format("batch, {}{}{}", channelsFirst ? "channels, " : "", names[spatial - 1],
                             channelsFirst ? "" : ", channels"));
}

std::optional<int64_t> LayerImport::axis(std::string_view key, int64_t axis, int64_t rank) {
  if (axis >= -rank && axis < rank)
    return axis < 0 ? axis + rank : axis;
  problem(std::string(key), fmt::format("axis {} is out of range for rank {}", axis, rank),
          fmt::format("give an axis from {} to {}", -rank, rank - 1));
  return std::nullopt;
}

} // namespace hornet::import
