//===- Import.h - A Keras model as a graph -------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/State.h"
#include "host/Plan.h"
#include "import/CustomLayer.h"
#include "import/Records.h"
#include "keras/Model.h"
#include "keras/Weights.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <string>
#include <utility>
#include <vector>

namespace hornet::import {

struct ImportOptions {
  /// Shapes that the caller gives to inputs, by the input's name, batch first. They fill in what
  /// the model leaves open; the batch itself always stays open. `unknownSize` keeps what the model
  /// says. And to the results of layers that keras::openTexts names, by path.
  std::vector<std::pair<std::string, Shape>> shapes;
  CustomLayers customLayers = {}; // NOLINT(readability-redundant-member-init): may be left out
  /// Layers whose results become outputs, after the model's own: see CompileOptions::layerOutputs.
  std::vector<std::string> layerOutputs = {}; // NOLINT(readability-redundant-member-init)
};

struct ImportedModel {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<keras::Parameter> parameters; ///< in the order that `keras::bindWeights` wants
  std::vector<LayerRecord> layers;          ///< in the model's order, nested ones after their model
  std::vector<Port> inputs, outputs;
  /// What stateful layers remember: further arguments and results of @predict, behind `inputs` and
  /// `outputs`.
  std::vector<State> states;
  /// What is computed around @predict, whose arguments and results are then those of the plan: of
  /// models that take strings or look integers up.
  std::optional<host::Plan> host;
  /// What decides on the results that have no length yet.
  host::OpenTexts openTexts;
  std::vector<Problem> notes; ///< what differs from Keras without being wrong
  /// Why the model cannot be trained, whatever is frozen: layers that then do what we cannot.
  std::vector<Problem> untrainable;
};

/// The model as a module of the graph dialect: a `graph.parameter` for each weight, and `@predict`
/// with one argument for each input and one result for each output, named by `graph.name` (but see
/// `host`), and both for each state. Every
/// op's location names its layer ("block/conv2d_1"). Computes in float32; boolean inputs are i1.
/// Nested models are inlined; a shared layer declares its parameters once. Reads no weights.
/// Input error: all problems of all layers, not only the first. Where `problems` is given, it takes
/// them instead, and the result tells what could be found out besides: it then has no module, and
/// of layers that depend on a wrong one neither parameters nor shapes (an output's is empty).
Expected<ImportedModel> importModel(mlir::MLIRContext &context, const keras::Model &model,
                                    const ImportOptions &options = {},
                                    std::vector<Problem> *problems = nullptr);

} // namespace hornet::import
