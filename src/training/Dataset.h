//===- Dataset.h - Samples to learn from --------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "base/Tensor.h"

#include <optional>
#include <string>
#include <vector>

namespace hornet::training {

/// One array of a source, a row a sample, in the source's own type.
struct Column {
  std::string file; ///< where it comes from, and what it is called there: for messages
  std::string name;
  Tensor values; ///< (samples, …)
};

/// Samples, and what is to be predicted of them.
struct Dataset {
  std::vector<Column> inputs, targets; ///< of a model with several, several
  std::optional<Column> weights;       ///< (samples): how much each counts
  std::vector<std::string> classes;    ///< of a folder of images: the name of each label
};

/// A source: what to learn from, and, if it has that, what to test with.
struct Source {
  Dataset train;
  std::optional<Dataset> test;
};

/// Reads a source into memory; bytes stay bytes. `inputShape`, without the batch, is what the model
/// takes: to it images of a folder are resized (bilinear, as `hornet predict` does) and converted
/// to gray or RGB. `source` is one of
/// - "mnist": the folder data/mnist of the current one;
/// - a folder with MNIST's four idx files, gzipped or not (those of the test may be missing);
/// - an .npz file with x_train, y_train and, maybe, x_test, y_test, or with x and y;
///   sample_weight (sample_weight_train, sample_weight_test) are weights; x/NAME and y/NAME are
///   several inputs and targets;
/// - a folder with one folder of PNG and JPEG files a class, or with such folders in train/ and
///   test/ or validation/. Classes are in the order of their names.
/// Input errors name file and array: missing, unreadable, no samples, as many samples as labels
/// there are not, classes of test and training that differ.
Expected<Source> readSource(const std::string &source, const Shape &inputShape);

/// The parts of readSource.
Expected<Source> readIdxFolder(const std::string &folder);
Expected<Source> readNpzSource(const std::string &path);
Expected<Source> readImageFolder(const std::string &folder, const Shape &inputShape);

} // namespace hornet::training
