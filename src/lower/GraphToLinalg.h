//===- GraphToLinalg.h - The patterns of graph-to-linalg, by family ------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/PatternMatch.h"

namespace hornet::lower {

void addElementwiseToLinalg(mlir::RewritePatternSet &patterns);
void addContractionToLinalg(mlir::RewritePatternSet &patterns);
void addLookupToLinalg(mlir::RewritePatternSet &patterns);
void addPoolToLinalg(mlir::RewritePatternSet &patterns);
void addRandomToLinalg(mlir::RewritePatternSet &patterns);
void addReductionToLinalg(mlir::RewritePatternSet &patterns);
void addShapeToLinalg(mlir::RewritePatternSet &patterns);

} // namespace hornet::lower
