// The cells of recurrent layers: LSTM, GRU and simple ones, in the layouts of all generations.

#include "import/ActivationLayers.h"
#include "import/Recurrent.h"

#include <fmt/format.h>
#include <map>

using namespace mlir;

namespace hornet::import {
namespace {

/// Whether the arrays are those of Keras 1: "gpu" has them joined, as later generations.
bool isSeparate(LayerImport &layer) {
  const Json *mode = layer.find("consume_less");
  return layer.generation() == keras::Generation::keras1 && !(mode && *mode == "gpu");
}

/// With dropout of states, and in implementations 0 and 1 of Keras 2, each gate has masks of its
/// own.
CellDropouts readCellDropouts(LayerImport &layer) {
  if (StringRef(layer.className()).starts_with("SimpleRNN"))
    return readDropouts(layer, /*perGate=*/false, /*takesAll=*/true);
  const Json *implementation = layer.find("implementation");
  bool perGate =
      layer.generation() == keras::Generation::keras1
          ? isSeparate(layer)
          : layer.number("recurrent_dropout", 0) > 0 || (implementation && *implementation != 2);
  return readDropouts(layer, perGate);
}

/// What the readers of all cells need: the layer, its sizes, and arithmetic on values.
struct CellReader {
  LayerImport &layer;
  Value sequence;
  std::string_view holder;
  int64_t inputs, units;
  bool useBias;
  CellDropouts dropouts;

  CellReader(LayerImport &layer, Value sequence, std::string_view holder)
      : layer(layer), sequence(sequence), holder(holder), inputs(toShape(sequence).back()),
        units(layer.positive("units")), useBias(layer.flag("use_bias", true)),
        dropouts(readCellDropouts(layer)) {}

  Value parameter(std::string_view name, const Shape &shape) const {
    return layer.parameter(name, shape, true, holder);
  }
  Value concatenated(ArrayRef<Value> values) const {
    int64_t last = values.front() ? toShape(values.front()).size() - 1 : 0;
    return layer.create<graph::ConcatenateOp>(values, last);
  }
};

Value add(LayerImport &layer, Value x, Value y) { return y ? layer.create<graph::AddOp>(x, y) : x; }
Value multiply(LayerImport &layer, Value x, Value y) {
  return layer.create<graph::MultiplyOp>(x, y);
}

/// Columns `[first, last)` of the last dimension.
Value columns(LayerImport &layer, Value x, int64_t first, int64_t last) {
  if (!x)
    return {};
  Shape shape = toShape(x);
  SmallVector<int64_t> start(shape.size(), 0), limit(shape.begin(), shape.end()),
      strides(shape.size(), 1);
  for (int64_t &extent : limit)
    extent = extent == unknownSize ? -1 : extent;
  start.back() = first;
  limit.back() = last;
  return layer.create<graph::SliceOp>(x, start, limit, strides);
}

/// The part of gate `i`.
Value gate(LayerImport &layer, Value x, int64_t units, int64_t i) {
  return columns(layer, x, i * units, (i + 1) * units);
}

/// The arrays of a cell with `gates` gates, in the order of Keras 2 and 3.
struct CellWeights {
  Value kernel, recurrent, bias; ///< (in, gates * units), (units, gates * units), (gates * units)
  Value recurrentBias;           ///< of a GRU that resets after the product
};

CellWeights readPlain(const CellReader &cell, int64_t gates) {
  CellWeights weights;
  weights.kernel = cell.parameter("kernel", {cell.inputs, gates * cell.units});
  weights.recurrent = cell.parameter("recurrent_kernel", {cell.units, gates * cell.units});
  if (cell.useBias)
    weights.bias = cell.parameter("bias", {gates * cell.units});
  return weights;
}

/// CuDNN's layers keep each gate's matrices transposed, and two biases.
CellWeights readCuDnn(const CellReader &cell, int64_t gates) {
  LayerImport &layer = cell.layer;
  CellWeights weights = readPlain(
      [&] {
        CellReader without = cell;
        without.useBias = false;
        return without;
      }(),
      gates);
  Value both = cell.parameter("bias", {2 * gates * cell.units});
  SmallVector<Value> kernels, recurrents;
  for (int64_t i = 0; i < gates; ++i) {
    Value kernel = gate(layer, weights.kernel, cell.units, i);
    kernels.push_back(layer.transpose(layer.reshape(kernel, {cell.units, cell.inputs}), {1, 0}));
    recurrents.push_back(layer.transpose(gate(layer, weights.recurrent, cell.units, i), {1, 0}));
  }
  weights.kernel = cell.concatenated(kernels);
  weights.recurrent = cell.concatenated(recurrents);
  weights.bias = gate(layer, both, gates * cell.units, 0);
  weights.recurrentBias = gate(layer, both, gates * cell.units, 1);
  return weights;
}

bool isCuDnn(LayerImport &layer) { return layer.className().starts_with("CuDNN"); }

Value multiplied(LayerImport &layer, const CellDropout &dropout, Value x, Value kernel,
                 int64_t gates) {
  return dropout.product(layer, x, kernel, gates, [&](Value rows, Value columns) {
    return layer.create<graph::MatmulOp>(rows, columns);
  });
}

/// The products of the inputs of all steps.
Value projected(const CellReader &cell, int64_t gates, Value kernel, Value bias) {
  return add(cell.layer, multiplied(cell.layer, cell.dropouts.inputs, cell.sequence, kernel, gates),
             bias);
}

std::optional<Cell> readSimple(CellReader reader) {
  LayerImport &layer = reader.layer;
  Activation activation = cellActivation(layer);
  CellWeights w = readPlain(reader, 1);
  Cell cell;
  cell.stateShape = {reader.units};
  cell.projected = projected(reader, 1, w.kernel, w.bias);
  CellDropout dropout = reader.dropouts.states;
  cell.advance = [=, &layer](Value x, ValueRange states) -> SmallVector<Value> {
    Value product = multiplied(layer, dropout, states[0], w.recurrent, 1);
    return {activate(layer, activation, add(layer, x, product))};
  };
  return cell;
}

std::optional<Cell> readLstm(CellReader reader) {
  LayerImport &layer = reader.layer;
  Activation activation = cellActivation(layer), recurrent = gateActivation(layer);
  CellWeights w = isCuDnn(layer) ? readCuDnn(reader, 4) : readPlain(reader, 4);
  // Two biases that are only ever added.
  Value bias = w.recurrentBias ? add(layer, w.bias, w.recurrentBias) : w.bias;
  Cell cell;
  cell.stateShape = {reader.units};
  cell.states = 2;
  cell.projected = projected(reader, 4, w.kernel, bias);
  CellDropout dropout = reader.dropouts.states;
  cell.advance = [=, &layer](Value x, ValueRange states) {
    Value z = add(layer, x, multiplied(layer, dropout, states[0], w.recurrent, 4));
    return lstmStep(layer, activation, recurrent, z, states[1]);
  };
  return cell;
}

/// Whether the reset gate acts on the product with the recurrent kernel, not before it.
bool resetsAfter(LayerImport &layer) {
  return isCuDnn(layer) ||
         layer.flag("reset_after", layer.generation() == keras::Generation::keras3);
}

CellWeights readGruWeights(const CellReader &reader, bool resetAfter) {
  LayerImport &layer = reader.layer;
  if (isCuDnn(layer))
    return readCuDnn(reader, 3);
  if (!resetAfter || !reader.useBias)
    return readPlain(reader, 3);
  CellReader without = reader;
  without.useBias = false;
  CellWeights weights = readPlain(without, 3);
  int64_t width = 3 * reader.units;
  Value both = layer.reshape(reader.parameter("bias", {2, width}), {2 * width});
  weights.bias = gate(layer, both, width, 0);
  weights.recurrentBias = gate(layer, both, width, 1);
  return weights;
}

std::optional<Cell> readGru(CellReader reader) {
  LayerImport &layer = reader.layer;
  Activation activation = cellActivation(layer), recurrent = gateActivation(layer);
  bool resetAfter = resetsAfter(layer);
  CellWeights w = readGruWeights(reader, resetAfter);
  int64_t units = reader.units;
  Value gates = resetAfter ? w.recurrent : columns(layer, w.recurrent, 0, 2 * units);
  Value candidate = resetAfter ? Value() : columns(layer, w.recurrent, 2 * units, 3 * units);
  Cell cell;
  cell.stateShape = {units};
  cell.projected = projected(reader, 3, w.kernel, w.bias);
  CellDropout dropout = reader.dropouts.states;
  cell.advance = [=, &layer](Value x, ValueRange states) -> SmallVector<Value> {
    Value h = states[0];
    Value product =
        add(layer, multiplied(layer, dropout, h, gates, resetAfter ? 3 : 2), w.recurrentBias);
    auto sum = [&](int64_t i) {
      return add(layer, gate(layer, x, units, i), gate(layer, product, units, i));
    };
    Value update = activate(layer, recurrent, sum(0)), reset = activate(layer, recurrent, sum(1));
    Value inner = resetAfter ? multiply(layer, reset, gate(layer, product, units, 2))
                             : layer.create<graph::MatmulOp>(
                                   multiply(layer, reset, dropout.drop(layer, h)), candidate);
    Value fresh = activate(layer, activation, add(layer, gate(layer, x, units, 2), inner));
    Value rest = layer.create<graph::SubtractOp>(layer.scalar(1), update);
    return {add(layer, multiply(layer, update, h), multiply(layer, rest, fresh))};
  };
  return cell;
}

struct CellClass {
  std::string_view name;
  std::optional<Cell> (*read)(CellReader);
};
constexpr CellClass cellClasses[] = {
    {"CuDNNGRU", readGru},     {"CuDNNLSTM", readLstm},
    {"GRU", readGru},          {"GRUCell", readGru},
    {"LSTM", readLstm},        {"LSTMCell", readLstm},
    {"SimpleRNN", readSimple}, {"SimpleRNNCell", readSimple},
};

} // namespace

Activation gateActivation(LayerImport &layer) {
  const char *key = "recurrent_activation";
  return layer.find(key) ? readActivation(layer, key) : Activation{"sigmoid"};
}

Activation cellActivation(LayerImport &layer) {
  // Absent is the default; null, which Keras writes for None, is no activation.
  return layer.layer().config.contains("activation") ? readActivation(layer) : Activation{"tanh"};
}

SmallVector<Value> lstmStep(LayerImport &layer, const Activation &activation,
                            const Activation &recurrent, Value z, Value carry) {
  if (!z)
    return {{}, {}};
  int64_t units = toShape(z).back() / 4;
  auto gated = [&](int64_t i, const Activation &by) {
    return activate(layer, by, gate(layer, z, units, i));
  };
  Value kept = multiply(layer, gated(1, recurrent), carry);
  Value next = add(layer, kept, multiply(layer, gated(0, recurrent), gated(2, activation)));
  return {multiply(layer, gated(3, recurrent), activate(layer, activation, next)), next};
}

std::optional<Cell> readCell(LayerImport &layer, Value sequence, std::string_view holder) {
  const auto *known =
      llvm::find_if(cellClasses, [&](auto &row) { return row.name == layer.className(); });
  if (known == std::end(cellClasses)) {
    layer.problem("cell", fmt::format("the cell '{}' is not supported", layer.className()),
                  "use LSTMCell, GRUCell, SimpleRNNCell, or StackedRNNCells of them");
    return std::nullopt;
  }
  if (!layer.hasRank(sequence, 3, "batch, time, channels"))
    return std::nullopt;
  std::optional<Cell> cell = known->read(CellReader(layer, sequence, holder));
  if (layer.failed() || !cell || !cell->projected)
    return std::nullopt;
  return cell;
}

} // namespace hornet::import
