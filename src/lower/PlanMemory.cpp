#include "lower/KernelBuilder.h"
#include "lower/Passes.h"
#include "lower/Threads.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"

using namespace mlir;

namespace hornet::lower {
#define GEN_PASS_DEF_PLANMEMORY
#include "lower/Passes.h.inc"

namespace {

constexpr int64_t alignment = 64;

/// A temporary buffer: its size, when it lives (positions of ops in the function's body), its
/// place.
struct Buffer {
  memref::AllocOp alloc;
  bool perSample;
  int64_t bytes;  ///< in all, or a sample; a multiple of the alignment
  int64_t copies; ///< one for each thread that makes its own
  unsigned first, last;
  int64_t offset = 0;

  bool meets(const Buffer &other) const {
    return perSample == other.perSample && first <= other.last && other.first <= last;
  }
};

/// How many batches a dynamic extent is: 1 for the batch itself, k for k * batch.
std::optional<int64_t> timesBatch(Value extent) {
  if (auto dim = extent.getDefiningOp<memref::DimOp>()) {
    if (dim.getConstantIndex() != 0)
      return std::nullopt;
    // A state that a loop over time was given under another shape.
    if (auto expand = dim.getSource().getDefiningOp<memref::ExpandShapeOp>();
        expand && expand.getResultType().isDynamicDim(0))
      return timesBatch(expand.getOutputShape().front());
    return isa<BlockArgument>(dim.getSource()) ? std::optional<int64_t>(1) : std::nullopt;
  }
  if (auto quotient = extent.getDefiningOp<arith::DivUIOp>()) {
    auto divisor = getConstantIntValue(quotient.getRhs());
    auto whole = timesBatch(quotient.getLhs());
    return divisor && whole && *whole % *divisor == 0 ? std::optional<int64_t>(*whole / *divisor)
                                                      : std::nullopt;
  }
  if (auto product = extent.getDefiningOp<arith::MulIOp>()) {
    auto factor = getConstantIntValue(product.getRhs());
    auto rest = timesBatch(product.getLhs());
    return factor && rest ? std::optional<int64_t>(*factor * *rest) : std::nullopt;
  }
  if (auto apply = extent.getDefiningOp<affine::AffineApplyOp>()) {
    AffineMap map = apply.getAffineMap();
    auto product = dyn_cast<AffineBinaryOpExpr>(map.getResult(0));
    if (map.getNumInputs() != 1 || !product || product.getKind() != AffineExprKind::Mul)
      return std::nullopt;
    auto factor = dyn_cast<AffineConstantExpr>(product.getRHS());
    auto rest = timesBatch(apply.getOperand(0));
    return factor && rest ? std::optional<int64_t>(factor.getValue() * *rest) : std::nullopt;
  }
  return std::nullopt;
}

class Planner {
public:
  Planner(func::FuncOp function, int64_t threads)
      : function(function), threads(threads), aliases(function) {}

  LogicalResult run() {
    WalkResult walk = function.walk([&](memref::AllocOp alloc) {
      return failed(measure(alloc)) ? WalkResult::interrupt() : WalkResult::advance();
    });
    if (walk.wasInterrupted())
      return failure();
    place();
    rewrite();
    return success();
  }

private:
  LogicalResult measure(memref::AllocOp alloc) {
    if (isSharedByThreads(alloc) && !alloc.getDynamicSizes().empty())
      return alloc.emitOpError("allocates an unknown size inside a loop that threads share");
    MemRefType type = alloc.getType();
    int64_t bytes = type.getElementTypeBitWidth() < 8 ? 1 : type.getElementTypeBitWidth() / 8;
    for (int64_t extent : type.getShape())
      bytes *= ShapedType::isDynamic(extent) ? 1 : extent;
    for (Value extent : alloc.getDynamicSizes()) {
      std::optional<int64_t> factor = timesBatch(extent);
      if (!factor || alloc.getDynamicSizes().size() > 1)
        return alloc.emitOpError("has a size that is no multiple of the batch");
      bytes *= *factor;
    }
    auto [first, last] = lifetime(alloc);
    int64_t copies = isSharedByThreads(alloc) ? threads : 1;
    buffers.push_back({alloc, !alloc.getDynamicSizes().empty(),
                       static_cast<int64_t>(llvm::alignTo(bytes, alignment)), copies, first, last});
    return success();
  }

  static bool isSharedByThreads(Operation *op) {
    for (auto loop = op->getParentOfType<scf::ForallOp>(); loop;
         loop = loop->getParentOfType<scf::ForallOp>())
      if (loop->hasAttr(workAttr))
        return true;
    return false;
  }

  /// Positions of the first and last op that touch the buffer under any name.
  std::pair<unsigned, unsigned> lifetime(memref::AllocOp alloc) {
    if (positions.empty())
      for (auto [i, op] : llvm::enumerate(function.getBody().front()))
        positions[&op] = i;
    unsigned first = ~0u, last = positions[alloc];
    for (Value alias : aliases.resolve(alloc.getResult()))
      for (Operation *user : alias.getUsers())
        if (Operation *outer = function.getBody().front().findAncestorOpInBlock(*user)) {
          first = std::min(first, positions[outer]);
          last = std::max(last, positions[outer]);
        }
    return {first, last};
  }

  /// Largest first, each at the lowest offset that is free while it lives.
  void place() {
    SmallVector<Buffer *> order, placed;
    for (Buffer &buffer : buffers)
      order.push_back(&buffer);
    llvm::sort(order, [](Buffer *a, Buffer *b) {
      return std::pair(-a->bytes * a->copies, a->first) <
             std::pair(-b->bytes * b->copies, b->first);
    });
    for (Buffer *buffer : order) {
      SmallVector<Buffer *> obstacles;
      llvm::copy_if(placed, std::back_inserter(obstacles),
                    [&](Buffer *other) { return other->meets(*buffer); });
      llvm::sort(obstacles, [](Buffer *a, Buffer *b) { return a->offset < b->offset; });
      for (Buffer *other : obstacles)
        if (buffer->offset + buffer->bytes * buffer->copies > other->offset)
          buffer->offset = std::max(buffer->offset, other->offset + other->bytes * other->copies);
      int64_t &total = buffer->perSample ? bytesPerSample : bytes;
      total = std::max(total, buffer->offset + buffer->bytes * buffer->copies);
      placed.push_back(buffer);
    }
  }

  void rewrite() {
    OpBuilder builder(function.getContext());
    Location loc = function.getLoc();
    unsigned index = function.getNumArguments();
    auto arenaType = MemRefType::get(ShapedType::kDynamic, builder.getI8Type());
    (void)function.insertArgument(index, arenaType, {}, loc);
    function->setAttr(arenaBytesAttr, builder.getI64IntegerAttr(bytes));
    function->setAttr(arenaBytesPerSampleAttr, builder.getI64IntegerAttr(bytesPerSample));
    builder.setInsertionPointToStart(&function.getBody().front());
    Value batch = bytesPerSample ? batchOf(builder) : Value();
    for (Buffer &buffer : buffers) {
      // What grows with the batch lies behind what does not.
      int64_t start = buffer.perSample ? bytes : buffer.offset;
      Value offset = arith::ConstantIndexOp::create(builder, loc, start);
      if (buffer.perSample) {
        Value scale = arith::ConstantIndexOp::create(builder, loc, buffer.offset);
        offset = arith::AddIOp::create(builder, loc, offset,
                                       arith::MulIOp::create(builder, loc, batch, scale));
      }
      OpBuilder at(buffer.alloc);
      if (buffer.copies > 1)
        offset = ownCopy(at, buffer, offset);
      auto view = memref::ViewOp::create(at, buffer.alloc.getLoc(), buffer.alloc.getType(),
                                         function.getArgument(index), offset,
                                         buffer.alloc.getDynamicSizes());
      view->setAttr(placeAttr, builder.getDenseI64ArrayAttr({buffer.perSample, buffer.offset,
                                                             buffer.bytes * buffer.copies}));
      buffer.alloc.replaceAllUsesWith(view.getResult());
    }
    // Not before: the builder may be at the first of them.
    for (Buffer &buffer : buffers)
      buffer.alloc.erase();
  }

  /// Where the copy of the thread that runs begins.
  Value ownCopy(OpBuilder &at, Buffer &buffer, Value offset) {
    Location loc = buffer.alloc.getLoc();
    Value thread = callOpenMP(at, loc, function, threadNumber);
    Value bytes = arith::ConstantIndexOp::create(at, loc, buffer.bytes);
    return arith::AddIOp::create(at, loc, offset, arith::MulIOp::create(at, loc, thread, bytes));
  }

  /// The leading extent of the first argument that has a dynamic one.
  Value batchOf(OpBuilder &builder) {
    for (Value argument : function.getArguments()) {
      auto type = cast<MemRefType>(argument.getType());
      if (type.getRank() > 0 && type.isDynamicDim(0))
        return memref::DimOp::create(builder, function.getLoc(), argument, int64_t{0});
    }
    llvm_unreachable("a buffer is as large as the batch, but no argument is");
  }

  func::FuncOp function;
  int64_t threads;
  BufferViewFlowAnalysis aliases;
  DenseMap<Operation *, unsigned> positions;
  SmallVector<Buffer> buffers;
  int64_t bytes = 0, bytesPerSample = 0;
};

struct PlanMemory : impl::PlanMemoryBase<PlanMemory> {
  using PlanMemoryBase::PlanMemoryBase;

  void runOnOperation() override {
    for (auto function : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      if (!function.isDeclaration() && failed(Planner(function, threads).run()))
        return signalPassFailure();
  }
};

} // namespace
} // namespace hornet::lower
