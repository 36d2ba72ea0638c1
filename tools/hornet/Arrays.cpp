#include "Arrays.h"

#include "base/Nearest.h"
#include "formats/Npy.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>

namespace hornet::tool {

namespace {
/// Matches arrays with inputs, collecting what is wrong.
class Matching {
public:
  /// For call number `call`, from 1 on.
  Matching(const keras::Model &model, size_t call)
      : model(model), call(call), found(model.inputs.size()) {}
  void readArgument(const std::string &argument);
  /// Whether there is anything for this call.
  bool isEmpty() const {
    return std::ranges::none_of(found, [](const auto &array) { return array.has_value(); });
  }
  Expected<Arrays> finish();

private:
  void readNpz(const std::string &file);
  bool isInput(const std::string &name) const;
  bool isOfLaterCall(const std::string &name) const;
  void readNpy(const std::string &file, const std::string &name);
  void assign(const std::string &name, Array array);
  void assignOnly(Array array);
  template <class T> std::optional<T> keep(Expected<T> read);
  Problem unknownName(const std::string &name, const std::string &source) const;
  std::string listOfInputs() const;

  const keras::Model &model;
  size_t call;
  std::vector<std::optional<Array>> found;
  std::vector<std::pair<std::string, std::string>> leftOver; ///< names in a .npz, and which
  InputError wrong;
  std::optional<Error> failure;
};
} // namespace

/// The value, or its error kept for later.
template <class T> std::optional<T> Matching::keep(Expected<T> read) {
  if (read)
    return std::move(*read);
  if (auto *error = std::get_if<InputError>(&read.error()))
    wrong.problems.insert(wrong.problems.end(), error->problems.begin(), error->problems.end());
  else
    failure = read.error();
  return std::nullopt;
}

std::string Matching::listOfInputs() const {
  std::string list;
  for (const keras::Port &port : model.inputs) {
    const keras::Layer *layer = model.find(port.tensor.layer);
    auto shape = layer ? keras::batchShape(model, *layer) : std::optional<Shape>();
    list += fmt::format("{}'{}' {}", list.empty() ? "" : ", ", port.name,
                        shape && *shape ? toString(**shape) : "of any shape");
  }
  return list;
}

Problem Matching::unknownName(const std::string &name, const std::string &source) const {
  std::vector<std::string_view> names;
  names.reserve(model.inputs.size());
  for (const keras::Port &port : model.inputs)
    names.push_back(port.name);
  std::string mend = didYouMean(name, names);
  if (mend.empty() && names.size() == 1)
    mend = fmt::format("did you mean '{}'?", names.front());
  return {.file = source,
          .attribute = "--input",
          .reason =
              fmt::format("the model has no input '{}'; its inputs are {}", name, listOfInputs()),
          .mend = mend.empty() ? "give the name of one of these" : mend};
}

void Matching::assign(const std::string &name, Array array) {
  for (size_t i = 0; i < found.size(); ++i) {
    if (model.inputs[i].name != name)
      continue;
    if (found[i])
      wrong.problems.push_back({.file = array.source,
                                .attribute = "--input",
                                .reason = fmt::format("the input '{}' is given twice, first by {}",
                                                      name, found[i]->source),
                                .mend = "give one array for each input"});
    else
      found[i] = std::move(array);
    return;
  }
  wrong.problems.push_back(unknownName(name, array.source));
}

void Matching::assignOnly(Array array) {
  if (found.size() == 1)
    return assign(model.inputs.front().name, std::move(array));
  wrong.problems.push_back(
      {.file = array.source,
       .attribute = "--input",
       .reason = fmt::format("the model has {} inputs, and the array no name: {}", found.size(),
                             listOfInputs()),
       .mend = "write --input NAME=FILE.npy"});
}

void Matching::readNpy(const std::string &file, const std::string &name) {
  auto values = keep(formats::readNpyFile(file, formats::Strings::read));
  if (!values)
    return;
  if (name.empty())
    assignOnly({file, std::move(*values)});
  else
    assign(name, {file, std::move(*values)});
}

void Matching::readNpz(const std::string &file) {
  auto arrays = keep(formats::readNpzFile(file, formats::Strings::read));
  if (!arrays)
    return;
  if (call > 1) {
    std::string prefix = callPrefix(call);
    for (auto &[name, values] : *arrays)
      if (name.starts_with(prefix) && !isInput(name) && isInput(name.substr(prefix.size())))
        assign(name.substr(prefix.size()),
               {fmt::format("{}: '{}'", file, name), std::move(values)});
    return;
  }
  // NumPy calls the arrays that savez() got without a name arr_0, arr_1, …
  if (arrays->size() == 1 && arrays->front().first == "arr_0" && found.size() == 1)
    return assignOnly({file, std::move(arrays->front().second)});
  for (auto &[name, values] : *arrays) {
    if (isInput(name))
      assign(name, {fmt::format("{}: '{}'", file, name), std::move(values)});
    else if (!isOfLaterCall(name))
      leftOver.emplace_back(name, file);
  }
}

bool Matching::isInput(const std::string &name) const {
  return std::ranges::any_of(model.inputs,
                             [&](const keras::Port &port) { return port.name == name; });
}

/// Whether `name` is "call2__", "call3__", … and an input's name.
bool Matching::isOfLaterCall(const std::string &name) const {
  size_t end = name.find("__");
  if (!name.starts_with("call") || end == std::string::npos)
    return false;
  std::string number = name.substr(4, end - 4);
  return !number.empty() &&
         std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; }) &&
         isInput(name.substr(end + 2));
}

void Matching::readArgument(const std::string &argument) {
  size_t equals = argument.find('=');
  bool named = equals != std::string::npos && !std::filesystem::exists(argument);
  std::string file = named ? argument.substr(equals + 1) : argument;
  bool archive = file.ends_with(".npz");
  if (call > 1 && !archive)
    return;
  if (named && (archive || equals == 0))
    wrong.problems.push_back({.attribute = "--input",
                              .reason = fmt::format("'{}' is not a name and a .npy file", argument),
                              .mend = "write NAME=FILE.npy, or FILE.npz, which has its own names"});
  else if (archive)
    readNpz(file);
  else
    readNpy(file, named ? argument.substr(0, equals) : "");
}

Expected<Arrays> Matching::finish() {
  std::string missing;
  for (size_t i = 0; i < found.size(); ++i)
    if (!found[i])
      missing += fmt::format("{}'{}'", missing.empty() ? "" : ", ", model.inputs[i].name);
  if (!missing.empty())
    for (const auto &[name, file] : leftOver)
      wrong.problems.push_back(unknownName(name, file));
  if (!missing.empty() && wrong.problems.empty() && !failure)
    wrong.problems.push_back(
        {.file = model.file,
         .attribute = "--input",
         .reason = fmt::format("no array was given for {}; the model's inputs are {}", missing,
                               listOfInputs()),
         .mend = "give one for each: --input NAME=FILE.npy, or a FILE.npz with their names"});
  if (!wrong.problems.empty())
    return tl::unexpected<Error>(std::move(wrong));
  if (failure)
    return tl::unexpected<Error>(*failure);
  Arrays arrays;
  for (auto &array : found)
    arrays.inputs.push_back(std::move(*array));
  for (const auto &[name, file] : leftOver)
    arrays.notes.push_back(
        fmt::format("{}: '{}' is left out: the model has no such input", file, name));
  return arrays;
}

std::string callPrefix(size_t call) { return call == 1 ? "" : fmt::format("call{}__", call); }

Expected<std::vector<Arrays>> readArrays(const keras::Model &model,
                                         const std::vector<std::string> &arguments) {
  std::vector<Arrays> calls;
  for (size_t call = 1;; ++call) {
    Matching matching(model, call);
    for (const std::string &argument : arguments)
      matching.readArgument(argument);
    if (call > 1 && matching.isEmpty())
      return calls;
    calls.push_back(HORNET_TRY(matching.finish()));
  }
}

Expected<void> addShapes(CompileOptions &options, const keras::Model &model, const Arrays &arrays) {
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    const keras::Layer *layer = model.find(model.inputs[i].tensor.layer);
    if (!layer)
      continue;
    std::optional<Shape> shape = HORNET_TRY(keras::batchShape(model, *layer));
    const Shape &given = arrays.inputs[i].values.shape();
    bool open = !shape ||
                (shape->size() == given.size() &&
                 std::ranges::find(shape->begin() + 1, shape->end(), unknownSize) != shape->end());
    bool said = std::ranges::any_of(
        options.shapes, [&](const auto &shape) { return shape.first == model.inputs[i].name; });
    if (open && !said && std::ranges::all_of(given, [](int64_t size) { return size > 0; }))
      options.shapes.emplace_back(model.inputs[i].name, given);
  }
  return {};
}

/// Whether an array has the input's shape, whatever the batch.
static bool fits(const Shape &given, const Shape &needed) {
  return given.size() == needed.size() && !given.empty() &&
         std::equal(given.begin() + 1, given.end(), needed.begin() + 1);
}

static int64_t elementsOf(const Shape &shape) {
  int64_t elements = 1;
  for (int64_t extent : shape)
    elements *= extent;
  return elements;
}

/// Elements that are NaN or infinite.
static int64_t countOdd(const Tensor &values) {
  if (values.dtype() != DType::f32)
    return 0;
  return std::ranges::count_if(values.as<float>(), [](float x) { return !std::isfinite(x); });
}

/// What differs, as a mend.
static std::string mendOf(const Shape &given, const Shape &needed) {
  Shape withBatch = given;
  withBatch.insert(withBatch.begin(), 1);
  if (fits(withBatch, needed))
    return "the batch is missing: give the array a leading dimension of 1";
  Shape filled = needed;
  filled.front() = given.empty() ? 1 : given.front();
  if (given.size() != needed.size() && elementsOf(filled) == elementsOf(given))
    return "it has as many elements: reshape it to " + toString(filled);
  if (given.size() != needed.size() || given.size() < 3)
    return "give an array of that shape, with any batch";
  Shape moved = given;
  std::rotate(moved.begin() + 1, moved.begin() + 2, moved.end());
  if (fits(moved, needed))
    return "the array has its channels first, the model has them last: transpose it to " +
           toString(moved);
  moved = given;
  std::rotate(moved.begin() + 1, moved.end() - 1, moved.end());
  if (fits(moved, needed))
    return "the array has its channels last, the model has them first: transpose it to " +
           toString(moved);
  return "give an array of that shape, with any batch";
}

static Tensor toBoolean(const Tensor &values) {
  Tensor numbers = values.toFloat32();
  Tensor result(DType::boolean, values.shape());
  std::ranges::transform(numbers.as<float>(), result.as<uint8_t>().begin(),
                         [](float value) { return value != 0; });
  return result;
}

/// Strings are for inputs of strings, and nothing else is.
static Expected<void> checkKind(const std::string &source, DType given, const runtime::Port &port) {
  bool strings = given == DType::string, wanted = port.dtype == DType::string;
  if (strings == wanted)
    return {};
  return inputError({.file = source,
                     .attribute = "--input",
                     .reason = fmt::format("the array holds {}, the input '{}' takes {}",
                                           strings ? "strings" : "numbers", port.name,
                                           wanted ? "strings" : "numbers"),
                     .mend = wanted ? "save it as an array of strings: numpy.save(file, "
                                      "array.astype(str))"
                                    : "give an array of numbers"});
}

Expected<std::vector<Tensor>> fitArrays(const std::string &file,
                                        const std::vector<runtime::Port> &inputs, Arrays &arrays) {
  std::vector<Tensor> tensors;
  InputError wrong;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto &[source, values] = arrays.inputs[i];
    const runtime::Port &port = inputs[i];
    if (!fits(values.shape(), port.shape)) {
      wrong.problems.push_back(
          {.file = source,
           .attribute = "--input",
           .reason = fmt::format("the array has the shape {}, the input '{}' of {} takes {}",
                                 toString(values.shape()), port.name, file, toString(port.shape)),
           .mend = mendOf(values.shape(), port.shape)});
      continue;
    }
    if (Expected<void> fits = checkKind(source, values.dtype(), port); !fits) {
      auto &problems = std::get<InputError>(fits.error()).problems;
      wrong.problems.insert(wrong.problems.end(), problems.begin(), problems.end());
      continue;
    }
    if (values.dtype() != port.dtype)
      arrays.notes.push_back(fmt::format("{}: converted from {} to {} for the input '{}'", source,
                                         nameOf(values.dtype()), nameOf(port.dtype), port.name));
    if (port.dtype == DType::boolean)
      tensors.push_back(values.dtype() == DType::boolean ? values : toBoolean(values));
    else if (port.dtype == DType::string)
      tensors.push_back(values);
    else if (port.dtype == DType::i64)
      tensors.push_back(values.toInt64());
    else
      tensors.push_back(values.toFloat32());
    if (int64_t odd = countOdd(tensors.back()))
      arrays.notes.push_back(
          fmt::format("{}: {} of its {} elements are NaN or infinite", source, odd, values.size()));
  }
  if (!wrong.problems.empty())
    return tl::unexpected<Error>(std::move(wrong));
  return tensors;
}

} // namespace hornet::tool
