//===- ModelImport.h - One run of importModel ----------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "import/LayerImport.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <map>

namespace hornet::import {

/// Models unfold when a nested one is called more than once: more calls than this are not imported.
inline constexpr size_t mostCalls = 100000;

/// The tensors of one model while it is inlined: by layer and call.
using Tensors = std::map<std::pair<int, int>, llvm::SmallVector<Tensor>>;

class ModelImport {
public:
  ModelImport(mlir::MLIRContext &context, const keras::Model &model, const ImportOptions &options)
      : model(model), options(options), state{mlir::OpBuilder(&context), model.file} {
    state.problems = model.problems;
    state.customLayers = options.customLayers;
    state.host.givenShapes = options.shapes;
    state.inlineModel = [this](const keras::Model &inner, size_t record,
                               llvm::ArrayRef<Tensor> inputs) {
      ++state.wrappers;
      auto results = inlineModel(inner, static_cast<int>(record), inputs);
      --state.wrappers;
      return results;
    };
  }
  Expected<ImportedModel> run(std::vector<Problem> *problems);

private:
  void plan(const keras::Model &model, const std::vector<std::string> &path, bool trainable,
            int parent);
  void planWrapped(const keras::Layer &layer, const std::vector<std::string> &path, bool trainable,
                   int record);
  llvm::SmallVector<Tensor> addArguments(mlir::Block &block, ImportedModel &result);
  Shape shapeOf(const Tensor &tensor);
  Port portOf(const std::string &name, const Tensor &tensor);
  llvm::SmallVector<Tensor> inlineModel(const keras::Model &model, int parent,
                                        llvm::ArrayRef<Tensor> inputs);
  Tensor find(const keras::TensorRef &ref, int parent, const Tensors &tensors);
  void importCall(const keras::Model &model, int parent, keras::Step step, Tensors &tensors);
  llvm::SmallVector<Tensor> importNested(LayerImport &layer, size_t record,
                                         llvm::ArrayRef<Tensor> inputs);
  void takeMasksAway(const keras::Layer &layer, llvm::ArrayRef<Tensor> inputs,
                     Tensors &tensors) const;
  void keep(const LayerRecord &record, llvm::ArrayRef<Tensor> results);
  void addKept(llvm::SmallVectorImpl<Tensor> &outputs, ImportedModel &result);
  void note(const LayerRecord &record, const std::string &text);
  void flattenParameters(ImportedModel &result);
  llvm::SmallVector<mlir::Value> planOutputs(llvm::ArrayRef<Tensor> outputs, ImportedModel &result);
  void addStates(llvm::SmallVectorImpl<mlir::Value> &outputs, ImportedModel &result);
  InputError allProblems();
  Expected<void> finish(mlir::func::FuncOp predict, llvm::ArrayRef<Tensor> outputs,
                        ImportedModel &result);

  const keras::Model &model;
  const ImportOptions &options;
  ImportState state;
  std::map<std::pair<int, int>, size_t> recordOf;     ///< (record of the model around it, layer)
  std::map<std::pair<int, std::string>, int> layerOf; ///< (that record, name) to layer
  std::vector<std::string> diagnostics;               ///< what MLIR said since the last layer
  /// Results of layers that become outputs: name and value.
  std::vector<std::pair<std::string, mlir::Value>> kept;
  llvm::StringSet<> found; ///< of options.layerOutputs
  size_t calls = 0;
};

/// The type of a port: numbers are float32, `unknownSize` is dynamic.
mlir::RankedTensorType tensorType(mlir::MLIRContext *context, const Shape &shape, DType dtype);

/// How many elements of a sample stand along the first dimension, where samples were joined.
int64_t joinedElements(mlir::Value value);

} // namespace hornet::import
