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
  Operation(LayerImport &layer, std::string_view name, const Json &arguments);

  LayerImport &layer;
  std::string_view name; ///< Keras 3's class, whoever wrote the call
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
  /// Null, and nothing reported, when the argument is missing or None.
  mlir::Value optional(std::string_view key) { return find(key) ? value(key) : mlir::Value(); }
  /// The tensors of a list, or the only one.
  llvm::SmallVector<mlir::Value> values(std::string_view key);

  Term number(mlir::Value value);
  Term truth(mlir::Value value);
  Term constant(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<float> numbers);
  /// 0, 1, … count - 1.
  Term count(int64_t count);

  //===--------------------------------------------------------------------===//
  // Other arguments
  //===--------------------------------------------------------------------===//

  /// One integer; reports several, and none.
  int64_t oneInteger(std::string_view key, int64_t fallback);
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
  std::string_view parameters = "x"; ///< of its call, in their order; "*xs" takes the rest
};

/// An operation that no importer could translate, and why.
struct RefusedOperation {
  std::string_view name, reason, mend;
};

/// Imports what Keras 3 writes as the class of an operation; false when it is none that is known.
bool importOperation(LayerImport &layer);
/// Whether the layer is an operation. HDF5 files name no module, but every layer's config has a
/// flag that no operation's has.
bool isOperation(const LayerImport &layer);
/// Their names, sorted: Keras 3's.
std::vector<std::string_view> supportedOperations();
/// Null for a name that stands not among them.
const OperationEntry *findOperation(std::string_view name);
llvm::ArrayRef<RefusedOperation> refusedOperations();
/// Calls `entry` with `arguments`, and reports those that it did not look at.
void callOperation(LayerImport &layer, const OperationEntry &entry, const Json &arguments);

/// Keras 2's layers around functions of TensorFlow, by the name in `function`: TFOpLambda,
/// SlicingOpLambda, …
void importFunctionLayer(LayerImport &layer);
/// Calls what TensorFlow, or Keras's backend, calls `name`, with the layer's own call and `more`
/// arguments; false when no such function is known.
bool importFunction(LayerImport &layer, std::string_view name, const Json &more);
/// Keras 2's layer around a node of a TensorFlow graph.
void importNodeLayer(LayerImport &layer);

// The families.
llvm::ArrayRef<OperationEntry> activationOperations();
llvm::ArrayRef<OperationEntry> elementwiseOperations();
llvm::ArrayRef<OperationEntry> specialOperations();
llvm::ArrayRef<OperationEntry> repeatingOperations();
llvm::ArrayRef<OperationEntry> placingOperations();
llvm::ArrayRef<OperationEntry> gatheringOperations();
llvm::ArrayRef<OperationEntry> matrixOperations();
llvm::ArrayRef<OperationEntry> windowOperations();
llvm::ArrayRef<OperationEntry> normalizingOperations();
llvm::ArrayRef<OperationEntry> imageOperations();
llvm::ArrayRef<OperationEntry> samplingOperations();
llvm::ArrayRef<OperationEntry> fourierOperations();
llvm::ArrayRef<OperationEntry> reducingOperations();
llvm::ArrayRef<OperationEntry> shapingOperations();
llvm::ArrayRef<OperationEntry> sortingOperations();
llvm::ArrayRef<OperationEntry> slicingOperations();
llvm::ArrayRef<OperationEntry> productOperations();
llvm::ArrayRef<OperationEntry> linearOperations();

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
Term joined(llvm::ArrayRef<Term> parts, int64_t d);
/// x with dimension `d`, which is static, as the last; its own inverse.
Term swappedToLast(Term x, int64_t d);
/// x with dimension `from` at the place `to`.
Term movedTo(Term x, int64_t from, int64_t to);
/// `numbers` along dimension `d` of `rank`, with an extent of 1 in the others.
Term alongDimension(Term numbers, int64_t d, int64_t rank);
/// The mean over `axes`, which stay with an extent of 1.
Term meanKeeping(Term x, llvm::ArrayRef<int64_t> axes);
/// A condition as numbers: 1 and 0.
Term indicator(Term condition);

/// Imports a formula on the number x, or on the numbers x1 and x2.
template <Term (*f)(Term)> void numeric(Operation &op) {
  Term x = op.number("x");
  if (op.ready())
    op.result(f(x));
}

template <Term (*f)(Term, Term)> void numeric2(Operation &op) {
  Term x = op.number("x1"), y = op.number("x2");
  if (op.ready() && op.broadcasts({x, y}))
    op.result(f(x, y));
}

} // namespace hornet::import
