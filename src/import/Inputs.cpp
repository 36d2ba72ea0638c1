#include "import/Inputs.h"

#include "base/Nearest.h"

#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <fmt/format.h>

namespace hornet::import {

bool fits(const Shape &given, const Shape &declared) {
  if (given.size() != declared.size())
    return false;
  for (size_t i = 1; i < given.size(); ++i)
    if (given[i] != declared[i] && given[i] != unknownSize && declared[i] != unknownSize)
      return false;
  return true;
}

namespace {
/// One input, while its shape is found out.
struct Input {
  const keras::Model &model;
  const keras::Port &port;
  const keras::Layer *layer;
  std::vector<Problem> &problems;

  void problem(std::string attribute, std::string reason, std::string mend) const {
    problems.push_back({model.file, port.name, layer ? layer->className : "InputLayer",
                        std::move(attribute), std::move(reason), std::move(mend)});
  }
  std::optional<Shape> merge(const std::optional<Shape> &declared, const Shape &given) const;
  std::optional<Shape> close(const std::optional<Shape> &shape) const;
  std::string consumer() const;
  std::string option(const Shape &shape) const;
};
} // namespace

/// "--shape x=1,H,W,3": open dimensions get letters, the batch is 1.
std::string Input::option(const Shape &shape) const {
  size_t open =
      std::count(shape.begin() + std::min<size_t>(1, shape.size()), shape.end(), unknownSize);
  std::vector<std::string> letters = {"N"};
  if (open == 2)
    letters = {"H", "W"};
  else if (open == 3)
    letters = shape.size() == 4 ? std::vector<std::string>{"H", "W", "C"}
                                : std::vector<std::string>{"D", "H", "W"};
  std::vector<std::string> sizes;
  size_t next = 0;
  for (size_t i = 0; i < shape.size(); ++i)
    if (i == 0)
      sizes.emplace_back("1");
    else
      sizes.push_back(shape[i] == unknownSize ? letters[next++ % letters.size()]
                                              : std::to_string(shape[i]));
  return fmt::format("--shape {}={}", port.name, fmt::join(sizes, ","));
}

/// "'hidden' (Dense)": the first layer that takes the input.
std::string Input::consumer() const {
  for (const keras::Step &step : model.order)
    for (const keras::Layer &taker = model.layers[step.layer];
         const keras::TensorRef &tensor : taker.calls[step.call].inputs)
      if (tensor == port.tensor)
        return fmt::format("'{}' ({})", taker.name, taker.className);
  return "the model";
}

/// The shape with its channels moved from the end to the place after the batch, or back.
static Shape moveChannels(Shape shape, bool toSecond) {
  if (toSecond)
    std::rotate(shape.begin() + 1, shape.end() - 1, shape.end());
  else
    std::rotate(shape.begin() + 1, shape.begin() + 2, shape.end());
  return shape;
}

/// What the caller gives, where the model allows it.
std::optional<Shape> Input::merge(const std::optional<Shape> &declared, const Shape &given) const {
  constexpr int64_t largest = 1 << 30;
  auto isSize = [](int64_t size) { return size == unknownSize || (size > 0 && size <= largest); };
  if (given.empty() || !llvm::all_of(given, isSize)) {
    problem("--shape", fmt::format("the shape {} has sizes that are not positive", toString(given)),
            declared ? "give " + option(*declared) : "give positive sizes, batch first");
    return std::nullopt;
  }
  if (!declared)
    return given;
  if (fits(given, *declared)) {
    Shape merged = *declared;
    for (size_t i = 0; i < merged.size(); ++i)
      merged[i] = given[i] == unknownSize ? merged[i] : given[i];
    return merged;
  }
  std::string needs = fmt::format("the shape {} was given, the input takes {}", toString(given),
                                  toString(*declared));
  Shape withBatch = given;
  withBatch.insert(withBatch.begin(), 1);
  if (fits(withBatch, *declared)) {
    problem("--shape", needs + ": the batch is missing", "give " + option(withBatch));
    return std::nullopt;
  }
  if (given.size() != declared->size()) {
    problem("--shape",
            fmt::format("{}: {} dimensions, not {}", needs, declared->size(), given.size()),
            "give " + option(*declared));
    return std::nullopt;
  }
  for (bool toSecond : {false, true})
    if (Shape moved = moveChannels(given, toSecond); given.size() > 2 && fits(moved, *declared)) {
      problem(
          "--shape",
          fmt::format("{}: the shape has its channels {}, the model has them {}", needs,
                      toSecond ? "last" : "first", toSecond ? "first" : "last"),
          fmt::format("give {}, and transpose the input itself to the same order", option(moved)));
      return std::nullopt;
    }
  problem("--shape", needs, "give " + option(*declared));
  return std::nullopt;
}

std::optional<Shape> Input::close(const std::optional<Shape> &shape) const {
  if (!shape) {
    problem("batch_shape", fmt::format("the model does not say which shape {} takes", consumer()),
            fmt::format("give it, batch first: --shape {}=1,…", port.name));
    return std::nullopt;
  }
  Shape closed = *shape;
  if (closed.empty()) {
    problem("batch_shape", "the input has no batch dimension", "give it a leading dimension");
    return std::nullopt;
  }
  closed.front() = unknownSize;
  auto open = std::find(closed.begin() + 1, closed.end(), unknownSize);
  if (open == closed.end())
    return closed;
  problem("batch_shape",
          fmt::format("dimension {} of the input's shape {} is open, {} needs to know it",
                      open - closed.begin(), toString(closed), consumer()),
          "give sizes, such as " + option(closed));
  return std::nullopt;
}

/// Reports the names that no input has. Returns whether there are any.
static bool checkNames(const keras::Model &model, const ImportOptions &options,
                       const std::vector<std::optional<Shape>> &declared,
                       std::vector<Problem> &problems) {
  std::vector<std::string_view> names;
  std::vector<std::string> inputs;
  for (auto [port, shape] : llvm::zip_equal(model.inputs, declared)) {
    names.push_back(port.name);
    inputs.push_back(fmt::format("'{}' {}", port.name, shape ? toString(*shape) : "of any shape"));
  }
  bool wrong = false;
  std::vector<std::string> texts = keras::openTexts(model);
  for (const auto &[name, shape] : options.shapes) {
    if (llvm::is_contained(names, name) || llvm::is_contained(texts, name))
      continue;
    wrong = true;
    std::string mend = didYouMean(name, names);
    if (mend.empty() && names.size() == 1)
      mend = fmt::format("did you mean '{}'?", names.front());
    problems.push_back({.file = model.file,
                        .attribute = "--shape",
                        .reason = fmt::format("the model has no input '{}'; its inputs are {}",
                                              name, fmt::join(inputs, ", ")),
                        .mend = mend.empty() ? "give the name of one of these" : mend});
  }
  return wrong;
}

std::vector<std::optional<Shape>> inputShapes(const keras::Model &model,
                                              const ImportOptions &options,
                                              std::vector<Problem> &problems) {
  std::vector<std::optional<Shape>> shapes;
  std::vector<bool> broken;
  for (const keras::Port &port : model.inputs) {
    const keras::Layer *layer = port.tensor.isKnown() ? model.find(port.tensor.layer) : nullptr;
    auto declared = layer ? keras::batchShape(model, *layer) : std::optional<Shape>();
    broken.push_back(!declared || !port.tensor.isKnown());
    shapes.push_back(declared ? *declared : std::nullopt);
    if (declared)
      continue;
    if (auto *error = std::get_if<InputError>(&declared.error()))
      problems.insert(problems.end(), error->problems.begin(), error->problems.end());
    else
      problems.push_back(
          {.file = model.file, .layer = port.name, .reason = toString(declared.error())});
  }
  bool wrongName = checkNames(model, options, shapes, problems);
  for (size_t i = 0; i < shapes.size(); ++i) {
    const keras::Port &port = model.inputs[i];
    Input input = {model, port, model.find(port.tensor.layer), problems};
    size_t before = problems.size();
    for (const auto &[name, shape] : options.shapes)
      if (name == port.name && !broken[i] && problems.size() == before)
        shapes[i] = input.merge(shapes[i], shape);
    // Who misspells a name gets to hear of that alone, not also of the dimension it was to give.
    bool open =
        !shapes[i] || shapes[i]->empty() ||
        std::find(shapes[i]->begin() + 1, shapes[i]->end(), unknownSize) != shapes[i]->end();
    if (broken[i] || problems.size() != before || (wrongName && open))
      shapes[i] = std::nullopt;
    else
      shapes[i] = input.close(shapes[i]);
  }
  return shapes;
}

} // namespace hornet::import
