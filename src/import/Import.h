//===- Import.h - A Keras model as a graph -------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "base/Tensor.h"
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
  /// says.
  std::vector<std::pair<std::string, Shape>> shapes;
};

/// One call of a layer. Shapes begin with the batch, which is `unknownSize`.
struct CallRecord {
  std::vector<Shape> inputs, outputs;
  std::vector<std::string> connectedTo; ///< "conv2d[0][0]": layer, call, tensor, as Keras has it
};

/// What `hornet summary` shows of one layer. A nested model is a record of its own, followed by
/// those of its layers.
struct LayerRecord {
  std::vector<std::string> path; ///< nested models outermost first, then the layer
  std::string className;
  bool trainable = true; ///< by its own flag and those of the models around it
  bool implied = false;  ///< an InputLayer that the file does not have
  std::vector<CallRecord> calls;
  std::vector<size_t> parameters; ///< indices; of a nested model: those of all its layers
  int64_t multiplyAdds = 0; ///< a sample, over all calls; of a nested model: of all its layers

  const std::string &name() const { return path.back(); }
  size_t depth() const { return path.size() - 1; } ///< 0: a layer of the outermost model
};

/// One input or output of the model. The batch is `unknownSize`, everything else is known.
struct Port {
  std::string name;
  Shape shape;
  DType dtype = DType::f32; ///< or boolean, of masks
};

struct ImportedModel {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<keras::Parameter> parameters; ///< in the order that `keras::bindWeights` wants
  std::vector<LayerRecord> layers;          ///< in the model's order, nested ones after their model
  std::vector<Port> inputs, outputs;
  std::vector<Problem> notes; ///< what differs from Keras without being wrong
};

/// The model as a module of the graph dialect: a `graph.parameter` for each weight, and `@predict`
/// with one argument for each input and one result for each output, named by `graph.name`. Every
/// op's location names its layer ("block/conv2d_1"). Computes in float32; boolean inputs are i1.
/// Nested models are inlined; a shared layer declares its parameters once. Reads no weights.
/// Input error: all problems of all layers, not only the first.
Expected<ImportedModel> importModel(mlir::MLIRContext &context, const keras::Model &model,
                                    const ImportOptions &options = {});

/// Every layer class that importModel takes, sorted.
std::vector<std::string_view> supportedLayers();

} // namespace hornet::import
