#include "training/Samples.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <functional>
#include <new>
#include <numeric>

namespace hornet::training {
namespace {

int64_t product(std::span<const int64_t> shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

std::string withBatch(Shape shape) {
  shape.insert(shape.begin(), unknownSize);
  return toString(shape);
}

tl::unexpected<Error> refuse(const Column &column, std::string reason, std::string mend) {
  return inputError({.file = column.file,
                     .attribute = column.name,
                     .reason = std::move(reason),
                     .mend = std::move(mend)});
}

Shape rowShape(const Column &column) {
  return {column.values.shape().begin() + 1, column.values.shape().end()};
}

bool isFloat(DType type) {
  return type == DType::f16 || type == DType::bf16 || type == DType::f32 || type == DType::f64;
}

Expected<void> checkFinite(const Column &column, std::span<const float> values) {
  auto found = std::ranges::find_if(values, [](float value) { return !std::isfinite(value); });
  if (found == values.end())
    return {};
  auto width = static_cast<int64_t>(values.size()) / column.values.shape()[0];
  return refuse(column, fmt::format("sample {} has a {}", (found - values.begin()) / width, *found),
                "remove what is not a finite number");
}

/// Floats as float32, all finite; others as they are.
Expected<Tensor> numbersOf(const Column &column) {
  if (!isFloat(column.values.dtype()))
    return column.values;
  Tensor values = column.values.toFloat32();
  HORNET_TRY(checkFinite(column, values.as<float>()));
  return values;
}

Shape withoutOnes(const Shape &shape) {
  Shape rest;
  std::ranges::copy_if(shape, std::back_inserter(rest), [](int64_t size) { return size != 1; });
  return rest;
}

/// Sizes that the model leaves open are those of the data.
Shape closed(const Shape &open, const Shape &found) {
  Shape shape = open;
  if (shape.size() == found.size())
    for (size_t i = 0; i < shape.size(); ++i)
      if (shape[i] == unknownSize)
        shape[i] = found[i];
  return shape;
}

/// Whether the elements of a row have the same order under both shapes, and mean the same: they
/// differ by dimensions of 1, or one is flat.
bool fits(const Shape &found, const Shape &wanted) {
  return product(found) == product(wanted) &&
         (withoutOnes(found) == withoutOnes(wanted) || withoutOnes(found).size() <= 1 ||
          withoutOnes(wanted).size() <= 1);
}

Expected<Feed> fitInput(const Column &column, const Wanted::Input &wanted) {
  Shape found = rowShape(column), shape = closed(wanted.shape, found);
  if (!fits(found, shape)) {
    bool swapped = product(found) == product(shape);
    return refuse(column,
                  fmt::format("samples have shape {}, but the model's input{} takes {}",
                              withBatch(found), wanted.name.empty() ? "" : " '" + wanted.name + "'",
                              withBatch(wanted.shape)),
                  swapped ? "transpose the array to the order of the model's dimensions"
                          : "resize the samples, or give the model that input shape");
  }
  Feed feed{HORNET_TRY(numbersOf(column)), Feed::Conversion::cast, shape, wanted.dtype};
  bool bytes = feed.values.dtype() == DType::u8;
  if (bytes && wanted.dtype == DType::f32 && wanted.scaleBytes)
    feed.conversion = Feed::Conversion::scale;
  if (wanted.dtype == DType::i32 && isFloat(column.values.dtype()))
    return refuse(
        column,
        fmt::format("holds {}, but the model takes integers", nameOf(column.values.dtype())),
        "save it as an array of integers");
  return feed;
}

template <class T> bool copyLabels(std::span<const T> from, std::span<int32_t> to, size_t &wrong) {
  for (wrong = 0; wrong < from.size(); ++wrong) {
    auto value = static_cast<double>(from[wrong]);
    if (!(value >= -0x1p31 && value < 0x1p31) || value != std::floor(value))
      return false;
    to[wrong] = static_cast<int32_t>(value);
  }
  return true;
}

/// Labels of any numeric type as int32.
Expected<Tensor> integersOf(const Column &column) {
  const Tensor &values = column.values;
  const Tensor floats = values.toFloat32();
  Tensor labels(DType::i32, values.shape());
  size_t wrong = 0;
  bool whole =
      values.dtype() == DType::i64   ? copyLabels(values.as<int64_t>(), labels.as<int32_t>(), wrong)
      : values.dtype() == DType::i32 ? copyLabels(values.as<int32_t>(), labels.as<int32_t>(), wrong)
                                     : copyLabels(floats.as<float>(), labels.as<int32_t>(), wrong);
  if (whole)
    return labels;
  auto width = values.size() / values.shape()[0];
  return refuse(column, fmt::format("label of sample {} is no integer", wrong / width),
                "give integers from 0, or use a loss for numbers such as mse");
}

Expected<void> checkLabels(const Column &column, std::span<const int32_t> labels, int64_t classes) {
  auto found =
      std::ranges::find_if(labels, [&](int32_t label) { return label < 0 || label >= classes; });
  if (found == labels.end())
    return {};
  auto [least, most] = std::ranges::minmax(labels);
  auto width = static_cast<int64_t>(labels.size()) / column.values.shape()[0];
  std::string mend = least == 1 && most == classes
                         ? std::string("labels begin at 0: subtract 1")
                         : fmt::format("give the last layer {} units, or labels from 0 to {}",
                                       most + 1, classes - 1);
  return refuse(column,
                fmt::format("label {} of sample {} is out of range: the model has {} classes",
                            *found, (found - labels.begin()) / width, classes),
                least < 0 ? fmt::format("give labels from 0 to {}", classes - 1) : mend);
}

/// Labels for the rows of the output.
Expected<Feed> fitLabels(const Column &column, const Wanted::Target &wanted) {
  Tensor labels = HORNET_TRY(integersOf(column));
  HORNET_TRY(checkLabels(column, labels.as<int32_t>(), wanted.shape.back()));
  if (wanted.form == TargetForm::oneHot)
    return Feed{labels, Feed::Conversion::oneHot, wanted.shape, DType::f32};
  Shape rows(wanted.shape.begin(), wanted.shape.end() - 1);
  return Feed{labels, Feed::Conversion::cast, rows, DType::i32};
}

/// The labels of one sample in `from`, which are to fit into the time of `to`; or why they do not.
std::string alignInto(std::span<const int32_t> from, std::span<int32_t> to) {
  auto count = static_cast<size_t>(std::ranges::find(from, 0) - from.begin());
  if (std::ranges::any_of(from.subspan(count), [](int32_t label) { return label != 0; }))
    return "has a label behind a 0, which fills up";
  size_t steps = count; // the same one twice needs a blank between them
  for (size_t i = 1; i < count; ++i)
    steps += from[i] == from[i - 1];
  if (steps > to.size())
    return fmt::format("needs {} time steps for its labels, and the output has {}", steps,
                       to.size());
  std::ranges::copy(from.first(count), to.begin());
  return "";
}

Expected<Feed> fitAlignment(const Column &column, const Wanted::Target &wanted) {
  if (wanted.shape.size() != 2 || column.values.shape().size() != 2)
    return refuse(
        column,
        fmt::format("targets have shape {} for an output of {}", withBatch(rowShape(column)),
                    withBatch(wanted.shape)),
        "give an array (samples, labels), filled up with 0, for an output (time, classes)");
  Tensor labels = HORNET_TRY(integersOf(column));
  HORNET_TRY(checkLabels(column, labels.as<int32_t>(), wanted.shape.back()));
  int64_t count = labels.shape()[0], width = labels.shape()[1], time = wanted.shape.front();
  Tensor aligned(DType::i32, {count, time});
  for (int64_t i = 0; i < count; ++i)
    if (std::string wrong = alignInto(labels.as<int32_t>().subspan(i * width, width),
                                      aligned.as<int32_t>().subspan(i * time, time));
        !wrong.empty())
      return refuse(column, fmt::format("sample {} {}", i, wrong),
                    "give labels from 1 that fit, and 0 behind them");
  return Feed{aligned, Feed::Conversion::cast, {time}, DType::f32};
}

Expected<Feed> fitTarget(const Column &column, const Wanted::Target &wanted) {
  if (wanted.form == TargetForm::alignment)
    return fitAlignment(column, wanted);
  Shape found = rowShape(column);
  Shape rows = wanted.shape;
  if (!rows.empty())
    rows.pop_back();
  bool classes = wanted.form != TargetForm::asIs && !wanted.shape.empty();
  bool oneEach = fits(found, wanted.shape) && wanted.form != TargetForm::sparse;
  // An output of one class has labels and one-hot targets of the same shape: they are labels.
  if (classes && fits(found, rows) && !(oneEach && isFloat(column.values.dtype())))
    return fitLabels(column, wanted);
  if (oneEach)
    return Feed{HORNET_TRY(numbersOf(column)), Feed::Conversion::cast, wanted.shape, DType::f32};
  std::string mend = wanted.form == TargetForm::sparse && fits(found, wanted.shape)
                         ? "use the loss for one-hot targets, or give integer labels"
                     : classes ? "give one label for each sample, or a one-hot row"
                               : "give targets of the output's shape";
  return refuse(column,
                fmt::format("targets have shape {}, but the model's output has {}",
                            withBatch(found), withBatch(wanted.shape)),
                mend);
}

/// Of the only output: the shape of its weights where each time step has one, else nothing.
Shape stepsOf(const Wanted &wanted) {
  if (wanted.targets.size() != 1 || wanted.targets.front().shape.size() < 2)
    return {};
  const Shape &output = wanted.targets.front().shape;
  return {output.begin(), output.end() - 1};
}

Expected<Tensor> fitWeights(const Column &column, const Wanted &wanted, int64_t count) {
  Shape steps = stepsOf(wanted), given = rowShape(column), shape = {count};
  bool each = !steps.empty() && withoutOnes(given) == withoutOnes(steps) && product(given) != 1;
  if (product(given) != 1 && !each)
    return refuse(column,
                  fmt::format("weights have shape {}, one number a sample is needed{}",
                              toString(column.values.shape()),
                              steps.empty() ? "" : fmt::format(", or {} of them", toString(steps))),
                  "give an array of shape (samples,)");
  if (each)
    shape.insert(shape.end(), steps.begin(), steps.end());
  Tensor weights = HORNET_TRY(numbersOf(column)).toFloat32().reshaped(shape);
  int64_t width = weights.size() / std::max<int64_t>(count, 1);
  auto values = weights.as<float>();
  auto found = std::ranges::find_if(values, [](float weight) { return weight < 0; });
  if (found != values.end())
    return refuse(
        column,
        fmt::format("weight {} of sample {} is negative", *found, (found - values.begin()) / width),
        "give weights of 0 and more");
  return weights;
}

/// The column for wanted array number `i`: that of its name, else by position.
const Column &columnFor(const std::vector<Column> &columns, const std::string &name, size_t i) {
  for (const Column &column : columns)
    if (!name.empty() && column.name.ends_with("/" + name))
      return column;
  return columns[i];
}

Expected<void> checkNumber(const std::vector<Column> &columns, size_t wanted, const char *what) {
  if (columns.size() == wanted)
    return {};
  return inputError(
      {.file = columns.empty() ? "" : columns.front().file,
       .reason = fmt::format("the model has {} {}, and the data {}", wanted, what, columns.size()),
       .mend = "give one array for each"});
}

Expected<Samples> fit(const Dataset &data, const Wanted &wanted) {
  HORNET_TRY(checkNumber(data.inputs, wanted.inputs.size(), "inputs"));
  HORNET_TRY(checkNumber(data.targets, wanted.targets.size(), "outputs"));
  Samples samples;
  for (size_t i = 0; i < wanted.inputs.size(); ++i)
    samples.inputs.push_back(
        HORNET_TRY(fitInput(columnFor(data.inputs, wanted.inputs[i].name, i), wanted.inputs[i])));
  for (size_t i = 0; i < wanted.targets.size(); ++i)
    samples.targets.push_back(HORNET_TRY(fitTarget(data.targets[i], wanted.targets[i])));
  samples.count = data.inputs.front().values.shape()[0];
  if (data.weights)
    samples.weights = HORNET_TRY(fitWeights(*data.weights, wanted, samples.count));
  return samples;
}

} // namespace

Expected<Samples> fitSamples(const Dataset &data, const Wanted &wanted) try {
  return fit(data, wanted);
} catch (const std::bad_alloc &) {
  return machineError("out of memory while fitting the data to the model");
}

Samples Samples::part(int64_t from, int64_t size) const {
  Samples result = *this;
  result.first = first + from;
  result.count = size;
  return result;
}

Expected<Split> splitValidation(const Samples &samples, double fraction) {
  auto train =
      static_cast<int64_t>(std::floor(static_cast<double>(samples.count) * (1 - fraction)));
  if (!(fraction > 0 && fraction < 1) || train == 0 || train == samples.count)
    return inputError({.attribute = "validation",
                       .reason = fmt::format("a fraction of {} of {} samples leaves none to train "
                                             "or none to validate",
                                             fraction, samples.count),
                       .mend = "give a number between 0 and 1 that leaves some of both"});
  return Split{samples.part(0, train), samples.part(train, samples.count - train)};
}

/// The class of each sample, of labels or one-hot rows.
static std::vector<int64_t> classesOf(const Feed &targets) {
  std::vector<int64_t> classes(targets.values.shape()[0]);
  int64_t width = targets.values.size() / static_cast<int64_t>(classes.size());
  Tensor floats = targets.values.toFloat32();
  auto values = floats.as<float>();
  for (size_t i = 0; i < classes.size(); ++i) {
    auto row = values.subspan(i * width, width);
    classes[i] =
        width == 1 ? static_cast<int64_t>(row[0]) : std::ranges::max_element(row) - row.begin();
  }
  return classes;
}

Expected<void> weighClasses(Samples &samples, const std::map<int64_t, float> &weights) {
  auto wrong = [](std::string reason, std::string mend) {
    return inputError(
        {.attribute = "class weights", .reason = std::move(reason), .mend = std::move(mend)});
  };
  if (samples.targets.size() != 1)
    return wrong("the model has several outputs", "give sample weights instead");
  if (samples.weights && samples.weights->shape().size() > 1)
    return wrong("the data has a weight for each time step", "multiply them into those weights");
  const Feed &targets = samples.targets.front();
  if (targets.shape.size() > 1)
    return wrong(fmt::format("targets of shape {} are no classes", withBatch(targets.shape)),
                 "give sample weights instead");
  for (auto [label, weight] : weights)
    if (!(weight >= 0) || !std::isfinite(weight))
      return wrong(fmt::format("class {} has weight {}", label, weight),
                   "give weights of 0 and more");
  std::vector<int64_t> classes = classesOf(targets);
  for (auto [label, weight] : weights)
    if (std::ranges::find(classes, label) == classes.end())
      return wrong(fmt::format("no sample is of class {}", label),
                   fmt::format("the classes are {} to {}", std::ranges::min(classes),
                               std::ranges::max(classes)));
  Tensor product(DType::f32, {static_cast<int64_t>(classes.size())});
  for (size_t i = 0; i < classes.size(); ++i) {
    auto found = weights.find(classes[i]);
    product.as<float>()[i] = (found == weights.end() ? 1 : found->second) *
                             (samples.weights ? samples.weights->as<float>()[i] : 1);
  }
  samples.weights = std::move(product);
  return {};
}

} // namespace hornet::training
