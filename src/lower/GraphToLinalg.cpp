#include "lower/GraphToLinalg.h"

#include "graph/Graph.h"
#include "lower/Passes.h"
#include "lower/Winograd.h"

#include "mlir/Transforms/DialectConversion.h"

using namespace mlir;

namespace hornet::lower {
#define GEN_PASS_DEF_GRAPHTOLINALG
#include "lower/Passes.h.inc"

namespace {
struct GraphToLinalg : impl::GraphToLinalgBase<GraphToLinalg> {
  using GraphToLinalgBase::GraphToLinalgBase;

  void runOnOperation() override {
    ConversionTarget target(getContext());
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    target.addIllegalDialect<graph::GraphDialect>();
    target.addLegalOp<graph::ParameterOp, graph::GetParameterOp, graph::WinogradConvolutionOp,
                      graph::WinogradFilterGradientOp>();
    RewritePatternSet patterns(&getContext());
    addElementwiseToLinalg(patterns);
    addContractionToLinalg(patterns);
    addConvolutionToWinograd(patterns, winogradTile, cacheBytes);
    addLookupToLinalg(patterns);
    addPoolToLinalg(patterns);
    addRandomToLinalg(patterns);
    addReductionToLinalg(patterns);
    addShapeToLinalg(patterns);
    if (failed(applyPartialConversion(getOperation(), target, std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
} // namespace hornet::lower
