//===- TileBuilder.h - The vectors of one tile: read, computed, written ----------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lower/Kernel.h"
#include "lower/VectorBody.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"

#include <map>

namespace hornet::lower {

/// A vector of a tile: which row, and where its columns begin and how many they are.
struct Cell {
  int64_t row, column, width;
};

/// Makes the code inside of a tile, on tensors: where the loops are is in `steps`; a cell lies
/// `row` steps of the row loop and `column` steps of the vector loop further on.
class TileBuilder {
public:
  /// Of `roles`, the vector loop and the row loop matter.
  TileBuilder(mlir::RewriterBase &b, mlir::Location loc, const Roles &roles, unsigned loops);

  llvm::SmallVector<mlir::OpFoldResult> steps; ///< where each loop is
  int64_t rows = 1;                            ///< of the tile

  //===--------------------------------------------------------------------===//
  // Indices and loops
  //===--------------------------------------------------------------------===//

  mlir::OpFoldResult apply(mlir::AffineExpr expr, llvm::ArrayRef<mlir::OpFoldResult> dims,
                           llvm::ArrayRef<mlir::OpFoldResult> symbols = {});
  mlir::OpFoldResult plus(mlir::OpFoldResult index, int64_t by);
  mlir::Value value(mlir::OpFoldResult index);

  using LoopBody =
      llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, mlir::ValueRange)>;
  /// scf.for from 0 to `count` that carries values.
  llvm::SmallVector<mlir::Value> loop(mlir::OpFoldResult count, mlir::ValueRange carried,
                                      LoopBody body, int64_t step = 1);

  using RepeatBody =
      llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::OpFoldResult, mlir::ValueRange)>;
  /// The same, without a loop where `count` is 1.
  llvm::SmallVector<mlir::Value> repeat(int64_t count, mlir::ValueRange carried, RepeatBody body);

  //===--------------------------------------------------------------------===//
  // Elements
  //===--------------------------------------------------------------------===//

  /// Reads each input once, however many cells share it.
  class Reader {
  public:
    explicit Reader(TileBuilder &tile) : tile(tile) {}
    mlir::Value operator()(const Access &access, const Cell &cell);

  private:
    TileBuilder &tile;
    std::map<std::tuple<const Access *, int64_t, int64_t>, mlir::Value> values;
  };

  /// Where a loop is for a cell.
  Place place(mlir::AffineExpr loop, const Cell &cell);
  /// Where `access` reads for a cell.
  llvm::SmallVector<mlir::OpFoldResult> indices(const Access &access, const Cell &cell);
  /// `width` elements of `tensor` from `at` on.
  mlir::Value readVector(mlir::Value tensor, llvm::ArrayRef<mlir::OpFoldResult> at, int64_t width);
  /// `tensor` with `vector` in it from `at` on.
  mlir::Value writeVector(mlir::Value vector, mlir::Value tensor,
                          llvm::ArrayRef<mlir::OpFoldResult> at);
  /// What the epilogue makes of `result`, or `result` where there is none; `output` is where the
  /// epilogue writes.
  mlir::Value epilogue(Reader &reader, const Epilogue &epilogue, const Access &output,
                       const Cell &cell, mlir::Value result);

  /// All elements of `vectors` and `first` in one: vectors of one width together, then halves of
  /// what is left. In their order, each element would wait for the one before it.
  mlir::Value reduced(mlir::vector::CombiningKind kind, llvm::SmallVector<mlir::Value> vectors,
                      mlir::Value first);

private:
  mlir::Value read(const Access &access, const Cell &cell);
  mlir::Value readScalar(const Access &access, llvm::ArrayRef<mlir::OpFoldResult> at);
  bool isTurned(const Access &access, const Cell &cell) const;
  llvm::SmallVector<mlir::Value> readTurned(const Access &access, const Cell &cell);
  mlir::Value gather(const Access &access, const Cell &cell, mlir::VectorType type);

  mlir::RewriterBase &b;
  mlir::Location loc;
  const Roles &roles;
};

} // namespace hornet::lower
