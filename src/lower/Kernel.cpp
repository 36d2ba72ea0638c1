#include "lower/Kernel.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace hornet::lower {

bool Access::isContiguousIn(unsigned loop) const {
  if (map.getNumResults() == 0)
    return false;
  if (packedBlock(loop))
    return true;
  auto last = dyn_cast<AffineDimExpr>(map.getResults().back());
  if (!last || last.getPosition() != loop)
    return false;
  return llvm::none_of(map.getResults().drop_back(),
                       [&](AffineExpr expr) { return expr.isFunctionOfDim(loop); });
}

int64_t Access::packedBlock(unsigned loop) const {
  if (map.getNumResults() < 2)
    return 0;
  auto rest = dyn_cast<AffineBinaryOpExpr>(map.getResults().back());
  auto block = dyn_cast<AffineBinaryOpExpr>(map.getResults().front());
  AffineExpr dim = getAffineDimExpr(loop, map.getContext());
  if (!rest || !block || rest.getKind() != AffineExprKind::Mod ||
      block.getKind() != AffineExprKind::FloorDiv || rest.getLHS() != dim ||
      block.getLHS() != dim || rest.getRHS() != block.getRHS())
    return 0;
  return cast<AffineConstantExpr>(rest.getRHS()).getValue();
}

static bool hasOnlyParallelLoops(linalg::LinalgOp op) {
  return op.getNumParallelLoops() == op.getNumLoops();
}

/// Only what the vector code can express: one result, and elements that lie in memory one by one.
static bool isSupported(linalg::LinalgOp op) {
  if (!op.hasPureTensorSemantics() || op.getNumDpsInits() != 1)
    return false;
  for (OpOperand &operand : op->getOpOperands()) {
    Type element = getElementTypeOrSelf(operand.get().getType());
    if (element.isInteger(1) || !element.isIntOrFloat())
      return false;
  }
  AffineMap output = op.getIndexingMapsArray().back();
  return output.isProjectedPermutation() && output.getNumResults() > 0;
}

/// The root whose result `epilogue` can take from registers: its only use, read element by element.
static std::optional<unsigned> findRoot(linalg::GenericOp epilogue) {
  std::optional<unsigned> best;
  for (OpOperand *operand : epilogue.getDpsInputOperands()) {
    auto root = operand->get().getDefiningOp<linalg::LinalgOp>();
    if (!root || hasOnlyParallelLoops(root) || !root->hasOneUse() || !isSupported(root) ||
        root->getBlock() != epilogue->getBlock() ||
        !epilogue.getMatchingIndexingMap(operand).isPermutation())
      continue;
    // The one computed last: the other has to be in memory anyhow.
    unsigned index = operand->getOperandNumber();
    if (!best || epilogue.getOperand(*best).getDefiningOp()->isBeforeInBlock(root.getOperation()))
      best = index;
  }
  return best;
}

static Access accessOf(linalg::LinalgOp op, OpOperand *operand, AffineMap loops) {
  return {operand->get(), op.getMatchingIndexingMap(operand).compose(loops)};
}

static void addRoot(Kernel &kernel) {
  linalg::LinalgOp root = kernel.root;
  AffineMap identity = AffineMap::getMultiDimIdentityMap(root.getNumLoops(), root->getContext());
  for (OpOperand *operand : root.getDpsInputOperands())
    kernel.inputs.push_back(accessOf(root, operand, identity));
  kernel.init = kernel.output = accessOf(root, root.getDpsInitOperand(0), identity);
  kernel.extents = root.getStaticLoopRanges();
  root.getParallelDims(kernel.parallelLoops);
  root.getReductionDims(kernel.reductionLoops);
}

Epilogue epilogueOf(linalg::GenericOp op, unsigned operand, Access &output) {
  // result[output map of root] = result[map of the operand in the epilogue]: so each loop of the
  // epilogue is a loop of the root.
  OpOperand &taken = op->getOpOperand(operand);
  AffineMap fromResult = inversePermutation(op.getMatchingIndexingMap(&taken));
  AffineMap loops = fromResult.compose(output.map);
  Epilogue epilogue{op, operand, {}, loops};
  for (OpOperand *input : op.getDpsInputOperands())
    if (input != &taken)
      epilogue.inputs.push_back(accessOf(op, input, loops));
  output = accessOf(op, op.getDpsInitOperand(0), loops);
  return epilogue;
}

bool isElementwise(linalg::LinalgOp op) { return hasOnlyParallelLoops(op) && isSupported(op); }

std::optional<Kernel> kernelEndingIn(linalg::LinalgOp op) {
  if (!isSupported(op))
    return std::nullopt;
  Kernel kernel;
  kernel.root = op;
  std::optional<unsigned> taken;
  auto generic = dyn_cast<linalg::GenericOp>(op.getOperation());
  if (generic && hasOnlyParallelLoops(op))
    taken = findRoot(generic);
  if (taken)
    kernel.root = generic->getOperand(*taken).getDefiningOp<linalg::LinalgOp>();
  addRoot(kernel);
  if (taken)
    kernel.epilogue = epilogueOf(generic, *taken, kernel.output);
  return kernel;
}

//===----------------------------------------------------------------------===//
// Roles
//===----------------------------------------------------------------------===//

Operation *combinerOf(const Kernel &kernel) {
  SmallVector<Operation *> combiners;
  linalg::LinalgOp root = kernel.root;
  if (!matchReduction(root.getRegionOutputArgs(), 0, combiners) || combiners.size() != 1 ||
      !linalg::getCombinerOpKind(combiners.front()))
    return nullptr;
  return combiners.front();
}

/// The reduction along which every input is contiguous, if the inputs are not along `column`.
static std::optional<unsigned> contiguousReduction(const Kernel &kernel, unsigned column) {
  for (unsigned loop : kernel.reductionLoops) {
    bool contiguous = false;
    for (const Access &input : kernel.inputs) {
      if (input.isContiguousIn(column) && kernel.extents[column] != 1)
        return std::nullopt;
      contiguous |= input.isContiguousIn(loop);
    }
    if (contiguous && kernel.inputs.size() == 1 && combinerOf(kernel))
      return loop;
  }
  return std::nullopt;
}

/// The loop of `outer` along which some input is contiguous that is not along the vectors.
static std::optional<unsigned> transposedLoop(const Kernel &kernel, const Roles &roles) {
  for (unsigned loop : roles.outer)
    if (!ShapedType::isDynamic(kernel.extents[loop]) && kernel.extents[loop] > 1 &&
        kernel.extents[roles.vector] > 1 && llvm::any_of(kernel.inputs, [&](const Access &input) {
          return input.isTransposed(loop, roles.vector);
        }))
      return loop;
  return std::nullopt;
}

static void setRows(Roles &roles, unsigned loop) {
  roles.rows = loop;
  roles.outer.erase(llvm::find(roles.outer, loop));
}

std::optional<Roles> rolesOf(const Kernel &kernel) {
  auto column = cast<AffineDimExpr>(kernel.output.map.getResults().back()).getPosition();
  Roles roles;
  roles.vector = column;
  if (auto reduction = contiguousReduction(kernel, column)) {
    roles.vector = *reduction;
    roles.vectorIsReduction = true;
  }
  if (ShapedType::isDynamic(kernel.extents[roles.vector]))
    return std::nullopt;
  // In the output's order, innermost last.
  for (AffineExpr expr : kernel.output.map.getResults()) {
    unsigned loop = cast<AffineDimExpr>(expr).getPosition();
    if (loop != roles.vector)
      roles.outer.push_back(loop);
  }
  if (roles.outer.size() + (roles.vectorIsReduction ? 0 : 1) != kernel.parallelLoops.size())
    return std::nullopt;
  if (roles.vectorIsReduction)
    return roles;
  if (kernel.reductionLoops.empty()) {
    if (auto loop = transposedLoop(kernel, roles)) {
      setRows(roles, *loop);
      roles.transposes = true;
    }
    return roles;
  }
  for (unsigned loop : llvm::reverse(roles.outer)) {
    bool shares = llvm::any_of(kernel.inputs, [&](const Access &input) {
      return input.dependsOn(roles.vector) && !input.dependsOn(loop) &&
             llvm::any_of(kernel.reductionLoops, [&](unsigned k) { return input.dependsOn(k); });
    });
    bool isUsed = llvm::any_of(kernel.inputs, [&](const Access &a) { return a.dependsOn(loop); });
    if (shares && isUsed && kernel.extents[loop] != 1) {
      setRows(roles, loop);
      break;
    }
  }
  return roles;
}

} // namespace hornet::lower
