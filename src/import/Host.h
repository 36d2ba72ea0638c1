//===- Host.h - What is computed around the graph -----------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "host/Plan.h"
#include "keras/Model.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringSet.h"

namespace hornet::import {

/// The plan of a model while it is imported. Its values are those that compiled code cannot hold:
/// strings, and integers that layers look up or hash; they become arguments of @predict where other
/// layers take them.
class HostPlan {
public:
  /// Whether the model, or one inside it, has a layer that works on the host, or an input of
  /// strings.
  static bool isNeeded(const keras::Model &model);
  /// Whether a layer of the class always works on the host.
  static bool isHostLayer(std::string_view className);

  host::Plan plan;
  /// By layer: what the caller gives, and, of layers that have none, which values want one.
  llvm::ArrayRef<std::pair<std::string, Shape>> givenShapes;
  std::vector<std::pair<std::string, size_t>> openTexts;
  llvm::StringSet<> sized; ///< layers that were asked about

  /// An input of the model: number `index`.
  size_t addInput(size_t index, DType dtype, const Shape &shape);
  /// What a step gives. `below`: a bound of its numbers' magnitudes; 0: none is known.
  size_t addStep(host::Step step, DType dtype, const Shape &shape, int64_t below);
  /// A result of compiled code; the same for the same value.
  size_t addResult(mlir::Value value);
  /// The argument of @predict, whose body is `block`, that holds a value; the same for the same.
  mlir::Value argument(size_t value, mlir::Block &block, mlir::Location loc);

  const host::Value &operator[](size_t value) const { return plan.values[value]; }
  /// Whether compiled code must have run before the value is there.
  bool isLate(size_t value) const { return facts[value].late; }
  int64_t bound(size_t value) const { return facts[value].below; }
  /// What @predict returns besides nothing: the values added by addResult.
  llvm::ArrayRef<mlir::Value> codeResults() const { return results; }

private:
  struct Facts {
    bool late = false;
    int64_t below = 0;
  };
  size_t add(host::Value value, Facts fact);

  std::vector<Facts> facts; ///< of the values
  llvm::SmallVector<mlir::Value> results;
  llvm::DenseMap<size_t, mlir::Value> arguments;
};

class LayerImport;

/// Imports the call if the layer works on the host, or if it only moves strings or integers that
/// are there. Otherwise brings its inputs into the graph first: returns false.
bool importOnHost(LayerImport &layer);

/// Gives each input that is on the host a value in the graph. Reports what cannot be there.
void bringFromHost(LayerImport &layer);

} // namespace hornet::import
