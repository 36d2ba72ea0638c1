// Which layer classes there are: those with an importer, and those that Keras has besides.

#include "import/Registry.h"

#include "base/Nearest.h"
#include "import/HostLayers.h"
#include "import/Importers.h"
#include "import/Operation.h"
#include "keras/Keras1.h"

#include <array>
#include <fmt/format.h>

namespace hornet::import {

static constexpr Untrainable augmentation = {
    "changes images at random while training, which is not supported",
    "train a model without it, on images that were augmented before"};
static constexpr Untrainable powerIteration = {
    "divides its kernel by a norm in each step of training, which is not supported",
    "train the layer that it wraps by itself"};

static constexpr Untrainable onHost = {
    "is computed outside of the compiled code, which training does not do yet",
    "run the lookups over the data once (hornet run), and train the layers after them"};

/// Sorted by name.
static constexpr LayerClass classes[] = {
    {"Activation", importActivation, Mask::pass},
    {"ActivityRegularization", importActivityRegularization, Mask::pass},
    {"AdaptiveAveragePooling1D", importAdaptiveAveragePooling},
    {"AdaptiveAveragePooling2D", importAdaptiveAveragePooling},
    {"AdaptiveAveragePooling3D", importAdaptiveAveragePooling},
    {"AdaptiveMaxPooling1D", importAdaptiveMaxPooling},
    {"AdaptiveMaxPooling2D", importAdaptiveMaxPooling},
    {"AdaptiveMaxPooling3D", importAdaptiveMaxPooling},
    {"Add", importAdd},
    {"AdditiveAttention", importAttention},
    {"AlphaDropout", importAlphaDropout, Mask::pass},
    {"Attention", importAttention},
    {"AugMix", importAugmentation, Mask::stop, &augmentation},
    {"AutoContrast", importAutoContrast},
    {"Average", importAverage},
    {"AveragePooling1D", importAveragePooling},
    {"AveragePooling2D", importAveragePooling},
    {"AveragePooling3D", importAveragePooling},
    {"BatchNormalization", importBatchNormalization, Mask::pass},
    {"Bidirectional", importBidirectional},
    {"CategoryEncoding", importCategoryEncoding},
    {"CenterCrop", importCenterCrop},
    {"Concatenate", importConcatenate},
    {"ContrastLimitedAdaptiveHistogramEqualization", importLocalEqualization},
    {"Conv1D", importConvolution},
    {"Conv1DTranspose", importTransposedConvolution},
    {"Conv2D", importConvolution},
    {"Conv2DTranspose", importTransposedConvolution},
    {"Conv3D", importConvolution},
    {"Conv3DTranspose", importTransposedConvolution},
    {"ConvLSTM1D", importRecurrent},
    {"ConvLSTM2D", importRecurrent},
    {"ConvLSTM3D", importRecurrent},
    {"Cropping1D", importCropping},
    {"Cropping2D", importCropping},
    {"Cropping3D", importCropping},
    {"CuDNNGRU", importRecurrent},
    {"CuDNNLSTM", importRecurrent},
    {"CustomScaleLayer", importCustomScale},
    {"CutMix", importAugmentation, Mask::stop, &augmentation},
    {"Dense", importDense, Mask::pass},
    {"DepthwiseConv1D", importDepthwiseConvolution},
    {"DepthwiseConv2D", importDepthwiseConvolution},
    {"Discretization", importDiscretization},
    {"Dot", importDot},
    {"Dropout", importDropout, Mask::pass},
    {"ELU", importActivationLayer, Mask::pass},
    {"EinsumDense", importEinsumDense},
    {"Embedding", importEmbedding},
    {"Equalization", importAugmentation, Mask::stop, &augmentation},
    {"Flatten", importFlatten},
    {"GRU", importRecurrent},
    {"GRUCell", importCell},
    {"GaussianDropout", importGaussianDropout, Mask::pass},
    {"GaussianNoise", importGaussianNoise, Mask::pass},
    {"Gelu", importActivationLayer},
    {"GlobalAveragePooling1D", importGlobalAveragePooling},
    {"GlobalAveragePooling2D", importGlobalAveragePooling},
    {"GlobalAveragePooling3D", importGlobalAveragePooling},
    {"GlobalMaxPooling1D", importGlobalMaxPooling},
    {"GlobalMaxPooling2D", importGlobalMaxPooling},
    {"GlobalMaxPooling3D", importGlobalMaxPooling},
    {"GroupNormalization", importGroupNormalization, Mask::pass},
    {"GroupQueryAttention", importGroupedQueryAttention},
    {"GroupedQueryAttention", importGroupedQueryAttention},
    {"HashedCrossing", importHashedCrossing, Mask::stop, &onHost},
    {"Hashing", importHashing, Mask::stop, &onHost},
    {"Highway", importHighway},
    {"Identity", importIdentity, Mask::pass},
    {"IntegerLookup", importIndexLookup, Mask::stop, &onHost},
    {"LSTM", importRecurrent},
    {"LSTMCell", importCell},
    {"Lambda", importLambda},
    {"LayerNormalization", importLayerNormalization, Mask::pass},
    {"LayerScale", importLayerScale},
    {"LeakyReLU", importActivationLayer, Mask::pass},
    {"LocallyConnected1D", importLocallyConnected},
    {"LocallyConnected2D", importLocallyConnected},
    {"Masking", importMasking},
    {"MaxNumBoundingBoxes", importIdentity},
    {"MaxPooling1D", importMaxPooling},
    {"MaxPooling2D", importMaxPooling},
    {"MaxPooling3D", importMaxPooling},
    {"Maximum", importMaximum},
    {"MaxoutDense", importMaxoutDense},
    {"MelSpectrogram", importMelSpectrogram},
    {"Merge", importLegacyMerge},
    {"Minimum", importMinimum},
    {"MixUp", importAugmentation, Mask::stop, &augmentation},
    {"MultiHeadAttention", importMultiHeadAttention},
    {"Multiply", importMultiply},
    {"Normalization", importNormalization, Mask::pass},
    {"PReLU", importPRelu, Mask::pass},
    {"ParametricSoftplus", importParametricSoftplus, Mask::pass},
    {"Permute", importPermute},
    {"Pipeline", importPipeline},
    {"RMSNormalization", importRmsNormalization},
    {"RNN", importRecurrent},
    {"RandAugment", importAugmentation, Mask::stop, &augmentation},
    {"RandomBrightness", importAugmentation, Mask::stop, &augmentation},
    {"RandomColorDegeneration", importAugmentation, Mask::stop, &augmentation},
    {"RandomColorJitter", importAugmentation, Mask::stop, &augmentation},
    {"RandomContrast", importAugmentation, Mask::stop, &augmentation},
    {"RandomCrop", importRandomCrop, Mask::stop, &augmentation},
    {"RandomElasticTransform", importAugmentation, Mask::stop, &augmentation},
    {"RandomErasing", importAugmentation, Mask::stop, &augmentation},
    {"RandomFlip", importAugmentation, Mask::stop, &augmentation},
    {"RandomFourierFeatures", importRandomFourierFeatures},
    {"RandomGaussianBlur", importAugmentation, Mask::stop, &augmentation},
    {"RandomGrayscale", importAugmentation, Mask::stop, &augmentation},
    {"RandomHeight", importAugmentation, Mask::stop, &augmentation},
    {"RandomHue", importAugmentation, Mask::stop, &augmentation},
    {"RandomInvert", importAugmentation, Mask::stop, &augmentation},
    {"RandomPerspective", importAugmentation, Mask::stop, &augmentation},
    {"RandomPosterization", importAugmentation, Mask::stop, &augmentation},
    {"RandomRotation", importAugmentation, Mask::stop, &augmentation},
    {"RandomSaturation", importAugmentation, Mask::stop, &augmentation},
    {"RandomSharpness", importAugmentation, Mask::stop, &augmentation},
    {"RandomShear", importAugmentation, Mask::stop, &augmentation},
    {"RandomTranslation", importAugmentation, Mask::stop, &augmentation},
    {"RandomWidth", importAugmentation, Mask::stop, &augmentation},
    {"RandomZoom", importAugmentation, Mask::stop, &augmentation},
    {"ReLU", importActivationLayer, Mask::pass},
    {"RepeatVector", importRepeatVector},
    {"Rescaling", importRescaling, Mask::pass},
    {"Reshape", importReshape},
    {"Resizing", importResizing},
    {"ReversibleEmbedding", importReversibleEmbedding},
    {"SReLU", importSRelu, Mask::pass},
    {"STFTSpectrogram", importStftSpectrogram},
    {"SeparableConv1D", importSeparableConvolution},
    {"SeparableConv2D", importSeparableConvolution},
    {"SimpleRNN", importRecurrent},
    {"SimpleRNNCell", importCell},
    {"SlicingOpLambda", importFunctionLayer, Mask::stop, nullptr, true},
    {"Softmax", importSoftmax, Mask::pass},
    {"Solarization", importAugmentation, Mask::stop, &augmentation},
    {"SpatialDropout1D", importDropout, Mask::pass},
    {"SpatialDropout2D", importDropout, Mask::pass},
    {"SpatialDropout3D", importDropout, Mask::pass},
    {"SpectralNormalization", importSpectralNormalization, Mask::stop, &powerIteration},
    {"StackedRNNCells", importCell},
    {"StringLookup", importIndexLookup, Mask::stop, &onHost},
    {"Subtract", importSubtract},
    {"SyncBatchNormalization", importBatchNormalization, Mask::pass},
    {"TFOpLambda", importFunctionLayer, Mask::stop, nullptr, true},
    {"TensorFlowOpLayer", importNodeLayer, Mask::stop, nullptr, true},
    {"TextVectorization", importTextVectorization, Mask::stop, &onHost},
    {"Threshold", importActivationLayer},
    {"ThresholdedReLU", importActivationLayer, Mask::pass},
    {"TimeDistributed", importTimeDistributed},
    {"UnitNormalization", importUnitNormalization, Mask::pass},
    {"UpSampling1D", importUpSampling},
    {"UpSampling2D", importUpSampling},
    {"UpSampling3D", importUpSampling},
    {"ZeroPadding1D", importZeroPadding},
    {"ZeroPadding2D", importZeroPadding},
    {"ZeroPadding3D", importZeroPadding},
};

static constexpr std::string_view baseClass = "is a base of other classes, and computes nothing",
                                  baseClassMend = "use a class that derives from it";
static constexpr std::string_view changing = "changes its vocabulary while it is used",
                                  changingMend = "use an IntegerLookup and an Embedding";
static constexpr std::string_view otherCode =
    "runs code of another framework, which Hornet does not execute";
static constexpr std::string_view otherCodeMend =
    "rebuild that part of the model with Keras's own layers";

/// What cannot be supported, or is not worth it. Sorted by name.
static constexpr RefusedClass refused[] = {
    {"AbstractRNNCell", baseClass, baseClassMend},
    {"Container", baseClass, baseClassMend},
    {"ConvRecurrent2D", baseClass, baseClassMend},
    {"DenseFeatures", "takes columns of a table instead of tensors",
     "use Normalization, StringLookup and the like, one for each column"},
    {"DynamicEmbedding", changing, changingMend},
    {"DynamicLookup", changing, changingMend},
    {"FeatureSpace", "keeps its layers in a form of its own, which is not read",
     "save keras.Model(space.get_inputs(), space.get_encoded_features()) instead"},
    {"FlaxLayer", otherCode, otherCodeMend},
    {"JaxLayer", otherCode, otherCodeMend},
    {"Layer", baseClass, baseClassMend},
    {"PreprocessingLayer", baseClass, baseClassMend},
    {"Recurrent", baseClass, baseClassMend},
    {"TFSMLayer", otherCode, otherCodeMend},
    {"TorchModuleWrapper", otherCode, otherCodeMend},
    {"Wrapper", baseClass, baseClassMend},
};

llvm::ArrayRef<LayerClass> layerClasses() { return classes; }
llvm::ArrayRef<RefusedClass> refusedClasses() { return refused; }

/// The row of a class; null when there is none.
template <class Row> static const Row *find(llvm::ArrayRef<Row> table, std::string_view name) {
  const Row *found = llvm::find_if(table, [&](const Row &row) { return row.name == name; });
  return found == table.end() ? nullptr : found;
}

std::vector<std::string_view> supportedLayers() {
  std::vector<std::string_view> names = {"InputLayer"};
  for (const LayerClass &row : classes)
    names.push_back(row.name);
  std::ranges::sort(names);
  return names;
}

/// Whether the class is not Keras's, though it may be called like one of Keras's: those are not
/// registered by name, or are so in a module of Keras's.
static bool isForeign(const keras::Layer &layer) {
  llvm::StringRef module = layer.module;
  auto isIn = [&](llvm::StringRef package) {
    return module == package || (module.starts_with(package) && module[package.size()] == '.');
  };
  return !layer.registeredName.empty() &&
         !llvm::any_of(std::array<llvm::StringRef, 3>{"keras", "tf_keras", "tensorflow"}, isIn);
}

constexpr const char *mendCustom =
    "the Python code of a custom layer is not in the file: give an importer for it "
    "(docs/add-a-layer.md), or rebuild the model with Keras's own layers";

void importUnknown(LayerImport &layer) {
  const keras::Layer &kerasLayer = layer.layer();
  const std::string &name = layer.className();
  std::vector<std::string_view> names = supportedLayers();
  // HDF5 files name no module, but every layer's config has this flag, and no operation's.
  if (const RefusedClass *row = find<RefusedClass>(refused, name))
    return layer.problem("class_name", fmt::format("the class '{}' {}", name, row->reason),
                         std::string(row->mend));
  if (std::string_view later = keras::keras2Name(name); !later.empty())
    return layer.problem("class_name", fmt::format("'{}' is a class of Keras 1 alone", name),
                         fmt::format("call it {}, as Keras does since version 2", later));
  bool isOperation = llvm::StringRef(kerasLayer.module).contains(".ops") ||
                     (layer.generation() == keras::Generation::keras3 &&
                      kerasLayer.config.is_object() && !kerasLayer.config.contains("trainable"));
  if (isOperation) {
    std::vector<std::string_view> near = nearest(name, supportedOperations(), 3);
    return layer.problem(
        "class_name", fmt::format("the operation '{}' is not supported yet", name),
        near.empty() ? "" : fmt::format("the nearest that are: {}", fmt::join(near, ", ")));
  }
  std::string module =
      kerasLayer.module.empty() || llvm::StringRef(kerasLayer.module).starts_with("keras")
          ? ""
          : fmt::format(" (module {})", kerasLayer.module);
  std::string suggestion = didYouMean(name, names);
  layer.problem("class_name", fmt::format("no layer class '{}'{}", name, module),
                !suggestion.empty() ? suggestion : mendCustom);
}

/// By the caller's importer. What takes the result counts on its batch.
static void importCustom(LayerImport &layer, const CustomLayer &custom) {
  custom.import(layer);
  for (Tensor &result : layer.allResults()) {
    Shape shape = result.value ? toShape(result.value) : Shape{unknownSize};
    if (!shape.empty() && shape.front() == unknownSize)
      continue;
    layer.problem("", fmt::format("its importer gives a result of shape {}, whose first dimension "
                                  "is not the batch",
                                  toString(shape)));
    result = {};
  }
  layer.checkArguments();
}

/// Keys under which a layer's config holds others, which are read already.
static constexpr std::string_view holders[] = {"layer", "backward_layer", "cell", "cells",
                                               "layers"};

/// Notes what is in the config, and nobody looked at.
static void noteUnread(LayerImport &layer) {
  for (const std::string &key : layer.unread())
    if (!isWithoutEffect(key) && !llvm::is_contained(holders, key))
      layer.note(key, "this attribute is not known to Hornet, and changes nothing");
}

void importLayer(LayerImport &layer) {
  if (const CustomLayer *custom = layer.custom()) {
    if (layer.call().unread)
      return;
    bringFromHost(layer);
    return importCustom(layer, *custom);
  }
  if (isForeign(layer.layer()))
    return layer.problem(
        "class_name",
        fmt::format(
            "no layer class '{}'{}: it is not Keras's", layer.layer().registeredName,
            layer.layer().module.empty() ? "" : fmt::format(" (module {})", layer.layer().module)),
        mendCustom);
  const LayerClass *row = find<LayerClass>(classes, layer.className());
  bool known = row || findOperation(layer.className()) || HostPlan::isHostLayer(layer.className());
  if (layer.call().unread && known) // all else depends on the inputs
    return;
  if (importOnHost(layer)) {
    if (row && row->untrainable)
      layer.refuseTraining(row->untrainable->reason, row->untrainable->mend);
    return layer.checkArguments();
  }
  if (importOperation(layer))
    return;
  if (!row)
    return importUnknown(layer);
  row->import(layer);
  if (row->mask == Mask::pass)
    layer.passMask();
  if (row->untrainable)
    layer.refuseTraining(row->untrainable->reason, row->untrainable->mend);
  if (!row->checksArguments)
    layer.checkArguments();
  if (!layer.failed() && row->import != importAugmentation)
    noteUnread(layer);
}

} // namespace hornet::import
