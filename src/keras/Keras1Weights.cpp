// Arrays in the forms of Keras 1 and of Theano, turned into those of Keras 2.

#include "keras/Keras1.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <numeric>
#include <set>

namespace hornet::keras {
namespace {
using formats::Hdf5File;

/// Where a filter's dimensions stand in the file: entry i is the axis in the file of our axis i. An
/// axis of the file that is not listed has extent 1.
struct FilterLayout {
  std::string_view className, parameter, dataFormat; ///< an empty one stands for any
  int rank;                                          ///< in the file
  std::array<int, 5> axes;
};
constexpr std::array layouts = std::to_array<FilterLayout>({
    {"Conv1D", "kernel", "", 4, {0, 2, 3}}, // (length, 1, in, out)
    {"Conv1D", "kernel", "", 4, {2, 1, 0}}, // Keras 1.0: (out, in, length, 1)
    {"Conv2D", "kernel", "channels_first", 4, {2, 3, 1, 0}},
    {"Conv3D", "kernel", "channels_first", 5, {2, 3, 4, 1, 0}},
    {"Conv2DTranspose", "kernel", "channels_first", 4, {2, 3, 0, 1}},
    {"Conv2DTranspose", "kernel", "", 4, {0, 1, 3, 2}},
    {"SeparableConv2D", "", "channels_first", 4, {2, 3, 1, 0}},
    {"ConvLSTM2D", "", "channels_first", 4, {2, 3, 1, 0}},
});

/// Cells that keep an array for each gate and kind (W, U, b): their order in the file, by its place
/// in ours.
struct GateOrder {
  std::string_view className;
  std::vector<int> inFile;
};
const GateOrder *gatesOf(std::string_view className) {
  static const std::array<GateOrder, 3> cells{{{"LSTM", {0, 2, 1, 3}}, // i, c, f, o
                                               {"ConvLSTM2D", {0, 2, 1, 3}},
                                               {"GRU", {0, 1, 2}}}};
  const auto *found = std::ranges::find(cells, className, &GateOrder::className);
  return found == cells.end() ? nullptr : found;
}

/// Layers whose filters Theano turns around, as Keras 2 lists them.
constexpr std::array convolutions = std::to_array<std::string_view>(
    {"Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "ConvLSTM2D"});

std::vector<int64_t> stridesOf(const Shape &shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  return strides;
}

/// `from` with its axes in another order, and the first `turned` of them backwards. `axes` as in
/// FilterLayout; axes of extent 1 that it leaves out are dropped.
Tensor rearranged(const Tensor &from, std::span<const int> axes, size_t turned) {
  std::vector<int64_t> strides = stridesOf(from.shape());
  Shape shape;
  for (int axis : axes)
    shape.push_back(from.shape()[axis]);
  Tensor result(DType::f32, shape);
  std::span<const float> in = from.as<float>();
  std::span<float> out = result.as<float>();
  Shape index(shape.size(), 0);
  for (float &element : out) {
    int64_t at = 0;
    for (size_t i = 0; i < axes.size(); ++i)
      at += strides[axes[i]] * (i < turned ? shape[i] - 1 - index[i] : index[i]);
    element = in[at];
    for (size_t i = shape.size(); i-- > 0 && ++index[i] == shape[i];)
      index[i] = 0;
  }
  return result;
}

/// Joins arrays along their last axis.
Tensor joined(std::span<const Tensor> parts) {
  Shape shape = parts.front().shape();
  int64_t width = shape.back();
  shape.back() *= static_cast<int64_t>(parts.size());
  Tensor result(DType::f32, shape);
  std::span<float> out = result.as<float>();
  for (size_t part = 0; part < parts.size(); ++part) {
    std::span<const float> in = parts[part].as<float>();
    for (size_t i = 0; i < in.size(); ++i)
      out[(i / width * parts.size() + part) * width + i % width] = in[i];
  }
  return result;
}

/// Binds one group of a file.
class Converter {
public:
  Converter(Binding &binding, const Hdf5File &file, WeightsOrigin origin,
            const std::vector<std::string> &datasets)
      : binding(binding), file(file), origin(origin), datasets(datasets) {}

  Expected<bool> run(const std::vector<size_t> &parameters) {
    for (size_t first = 0; first < parameters.size();) {
      size_t last = first + 1;
      while (last < parameters.size() && pathOf(parameters[last]) == pathOf(parameters[first]))
        ++last;
      if (!HORNET_TRY(bindLayer(std::span(parameters).subspan(first, last - first))))
        return false;
      first = last;
    }
    return next == datasets.size();
  }

private:
  const std::vector<std::string> &pathOf(size_t parameter) const {
    return binding.parameters[parameter].layerPath;
  }

  /// The parameters of one layer that follow each other in the group.
  Expected<bool> bindLayer(std::span<const size_t> parameters) {
    layer = findLayer(binding.model, pathOf(parameters.front()));
    if (!layer)
      return false;
    if (HORNET_TRY(bindGates(parameters)))
      return true;
    std::vector<size_t> order = inFileOrder(parameters);
    if (next + order.size() > datasets.size())
      return false;
    for (size_t parameter : order)
      HORNET_TRY(bindOne(parameter, datasets[next++]));
    return true;
  }

  /// Highway's matrices and vectors change places between versions of Keras 1.
  std::vector<size_t> inFileOrder(std::span<const size_t> parameters) {
    std::vector<size_t> order(parameters.begin(), parameters.end());
    if (layer->className != "Highway" || next + order.size() > datasets.size())
      return order;
    std::vector<size_t> sorted;
    for (size_t i = 0; i < order.size(); ++i) {
      Expected<Shape> shape = file.shapeOf(datasets[next + i]);
      auto fits = std::ranges::find_if(parameters, [&](size_t p) {
        return shape && binding.parameters[p].shape.size() == shape->size() &&
               !std::ranges::count(sorted, p);
      });
      if (fits == parameters.end())
        return order;
      sorted.push_back(*fits);
    }
    return sorted;
  }

  /// False when the arrays are not kept by gate.
  Expected<bool> bindGates(std::span<const size_t> parameters) {
    const GateOrder *gates = gatesOf(layer->className);
    if (!origin.keras1 || !gates || parameters.size() != 3)
      return false;
    size_t count = gates->inFile.size();
    if (next + 3 * count > datasets.size())
      return false;
    for (size_t kind = 0; kind < 3; ++kind) {
      Shape whole = binding.parameters[parameters[kind]].shape, part = whole;
      part.back() /= static_cast<int64_t>(count);
      std::vector<Tensor> parts;
      for (int gate : gates->inFile) {
        const std::string &dataset = datasets[next + 3 * gate + kind];
        std::optional<Tensor> value = HORNET_TRY(convert(parameters[kind], dataset, part));
        if (!value)
          return false; // one array for all gates
        parts.push_back(std::move(*value));
      }
      binding.sources[parameters[kind]].value = joined(parts);
    }
    next += 3 * count;
    return true;
  }

  Expected<void> bindOne(size_t parameter, const std::string &dataset) {
    Source &source = binding.sources[parameter];
    source.file = &file; // compared with the parameter's shape, and read, by the caller
    source.dataset = dataset;
    const Parameter &target = binding.parameters[parameter];
    bool deviation = origin.deviation && target.name == "moving_variance";
    if (!deviation && !isFilter(target))
      return {};
    source.value = HORNET_TRY(convert(parameter, dataset, target.shape));
    if (source.value && deviation) {
      const Json &config = layer->config;
      auto found = config.find("epsilon");
      float epsilon = found != config.end() && found->is_number() ? found->get<float>() : 1e-6F;
      for (float &value : source.value->as<float>()) // x / (deviation + epsilon), as it was then
        value = (value + epsilon) * (value + epsilon) - epsilon;
    }
    return {};
  }

  bool isFilter(const Parameter &parameter) const {
    return parameter.shape.size() > 2 &&
           (std::ranges::count(convolutions, layer->className) ||
            std::ranges::count(layouts, layer->className, &FilterLayout::className));
  }

  /// The array of `dataset` as `wanted`, a shape of the parameter's rank. Nothing when it has a
  /// shape that cannot become that.
  Expected<std::optional<Tensor>> convert(size_t parameter, const std::string &dataset,
                                          const Shape &wanted) {
    const Parameter &target = binding.parameters[parameter];
    Expected<Shape> found = file.shapeOf(dataset);
    if (!found) {
      HORNET_TRY(binding.note(std::move(found).error(), target.layerPath, target.name));
      return std::nullopt;
    }
    std::vector<int> axes(wanted.size());
    std::iota(axes.begin(), axes.end(), 0);
    if (!chooseAxes(target, *found, wanted, axes))
      return std::nullopt;
    Expected<Tensor> value = file.read(dataset);
    if (!value) {
      HORNET_TRY(binding.note(std::move(value).error(), target.layerPath, target.name));
      return std::nullopt;
    }
    bool turn =
        origin.flipped && std::ranges::count(convolutions, layer->className) && wanted.size() > 2;
    return rearranged(value->toFloat32(), axes, turn ? wanted.size() - 2 : 0);
  }

  /// How the file's axes become `wanted`: by the layouts of the layer's data_format first, by those
  /// of the other one, or as they stand.
  bool chooseAxes(const Parameter &target, const Shape &found, const Shape &wanted,
                  std::vector<int> &axes) const {
    auto fits = [&](std::span<const int> order) {
      int64_t rest = 1;
      for (size_t i = 0; i < order.size(); ++i)
        if (order[i] >= static_cast<int>(found.size()) || found[order[i]] != wanted[i])
          return false;
      for (size_t axis = 0; axis < found.size(); ++axis)
        if (!std::ranges::count(order, static_cast<int>(axis)))
          rest *= found[axis];
      return rest == 1;
    };
    auto format = layer->config.find("data_format");
    bool first = format != layer->config.end() && *format == "channels_first";
    for (bool ofFormat : {true, false}) {
      if (!ofFormat && fits(axes))
        return true;
      for (const FilterLayout &layout : layouts) {
        std::span<const int> order(layout.axes.data(), wanted.size());
        bool same = layout.dataFormat.empty() ? !first || layer->className == "Conv1D" : first;
        if (origin.keras1 && layout.className == layer->className && same == ofFormat &&
            (layout.parameter.empty() || layout.parameter == target.name) &&
            layout.rank == static_cast<int>(found.size()) && wanted.size() > 2 && fits(order)) {
          axes.assign(order.begin(), order.end());
          return true;
        }
      }
    }
    return false;
  }

  Binding &binding;
  const Hdf5File &file;
  WeightsOrigin origin;
  const std::vector<std::string> &datasets;
  size_t next = 0; ///< the first array that is not bound yet
  const Layer *layer = nullptr;
};
} // namespace

Expected<bool> bindConverted(Binding &binding, const Hdf5File &file, WeightsOrigin origin,
                             const std::vector<std::string> &datasets,
                             const std::vector<size_t> &parameters) {
  return Converter(binding, file, origin, datasets).run(parameters);
}

} // namespace hornet::keras
