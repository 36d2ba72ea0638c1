#include "Recording.h"

#include "formats/Npy.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hornet::tool {

namespace {
/// Gives every array of a file its place.
class Sorting {
public:
  Sorting(const std::string &file, const keras::Model &model, const ModelDescription &description)
      : file(file), model(model), description(description), inputs(model.inputs.size()) {
    recording.file = file;
    recording.outputs.resize(model.outputs.size());
  }

  void place(const std::string &name, Tensor values) {
    names.push_back(fmt::format("'{}'", name));
    if (auto i = indexIn(model.inputs, name))
      inputs[*i] = {source(name), std::move(values)};
    else if (auto o = outputOf(name))
      recording.outputs[*o] = std::move(values);
    else if (std::string path = pathOf(name); !path.empty())
      recording.results.emplace_back(path, std::move(values));
    else
      rest.emplace_back(name, std::move(values));
  }

  Expected<Recording> finish() {
    if (inputs.size() == 1 && !inputs[0] && rest.size() == 1) {
      inputs[0] = {source(rest[0].first), rest[0].second};
      rest.clear();
    }
    for (size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i])
        recording.inputs.inputs.push_back(std::move(*inputs[i]));
      else
        wrong(fmt::format("it has no array for the input '{}'", model.inputs[i].name));
    if (std::ranges::none_of(recording.outputs, [](auto &output) { return output.has_value(); }))
      wrong("it has none of the model's outputs, 'output_0' or '" + model.outputs[0].name + "'");
    if (!problems.empty())
      return tl::unexpected<Error>(InputError{std::move(problems)});
    for (const auto &[name, values] : rest)
      recording.inputs.notes.push_back(
          fmt::format("{}: '{}' is left out: it is no input, output or layer", file, name));
    return std::move(recording);
  }

private:
  std::string source(const std::string &name) const { return fmt::format("{}: '{}'", file, name); }

  static std::optional<size_t> indexIn(const std::vector<keras::Port> &ports,
                                       const std::string &name) {
    auto found = std::ranges::find(ports, name, &keras::Port::name);
    return found == ports.end() ? std::nullopt : std::optional<size_t>(found - ports.begin());
  }

  std::optional<size_t> outputOf(const std::string &name) const {
    for (size_t i = 0; i < model.outputs.size(); ++i)
      if (name == fmt::format("output_{}", i))
        return i;
    return indexIn(model.outputs, name);
  }

  /// Of the layer with that path, or the first with that name.
  std::string pathOf(const std::string &name) const {
    std::string byName;
    for (const import::LayerRecord &layer : description.layers) {
      std::string path = fmt::format("{}", fmt::join(layer.path, "/"));
      if (path == name)
        return path;
      if (layer.name() == name && byName.empty())
        byName = path;
    }
    return byName;
  }

  void wrong(std::string reason) {
    problems.push_back({.file = file,
                        .attribute = "--verify",
                        .reason = std::move(reason),
                        .mend = fmt::format("it holds {}; name inputs as the model does, and "
                                            "outputs output_0, output_1, …",
                                            fmt::join(names, ", "))});
  }

  const std::string &file;
  const keras::Model &model;
  const ModelDescription &description;
  std::vector<std::optional<Array>> inputs;
  std::vector<std::pair<std::string, Tensor>> rest;
  std::vector<std::string> names;
  std::vector<Problem> problems;
  Recording recording;
};
} // namespace

Expected<Recording> readRecording(const std::string &file, const keras::Model &model,
                                  const ModelDescription &description) {
  Sorting sorting(file, model, description);
  for (auto &[name, values] : HORNET_TRY(formats::readNpzFile(file, formats::Strings::read)))
    sorting.place(name, std::move(values));
  return sorting.finish();
}

} // namespace hornet::tool
