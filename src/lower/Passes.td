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
    before everything else of this folder. 3x3 convolutions become `graph.winograd_convolution`
    where that is cheaper, and stay so until `schedule`.
  }];
  let options = [Option<"winogradTile", "winograd-tile", "int64_t", "0",
                        "Largest tile of minimal filtering: 2, 4, or 0 for none">,
                 Option<"cacheBytes", "cache-bytes", "int64_t", "1 << 20",
                        "Bytes of the largest cache that is a core's own">];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::bufferization::BufferizationDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
                           "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::vector::VectorDialect"];
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

def PackFilters : Pass<"pack-filters", "::mlir::func::FuncOp"> {
  let summary = "Lay filters out in the order in which kernels read them";
  let description = [{
    The filter (..., N) of a sum of products whose columns need more than one tile becomes
    (N / block, ..., block), where a block is as wide as the tiles of the schedule: each tile then
    reads one stream. The op reads element `n` at `n floordiv block` and `n mod block`. Packing
    depends on parameters alone, so that `hoist-parameters`, which runs after this pass, moves it to
    `@prepare`. Upstream's `linalg.pack` splits the loops of the op too, and with them all that is
    fused to it. With `storage`, filters of some size are kept as floats of 16 bits, and extended
    where they are read.
  }];
  let options = [
    Option<"storage", "storage", "std::string", "\"f32\"", "Type of stored filters: f32, bf16, f16">,
    Option<"vectorBytes", "vector-bytes", "int64_t", "32", "Bytes of a vector register">,
    Option<"vectorRegisters", "vector-registers", "int64_t", "16", "Number of vector registers">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def FuseElementwise : Pass<"fuse-elementwise", "::mlir::func::FuncOp"> {
  let summary = "Merge elementwise ops into the elementwise ops that use them";
  let description = [{
    Runs upstream's elementwise fusion where it pays: an elementwise op goes into an elementwise
    consumer, and never into a reduction, which would compute it again for every window. Upstream's
    own pass, `linalg-fuse-elementwise-ops`, has no such choice. A contraction takes its elementwise
    consumer in the pass `schedule`.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
}

def StoreMasks : Pass<"store-masks", "::mlir::func::FuncOp"> {
  let summary = "Keep truth values that stay in memory as bytes";
  let description = [{
    A mask with several users (which elements a dropout keeps: needed on the way forward and on the
    way back) is not fused away. Bits of vectors have no addresses, so that a loop over them would
    stay scalar; here its op stores bytes, and its users ask which are not 0. Runs after fusion.
    Upstream's narrow type emulation packs eight of them into a byte, which no two threads can share.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def FuseRows : Pass<"fuse-rows", "::mlir::func::FuncOp"> {
  let summary = "Compute what shares rows block by block of rows";
  let description = [{
    A reduction along rows, the elementwise ops and reductions around it that need no more than the
    same row of each other's results, and the products of an attention on both sides of its softmax
    become one `scf.forall` over blocks of rows (RowGroup.h says which ops): what goes from one to the
    other is as large as a block, and stays in cache. The ops in the loop stay structured, and become
    kernels in `schedule`, which runs after this pass. Upstream's `tileConsumerAndFuseProducersUsingSCF`
    starts from one consumer, computes a producer again for each of its uses, and tiles products with
    a filter as willingly as others.
  }];
  let options = [
    Option<"cacheBytes", "cache-bytes", "int64_t", "1 << 20",
           "Bytes of the largest cache that is a core's own">,
    Option<"threads", "threads", "int64_t", "1", "Threads that parallel loops are shared by">];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
                           "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"];
}

def ScheduleKernels : Pass<"schedule", "::mlir::func::FuncOp"> {
  let summary = "Turn structured ops into loops over register tiles";
  let description = [{
    Every kernel (a structured op and the elementwise op on its result) becomes a loop nest: the
    roles of its loops are named (Kernel.h), tile sizes chosen (Schedule.cpp; what the module's
    attribute `hornet.tuning` says of an op comes first, here as in `graph-to-linalg` and
    `pack-filters`), and code made of
    `scf` loops and one-dimensional vectors (KernelBuilder.cpp), with accumulators that stay in
    registers over the whole reduction. What cannot be vectorized stays as it is and becomes scalar
    loops. Runs on tensors, after fusion. Upstream's vectorization refuses indexing maps with sums,
    which every strided convolution has, and leaves accumulators in registers only by way of several
    tilings and hoistings.
  }];
  let options = [
    Option<"vectorBytes", "vector-bytes", "int64_t", "32", "Bytes of a vector register">,
    Option<"vectorRegisters", "vector-registers", "int64_t", "16", "Number of vector registers">,
    Option<"cacheBytes", "cache-bytes", "int64_t", "1 << 20",
           "Bytes of the largest cache that is a core's own">,
    Option<"threads", "threads", "int64_t", "1", "Threads that parallel loops are shared by">];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
                           "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::vector::VectorDialect"];
}

def LowerForall : Pass<"lower-forall", "::mlir::ModuleOp"> {
  let summary = "Turn scf.forall into calls of functions, or into scf.for where threads do not share it";
  let description = [{
    The body of a loop that carries `hornet.work` becomes a function (begin, end, context) that takes
    some of its steps, so that upstream's `duplicate-function-elimination` can merge equal ones; the
    loop, one call of it for all steps, which still carries `hornet.work`. What the body uses lies
    in the context (Context.h). Other loops become `scf.for`. Runs after bufferization. Upstream has
    an outlining of loops only for GPUs.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::scf::SCFDialect"];
}

def ShareKernels : Pass<"share-kernels", "::mlir::ModuleOp"> {
  let summary = "Have threads share the steps of kernels";
  let description = [{
    Calls that carry `hornet.work` go through one function, `@share`, which has threads take equal
    parts of a kernel's steps where at run time all of them together are worth waking a thread. There
    is one parallel region in all, however many kernels. Upstream's `convert-scf-to-openmp` shares
    every loop, each in a region of its own, by way of the runtime's worksharing, which allocates and
    waits once more. Runs after lower-forall, and after equal kernels have been merged.
  }];
  let options = [
    Option<"threads", "threads", "int64_t", "2", "Threads that share a kernel">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
                           "::mlir::omp::OpenMPDialect", "::mlir::scf::SCFDialect"];
}

def ResultsToDestinations : Pass<"results-to-destinations", "::mlir::ModuleOp"> {
  let summary = "Write function results into buffers that the caller gives";
  let description = [{
    Each result becomes a trailing memref argument, which the result is materialized in; the others
    are marked as the caller's, which nothing is written to. Runs before the schedule, so that kernels are built on their destinations. Upstream's `buffer-results-to-out-params` runs after it, and then copies
    results of dynamic shape.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect",
                           "::mlir::memref::MemRefDialect"];
}

def ExpandCopies : Pass<"expand-copies", "::mlir::func::FuncOp"> {
  let summary = "Turn memref.copy into a structured op";
  let description = [{
    Upstream lowers `memref.copy` between strided buffers to a call of its own runtime library, which
    an artifact does not have. Runs after bufferization, before `convert-linalg-to-loops`.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
}

def ExpandMath : Pass<"expand-math", "::mlir::func::FuncOp"> {
  let summary = "Compute exp, tanh, log, … on vectors by polynomials";
  let description = [{
    Upstream's polynomial approximations, for vectors: the C library has no vector functions that an
    artifact could rely on. Scalars stay calls of the C library. Upstream offers the patterns, but a
    pass only for its tests, and its tanh is off by more than four units in the last place: ours is
    another.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::vector::VectorDialect"];
}

def PlanMemory : Pass<"plan-memory", "::mlir::ModuleOp"> {
  let summary = "Place all temporary buffers in one arena";
  let description = [{
    Replaces every `memref.alloc` of the function by a view of a trailing byte buffer argument, at
    an offset planned from the buffers' lifetimes. Sizes are `bytes + batch * bytes a sample`;
    offsets scale alike, so that one plan serves every batch. The size of the arena is left in the
    attributes `hornet.arena_bytes` and `hornet.arena_bytes_per_sample` of the function, and each
    buffer's place in its view's `hornet.place`. A buffer
    that a loop makes in each step is placed once, or once for each thread that shares the loop.
    Runs after bufferization. Upstream has no planner: it allocates and frees each buffer on its own.
  }];
  let options = [
    Option<"threads", "threads", "int64_t", "1", "Threads that parallel loops are shared by">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
                           "::mlir::memref::MemRefDialect"];
}

def TimeLayers : Pass<"time-layers", "::mlir::ModuleOp"> {
  let summary = "Read the clock between the layers of @predict";
  let description = [{
    Cuts the body of `@predict` into sections, each of neighboring ops that came from the same
    layers, by their locations (a section whose layers are among its neighbor's joins it), and calls
    the C library's `clock_gettime` before, between and after them. The time stamps, seconds and
    nanoseconds of the monotonic clock, go into a trailing buffer argument; the layers of each
    section are left in the attribute `hornet.sections` of the function. For profiling alone: runs
    only when asked, after plan-memory, when nothing moves ops any more, and before entry-points.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::memref::MemRefDialect"];
}

def EntryPoints : Pass<"entry-points", "::mlir::ModuleOp"> {
  let summary = "Give every function the artifact's C interface";
  let description = [{
    Each function `@f`, which takes dense memrefs, becomes `@hornet_f(call)`, which takes the
    addresses from a `HornetCall` (base/Abi.h). Runs after plan-memory and
    before the conversion to the LLVM dialect. Upstream's `llvm.emit_c_interface` wants a descriptor
    in memory for each argument, which every caller would have to build.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect"];
}

def DistributeFunctions : Pass<"distribute-functions", "::mlir::ModuleOp"> {
  let summary = "Put functions into modules of their own, one for each thread of the compiler";
  let description = [{
    Nests up to `parts` modules, of about one size, in the module. Each declares what its functions
    call of others, and has a copy of the constants that they use. Passes nested on modules, and
    code generation, then run on several threads. Runs when functions are final (entry-points,
    lower-forall, share-kernels) and before the conversion to the LLVM dialect, which takes as long as
    LLVM itself. Upstream's `llvm::SplitModule` divides LLVM IR, after all that, and hands it on as
    bitcode.
  }];
  let options = [Option<"parts", "parts", "int64_t", "1", "Most modules to make">,
                 Option<"leastWork", "least-work", "int64_t", "1000",
                        "Ops, of vectors fourfold, below which a module costs more than it saves">];
}

def ConvertStridedTransfers : Pass<"convert-strided-transfers", "::mlir::func::FuncOp"> {
  let summary = "Make loops of vectors whose elements lie apart in memory";
  let description = [{
    Such as those of x[..., 0] of a larger x. Runs upstream's `convert-vector-to-scf`, but only on
    functions that have such vectors: few have, and it takes as long as any conversion. Runs before
    `convert-vector-to-llvm`, which leaves them as they are.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::vector::VectorDialect"];
}

#endif // HORNET_LOWER_PASSES
