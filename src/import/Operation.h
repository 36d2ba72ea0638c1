//===- Operation.h - What the importer of one operation works with ----------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "graph/Arithmetic.h"
#include "import/LayerImport.h"

namespace hornet::import {

using graph::Term;
using Axes = llvm::SmallVector<int64_t>;

/// A call of one of Keras's operations: a function of keras.ops, or an operator of Python. Its
/// arguments go by name, whether the file has them in the config, by position, or by keyword.
/// Numbers are float32, whole ones too; conditions are i1. Source: https://keras.io/api/ops/
class Operation : public Config {
public:
  /// `arguments` is an object; tensors in it are as in a keras::Call.
  Operation(LayerImport &layer, const Json &arguments);

  LayerImport &layer;
  mlir::ImplicitLocOpBuilder builder;

  bool ready() const { return layer.ready(); }

  //===--------------------------------------------------------------------===//
  // Operands: tensors, or constants of the file
  //===--------------------------------------------------------------------===//

  /// Null, and reported, when the argument is missing or is no tensor.
  mlir::Value value(std::string_view key);
  /// As numbers (true is 1), or as conditions (what is not 0). Null as `value` is.
  Term number(std::string_view key) { return number(value(key)); }
  Term truth(std::string_view key) { return truth(value(key)); }
  /// The tensors of a list.
  llvm::SmallVector<mlir::Value> values(std::string_view key);

  Term number(mlir::Value value);
  Term truth(mlir::Value value);
  Term constant(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<float> numbers);
  /// 0, 1, … count - 1.
  Term count(int64_t count);

  //===--------------------------------------------------------------------===//
  // Other arguments
  //===--------------------------------------------------------------------===//

  /// One axis of `rank`, negative ones counted from the last.
  std::optional<int64_t> oneAxis(std::string_view key, int64_t rank,
                                 std::optional<int64_t> fallback = {});
  /// Axes, increasing; all when the argument is missing.
  Axes axes(std::string_view key, int64_t rank);

  //===--------------------------------------------------------------------===//
  // Results
  //===--------------------------------------------------------------------===//

  /// Whether these shapes broadcast together; reports when they do not.
  bool broadcasts(llvm::ArrayRef<Term> terms);
  /// Reports a result whose batch is not its first dimension.
  void result(mlir::Value value);
  void result(Term term) { result(term.value); }

private:
  mlir::Value toValue(std::string_view key, const Json &json);
};

struct OperationEntry {
  std::string_view name; ///< Keras 3's class
  void (*import)(Operation &);
  std::string_view parameters = "x"; ///< of its call, in their order
};

/// Imports what Keras 3 writes as the class of an operation; false when it is none that is known.
bool importOperation(LayerImport &layer);
/// Whether the layer is an operation. HDF5 files name no module, but every layer's config has a
/// flag that no operation's has.
bool isOperation(const LayerImport &layer);
/// Their names, sorted: Keras 3's.
std::vector<std::string_view> supportedOperations();

// The families.
llvm::ArrayRef<OperationEntry> elementwiseOperations();
llvm::ArrayRef<OperationEntry> reducingOperations();
llvm::ArrayRef<OperationEntry> shapingOperations();
llvm::ArrayRef<OperationEntry> sortingOperations();
llvm::ArrayRef<OperationEntry> slicingOperations();
llvm::ArrayRef<OperationEntry> productOperations();

//===----------------------------------------------------------------------===//
// What families share
//===----------------------------------------------------------------------===//

/// x with the dimensions `axes`, which have an extent of 1, taken out.
Term squeezed(Term x, llvm::ArrayRef<int64_t> axes);
/// x with an extent of 1 more, as dimension `at`.
Term expanded(Term x, int64_t at);
Term transposed(Term x, llvm::ArrayRef<int64_t> permutation);
/// The elements `indices` of dimension `d`, which is static.
Term taken(Term x, int64_t d, llvm::ArrayRef<int64_t> indices);
/// Elements `start` to below `limit` of dimension `d`.
Term part(Term x, int64_t d, int64_t start, int64_t limit);
/// The mean over `axes`, which stay with an extent of 1.
Term meanKeeping(Term x, llvm::ArrayRef<int64_t> axes);
/// A condition as numbers: 1 and 0.
Term indicator(Term condition);

} // namespace hornet::import
