#include "lower/Tunables.h"

#include "lower/Winograd.h"

using namespace mlir;

namespace hornet::lower {

static std::vector<Choice> choicesFor(graph::ConvolutionOp op, const TuningScope &scope) {
  std::optional<ConvolutionExtents> extents = winogradExtents(op);
  if (!extents)
    return {};
  return winogradTileChoices(*extents, scope.winogradTile, scope.machine.cacheBytes,
                             Tuned(op, [&] { return nameOf(op); }));
}

static std::vector<Choice> choicesFor(graph::WinogradConvolutionOp op, const TuningScope &scope) {
  ArrayRef<int64_t> result = op.getType().getShape();
  ConvolutionExtents extents{result[1], result[2], op.getInput().getType().getShape()[3],
                             result[3]};
  return winogradChoices(extents, op.getTile(), scope.machine,
                         Tuned(op, [&] { return nameOf(op); }));
}

std::vector<OpChoices> choicesOf(func::FuncOp predict, const TuningScope &scope) {
  std::vector<OpChoices> all;
  auto add = [&](Operation *op, std::string name, std::vector<Choice> choices) {
    if (choices.size() > 1)
      all.push_back({op, std::move(name), std::move(choices)});
  };
  for (Operation &op : predict.getBody().front()) {
    if (auto convolution = dyn_cast<graph::ConvolutionOp>(op))
      add(&op, nameOf(convolution), choicesFor(convolution, scope));
    else if (auto winograd = dyn_cast<graph::WinogradConvolutionOp>(op))
      add(&op, nameOf(winograd), choicesFor(winograd, scope));
    auto root = dyn_cast<linalg::LinalgOp>(op);
    std::optional<Kernel> kernel = root ? kernelEndingIn(root) : std::nullopt;
    if (!kernel || kernel->epilogue)
      continue;
    if (std::optional<Roles> roles = rolesOf(*kernel))
      add(&op, nameOf(*kernel), tileChoices(*kernel, *roles, scope.machine, scope.batch));
  }
  return all;
}

} // namespace hornet::lower
