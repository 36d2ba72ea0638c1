#include "Cost.h"

#include <algorithm>

namespace hornet::tool {

/// Elements of one sample, or as many bytes as there can be.
static int64_t elements(const Shape &shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    if (extent != unknownSize && __builtin_mul_overflow(count, extent, &count))
      count = INT64_MAX;
  return std::min(count, INT64_MAX / Cost::bytesEach);
}

Cost costOf(const ModelDescription &model, const import::LayerRecord &layer) {
  Cost cost{.multiplyAdds = layer.multiplyAdds};
  for (size_t index : layer.parameters) {
    int64_t size = elements(model.parameters[index].shape);
    cost.parameters += size;
    cost.trainable += model.parameters[index].trainable ? size : 0;
  }
  for (const import::CallRecord &call : layer.calls)
    for (const Shape &output : call.outputs)
      cost.activations += elements(output);
  return cost;
}

Cost totalCost(const ModelDescription &model) {
  Cost total;
  for (const Parameter &parameter : model.parameters) {
    total.parameters += elements(parameter.shape);
    total.trainable += parameter.trainable ? elements(parameter.shape) : 0;
  }
  // A nested model's record holds the work of its layers.
  for (const import::LayerRecord &layer : model.layers)
    total.multiplyAdds += layer.depth() == 0 ? layer.multiplyAdds : 0;
  return total;
}

} // namespace hornet::tool
