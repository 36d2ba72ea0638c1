// graph.einsum: its equation, its type, and the transposes that it makes needless.

#include "graph/Einsum.h"

#include "graph/Graph.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/StringExtras.h"

#include <map>

using namespace mlir;

namespace hornet::graph {

std::optional<EinsumLetters> EinsumLetters::parse(StringRef equation) {
  auto [operands, result] = equation.split("->");
  auto [lhs, rhs] = operands.split(',');
  if (!equation.contains("->") || !operands.contains(','))
    return std::nullopt;
  std::map<char, int> uses;
  for (StringRef text : {lhs, rhs, result})
    for (char letter : text) {
      if (!llvm::isAlpha(letter) || text.count(letter) != 1)
        return std::nullopt;
      ++uses[letter];
    }
  if (llvm::any_of(uses, [](auto use) { return use.second < 2; }))
    return std::nullopt;
  return EinsumLetters{lhs.str(), rhs.str(), result.str()};
}

std::string permuted(StringRef letters, ArrayRef<int64_t> permutation) {
  std::string result;
  for (int64_t i : permutation)
    result.push_back(letters[i]);
  return result;
}

LogicalResult EinsumOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor op,
                                         SmallVectorImpl<Type> &results) {
  auto letters = EinsumLetters::parse(op.getEquation());
  if (!letters)
    return emitOptionalError(loc,
                             "(C1, C2) expected letters 'lhs,rhs->result', each in two of them ",
                             "or more, got '", op.getEquation(), "'");
  std::map<char, int64_t> extents;
  for (auto [text, operand] : {std::pair(letters->lhs, op.getLhs()), {letters->rhs, op.getRhs()}}) {
    auto type = cast<RankedTensorType>(operand.getType());
    if (static_cast<int64_t>(text.size()) != type.getRank())
      return emitOptionalError(loc, "(C1) expected a tensor of rank ", text.size(), ", got ", type);
    for (auto [i, letter] : llvm::enumerate(text)) {
      auto [known, isNew] = extents.try_emplace(letter, type.getDimSize(i));
      if (!isNew && known->second != type.getDimSize(i))
        return emitOptionalError(loc, "(C3) the extents of '", Twine(letter),
                                 "' differ: ", known->second, " and ", type.getDimSize(i));
      if (type.isDynamicDim(i) && i > 0)
        return emitOptionalError(loc, "(C4) '", Twine(letter), "' is open, and does not lead");
    }
  }
  SmallVector<int64_t> shape;
  for (auto [i, letter] : llvm::enumerate(letters->result)) {
    shape.push_back(extents.at(letter));
    if (ShapedType::isDynamic(shape.back()) && i > 0)
      return emitOptionalError(loc, "(C4) '", Twine(letter), "' is open, and does not lead");
  }
  results.push_back(RankedTensorType::get(shape, getElementTypeOrSelf(op.getLhs().getType())));
  return success();
}

SmallVector<int64_t> EinsumOp::summedExtents() {
  EinsumLetters letters = *EinsumLetters::parse(getEquation());
  SmallVector<int64_t> extents;
  for (auto [letter, extent] : llvm::zip_equal(letters.lhs, getLhs().getType().getShape()))
    if (letters.result.find(letter) == std::string::npos)
      extents.push_back(extent);
  return extents;
}

static bool batchStays(TransposeOp op) {
  return op.getType().hasStaticShape() || op.getPermutation().front() == 0;
}

namespace {

/// einsum(transpose(x), y) -> einsum(x, y) with the letters of x in its order.
struct TakeTransposesIn : OpRewritePattern<EinsumOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(EinsumOp op, PatternRewriter &rewriter) const override {
    EinsumLetters letters = *EinsumLetters::parse(op.getEquation());
    SmallVector<Value> operands;
    std::array texts = {&letters.lhs, &letters.rhs};
    for (auto [operand, text] : llvm::zip_equal(op->getOperands(), texts)) {
      auto transpose = operand.getDefiningOp<TransposeOp>();
      bool taken = transpose && batchStays(transpose);
      operands.push_back(taken ? transpose.getInput() : operand);
      if (taken)
        *text = permuted(*text, invertPermutationVector(transpose.getPermutation()));
    }
    if (llvm::equal(operands, op->getOperands()))
      return failure();
    rewriter.replaceOpWithNewOp<EinsumOp>(op, letters.text(), operands[0], operands[1]);
    return success();
  }
};

/// transpose(einsum(x, y)) -> einsum(x, y) with the letters of the result in the other order; the
/// last dimension stays, since vectors lie along it.
struct WriteTransposed : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    auto einsum = op.getInput().getDefiningOp<EinsumOp>();
    int64_t last = op.getType().getRank() - 1;
    if (!einsum || !einsum->hasOneUse() || !batchStays(op) || op.getPermutation().back() != last)
      return failure();
    EinsumLetters letters = *EinsumLetters::parse(einsum.getEquation());
    letters.result = permuted(letters.result, op.getPermutation());
    rewriter.replaceOpWithNewOp<EinsumOp>(op, letters.text(), einsum.getLhs(), einsum.getRhs());
    return success();
  }
};

} // namespace

void EinsumOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<TakeTransposesIn, WriteTransposed>(context);
}

} // namespace hornet::graph
