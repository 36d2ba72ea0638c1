// Which layer classes there are: those with an importer, and those that Keras has besides.

#include "base/Nearest.h"
#include "import/Importers.h"
#include "import/Operation.h"

#include <fmt/format.h>

namespace hornet::import {

namespace {
/// What happens to the mask of a layer's input.
enum class Mask {
  stop, ///< it ends here, or the importer itself says how it goes on
  pass, ///< Keras's supports_masking: it goes on with the first result
};

struct Entry {
  std::string_view className;
  LayerImporter import;
  Mask mask = Mask::stop;
};
} // namespace

/// Sorted by name.
static constexpr Entry importers[] = {
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
    {"Average", importAverage},
    {"AveragePooling1D", importAveragePooling},
    {"AveragePooling2D", importAveragePooling},
    {"AveragePooling3D", importAveragePooling},
    {"BatchNormalization", importBatchNormalization, Mask::pass},
    {"Bidirectional", importBidirectional},
    {"CategoryEncoding", importCategoryEncoding},
    {"CenterCrop", importCenterCrop},
    {"Concatenate", importConcatenate},
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
    {"Dense", importDense, Mask::pass},
    {"DepthwiseConv1D", importDepthwiseConvolution},
    {"DepthwiseConv2D", importDepthwiseConvolution},
    {"Discretization", importDiscretization},
    {"Dot", importDot},
    {"Dropout", importDropout, Mask::pass},
    {"ELU", importActivationLayer, Mask::pass},
    {"EinsumDense", importEinsumDense},
    {"Embedding", importEmbedding},
    {"Flatten", importFlatten},
    {"GRU", importRecurrent},
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
    {"Identity", importIdentity, Mask::pass},
    {"LSTM", importRecurrent},
    {"LayerNormalization", importLayerNormalization, Mask::pass},
    {"LayerScale", importLayerScale},
    {"LeakyReLU", importActivationLayer, Mask::pass},
    {"Masking", importMasking},
    {"MaxPooling1D", importMaxPooling},
    {"MaxPooling2D", importMaxPooling},
    {"MaxPooling3D", importMaxPooling},
    {"Maximum", importMaximum},
    {"MelSpectrogram", importMelSpectrogram},
    {"Minimum", importMinimum},
    {"MultiHeadAttention", importMultiHeadAttention},
    {"Multiply", importMultiply},
    {"Normalization", importNormalization, Mask::pass},
    {"PReLU", importPRelu, Mask::pass},
    {"Permute", importPermute},
    {"RMSNormalization", importRmsNormalization},
    {"RNN", importRecurrent},
    {"ReLU", importActivationLayer, Mask::pass},
    {"RepeatVector", importRepeatVector},
    {"Rescaling", importRescaling, Mask::pass},
    {"Reshape", importReshape},
    {"Resizing", importResizing},
    {"ReversibleEmbedding", importReversibleEmbedding},
    {"STFTSpectrogram", importStftSpectrogram},
    {"SeparableConv1D", importSeparableConvolution},
    {"SeparableConv2D", importSeparableConvolution},
    {"SimpleRNN", importRecurrent},
    {"Softmax", importSoftmax, Mask::pass},
    {"SpatialDropout1D", importDropout, Mask::pass},
    {"SpatialDropout2D", importDropout, Mask::pass},
    {"SpatialDropout3D", importDropout, Mask::pass},
    {"Subtract", importSubtract},
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

/// Classes that are refused, each for a reason of its own.
static constexpr Entry refused[] = {
    {"FeatureSpace", importFeatureSpace},
    {"Lambda", importLambda},
};

/// What Keras has and we do not, yet.
static constexpr std::string_view notYet[] = {"AugMix",
                                              "AutoContrast",
                                              "CutMix",
                                              "Equalization",
                                              "FlaxLayer",
                                              "GRUCell",
                                              "JaxLayer",
                                              "LSTMCell",
                                              "LocallyConnected1D",
                                              "LocallyConnected2D",
                                              "MaxNumBoundingBoxes",
                                              "MixUp",
                                              "Pipeline",
                                              "RandAugment",
                                              "RandomBrightness",
                                              "RandomColorDegeneration",
                                              "RandomColorJitter",
                                              "RandomContrast",
                                              "RandomCrop",
                                              "RandomErasing",
                                              "RandomFlip",
                                              "RandomGaussianBlur",
                                              "RandomGrayscale",
                                              "RandomHue",
                                              "RandomInvert",
                                              "RandomPerspective",
                                              "RandomPosterization",
                                              "RandomRotation",
                                              "RandomSaturation",
                                              "RandomSharpness",
                                              "RandomShear",
                                              "RandomTranslation",
                                              "RandomZoom",
                                              "SimpleRNNCell",
                                              "Solarization",
                                              "SpectralNormalization",
                                              "StackedRNNCells",
                                              "SyncBatchNormalization",
                                              "TFOpLambda",
                                              "SlicingOpLambda",
                                              "TFSMLayer",
                                              "TorchModuleWrapper",
                                              "Wrapper"};

static const Entry *findEntry(std::string_view className) {
  for (llvm::ArrayRef<Entry> table : {llvm::ArrayRef(importers), llvm::ArrayRef(refused)})
    for (const Entry &entry : table)
      if (entry.className == className)
        return &entry;
  return nullptr;
}

std::vector<std::string_view> supportedLayers() {
  std::vector<std::string_view> names = {"InputLayer"};
  for (const Entry &entry : importers)
    names.push_back(entry.className);
  for (std::string_view name :
       {"HashedCrossing", "Hashing", "IntegerLookup", "StringLookup", "TextVectorization"})
    names.push_back(name);
  std::ranges::sort(names);
  return names;
}

void importUnknown(LayerImport &layer) {
  const keras::Layer &kerasLayer = layer.layer();
  const std::string &name = layer.className();
  std::vector<std::string_view> names = supportedLayers();
  // HDF5 files name no module, but every layer's config has this flag, and no operation's.
  bool isOperation = llvm::StringRef(kerasLayer.module).contains(".ops") ||
                     (layer.generation() == keras::Generation::keras3 &&
                      kerasLayer.config.is_object() && !kerasLayer.config.contains("trainable"));
  if (isOperation || llvm::is_contained(notYet, name)) {
    std::vector<std::string_view> near =
        nearest(name, isOperation ? supportedOperations() : names, 3);
    return layer.problem(
        "class_name",
        fmt::format("the {} '{}' is not supported yet", isOperation ? "operation" : "layer class",
                    name),
        near.empty() ? "" : fmt::format("the nearest that are: {}", fmt::join(near, ", ")));
  }
  std::string module =
      kerasLayer.module.empty() || llvm::StringRef(kerasLayer.module).starts_with("keras")
          ? ""
          : fmt::format(" (module {})", kerasLayer.module);
  names.insert(names.end(), std::begin(notYet), std::end(notYet));
  std::string suggestion = didYouMean(name, names);
  layer.problem("class_name", fmt::format("no layer class '{}'{}", name, module),
                !suggestion.empty() ? suggestion
                                    : "rebuild the model with Keras's own layers: the Python code "
                                      "of a custom one cannot be read from a file");
}

void importLayer(LayerImport &layer) {
  if (importOnHost(layer))
    return layer.checkArguments();
  if (importOperation(layer))
    return;
  const Entry *entry = findEntry(layer.className());
  if (!entry)
    return importUnknown(layer);
  entry->import(layer);
  if (entry->mask == Mask::pass)
    layer.passMask();
  layer.checkArguments();
}

} // namespace hornet::import
