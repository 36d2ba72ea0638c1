#include "training/Dataset.h"

#include "formats/Idx.h"
#include "formats/Npy.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

namespace hornet::training {

namespace fs = std::filesystem;

namespace {

/// The file of this name, gzipped or not.
std::optional<std::string> findIdx(const fs::path &folder, const std::string &name) {
  std::error_code ignored;
  for (const char *ending : {".gz", ""})
    if (fs::path path = folder / (name + ending); fs::is_regular_file(path, ignored))
      return path.string();
  return std::nullopt;
}

constexpr const char *trainImages = "train-images-idx3-ubyte";
constexpr const char *trainLabels = "train-labels-idx1-ubyte";
constexpr const char *testImages = "t10k-images-idx3-ubyte";
constexpr const char *testLabels = "t10k-labels-idx1-ubyte";

Expected<Dataset> readIdxPair(const std::string &folder, const char *images, const char *labels) {
  Dataset data;
  for (auto [name, columns] : {std::pair(images, &data.inputs), {labels, &data.targets}}) {
    std::optional<std::string> path = findIdx(folder, name);
    if (!path)
      return inputError({.file = folder,
                         .reason = fmt::format("there is no {}.gz, and no {}", name, name),
                         .mend = "put MNIST's files there under their own names"});
    columns->push_back({*path, name, HORNET_TRY(formats::readIdxFile(*path))});
  }
  return data;
}

int64_t samplesOf(const Column &column) {
  return column.values.shape().empty() ? -1 : column.values.shape()[0];
}

/// All arrays have the same number of rows, at least one.
Expected<void> checkCounts(const Dataset &data) {
  std::vector<Column> all = data.inputs;
  all.insert(all.end(), data.targets.begin(), data.targets.end());
  if (data.weights)
    all.push_back(*data.weights);
  int64_t count = samplesOf(all.front());
  for (const Column &column : all) {
    if (samplesOf(column) <= 0)
      return inputError({.file = column.file,
                         .attribute = column.name,
                         .reason = fmt::format("has shape {}, and so no samples",
                                               toString(column.values.shape())),
                         .mend = "give an array whose first dimension counts the samples"});
    if (samplesOf(column) != count)
      return inputError({.file = column.file,
                         .attribute = column.name,
                         .reason = fmt::format("has {} samples, but '{}' has {}", samplesOf(column),
                                               all.front().name, count),
                         .mend = "give as many of the one as of the other"});
  }
  return {};
}

Expected<void> checkCounts(const Source &source) {
  HORNET_TRY(checkCounts(source.train));
  if (source.test)
    HORNET_TRY(checkCounts(*source.test));
  return {};
}

/// The arrays `name`, or `name/…`, in the file's order.
std::vector<Column> columnsOf(const formats::NamedTensors &arrays, const std::string &path,
                              const std::string &name) {
  std::vector<Column> columns;
  for (const auto &[key, values] : arrays)
    if (key == name || key.starts_with(name + "/"))
      columns.push_back({path, key, values});
  return columns;
}

Dataset datasetOf(const formats::NamedTensors &arrays, const std::string &path,
                  const std::string &ending) {
  Dataset data;
  data.inputs = columnsOf(arrays, path, "x" + ending);
  data.targets = columnsOf(arrays, path, "y" + ending);
  if (auto weights = columnsOf(arrays, path, "sample_weight" + ending); !weights.empty())
    data.weights = weights.front();
  return data;
}

bool isComplete(const Dataset &data) { return !data.inputs.empty() && !data.targets.empty(); }

} // namespace

Expected<Source> readIdxFolder(const std::string &folder) {
  Source source;
  source.train = HORNET_TRY(readIdxPair(folder, trainImages, trainLabels));
  if (findIdx(folder, testImages) || findIdx(folder, testLabels))
    source.test = HORNET_TRY(readIdxPair(folder, testImages, testLabels));
  HORNET_TRY(checkCounts(source));
  return source;
}

Expected<Source> readNpzSource(const std::string &path) {
  formats::NamedTensors arrays = HORNET_TRY(formats::readNpzFile(path));
  Source source;
  source.train = datasetOf(arrays, path, "_train");
  if (!isComplete(source.train))
    source.train = datasetOf(arrays, path, "");
  if (!isComplete(source.train)) {
    std::vector<std::string> names;
    for (const auto &[name, values] : arrays)
      names.push_back(name);
    return inputError({.file = path,
                       .reason = fmt::format(
                           "has neither x_train and y_train nor x and y; it has "
                           "{}",
                           names.empty() ? "nothing" : fmt::format("{}", fmt::join(names, ", "))),
                       .mend = "save it with numpy.savez(path, x_train=…, y_train=…)"});
  }
  if (Dataset test = datasetOf(arrays, path, "_test"); isComplete(test))
    source.test = std::move(test);
  HORNET_TRY(checkCounts(source));
  return source;
}

Expected<Source> readSource(const std::string &source, const Shape &inputShape) {
  std::error_code ignored;
  bool isMnist = source == "mnist" && !fs::exists(source, ignored);
  std::string path = isMnist ? "data/mnist" : source;
  if (!fs::exists(path, ignored))
    return inputError({.file = path,
                       .reason = "there is no such file or folder",
                       .mend = isMnist ? "run in the folder that has data/mnist, or give the "
                                         "folder with MNIST's four files"
                                       : "give mnist, a folder, or an .npz file"});
  if (!fs::is_directory(path, ignored))
    return readNpzSource(path);
  bool isIdx = false;
  for (const char *name : {trainImages, trainLabels})
    isIdx |= findIdx(path, name).has_value();
  return isIdx || isMnist ? readIdxFolder(path) : readImageFolder(path, inputShape);
}

} // namespace hornet::training
