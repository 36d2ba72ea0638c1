#include "step/Recompute.h"

#include "graph/Graph.h"

#include "mlir/IR/IRMapping.h"

#include <cmath>

using namespace mlir;
using namespace hornet::graph;

namespace hornet::step {
namespace {

class Recomputation {
public:
  explicit Recomputation(func::FuncOp function) : block(function.front()) {}

  void run() {
    cut();
    for (Operation *first = firstBackward(); first; first = first->getNextNode())
      for (OpOperand &operand : first->getOpOperands())
        if (Value again = computedAgain(operand.get(), first))
          operand.set(again);
  }

private:
  static bool isHeavy(Operation &op) { return isa<ConvolutionOp, MatmulOp>(op); }

  Operation *loss() { return block.getTerminator()->getOperand(0).getDefiningOp(); }
  Operation *firstBackward() { return loss()->getNextNode(); }

  /// Numbers the segments; the last one has none, and stays.
  void cut() {
    auto forward = llvm::make_range(block.begin(), loss()->getIterator());
    auto heavy = llvm::count_if(forward, isHeavy);
    auto segments = static_cast<int64_t>(std::ceil(std::sqrt(double(heavy))));
    int64_t each = std::max<int64_t>(1, llvm::divideCeil(heavy, std::max<int64_t>(1, segments)));
    int64_t seen = 0;
    for (Operation &op : forward) {
      seen += isHeavy(op);
      int64_t segment = std::max<int64_t>(0, seen - 1) / each;
      bool computes = op.getNumResults() == 1 && !op.hasTrait<OpTrait::ConstantLike>();
      if (computes && segment + 1 < segments)
        segmentOf[&op] = segment;
    }
  }

  /// `value` from a second computation before `user`; null where the first one is kept.
  Value computedAgain(Value value, Operation *user) {
    Operation *op = value.getDefiningOp();
    auto segment = segmentOf.find(op);
    if (segment == segmentOf.end())
      return {};
    if (Value known = again.lookup(value))
      return known;
    // Its own segment alone: what that takes from others was kept for it.
    OpBuilder builder(user);
    IRMapping mapping;
    for (Value operand : op->getOperands()) {
      auto other = segmentOf.find(operand.getDefiningOp());
      if (other != segmentOf.end() && other->second == segment->second)
        mapping.map(operand, computedAgain(operand, user));
    }
    return again[value] = builder.clone(*op, mapping)->getResult(0);
  }

  Block &block;
  llvm::DenseMap<Operation *, int64_t> segmentOf;
  llvm::DenseMap<Value, Value> again;
};

} // namespace

void recompute(func::FuncOp function) { Recomputation(function).run(); }

} // namespace hornet::step
