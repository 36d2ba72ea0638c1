//===- KernelBuilder.h - A kernel as loops over register tiles -------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lower/Schedule.h"

#include "mlir/IR/PatternMatch.h"

namespace hornet::lower {

/// An scf.forall with this attribute may be shared by threads: the multiply-adds of one step of it,
/// or what takes as long. See LowerForall.
inline constexpr llvm::StringLiteral workAttr = "hornet.work";

/// Builds the loops of `kernel` before its last op, on tensors, and returns the new result:
/// `scf.forall` over what is parallel, `scf.for` over blocks of columns and rows and over the
/// reductions, and in them vectors in registers.
mlir::Value buildKernel(mlir::RewriterBase &rewriter, const Kernel &kernel, const Roles &roles,
                        const Schedule &schedule);

/// ScheduleKernels.cpp: the same for the kernel that ends in `op`, with the schedule that the shape
/// and the processor suggest. Null where `op` has to stay a plain loop nest.
mlir::Value scheduleKernel(mlir::RewriterBase &rewriter, mlir::linalg::LinalgOp op,
                           const Machine &machine);

/// The same within a loop that threads share.
mlir::Value scheduleInnerKernel(mlir::RewriterBase &rewriter, mlir::linalg::LinalgOp op,
                                const Machine &machine);

} // namespace hornet::lower
