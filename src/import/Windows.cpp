#include "import/Windows.h"

#include "import/ActivationLayers.h"

#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {

static bool anyAbove1(ArrayRef<int64_t> values) {
  return llvm::any_of(values, [](int64_t value) { return value > 1; });
}

Window readWindow(const Config &config, std::string_view sizeKey, size_t spatial,
                  const std::optional<Config::Integers> &defaultSize) {
  return windowOf(config, sizeKey, config.positives(sizeKey, spatial, defaultSize), !defaultSize);
}

Window windowOf(const Config &config, std::string_view sizeKey, const Config::Integers &size,
                bool isConvolution) {
  static constexpr std::string_view paddings[] = {"valid", "same", "causal"};
  size_t spatial = size.size();
  Window window;
  window.sizeKey = sizeKey;
  Config::Integers ones(spatial, 1);
  window.size = size;
  window.strides = config.positives("strides", spatial, isConvolution ? ones : window.size);
  window.dilations = config.positives("dilation_rate", spatial, ones);
  std::string padding = config.word(
      "padding", llvm::ArrayRef(paddings).drop_back(isConvolution && spatial == 1 ? 0 : 1));
  window.same = padding == "same";
  window.causal = padding == "causal";
  window.channelsFirst = config.channelsFirst();
  if (anyAbove1(window.strides) && anyAbove1(window.dilations))
    config.problem("dilation_rate",
                   fmt::format("strides ({}) and dilation_rate ({}) are both greater than 1",
                               fmt::join(window.strides, ", "), fmt::join(window.dilations, ", ")),
                   "set one of them to 1");
  return window;
}

FilterLayer readFilterLayer(LayerImport &layer) {
  Window window = readWindow(layer, "kernel_size", layer.spatialDimensions());
  return {std::move(window), layer.positive("filters"), layer.flag("use_bias", true),
          readActivation(layer)};
}

Value Window::place(LayerImport &layer, Value x) {
  size_t spatial = size.size();
  if (!layer.hasSpatial(x, spatial, channelsFirst))
    return {};
  if (channelsFirst)
    x = layer.channelsToLast(x);
  if (!x)
    return {};
  Shape shape = toShape(x);
  low.assign(spatial, 0);
  high.assign(spatial, 0);
  for (size_t i = 0; i < spatial; ++i) {
    int64_t extent = shape[i + 1], span = this->span(i);
    if (causal) {
      low[i] = span - 1;
    } else if (same) {
      int64_t windows = (extent + strides[i] - 1) / strides[i];
      int64_t padding = std::max<int64_t>((windows - 1) * strides[i] + span - extent, 0);
      low[i] = padding / 2;
      high[i] = padding - low[i];
    } else if (span > extent) {
      layer.problem(
          std::string(sizeKey),
          fmt::format("a window of {}{} with 'valid' padding does not fit into an input of {}: "
                      "the output would be empty",
                      fmt::join(size, "x"),
                      anyAbove1(dilations)
                          ? fmt::format(", dilated by {},", fmt::join(dilations, "x"))
                          : "",
                      fmt::join(llvm::ArrayRef(shape).slice(1, spatial), "x")),
          "make the window smaller, the input larger, or the padding 'same'");
      return {};
    }
  }
  return x;
}

} // namespace hornet::import
