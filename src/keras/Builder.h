//===- Builder.h - Models built in code, as a user of Keras writes them -------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
//
//   using namespace hornet::keras;
//   using namespace hornet::keras::layers;
//
//   Sequential model;
//   model.add(Input({28, 28, 1}));
//   model.add(Conv2D(32, {3, 3}, {.activation = "relu"}));
//   model.add(Flatten());
//   model.add(Dense(10, {.activation = "softmax"}));
//   if (auto loaded = model.loadWeights("mnist_weights.h5"); !loaded) …
//   Expected<Model> data = model.toModel();
//
// A functional model calls layers on tensors. Calling one layer twice shares its weights; a model
// is called like a layer:
//
//   KerasTensor image = Input({28, 28, 1}, {.name = "image"});
//   KerasTensor x = Conv2D(32, 3, {.padding = "same"})(image);
//   KerasTensor y = Conv2D(32, 3, {.padding = "same"})(x);
//   Functional model({image}, {Add()({x, y})});
//
// Nothing is checked while a model is put together: toModel() makes the same configuration as
// Keras 3's to_json() and reads it like a file, so that it reports like one. Layers without a name
// get Keras's default one, "conv2d", "conv2d_1", …, numbered in the order of the model's layers.
//
#pragma once

#include "keras/Model.h"

#include <initializer_list>

namespace hornet::keras {

/// A size in two dimensions, height first; one number stands for both.
struct Size2D {
  int64_t height, width;
  Size2D(int64_t both) : height(both), width(both) {}
  Size2D(int64_t height, int64_t width) : height(height), width(width) {}
};

struct LayerNode;
struct CallNode;

/// The output of a layer's call, of which nothing is known yet but where it comes from.
struct KerasTensor {
  std::shared_ptr<const CallNode> call;
  int index = 0;
};

/// A layer to add to a Sequential or to call; copies are the same layer.
class LayerHandle {
public:
  /// `config` as in Keras's get_config(), without "name" for the default name.
  LayerHandle(std::string className, Json config);
  KerasTensor operator()(const KerasTensor &input) const;
  KerasTensor operator()(const std::vector<KerasTensor> &inputs) const;
  /// All outputs of a call of a model with several.
  std::vector<KerasTensor> call(const std::vector<KerasTensor> &inputs) const;

private:
  friend class Sequential;
  friend class Functional;
  std::shared_ptr<const LayerNode> node;
};

/// What Sequential and Functional share.
class ModelBuilder {
public:
  /// The model as plain data, for the compiler. Input errors as for reading a file: two layers of
  /// one name, no layers, an Input that is used but not listed, …
  Expected<Model> toModel() const;
  /// Opens a weights file, of any form that keras::loadWeights takes, for the next toModel().
  /// That it fits is checked when the weights are bound.
  Expected<void> loadWeights(const std::string &path);
  /// The model as a layer of another one; the same layer every time, as it was when first asked
  /// for. Its weights do not come along.
  operator LayerHandle() const;
  KerasTensor operator()(const KerasTensor &input) const { return LayerHandle(*this)(input); }

  /// The configuration as of Keras 3's to_json().
  virtual Json toConfig() const = 0;

protected:
  ~ModelBuilder() = default;

private:
  std::shared_ptr<const Weights> weights;
  mutable std::optional<LayerHandle> asLayer;
};

class Sequential : public ModelBuilder {
public:
  explicit Sequential(std::string name = "") : name(std::move(name)) {}
  Sequential(std::initializer_list<LayerHandle> layers, std::string name = "");
  void add(const LayerHandle &layer) { layers.push_back(layer); }
  /// An Input(), as the first.
  void add(const KerasTensor &input);
  Json toConfig() const override;

private:
  std::string name;
  std::vector<LayerHandle> layers;
};

class Functional : public ModelBuilder {
public:
  Functional(std::vector<KerasTensor> inputs, std::vector<KerasTensor> outputs,
             std::string name = "")
      : name(std::move(name)), inputs(std::move(inputs)), outputs(std::move(outputs)) {}
  Json toConfig() const override;

private:
  std::string name;
  std::vector<KerasTensor> inputs, outputs;
};

/// The layers by their Keras names; https://keras.io/api/layers tells what their options mean.
/// Defaults are Keras's.
namespace layers {
// Functions, but with the names that Keras's users know; and an option that has no `= {}` warns
// wherever it is left out.
// NOLINTBEGIN(readability-identifier-naming, readability-redundant-member-init)

struct InputOptions {
  std::string name = {};
  std::string dtype = "float32";
  int64_t batchSize = unknownSize;
};
/// `shape` without the batch; `unknownSize` for what is open.
KerasTensor Input(Shape shape, const InputOptions &options = {});

struct DenseOptions {
  std::string activation = "linear";
  bool useBias = true;
  std::string name = {};
  bool trainable = true;
};
LayerHandle Dense(int64_t units, const DenseOptions &options = {});

struct Conv2DOptions {
  Size2D strides = 1;
  std::string padding = "valid";
  std::string dataFormat = "channels_last";
  Size2D dilationRate = 1;
  int64_t groups = 1;
  std::string activation = "linear";
  bool useBias = true;
  std::string name = {};
  bool trainable = true;
};
LayerHandle Conv2D(int64_t filters, Size2D kernelSize, const Conv2DOptions &options = {});

struct DepthwiseConv2DOptions {
  Size2D strides = 1;
  std::string padding = "valid";
  int64_t depthMultiplier = 1;
  std::string dataFormat = "channels_last";
  Size2D dilationRate = 1;
  std::string activation = "linear";
  bool useBias = true;
  std::string name = {};
  bool trainable = true;
};
LayerHandle DepthwiseConv2D(Size2D kernelSize, const DepthwiseConv2DOptions &options = {});
LayerHandle SeparableConv2D(int64_t filters, Size2D kernelSize,
                            const DepthwiseConv2DOptions &options = {});

struct Pooling2DOptions {
  std::optional<Size2D> strides = {}; ///< the pool size
  std::string padding = "valid";
  std::string dataFormat = "channels_last";
  std::string name = {};
};
LayerHandle MaxPooling2D(Size2D poolSize = 2, const Pooling2DOptions &options = {});
LayerHandle AveragePooling2D(Size2D poolSize = 2, const Pooling2DOptions &options = {});

struct GlobalPooling2DOptions {
  std::string dataFormat = "channels_last";
  bool keepdims = false;
  std::string name = {};
};
LayerHandle GlobalMaxPooling2D(const GlobalPooling2DOptions &options = {});
LayerHandle GlobalAveragePooling2D(const GlobalPooling2DOptions &options = {});

struct BatchNormalizationOptions {
  int64_t axis = -1;
  double momentum = 0.99;
  double epsilon = 1e-3;
  bool center = true;
  bool scale = true;
  std::string name = {};
  bool trainable = true;
};
LayerHandle BatchNormalization(const BatchNormalizationOptions &options = {});

struct ReLUOptions {
  std::optional<double> maxValue = {};
  double negativeSlope = 0;
  double threshold = 0;
  std::string name = {};
};
LayerHandle ReLU(const ReLUOptions &options = {});

struct ConcatenateOptions {
  int64_t axis = -1;
  std::string name = {};
};
LayerHandle Concatenate(const ConcatenateOptions &options = {});
KerasTensor concatenate(const std::vector<KerasTensor> &inputs,
                        const ConcatenateOptions &options = {});

/// Rows and columns of zeros on each side.
struct Padding2D {
  int64_t top, bottom, left, right;
  Padding2D(int64_t all) : Padding2D(all, all) {}
  Padding2D(int64_t height, int64_t width)
      : top(height), bottom(height), left(width), right(width) {}
  Padding2D(Size2D rows, Size2D columns)
      : top(rows.height), bottom(rows.width), left(columns.height), right(columns.width) {}
};
struct DataFormatOptions {
  std::string dataFormat = "channels_last";
  std::string name = {};
};
/// ZeroPadding2D(1), ZeroPadding2D({1, 2}) (height, width) or
/// ZeroPadding2D({{top, bottom}, {left, right}}).
LayerHandle ZeroPadding2D(Padding2D padding = 1, const DataFormatOptions &options = {});
LayerHandle Flatten(const DataFormatOptions &options = {});

struct NameOption {
  std::string name = {};
};
LayerHandle Activation(std::string activation, const NameOption &options = {});
LayerHandle Softmax(int64_t axis = -1, const NameOption &options = {});
LayerHandle Dropout(double rate, const NameOption &options = {});
LayerHandle Reshape(Shape targetShape, const NameOption &options = {});
/// `dims` counts from 1, the batch being 0 and staying where it is.
LayerHandle Permute(Shape dims, const NameOption &options = {});
LayerHandle Add(const NameOption &options = {});
KerasTensor add(const std::vector<KerasTensor> &inputs, const NameOption &options = {});

// NOLINTEND(readability-identifier-naming, readability-redundant-member-init)
} // namespace layers
} // namespace hornet::keras
