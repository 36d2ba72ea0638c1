#include "keras/Builder.h"

namespace hornet::keras {

namespace {
Json toJson(Size2D size) { return {size.height, size.width}; }

template <class T> Json orNull(const std::optional<T> &value) {
  return value ? Json(*value) : Json();
}

/// What the three convolutions have in common.
template <class Options> Json convolution(Size2D kernelSize, const Options &o) {
  return {{"name", o.name},
          {"trainable", o.trainable},
          {"kernel_size", toJson(kernelSize)},
          {"strides", toJson(o.strides)},
          {"padding", o.padding},
          {"data_format", o.dataFormat},
          {"dilation_rate", toJson(o.dilationRate)},
          {"activation", o.activation},
          {"use_bias", o.useBias}};
}

LayerHandle pooling(const char *className, Size2D poolSize, const layers::Pooling2DOptions &o) {
  return {className,
          {{"name", o.name},
           {"pool_size", toJson(poolSize)},
           {"strides", toJson(o.strides.value_or(poolSize))},
           {"padding", o.padding},
           {"data_format", o.dataFormat}}};
}

LayerHandle globalPooling(const char *className, const layers::GlobalPooling2DOptions &o) {
  return {className, {{"name", o.name}, {"data_format", o.dataFormat}, {"keepdims", o.keepdims}}};
}
} // namespace

namespace layers {
// NOLINTBEGIN(readability-identifier-naming): Keras's names

KerasTensor Input(Shape shape, const InputOptions &o) {
  Json batchShape = Json::array();
  shape.insert(shape.begin(), o.batchSize);
  for (int64_t size : shape)
    batchShape.push_back(size == unknownSize ? Json() : Json(size));
  LayerHandle layer("InputLayer",
                    {{"name", o.name}, {"batch_shape", batchShape}, {"dtype", o.dtype}});
  return layer(std::vector<KerasTensor>());
}

LayerHandle Dense(int64_t units, const DenseOptions &o) {
  return {"Dense",
          {{"name", o.name},
           {"trainable", o.trainable},
           {"units", units},
           {"activation", o.activation},
           {"use_bias", o.useBias}}};
}

LayerHandle Conv2D(int64_t filters, Size2D kernelSize, const Conv2DOptions &o) {
  Json config = convolution(kernelSize, o);
  config["filters"] = filters;
  config["groups"] = o.groups;
  return {"Conv2D", std::move(config)};
}

LayerHandle DepthwiseConv2D(Size2D kernelSize, const DepthwiseConv2DOptions &o) {
  Json config = convolution(kernelSize, o);
  config["depth_multiplier"] = o.depthMultiplier;
  return {"DepthwiseConv2D", std::move(config)};
}

LayerHandle SeparableConv2D(int64_t filters, Size2D kernelSize, const DepthwiseConv2DOptions &o) {
  Json config = convolution(kernelSize, o);
  config["depth_multiplier"] = o.depthMultiplier;
  config["filters"] = filters;
  return {"SeparableConv2D", std::move(config)};
}

LayerHandle MaxPooling2D(Size2D poolSize, const Pooling2DOptions &o) {
  return pooling("MaxPooling2D", poolSize, o);
}
LayerHandle AveragePooling2D(Size2D poolSize, const Pooling2DOptions &o) {
  return pooling("AveragePooling2D", poolSize, o);
}
LayerHandle GlobalMaxPooling2D(const GlobalPooling2DOptions &o) {
  return globalPooling("GlobalMaxPooling2D", o);
}
LayerHandle GlobalAveragePooling2D(const GlobalPooling2DOptions &o) {
  return globalPooling("GlobalAveragePooling2D", o);
}

LayerHandle BatchNormalization(const BatchNormalizationOptions &o) {
  return {"BatchNormalization",
          {{"name", o.name},
           {"trainable", o.trainable},
           {"axis", o.axis},
           {"momentum", o.momentum},
           {"epsilon", o.epsilon},
           {"center", o.center},
           {"scale", o.scale}}};
}

LayerHandle ReLU(const ReLUOptions &o) {
  return {"ReLU",
          {{"name", o.name},
           {"max_value", orNull(o.maxValue)},
           {"negative_slope", o.negativeSlope},
           {"threshold", o.threshold}}};
}

LayerHandle Concatenate(const ConcatenateOptions &o) {
  return {"Concatenate", {{"name", o.name}, {"axis", o.axis}}};
}
KerasTensor concatenate(const std::vector<KerasTensor> &inputs, const ConcatenateOptions &o) {
  return Concatenate(o)(inputs);
}

LayerHandle ZeroPadding2D(Padding2D padding, const DataFormatOptions &o) {
  Json sides = Json::array(
      {Json::array({padding.top, padding.bottom}), Json::array({padding.left, padding.right})});
  return {"ZeroPadding2D",
          {{"name", o.name}, {"padding", std::move(sides)}, {"data_format", o.dataFormat}}};
}
LayerHandle Flatten(const DataFormatOptions &o) {
  return {"Flatten", {{"name", o.name}, {"data_format", o.dataFormat}}};
}

LayerHandle Activation(std::string activation, const NameOption &o) {
  return {"Activation", {{"name", o.name}, {"activation", std::move(activation)}}};
}
LayerHandle Softmax(int64_t axis, const NameOption &o) {
  return {"Softmax", {{"name", o.name}, {"axis", axis}}};
}
LayerHandle Dropout(double rate, const NameOption &o) {
  return {"Dropout", {{"name", o.name}, {"rate", rate}}};
}
LayerHandle Reshape(Shape targetShape, const NameOption &o) {
  return {"Reshape", {{"name", o.name}, {"target_shape", std::move(targetShape)}}};
}
LayerHandle Permute(Shape dims, const NameOption &o) {
  return {"Permute", {{"name", o.name}, {"dims", std::move(dims)}}};
}
LayerHandle Add(const NameOption &o) { return {"Add", {{"name", o.name}}}; }
KerasTensor add(const std::vector<KerasTensor> &inputs, const NameOption &o) {
  return Add(o)(inputs);
}

// NOLINTEND(readability-identifier-naming)
} // namespace layers
} // namespace hornet::keras
