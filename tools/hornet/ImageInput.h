//===- ImageInput.h - Images as a model's input --------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "formats/Image.h"
#include "keras/Model.h"
#include "runtime/Model.h"

#include <optional>
#include <string>
#include <vector>

namespace hornet::tool {

/// What becomes of an image before it is a sample.
struct ImageOptions {
  std::vector<std::string> files;
  bool invert = false;
  formats::Resample resample = formats::Resample::bilinear;
};

/// How a model takes an image: (batch, height, width, channels), (batch, channels, height, width),
/// or gray as (batch, height, width).
struct ImageInput {
  Shape shape; ///< of the input, the batch as `unknownSize`
  int64_t height, width;
  int channels; ///< 1 gray, 3 RGB
  bool channelsFirst = false;

  /// Nothing when the shape is not that of an image. Sizes may be open.
  static std::optional<ImageInput> of(const Shape &shape);
};

/// The model's one input. Input error: several inputs, or one that takes no image.
Expected<ImageInput> imageInputOf(const std::string &file,
                                  const std::vector<runtime::Port> &inputs);

/// For an input whose height or width the model leaves open: its shape with the first image's
/// sizes. Nothing when the model says it all, or takes no image.
Expected<std::optional<Shape>> shapeFromImage(const keras::Model &model, const std::string &image);

/// One batch of all images, float32 / 255, in the input's shape. Input error: every file that is
/// no image.
Expected<Tensor> prepareImages(const ImageOptions &options, const ImageInput &input);

} // namespace hornet::tool
