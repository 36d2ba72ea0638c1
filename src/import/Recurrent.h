//===- Recurrent.h - Layers that step through time ------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
// Internal to src/import.
#pragma once

#include "import/LayerImport.h"

#include <functional>

namespace hornet::import {

/// A cell whose weights are declared. Sequences are (batch, time, …), steps and states (batch, …);
/// its output is its first new state.
struct Cell {
  mlir::Value projected; ///< what depends on the inputs alone, for all steps at once
  /// One step: the new states, as many as there are.
  std::function<llvm::SmallVector<mlir::Value>(mlir::Value projected, mlir::ValueRange states)>
      advance;
  llvm::SmallVector<int64_t> stateShape; ///< of each state, without the batch
  size_t states = 1;
};

/// The cell of a layer (LSTM) or the cell itself (LSTMCell) for this sequence. Weights of a layer's
/// cell are held by the object `holder`. Nothing when something was reported.
std::optional<Cell> readCell(LayerImport &layer, mlir::Value sequence, std::string_view holder);

/// The cell of ConvLSTM1D to 3D, channels last.
std::optional<Cell> readConvolutionalCell(LayerImport &layer, mlir::Value sequence,
                                          std::string_view holder);

/// The arithmetic of every LSTM's step: new hidden and carry state from the sum `z` of both
/// products, which has the gates i, f, c, o along its last dimension.
llvm::SmallVector<mlir::Value> lstmStep(LayerImport &layer, const Activation &activation,
                                        const Activation &recurrent, mlir::Value z,
                                        mlir::Value carry);
Activation cellActivation(LayerImport &layer);
Activation gateActivation(LayerImport &layer);

/// What training drops of the inputs or of the states of a cell: the same elements in all steps.
struct CellDropout {
  double rate = 0;
  bool perGate = false; ///< other ones for each gate
  llvm::SmallVector<int64_t> shared;

  mlir::Value drop(LayerImport &layer, mlir::Value x) const;
  /// `multiply(x, kernel)`, where the kernel has `gates` gates along its last dimension.
  using Product = llvm::function_ref<mlir::Value(mlir::Value x, mlir::Value kernel)>;
  mlir::Value product(LayerImport &layer, mlir::Value x, mlir::Value kernel, int64_t gates,
                      Product multiply) const;
};
struct CellDropouts {
  CellDropout inputs, states;
};
/// Keras takes no notice of a rate of 1 where `takesAll` is false.
CellDropouts readDropouts(LayerImport &layer, bool perGate, bool takesAll = false);

/// How a recurrent layer is called.
struct RecurrentCall {
  mlir::Value sequence, mask;             ///< the mask, (batch, time) of i1, may be null
  llvm::SmallVector<mlir::Value> initial; ///< states; none: zeros
  bool zeroOutputForMask = false;
};

/// What it gives: `output` as Keras returns it, (batch, …) or (batch, time, …), the last states,
/// and the mask that goes on with the output. A null output: something was reported.
struct RecurrentResult {
  mlir::Value output, mask;
  llvm::SmallVector<mlir::Value> states;
};

/// Imports a recurrent layer of any class, the wrapper's or its own.
RecurrentResult buildRecurrent(LayerImport &layer, const RecurrentCall &call);

/// Whether buildRecurrent takes the class.
bool isRecurrent(std::string_view className);

/// Sequence and initial states of a call, which Keras 2 gives as positional inputs. Reports what
/// does not fit.
std::optional<RecurrentCall> readCall(LayerImport &layer);

} // namespace hornet::import
