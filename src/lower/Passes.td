//===- Passes.td - From the graph to LLVM's dialect ---------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//

#ifndef HORNET_LOWER_PASSES
#define HORNET_LOWER_PASSES

include "mlir/Pass/PassBase.td"

def GraphToLinalg : Pass<"graph-to-linalg", "::mlir::ModuleOp"> {
  let summary = "Turn graph ops into structured ops on tensors";
  let description = [{
    Every graph op becomes `linalg.generic` ops, slices and reshapes on tensors; parameters stay
    symbols. Runs after the graph passes (`graph.batch_norm` and `graph.dropout` must be gone) and
    before everything else of this folder.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
}

def HoistParameters : Pass<"hoist-parameters", "::mlir::ModuleOp"> {
  let summary = "Move what depends on parameters alone into @prepare";
  let description = [{
    Splits `@predict`: the pure ops that depend on parameters alone go into a new function
    `@prepare`, which runs once when weights are loaded. Both functions take the parameters that
    they need as arguments (`graph.parameter` names them), and `@predict` takes the results of
    `@prepare` (`graph.prepared` numbers them). Runs after everything that computes on parameters
    (folding, packing), and before fusion, which would mix them with activations.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect"];
}

def ResultsToDestinations : Pass<"results-to-destinations", "::mlir::ModuleOp"> {
  let summary = "Write function results into buffers that the caller gives";
  let description = [{
    Each result becomes a trailing memref argument, which the result is materialized in. Runs right
    before bufferization. Upstream's `buffer-results-to-out-params` runs after it, and then copies
    results of dynamic shape.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect",
                           "::mlir::memref::MemRefDialect"];
}

def PlanMemory : Pass<"plan-memory", "::mlir::func::FuncOp"> {
  let summary = "Place all temporary buffers in one arena";
  let description = [{
    Replaces every `memref.alloc` of the function by a view of a trailing byte buffer argument, at
    an offset planned from the buffers' lifetimes. Sizes are `bytes + batch * bytes a sample`;
    offsets scale alike, so that one plan serves every batch. The size of the arena is left in the
    attributes `hornet.arena_bytes` and `hornet.arena_bytes_per_sample` of the function. Runs after
    bufferization. Upstream has no planner: it allocates and frees each buffer on its own.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

def EntryPoints : Pass<"entry-points", "::mlir::ModuleOp"> {
  let summary = "Give every function the artifact's C interface";
  let description = [{
    For each function `@f`, which takes dense memrefs, adds `@hornet_f(call)`, which takes the
    addresses from a `HornetCall` (base/Abi.h), and makes `@f` private. Runs after plan-memory and
    before the conversion to the LLVM dialect. Upstream's `llvm.emit_c_interface` wants a descriptor
    in memory for each argument, which every caller would have to build.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect"];
}

#endif // HORNET_LOWER_PASSES
