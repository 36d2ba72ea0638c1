#include "differentiate/Rules.h"

namespace hornet::differentiate {

void registerGradients(mlir::DialectRegistry &registry) {
  registry.addExtension(+[](mlir::MLIRContext *context, graph::GraphDialect *) {
    addElementwiseRules(context);
    addWindowRules(context);
    addReductionRules(context);
    addScanRule(context);
    addShapeRules(context);
  });
}

} // namespace hornet::differentiate
