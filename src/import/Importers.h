//===- Importers.h - One importer for each layer class, and their table ----------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "import/LayerImport.h"

namespace hornet::import {

/// Imports one call by the importer of its class, and hands its mask on where the class does so.
void importLayer(LayerImport &layer);
/// Reports why a class has no importer: it is not supported yet, or nobody knows it.
void importUnknown(LayerImport &layer);

/// A layer that applies one op to every element.
template <class Op> void importElementwise(LayerImport &layer) {
  mlir::Value x = layer.input();
  if (layer.ready())
    layer.result(layer.create<Op>(x));
}

// Activations
void importActivation(LayerImport &layer);
void importActivationLayer(LayerImport &layer);
void importSoftmax(LayerImport &layer);
void importPRelu(LayerImport &layer);
// Contractions and windows
void importDense(LayerImport &layer);
void importRandomFourierFeatures(LayerImport &layer);
void importEinsumDense(LayerImport &layer);
void importEmbedding(LayerImport &layer);
void importReversibleEmbedding(LayerImport &layer);
void importConvolution(LayerImport &layer);
void importTransposedConvolution(LayerImport &layer);
void importDepthwiseConvolution(LayerImport &layer);
void importSeparableConvolution(LayerImport &layer);
void importLocallyConnected(LayerImport &layer);
void importMaxPooling(LayerImport &layer);
void importAveragePooling(LayerImport &layer);
void importGlobalAveragePooling(LayerImport &layer);
void importGlobalMaxPooling(LayerImport &layer);
void importAdaptiveAveragePooling(LayerImport &layer);
void importAdaptiveMaxPooling(LayerImport &layer);
// Normalization and regularization
void importBatchNormalization(LayerImport &layer);
void importLayerNormalization(LayerImport &layer);
void importRmsNormalization(LayerImport &layer);
void importGroupNormalization(LayerImport &layer);
void importUnitNormalization(LayerImport &layer);
void importNormalization(LayerImport &layer);
void importRescaling(LayerImport &layer);
void importLayerScale(LayerImport &layer);
void importSpectralNormalization(LayerImport &layer);
void importActivityRegularization(LayerImport &layer);
void importIdentity(LayerImport &layer);
// What acts while training alone
void importDropout(LayerImport &layer);
void importGaussianNoise(LayerImport &layer);
void importGaussianDropout(LayerImport &layer);
void importAlphaDropout(LayerImport &layer);
// Merging
void importAdd(LayerImport &layer);
void importSubtract(LayerImport &layer);
void importMultiply(LayerImport &layer);
void importAverage(LayerImport &layer);
void importMaximum(LayerImport &layer);
void importMinimum(LayerImport &layer);
void importCustomScale(LayerImport &layer);
void importConcatenate(LayerImport &layer);
void importDot(LayerImport &layer);
// Keras 1 alone
void importMaxoutDense(LayerImport &layer);
void importHighway(LayerImport &layer);
void importParametricSoftplus(LayerImport &layer);
void importSRelu(LayerImport &layer);
void importLegacyMerge(LayerImport &layer);
void importSampleMode(LayerImport &layer, mlir::Value x, mlir::Value gamma, mlir::Value beta,
                      double epsilon);
// Time
void importRecurrent(LayerImport &layer);
void importBidirectional(LayerImport &layer);
void importCell(LayerImport &layer);
void importTimeDistributed(LayerImport &layer);
// Attention
void importAttention(LayerImport &layer);
void importMultiHeadAttention(LayerImport &layer);
void importGroupedQueryAttention(LayerImport &layer);
// Whole numbers
void importCategoryEncoding(LayerImport &layer);
void importDiscretization(LayerImport &layer);
// Sounds
void importStftSpectrogram(LayerImport &layer);
void importMelSpectrogram(LayerImport &layer);
// Masks
void importMasking(LayerImport &layer);
// Reshaping
void importFlatten(LayerImport &layer);
void importReshape(LayerImport &layer);
void importPermute(LayerImport &layer);
void importZeroPadding(LayerImport &layer);
void importCropping(LayerImport &layer);
void importRepeatVector(LayerImport &layer);
// Images, changed at random while training
void importAugmentation(LayerImport &layer);
void importAutoContrast(LayerImport &layer);
void importLocalEqualization(LayerImport &layer);
void importPipeline(LayerImport &layer);
void importRandomCrop(LayerImport &layer);
// Images of another size
void importUpSampling(LayerImport &layer);
void importResizing(LayerImport &layer);
void importCenterCrop(LayerImport &layer);
void importLambda(LayerImport &layer);

/// Images x of another size, by the attributes of Keras's Resizing. Null, and reported, when
/// something is wrong.
mlir::Value resizeImages(LayerImport &layer, const Config &config, mlir::Value x, int64_t height,
                         int64_t width);
/// x with `to` places along dimension d, sampled where `place = out / scale - translation / scale`;
/// `interpolation` is bilinear, bicubic, lanczos3 or lanczos5.
mlir::Value scaledAndMoved(LayerImport &layer, mlir::Value x, int64_t d, int64_t to, float scale,
                           float translation, std::string_view interpolation, bool antialias);

} // namespace hornet::import
