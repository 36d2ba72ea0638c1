//===- Records.h - What the import tells of a model --------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
// Without MLIR, for who shows models.
#pragma once

#include "base/Error.h"
#include "base/Tensor.h"

#include <string>
#include <vector>

namespace hornet::import {

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
  DType dtype = DType::f32; ///< or boolean, of masks; what is not compiled: string, int64, int32
};

} // namespace hornet::import
