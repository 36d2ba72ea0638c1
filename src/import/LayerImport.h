//===- LayerImport.h - What the importer of one layer works with -----------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "graph/Graph.h"
#include "import/Activations.h"
#include "import/Config.h"
#include "import/Host.h"
#include "import/Import.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

#include <functional>

namespace hornet::import {

/// No tensor may have more elements than this (a sample, where the batch is open).
inline constexpr int64_t largestTensor = int64_t(1) << 36;

/// Number of elements, open dimensions left out; largestTensor + 1 stands for all that is more.
int64_t elementsOf(llvm::ArrayRef<int64_t> shape);
/// The shape as messages show it: "(None, 28, 28, 1)".
std::string shapeOf(mlir::Value value);
Shape toShape(mlir::Value value);

/// A tensor while the model is imported. `mask` (null: none) goes along with it, as Keras's masks
/// do: i1, its shape the first dimensions of the tensor's (batch, steps), false where a step does
/// not count.
struct Tensor {
  mlir::Value value, mask = {};
  /// Of the plan's values: strings and integers that are not in the graph, `value` is null then.
  std::optional<size_t> host = {};
};

/// A state of a stateful layer: what @predict is given, and what it is by now.
struct KeptState {
  std::vector<std::string> path; ///< of the layer
  size_t number;                 ///< among its states
  mlir::Value argument, value;
};

/// What one run of importModel gathers.
struct ImportState {
  mlir::OpBuilder builder;
  std::string file;
  std::vector<Problem> problems, notes, untrainable;
  std::vector<LayerRecord> records;
  std::vector<std::vector<keras::Parameter>> parameters; ///< by record
  llvm::StringSet<> symbols;
  std::vector<KeptState> states;
  llvm::ArrayRef<CustomLayer> customLayers;
  HostPlan host;
  mlir::Block *body = nullptr; ///< of @predict
  int wrappers = 0;            ///< layers around what is imported, whose batch is another
  /// Inlines a model that the layer of a record holds.
  std::function<llvm::SmallVector<Tensor>(const keras::Model &, size_t record,
                                          llvm::ArrayRef<Tensor> inputs)>
      inlineModel;
};

/// One call of one layer, while it is imported: its config (checked), its inputs, and the means to
/// declare weights and to build ops at the layer's location. Values that could not be built are
/// null and flow through `create`, so that an importer checks nothing twice.
class LayerImport : public Config {
public:
  LayerImport(ImportState &state, size_t record, const keras::Model &model,
              const keras::Layer &layer, const keras::Call &call, llvm::ArrayRef<Tensor> inputs);
  /// A layer that the layer of `outer` wraps, called on what the wrapper gives it. It shares the
  /// wrapper's record, and what is wrong with it is wrong with the wrapper.
  LayerImport(LayerImport &outer, const keras::Layer &wrapped, llvm::ArrayRef<Tensor> inputs);

  const keras::Layer &layer() const { return kerasLayer; }
  const keras::Call &call() const { return kerasCall; }
  keras::Generation generation() const { return kerasGeneration; }
  const std::string &className() const { return kerasLayer.className; }
  /// The number before the D in the class's name: 2 of Conv2DTranspose.
  size_t spatialDimensions() const;
  /// By its own flag and those of the models around it.
  bool trainable() const { return isTrainable; }
  mlir::Location location() const { return loc; }
  /// "block/conv2d_1": nested models outermost first.
  std::string pathName() const { return llvm::join(path, "/"); }
  mlir::OpBuilder &builder() { return state.builder; }

  /// The tensors among the call's positional arguments, in their order.
  llvm::ArrayRef<mlir::Value> inputs() const { return positional; }
  /// The same with what goes along with them.
  llvm::ArrayRef<Tensor> tensors() const { return given; }
  /// The plan of what is computed around the graph, a result of the layer there, and the argument
  /// of @predict for a value of it.
  HostPlan &host() { return state.host; }
  void hostResult(size_t value) { results.push_back({.value = {}, .host = value}); }
  mlir::Value hostArgument(size_t value) { return state.host.argument(value, *state.body, loc); }
  /// Gives each input that is in the plan alone the value that `place` has for it; null: none.
  void bringIn(llvm::function_ref<mlir::Value(size_t)> place);
  /// Whether another layer calls it, or the model that it is in.
  bool isWrapped() const { return outer || state.wrappers; }
  /// The only one of them, float32. Reports when there are more, or none.
  mlir::Value input();
  /// The mask of input number `i`: the one that came along with it; null when there is none.
  mlir::Value implicitMask(size_t i = 0) const {
    return i < masks.size() ? masks[i] : mlir::Value();
  }
  /// The mask of the steps of a layer's first input, (batch, steps): the one given as `mask=`, else
  /// the implicit one; null when there is none or when it does not fit, which is then a problem.
  mlir::Value mask();
  /// The tensor that `json`, an argument of the call, stands for; null when that is none.
  mlir::Value tensor(const Json &json) const;
  /// The tensor given as keyword argument `name`; null when there is none.
  mlir::Value keyword(std::string_view name);
  /// The tensors given as keyword argument `name`: one, or a list.
  llvm::SmallVector<mlir::Value> keywordList(std::string_view name);
  /// What the call gives as `name`, or else as its argument number `position`: a tensor or a list
  /// of them, in which None is null.
  llvm::SmallVector<Tensor> argument(std::string_view name, size_t position);
  /// Whether the call has `name=True`.
  bool callFlag(std::string_view name);
  /// The caller's importer for the layer; null when there is none.
  const CustomLayer *custom() const;
  /// Whether nothing was wrong so far and all inputs are known: time to build.
  bool ready() const;
  bool failed() const { return wrong; }
  /// Reports arguments that would change what the layer computes, and that its importer did not
  /// ask for: it would be imported as something else.
  void checkArguments();

  /// Declares a weight, on the first call, and gives its value. Weights must be declared in the
  /// order in which Keras creates them. `holder`: see Parameter::path;
  /// `named`: what the names of its variables call that object, where it is something else.
  mlir::Value parameter(std::string_view name, const Shape &shape, bool trainable = true,
                        std::string_view holder = "", std::string_view named = "");
  /// The shape of the weight of one of these names; nothing when the layer declared none.
  std::optional<Shape> shapeOfParameter(std::initializer_list<std::string_view> names) const;
  /// Training a model with this layer is refused, whether the layer is frozen or not.
  void refuseTraining(std::string_view reason, std::string_view mend);
  /// A note on an attribute: what is different from Keras without being wrong.
  void note(std::string attribute, std::string text);
  /// State `number` of a stateful layer, (batch, shape…): an argument of @predict, or what an
  /// earlier call of the layer has left.
  mlir::Value recall(size_t number, llvm::ArrayRef<int64_t> shape);
  /// What the next call of the layer, or of the model, is to get as this state.
  void remember(size_t number, mlir::Value value);
  /// How many states all layers so far keep.
  size_t keptStates() const { return state.states.size(); }
  /// The results of a model that the layer wraps.
  llvm::SmallVector<Tensor> inlined(const keras::Model &model, llvm::ArrayRef<Tensor> inputs) {
    return state.inlineModel(model, record, inputs);
  }
  mlir::Value scalar(double value) { return splat({}, value); }
  mlir::Value splat(llvm::ArrayRef<int64_t> shape, double value);
  mlir::Value vector(llvm::ArrayRef<float> values);

  /// Builds an op whose result type follows from its operands.
  template <class Op, class... Args> mlir::Value create(Args &&...args) {
    mlir::OperationState op(loc, Op::getOperationName());
    mlir::Type unknown = state.builder.getNoneType();
    Op::build(state.builder, op, unknown, std::forward<Args>(args)...);
    return inferred(op, &Op::inferReturnTypes);
  }
  mlir::Value reshape(mlir::Value x, llvm::ArrayRef<int64_t> shape);
  mlir::Value transpose(mlir::Value x, llvm::ArrayRef<int64_t> permutation);
  /// (N, C, spatial…) to (N, spatial…, C), and back.
  mlir::Value channelsToLast(mlir::Value x);
  mlir::Value channelsToSecond(mlir::Value x);

  /// Reports unless x has `rank` dimensions, which `meaning` lists.
  bool hasRank(mlir::Value x, int64_t rank, std::string_view meaning);
  /// Reports unless x has `spatial` dimensions besides batch and channels.
  bool hasSpatial(mlir::Value x, size_t spatial, bool channelsFirst);
  /// `axis` of `rank` dimensions, negative ones counted from the last. Reports when it is out of
  /// range.
  std::optional<int64_t> axis(std::string_view key, int64_t axis, int64_t rank);

  /// Reports a tensor of more than `largestTensor` elements: for what `create` does not build.
  bool fits(llvm::ArrayRef<int64_t> shape);

  void result(mlir::Value value, mlir::Value mask = {}) { results.push_back({value, mask}); }
  /// Gives the first result the input's mask, unless it has one.
  void passMask();
  llvm::MutableArrayRef<Tensor> allResults() { return results; }

private:
  using Infer = llvm::LogicalResult (*)(mlir::MLIRContext *, std::optional<mlir::Location>,
                                        mlir::ValueRange, mlir::DictionaryAttr,
                                        mlir::OpaqueProperties, mlir::RegionRange,
                                        llvm::SmallVectorImpl<mlir::Type> &);
  mlir::Value inferred(mlir::OperationState &op, Infer infer);
  mlir::Value checked(mlir::OperationState &op);
  Report reporter();
  void setInputs();

  ImportState &state;
  LayerImport *outer = nullptr; ///< of the wrapper
  size_t record;
  std::vector<std::string> path;
  bool isTrainable;
  const keras::Layer &kerasLayer;
  const keras::Call &kerasCall;
  keras::Generation kerasGeneration;
  mlir::Location loc;
  llvm::SmallVector<Tensor> all, given, results;    ///< `given`: among the positional arguments
  llvm::SmallVector<mlir::Value> positional, masks; ///< of the same length
  llvm::SmallVector<std::string_view, 2> keywords;  ///< that the importer asked for
  bool wrong = false;
};

/// Imports one call: reads the config, builds ops, gives the results.
using LayerImporter = void (*)(LayerImport &);

} // namespace hornet::import
