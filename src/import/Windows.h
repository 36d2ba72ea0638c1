//===- Windows.h - What convolution and pooling have in common -------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "graph/TransposedConvolution.h"
#include "import/LayerImport.h"

namespace hornet::import {

/// A window that slides over the spatial dimensions.
struct Window {
  std::string_view sizeKey; ///< "kernel_size", "pool_size"
  Config::Integers size, strides, dilations;
  Config::Integers low, high; ///< set by `place`
  bool same = false, causal = false, channelsFirst = false;

  /// x with the channels last, once `place` has found that the window fits into it; then the
  /// padding is known, computed as TensorFlow does. Null, and reported, when it does not fit.
  mlir::Value place(LayerImport &layer, mlir::Value x);
  /// The same of the layer's only input; null, too, where anything else was reported.
  mlir::Value placeInput(LayerImport &layer) {
    mlir::Value x = layer.input();
    return layer.ready() ? place(layer, x) : mlir::Value();
  }
  /// How far the window reaches along spatial dimension i.
  int64_t span(size_t i) const { return (size[i] - 1) * dilations[i] + 1; }
  /// The result in the order of data_format.
  mlir::Value restore(LayerImport &layer, mlir::Value y) const {
    return channelsFirst ? layer.channelsToSecond(y) : y;
  }
};

/// Reads size, strides, dilation_rate, padding and data_format. Without strides in the config,
/// they are 1 for a convolution (which has no `defaultSize`) and the size for a pool. Convolutions
/// over one dimension know causal padding, too.
Window readWindow(const Config &config, std::string_view sizeKey, size_t spatial,
                  const std::optional<Config::Integers> &defaultSize = {});
/// The same for a window of known size.
Window windowOf(const Config &config, std::string_view sizeKey, const Config::Integers &size,
                bool isConvolution);

/// What layers of filters that slide have in common.
struct FilterLayer {
  Window window;
  int64_t filters;
  bool useBias;
  Activation activation;
};
FilterLayer readFilterLayer(LayerImport &layer);

/// The convolution whose transpose gives, of x with the channels last, what Keras's transposed
/// convolution does: its input is the result. Without output_padding, the result reaches as far as
/// the windows, or the strides. Nothing, and reported, when output_padding does not fit.
std::optional<graph::ConvolutionShape> transposedShape(const Config &config, const Window &window,
                                                       mlir::Value x);

/// The mean, or the maximum, of `count` parts of each spatial dimension.
mlir::Value poolAdaptively(LayerImport &layer, mlir::Value x, const Config::Integers &count,
                           bool channelsFirst, bool mean);

} // namespace hornet::import
