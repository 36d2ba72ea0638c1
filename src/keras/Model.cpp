#include "keras/Model.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace hornet::keras {

bool Layer::trainable() const {
  auto flag = config.find("trainable");
  return flag == config.end() || !flag->is_boolean() || flag->get<bool>();
}

const Layer *Model::find(std::string_view layer) const {
  auto it = std::ranges::find(layers, layer, &Layer::name);
  return it == layers.end() ? nullptr : &*it;
}

namespace {
/// Sizes beyond this are mistakes: their products would not fit an index.
constexpr double largestDimension = 1 << 30;

/// Nothing when `size` is no dimension.
std::optional<int64_t> dimension(const Json &size) {
  if (size.is_null())
    return unknownSize;
  if (!size.is_number())
    return std::nullopt;
  double value = size.get<double>();
  if (!(value >= 1 && value <= largestDimension) || value != std::floor(value))
    return std::nullopt;
  return static_cast<int64_t>(value);
}
} // namespace

Expected<std::optional<Shape>> batchShape(const Model &model, const Layer &input) {
  for (const char *key : {"batch_shape", "batch_input_shape"}) {
    auto found = input.config.find(key);
    if (found == input.config.end() || found->is_null())
      continue;
    auto wrong = [&](std::string reason) {
      return inputError({model.file, input.name, input.className, key, std::move(reason),
                         "give the shape as a list like [null, 28, 28, 1]"});
    };
    if (!found->is_array() || found->empty())
      return wrong(fmt::format("{} is {}, a list of sizes was expected", key, found->dump()));
    Shape shape;
    for (const Json &size : *found) {
      std::optional<int64_t> extent = dimension(size);
      if (!extent)
        return wrong(fmt::format("the input dimension {} is no positive integer", size.dump()));
      shape.push_back(*extent);
    }
    return shape;
  }
  return std::nullopt;
}

const Layer *findLayer(const Model &model, std::span<const std::string> path) {
  const Layer *layer = nullptr;
  const Model *inside = &model;
  for (const std::string &name : path) {
    if (inside) {
      layer = inside->find(name);
    } else {
      auto found = std::ranges::find(layer->wrapped, name, &Layer::name);
      layer = found == layer->wrapped.end() ? nullptr : &*found;
    }
    if (!layer)
      return nullptr;
    inside = layer->model.get();
  }
  return layer;
}

static bool isOpenText(const Layer &layer) {
  if (layer.className != "TextVectorization" || !layer.config.is_object())
    return false;
  auto says = [&](const char *key, const Json &value, bool byDefault) {
    auto found = layer.config.find(key);
    return found == layer.config.end() ? byDefault : *found == value;
  };
  return says("output_mode", "int", true) && says("output_sequence_length", nullptr, true) &&
         !says("split", nullptr, false);
}

std::vector<std::string> openTexts(const Model &model) {
  std::vector<std::string> paths;
  for (const Layer &layer : model.layers) {
    if (isOpenText(layer))
      paths.push_back(layer.name);
    if (layer.model)
      for (const std::string &path : openTexts(*layer.model))
        paths.push_back(layer.name + "/" + path);
  }
  return paths;
}

} // namespace hornet::keras
