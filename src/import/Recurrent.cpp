// Recurrent layers: a scan over time for each cell.

#include "import/Recurrent.h"

#include "graph/Scan.h"
#include "import/Importers.h"

#include <fmt/format.h>
#include <numeric>

using namespace mlir;

namespace hornet::import {
namespace {

struct ScannedCell {
  Value outputs, last; ///< of all steps (null where not asked for), and of the last one
  SmallVector<Value> states;
};

class RecurrentBuilder {
public:
  RecurrentBuilder(LayerImport &layer, const RecurrentCall &call)
      : layer(layer), call(call), reverse(layer.flag("go_backwards", false)),
        sequences(layer.flag("return_sequences", false)), stateful(layer.flag("stateful", false)),
        zeroOutput(call.zeroOutputForMask || layer.flag("zero_output_for_mask", false)) {}

  RecurrentResult build() {
    if (layer.flag("time_major", false))
      layer.problem("time_major", "time_major is not supported: the leading dimension is the batch",
                    "set it to false, and transpose the input");
    layer.flag("unroll", false); // the same numbers
    collectCells(layer);
    return layer.failed() ? RecurrentResult() : buildCells();
  }

private:
  /// The layer itself, or the cells that an RNN holds, in the order in which data passes them.
  void collectCells(LayerImport &from) {
    if (from.layer().wrapped.empty())
      cells.push_back(&from);
    for (const keras::Layer &inner : from.layer().wrapped) {
      wrapped.push_back(std::make_unique<LayerImport>(from, inner, Tensor{call.sequence}));
      collectCells(*wrapped.back());
    }
  }

  std::optional<Cell> read(LayerImport &of, Value x) {
    std::string_view holder = &of == &layer ? "cell" : "";
    return StringRef(of.className()).starts_with("ConvLSTM") ? readConvolutionalCell(of, x, holder)
                                                             : readCell(of, x, holder);
  }

  RecurrentResult buildCells() {
    RecurrentResult result;
    bool channelsFirst =
        StringRef(layer.className()).starts_with("ConvLSTM") && layer.channelsFirst();
    Value x = channelsFirst ? moveChannels(call.sequence, true, 2) : call.sequence;
    ScannedCell scanned;
    for (LayerImport *of : cells) {
      std::optional<Cell> cell = read(*of, x);
      if (!cell || layer.failed())
        return {};
      SmallVector<Value> initial;
      for (size_t i = 0, first = result.states.size(); i < cell->states; ++i)
        initial.push_back(initialState(first + i, *cell, channelsFirst));
      if (!checkStates(*cell, initial))
        return {};
      scanned = scan(*cell, initial, of == cells.back());
      if (scanned.states.empty())
        return {};
      llvm::append_range(result.states, scanned.states);
      x = scanned.outputs;
    }
    if (!call.initial.empty() && call.initial.size() != result.states.size())
      layer.problem("initial_state", fmt::format("the layer has {} states, {} were given",
                                                 result.states.size(), call.initial.size()));
    result.output = sequences ? scanned.outputs : scanned.last;
    if (sequences && reverse)
      result.output = graph::ReverseOp::create(layer.builder(), layer.location(), result.output,
                                               ArrayRef<int64_t>{1});
    if (channelsFirst) {
      result.output = moveChannels(result.output, false, sequences ? 2 : 1);
      for (Value &state : result.states)
        state = moveChannels(state, false, 1);
    }
    for (auto [i, state] : llvm::enumerate(result.states))
      if (stateful)
        layer.remember(i, state);
    result.mask = sequences ? call.mask : Value();
    return result;
  }

  /// Channels from dimension `at` to the last one, or back.
  Value moveChannels(Value x, bool toLast, int64_t at) {
    if (!x)
      return {};
    SmallVector<int64_t> permutation(cast<RankedTensorType>(x.getType()).getRank());
    std::iota(permutation.begin(), permutation.end(), 0);
    auto first = permutation.begin() + at, last = permutation.end();
    std::rotate(first, toLast ? first + 1 : last - 1, last);
    return layer.transpose(x, permutation);
  }

  /// The state number `i`: the one that the call gives (the last of too few, which is reported), or
  /// that a stateful layer has kept, or zeros.
  Value initialState(size_t i, const Cell &cell, bool channelsFirst) {
    Value state;
    if (stateful) { // even where another one is given: the next call gets what comes of that
      SmallVector<int64_t> shape = cell.stateShape;
      if (channelsFirst)
        std::rotate(shape.begin(), shape.end() - 1, shape.end());
      state = layer.recall(i, shape);
    }
    if (!call.initial.empty())
      state = i < call.initial.size() ? call.initial[i] : call.initial.back();
    if (!state)
      return zeros(cell);
    return channelsFirst ? moveChannels(state, true, 1) : state;
  }

  /// Zeros for a state: of the shape of what a gate gets in one step.
  Value zeros(const Cell &cell) {
    auto type = cast<RankedTensorType>(cell.projected.getType());
    SmallVector<int64_t> start(type.getRank(), 0), limit(type.getShape()), strides(start.size(), 1);
    limit.front() = type.isDynamicDim(0) ? -1 : limit.front();
    limit[1] = 1;
    limit.back() = cell.stateShape.back();
    SmallVector<int64_t> shape = {type.getDimSize(0)};
    llvm::append_range(shape, cell.stateShape);
    Value like = layer.create<graph::SliceOp>(cell.projected, start, limit, strides);
    like = layer.reshape(like, shape);
    return like ? graph::BroadcastOp::create(layer.builder(), layer.location(), like.getType(),
                                             layer.scalar(0), like)
                      .getResult()
                : Value();
  }

  bool checkStates(const Cell &cell, ArrayRef<Value> states) {
    for (Value state : states) {
      if (!state)
        return false;
      SmallVector<int64_t> shape(cast<RankedTensorType>(state.getType()).getShape());
      if (ArrayRef(shape).drop_front() == ArrayRef(cell.stateShape))
        continue;
      Shape needed(cell.stateShape.begin(), cell.stateShape.end());
      needed.insert(needed.begin(), unknownSize);
      layer.problem("initial_state", fmt::format("a state of shape {} was given, the layer has {}",
                                                 shapeOf(state), toString(needed)));
      return false;
    }
    return true;
  }

  /// `mask ? x : y`, the mask (batch).
  Value choose(Value mask, Value x, Value y) {
    SmallVector<int64_t> shape(cast<RankedTensorType>(x.getType()).getRank(), 1);
    shape.front() = cast<RankedTensorType>(mask.getType()).getDimSize(0);
    return layer.create<graph::SelectOp>(layer.reshape(mask, shape), x, y);
  }

  /// Masked steps keep the states. The last cell's output is then the one before, zeros at first,
  /// or zeros.
  ScannedCell scan(const Cell &cell, ArrayRef<Value> initial, bool isLast) {
    SmallVector<Value> inputs = {cell.projected}, states(initial);
    if (call.mask)
      inputs.push_back(call.mask);
    bool keepsOutput = call.mask && isLast;
    if (keepsOutput)
      states.push_back(zeros(cell));
    auto step = [&](ValueRange steps, ValueRange before) {
      graph::ScanStep given;
      SmallVector<Value> after = cell.advance(steps[0], before);
      Value output = after.front();
      if (call.mask)
        for (auto [now, was] : llvm::zip(after, before))
          now = now ? choose(steps[1], now, was) : now;
      if (keepsOutput && output) {
        Value other = zeroOutput ? layer.splat(cell.stateShape, 0) : Value(before.back());
        output = choose(steps[1], output, other);
        after.push_back(output);
      }
      given.states = after;
      if (sequences || !isLast)
        given.outputs.push_back(output);
      return given;
    };
    graph::ScanOp op =
        graph::buildScan(layer.builder(), layer.location(), inputs, states, reverse, step);
    if (!op)
      return {};
    ScannedCell result;
    result.states.assign(op.getLastStates().begin(), op.getLastStates().end());
    result.last = keepsOutput ? result.states.pop_back_val() : result.states.front();
    if (!op.getOutputs().empty())
      result.outputs = op.getOutputs().front();
    return result;
  }

  LayerImport &layer;
  const RecurrentCall &call;
  bool reverse, sequences, stateful, zeroOutput;
  std::vector<std::unique_ptr<LayerImport>> wrapped;
  std::vector<LayerImport *> cells;
};

constexpr std::string_view recurrentClasses[] = {"ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D",
                                                 "CuDNNGRU",   "CuDNNLSTM",  "GRU",
                                                 "LSTM",       "RNN",        "SimpleRNN"};

} // namespace

bool isRecurrent(std::string_view className) {
  return llvm::is_contained(recurrentClasses, className);
}

RecurrentResult buildRecurrent(LayerImport &layer, const RecurrentCall &call) {
  return RecurrentBuilder(layer, call).build();
}

std::optional<RecurrentCall> readCall(LayerImport &layer) {
  RecurrentCall call;
  call.initial = layer.keywordList("initial_state");
  call.mask = layer.mask();
  if (!layer.keywordList("constants").empty() || layer.find("num_constants"))
    layer.problem("constants", "constants of a recurrent layer are not supported",
                  "give them to the cell as further channels of the input");
  if (layer.inputs().empty()) {
    layer.problem("inbound_nodes", "takes a sequence, got nothing");
    return std::nullopt;
  }
  call.sequence = layer.inputs().front();
  // Keras 2 gives initial states as positional inputs.
  if (call.initial.empty())
    llvm::append_range(call.initial, layer.inputs().drop_front());
  if (!layer.ready())
    return std::nullopt;
  if (toShape(call.sequence).size() < 3) {
    layer.problem("", fmt::format("needs an input of 3 or more dimensions (batch, time, …), got {}",
                                  shapeOf(call.sequence)));
    return std::nullopt;
  }
  return call;
}

/// https://keras.io/api/layers/recurrent_layers/
void importRecurrent(LayerImport &layer) {
  bool returnsState = layer.flag("return_state", false);
  std::optional<RecurrentCall> call = readCall(layer);
  if (!call)
    return;
  RecurrentResult result = buildRecurrent(layer, *call);
  if (!result.output)
    return;
  layer.result(result.output, result.mask);
  if (returnsState)
    for (Value state : result.states)
      layer.result(state);
}

} // namespace hornet::import
