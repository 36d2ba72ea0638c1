// graph-to-linalg: random numbers, a function of the place of an element.

#include "base/Philox.h"
#include "graph/Graph.h"
#include "lower/GraphToLinalg.h"
#include "lower/Structured.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace hornet::lower {
namespace {

/// Builds base/Philox.h's generator on one element's counter and key, all i32.
class PhiloxBuilder {
public:
  PhiloxBuilder(OpBuilder &builder, Location loc) : b(builder), loc(loc) {}

  /// The first word of the block that belongs to `counter`.
  Value operator()(std::array<Value, 4> counter, std::array<Value, 2> key) {
    for (int i = 0; i < Philox::rounds; ++i) {
      auto first = multiply(counter[0], Philox::multipliers[0]);
      auto second = multiply(counter[2], Philox::multipliers[1]);
      counter = {exclusiveOr(exclusiveOr(second.second, counter[1]), key[0]), second.first,
                 exclusiveOr(exclusiveOr(first.second, counter[3]), key[1]), first.first};
      for (int word = 0; word < 2; ++word)
        key[word] = arith::AddIOp::create(b, loc, key[word], constant(Philox::weyl[word]));
    }
    return counter[0];
  }

  Value constant(uint32_t value) {
    return arith::ConstantIntOp::create(b, loc, static_cast<int32_t>(value), 32);
  }

private:
  std::pair<Value, Value> multiply(Value x, uint32_t by) {
    auto product = arith::MulUIExtendedOp::create(b, loc, x, constant(by));
    return {product.getLow(), product.getHigh()};
  }
  Value exclusiveOr(Value x, Value y) { return arith::XOrIOp::create(b, loc, x, y); }

  OpBuilder &b;
  Location loc;
};

/// The row-major number of the element that a `linalg.generic` is at.
Value place(OpBuilder &b, Location loc, RankedTensorType type) {
  Value number;
  for (int64_t i = 0; i < type.getRank(); ++i) {
    Value index = linalg::IndexOp::create(b, loc, i);
    Value here = arith::IndexCastOp::create(b, loc, b.getI32Type(), index);
    if (number) {
      Value extent = arith::ConstantIntOp::create(b, loc, type.getDimSize(i), 32);
      number = arith::MulIOp::create(b, loc, number, extent);
      number = arith::AddIOp::create(b, loc, number, here);
    } else {
      number = here;
    }
  }
  return number ? number : arith::ConstantIntOp::create(b, loc, 0, 32).getResult();
}

/// 24 bits make a float below 1 that is exact.
Value uniform(OpBuilder &b, Location loc, Value word, Type element) {
  Value eight = arith::ConstantIntOp::create(b, loc, 8, 32);
  Value bits = arith::ShRUIOp::create(b, loc, word, eight);
  Value number = arith::SIToFPOp::create(b, loc, element, bits);
  Value scale = arith::ConstantOp::create(b, loc, b.getFloatAttr(element, 0x1p-24));
  return arith::MulFOp::create(b, loc, number, scale);
}

struct RandomUniformToLinalg : OpRewritePattern<graph::RandomUniformOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::RandomUniformOp op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    RankedTensorType type = op.getType();
    int64_t rank = type.getRank();
    AffineMap identity = rewriter.getMultiDimIdentityMap(rank);
    // Four scalars: the words of the key are the same for all elements.
    SmallVector<Value> words;
    SmallVector<AffineMap> maps;
    for (int64_t i = 0; i < 4; ++i) {
      Value index = arith::ConstantIndexOp::create(rewriter, loc, i);
      words.push_back(tensor::ExtractOp::create(rewriter, loc, op.getKey(), index));
    }
    maps.push_back(identity);
    SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
    Value init = emptyTensor(rewriter, loc, type, op.getLike());
    rewriter.replaceOp(op, generic(rewriter, loc, {}, init, maps, iterators,
                                   [&](OpBuilder &b, Location at, ValueRange) {
                                     PhiloxBuilder philox(b, at);
                                     Value stream =
                                         philox.constant(static_cast<uint32_t>(op.getStream()));
                                     Value word =
                                         philox({place(b, at, type), stream, words[2], words[3]},
                                                {words[0], words[1]});
                                     return uniform(b, at, word, type.getElementType());
                                   }));
    return success();
  }
};

} // namespace

void addRandomToLinalg(RewritePatternSet &patterns) {
  patterns.add<RandomUniformToLinalg>(patterns.getContext());
}

} // namespace hornet::lower
