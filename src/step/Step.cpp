#include "step/Step.h"

#include "differentiate/Gradients.h"
#include "step/Layers.h"
#include "step/Losses.h"
#include "step/Optimizers.h"
#include "step/Penalties.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

using namespace mlir;

namespace hornet::step {
namespace {

/// The config of the layer that a parameter belongs to, in whatever model it is nested.
const Json *configOf(const keras::Model &model, const Parameter &parameter) {
  const keras::Layer *layer = keras::findLayer(model, parameter.layerPath);
  return layer ? &layer->config : nullptr;
}

/// What the layer says of one of its weights: "kernel_regularizer", "depthwise_constraint", ….
const Json *settingOf(const keras::Model &model, const Parameter &parameter,
                      std::string_view what) {
  const Json *config = configOf(model, parameter);
  if (!config)
    return nullptr;
  std::string name = parameter.name, shortened = name;
  if (auto end = name.rfind("_kernel"); end != std::string::npos)
    shortened = name.substr(0, end);
  for (const std::string &key : {name, shortened, "depthwise_" + name, std::string("depthwise")})
    if (auto found = config->find(fmt::format("{}_{}", key, what));
        found != config->end() && !found->is_null())
      return &*found;
  return nullptr;
}

bool matchesAny(const std::string &name, const std::vector<std::string> &patterns) {
  return llvm::any_of(patterns, [&](const std::string &pattern) {
    return name.find(pattern) != std::string::npos;
  });
}

class StepBuilder {
public:
  StepBuilder(import::ImportedModel &imported, const keras::Model &model,
              const StepOptions &options)
      : imported(imported), model(model), options(options),
        function(imported.module->lookupSymbol<func::FuncOp>(graph::predictName)),
        terminator(function.front().getTerminator()), builder(function.getLoc(), terminator) {}

  Expected<StepStates> run() {
    HORNET_TRY(refuseStates());
    if (options.kind != Kind::evaluate && !imported.untrainable.empty())
      return tl::unexpected<Error>(InputError{imported.untrainable});
    HORNET_TRY(addTargets());
    addParameters();
    simplify();
    std::vector<std::pair<Value, std::string>> activities = takePenalties(function);
    if (options.kind != Kind::evaluate)
      statistics = HORNET_TRY(inThisFile(expandForTraining(function, key))).statistics;
    if (options.kind == Kind::inspect)
      noteLayers();
    Term loss = HORNET_TRY(addLosses());
    loss = HORNET_TRY(addPenalties(loss, activities));
    give("loss", loss.value);
    if (parts.size() > 1)
      for (auto &[name, part] : parts)
        give("loss/" + name, part);
    for (auto [value, port] : llvm::zip_equal(terminator->getOperands(), imported.outputs))
      give(port.name, value);
    if (options.kind == Kind::train)
      HORNET_TRY(addUpdate(loss));
    for (auto &[name, value] : lastOf)
      give("finite/" + name.str(), nonFinite(term(value)).value);
    finish();
    return std::move(result);
  }

private:
  Term term(Value value) { return {&builder, value}; }

  /// Batches of training are samples, not the parts of one sequence.
  Expected<void> refuseStates() {
    InputError error;
    for (const State &kept : imported.states)
      error.problems.push_back({.file = model.file,
                                .layer = kept.name.substr(0, kept.name.rfind('/')),
                                .attribute = "stateful",
                                .reason = "a stateful layer cannot be trained or evaluated",
                                .mend = "set it to false"});
    if (error.problems.empty())
      return {};
    return tl::unexpected<Error>(std::move(error));
  }

  //===--------------------------------------------------------------------===//
  // What goes in and comes out
  //===--------------------------------------------------------------------===//

  Value take(const std::string &name, ArrayRef<int64_t> shape, DType dtype = DType::f32) {
    Type element = dtype == DType::i32 ? Type(builder.getI32Type()) : builder.getF32Type();
    Value argument =
        function.front().addArgument(RankedTensorType::get(shape, element), builder.getLoc());
    imported.inputs.push_back({name, shapeOf(argument), dtype});
    return argument;
  }

  void give(const std::string &name, Value value) {
    outputs.push_back({name, shapeOf(value), DType::f32});
    results.push_back(value);
  }

  static Shape shapeOf(Value value) {
    Shape shape;
    for (int64_t extent : cast<RankedTensorType>(value.getType()).getShape())
      shape.push_back(ShapedType::isDynamic(extent) ? unknownSize : extent);
    return shape;
  }

  Expected<void> addTargets() {
    if (options.losses.size() != imported.outputs.size())
      return inputError({.file = model.file,
                         .attribute = "loss",
                         .reason = fmt::format("{} losses for {} outputs", options.losses.size(),
                                               imported.outputs.size()),
                         .mend = "give one loss for each output of the model"});
    auto hasLoss = [&](size_t i) { return !options.losses[i].is_null(); };
    size_t count = imported.outputs.size();
    for (size_t i = 0; i < count; ++i)
      if (hasLoss(i)) {
        auto type = cast<RankedTensorType>(terminator->getOperand(i).getType());
        auto shape = HORNET_TRY(targetShape(options.losses[i], type.getShape()));
        targets.push_back(take("target/" + imported.outputs[i].name, shape));
      }
    for (size_t i = 0; options.sampleWeights && i < count; ++i)
      if (hasLoss(i)) {
        auto type = cast<RankedTensorType>(terminator->getOperand(i).getType());
        bool each = options.stepWeights && type.getRank() > 2;
        weights.push_back(take("weight/" + imported.outputs[i].name,
                               each ? type.getShape().drop_back() : type.getShape().take_front()));
      }
    if (options.kind != Kind::evaluate) {
      learningRate = take("learning_rate", {});
      iteration = take("iteration", {});
      key = take("seed", 4, DType::i32);
    }
    return {};
  }

  /// Each parameter becomes an argument.
  void addParameters() {
    llvm::StringMap<Value> values;
    for (auto [i, parameter] : llvm::enumerate(imported.parameters)) {
      State state{parameter.symbol, "", i, parameter.shape};
      state.input = imported.inputs.size();
      result.states.push_back(state);
      builder.setLoc(NameLoc::get(
          builder.getStringAttr(fmt::format("{}", fmt::join(parameter.layerPath, "/")))));
      Value value = take(parameter.symbol, parameter.shape);
      values[parameter.symbol] = value;
      parameters.push_back(value);
    }
    for (auto get : llvm::make_early_inc_range(function.front().getOps<graph::GetParameterOp>())) {
      get.replaceAllUsesWith(values.lookup(get.getParameter()));
      get.erase();
    }
    for (auto op : llvm::make_early_inc_range(imported.module->getOps<graph::ParameterOp>()))
      op.erase();
  }

  /// What makes gradients smaller: an activation behind a pooling instead of before it.
  void simplify() {
    RewritePatternSet patterns(builder.getContext());
    graph::MaxPoolOp::getCanonicalizationPatterns(patterns, builder.getContext());
    (void)applyPatternsGreedily(function, std::move(patterns));
  }

  //===--------------------------------------------------------------------===//
  // Loss
  //===--------------------------------------------------------------------===//

  Expected<Term> addLosses() {
    std::optional<Term> sum;
    size_t next = 0;
    for (size_t i = 0; i < imported.outputs.size(); ++i) {
      if (options.losses[i].is_null())
        continue;
      Value prediction = terminator->getOperand(i);
      builder.setLoc(prediction.getLoc());
      std::optional<Term> weight;
      if (options.sampleWeights)
        weight = term(weights[next]);
      Term part =
          HORNET_TRY(lossOf(options.losses[i], term(targets[next]), term(prediction), weight));
      parts.emplace_back(imported.outputs[i].name, part.value);
      double factor = i < options.lossWeights.size() ? options.lossWeights[i] : 1;
      Term weighted = factor == 1 ? part : part * factor;
      sum = sum ? *sum + weighted : weighted;
      ++next;
    }
    if (!sum)
      return inputError({.file = model.file,
                         .attribute = "loss",
                         .reason = "no output has a loss",
                         .mend = "name one, for example --loss categorical_crossentropy"});
    return *sum;
  }

  Expected<Term> addPenalties(Term loss,
                              const std::vector<std::pair<Value, std::string>> &activities) {
    for (auto [value, parameter] : llvm::zip_equal(parameters, imported.parameters))
      if (const Json *regularizer = settingOf(model, parameter, "regularizer");
          regularizer && parameter.trainable) {
        builder.setLoc(value.getLoc());
        loss = loss + HORNET_TRY(named(parameter, penaltyOf(*regularizer, term(value))));
      }
    for (const auto &[value, regularizer] : activities) {
      builder.setLoc(value.getLoc());
      Term x = term(value);
      Term batch{&builder, graph::ExtentOp::create(builder, x.scalar(0).type(), value, 0)};
      Json json = Json::parse(regularizer);
      loss = loss + HORNET_TRY(penaltyOf(json, x)) / batch;
    }
    return loss;
  }

  template <class T> Expected<T> inThisFile(Expected<T> made) {
    if (!made && std::holds_alternative<InputError>(made.error()))
      for (Problem &problem : std::get<InputError>(made.error()).problems)
        problem.file = model.file;
    return made;
  }

  /// Says which layer a problem is of.
  template <class T> Expected<T> named(const Parameter &parameter, Expected<T> made) {
    if (!made && std::holds_alternative<InputError>(made.error()))
      for (Problem &problem : std::get<InputError>(made.error()).problems)
        problem.layer = fmt::format("{}", fmt::join(parameter.layerPath, "/"));
    return inThisFile(std::move(made));
  }

  //===--------------------------------------------------------------------===//
  // Inspection
  //===--------------------------------------------------------------------===//

  /// The last float that each layer computes, in the order of the layers.
  void noteLayers() {
    for (Operation &op : function.front().without_terminator())
      if (auto layer = dyn_cast<NameLoc>(op.getLoc()); layer && op.getNumResults() > 0)
        if (isa<FloatType>(getElementTypeOrSelf(op.getResult(0))))
          lastOf[layer.getName()] = op.getResult(0);
  }

  /// 0 where all elements are finite.
  static Term nonFinite(Term x) {
    Term nothing = x - x; // NaN for what is not finite
    Term none{x.builder, graph::CompareOp::create(*x.builder, graph::Comparison::ne, nothing.value,
                                                  nothing.value)};
    return sumOf(where(none, broadcastTo(x.scalar(1), x), 0.0));
  }

  //===--------------------------------------------------------------------===//
  // Update
  //===--------------------------------------------------------------------===//

  Expected<void> addUpdate(Term loss) {
    for (auto [i, parameter] : llvm::enumerate(imported.parameters))
      if (parameter.trainable)
        trained.push_back(i);
    if (trained.empty())
      return inputError({.file = model.file,
                         .reason = "the model has no parameters to train",
                         .mend = "set trainable to true for some of its layers"});
    std::vector<Value> gradients = HORNET_TRY(differentiate(loss));
    Training training{.learningRate = term(learningRate), .iteration = term(iteration)};
    for (auto [i, gradient] : llvm::zip_equal(trained, gradients)) {
      training.parameters.push_back(term(parameters[i]));
      training.gradients.push_back(term(gradient));
      training.paths.push_back(imported.parameters[i].symbol);
      training.decays.push_back(
          !matchesAny(imported.parameters[i].name, options.withoutWeightDecay));
    }
    training.constrain = [&](size_t i, Term value) -> Expected<Term> {
      const Parameter &parameter = imported.parameters[trained[i]];
      const Json *constraint = settingOf(model, parameter, "constraint");
      if (!constraint)
        return value;
      return named(parameter, constrained(*constraint, value));
    };
    // Numbered for now: which they are is known in the end, and their order.
    training.addSlot = [&](ArrayRef<int64_t> shape) { return term(take("slot", shape)); };
    Operation *last = terminator->getPrevNode();
    Updated updated = HORNET_TRY(update(options.optimizer, training));
    hoist(last->getNextNode());
    if (options.gradients)
      for (auto [i, gradient] : llvm::zip_equal(trained, updated.gradients))
        give("gradient/" + imported.parameters[i].symbol, gradient.value);
    giveStates(updated);
    return {};
  }

  /// Moves the ops from `first` on up to what they depend on: each parameter is updated once its
  /// gradient is there, and nothing is kept until the others are.
  void hoist(Operation *first) {
    for (Operation *op = first, *next; op != terminator; op = next) {
      next = op->getNextNode();
      Operation *latest = nullptr;
      for (Value operand : op->getOperands())
        if (Operation *from = operand.getDefiningOp();
            from && (!latest || latest->isBeforeInBlock(from)))
          latest = from;
      if (latest)
        op->moveAfter(latest);
      else
        op->moveBefore(&function.front().front());
    }
  }

  Expected<std::vector<Value>> differentiate(Term loss) {
    SmallVector<Value> variables;
    for (size_t i : trained)
      variables.push_back(parameters[i]);
    Problem problem{.file = model.file};
    ScopedDiagnosticHandler handler(builder.getContext(), [&](Diagnostic &diagnostic) {
      problem.reason = diagnostic.str();
      if (auto name = dyn_cast<NameLoc>(diagnostic.getLocation()))
        problem.layer = name.getName().str();
      return success();
    });
    OpBuilder::InsertPoint end = builder.saveInsertionPoint();
    // Ops on the way may be replaced: as operands, results follow.
    terminator->setOperands(results);
    auto gradients = differentiate::Gradients::of(loss.value, variables, builder);
    results.assign(terminator->operand_begin(), terminator->operand_end());
    builder.restoreInsertionPoint(end);
    if (mlir::failed(gradients)) {
      problem.mend = "freeze it and what comes before it (trainable: false)";
      return inputError(std::move(problem));
    }
    return std::vector<Value>(gradients->begin(), gradients->end());
  }

  void giveStates(const Updated &updated) {
    for (auto [i, value] : llvm::zip_equal(trained, updated.parameters))
      change(result.states[i], value.value);
    for (auto [i, parameter] : llvm::enumerate(parameters))
      if (Value moved = statistics.lookup(parameter))
        change(result.states[i], moved);
    for (const Slot &slot : updated.slots) {
      State state{"", slot.name, std::nullopt, shapeOf(slot.before.value), slot.initial};
      state.name = slot.name;
      if (slot.parameter >= 0) {
        state.parameter = trained[slot.parameter];
        state.name = imported.parameters[*state.parameter].symbol + "/" + slot.name;
      }
      state.input = cast<BlockArgument>(slot.before.value).getArgNumber();
      imported.inputs[state.input].name = state.name;
      change(state, slot.after.value);
      result.states.push_back(state);
    }
  }

  void change(State &state, Value value) {
    state.output = outputs.size();
    give(state.name, value);
  }

  void finish() {
    terminator->setOperands(results);
    Block &body = function.front();
    function.setFunctionType(
        builder.getFunctionType(body.getArgumentTypes(), ValueRange(results).getTypes()));
    function.setAllArgAttrs(
        SmallVector<Attribute>(body.getNumArguments(), builder.getDictionaryAttr({})));
    function.setAllResultAttrs(
        SmallVector<Attribute>(results.size(), builder.getDictionaryAttr({})));
    auto name = [&](const std::string &text) { return builder.getStringAttr(text); };
    for (auto [i, port] : llvm::enumerate(imported.inputs))
      function.setArgAttr(i, graph::portNameAttr, name(port.name));
    for (auto [i, port] : llvm::enumerate(outputs))
      function.setResultAttr(i, graph::portNameAttr, name(port.name));
    imported.outputs = std::move(outputs);
    result.parameters = std::move(imported.parameters);
    imported.parameters.clear();
  }

  import::ImportedModel &imported;
  const keras::Model &model;
  const StepOptions &options;
  func::FuncOp function;
  Operation *terminator;
  ImplicitLocOpBuilder builder;

  StepStates result;
  std::vector<import::Port> outputs;
  SmallVector<Value> results, parameters, targets, weights;
  std::vector<size_t> trained;
  std::vector<std::pair<std::string, Value>> parts;
  llvm::MapVector<Value, Value> statistics;
  llvm::MapVector<StringAttr, Value> lastOf;
  Value learningRate, iteration, key;
};

} // namespace

Expected<StepStates> makeStep(import::ImportedModel &imported, const keras::Model &model,
                              const StepOptions &options) {
  return StepBuilder(imported, model, options).run();
}

} // namespace hornet::step
