// keras.ops.nn: the activations, which layers have, too.

#include "import/ActivationLayers.h"
#include "import/Operation.h"

using namespace mlir;

namespace hornet::import {

/// "leaky_relu" of "LeakyRelu".
static std::string functionOf(std::string_view name) {
  std::string function;
  for (char c : name) {
    if (llvm::isUpper(c) && !function.empty())
      function += '_';
    function += llvm::toLower(c);
  }
  return function;
}

static void importActivation(Operation &op) {
  Activation activation{functionOf(op.name)};
  for (auto [key, byDefault] : activationAttributes(activation.name))
    if (const Json *given = op.find(key))
      activation.attributes[std::string(key)] =
          given->is_boolean() ? double(given->get<bool>()) : op.Config::number(key);
  if (op.find("axis")) {
    Config::Integers axes = op.integers("axis");
    activation.axes.assign(axes.begin(), axes.end());
  } else if (!isElementwise(activation) && op.layer.generation() == keras::Generation::keras3) {
    op.problem("axis", "axis=None goes over the samples of a batch", "name an axis");
  }
  Term x = op.number("x");
  if (op.ready())
    op.result(activate(op.layer, activation, x.value));
}

static constexpr OperationEntry table[] = {
    {"Celu", importActivation},       {"Elu", importActivation},
    {"Gelu", importActivation},       {"Glu", importActivation},
    {"HardShrink", importActivation}, {"HardSigmoid", importActivation},
    {"HardSilu", importActivation},   {"HardTanh", importActivation},
    {"LeakyRelu", importActivation},  {"LogSigmoid", importActivation},
    {"LogSoftmax", importActivation}, {"Relu", importActivation},
    {"Relu6", importActivation},      {"Selu", importActivation},
    {"Sigmoid", importActivation},    {"Silu", importActivation},
    {"SoftShrink", importActivation}, {"Softmax", importActivation},
    {"Softplus", importActivation},   {"Softsign", importActivation},
    {"SparsePlus", importActivation}, {"SparseSigmoid", importActivation},
    {"Sparsemax", importActivation},  {"Squareplus", importActivation},
    {"TanhShrink", importActivation}, {"Threshold", importActivation},
};

llvm::ArrayRef<OperationEntry> activationOperations() { return table; }

} // namespace hornet::import
