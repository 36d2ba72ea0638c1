#include "training/Initializers.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace hornet::training {
namespace {

/// Where a layer's config says how a weight begins, and how when it does not.
struct WeightKind {
  std::string_view weight;
  const char *key;
  std::string_view fallback;
  std::string_view layers = ""; ///< what the names of the classes of layers begin with
};
/// The first that fits counts.
constexpr std::array<WeightKind, 17> weightKinds{{
    {"kernel", "depthwise_initializer", "glorot_uniform", "DepthwiseConv"},
    {"scale", "scale_initializer", "glorot_uniform", "AdditiveAttention"},
    {"concat_score_weight", "concat_score_weight_initializer", "ones"},
    {"kernel", "kernel_initializer", "glorot_uniform"},
    {"depthwise_kernel", "depthwise_initializer", "glorot_uniform"},
    {"pointwise_kernel", "pointwise_initializer", "glorot_uniform"},
    {"recurrent_kernel", "recurrent_initializer", "orthogonal"},
    {"bias", "bias_initializer", "zeros"},
    {"gamma", "gamma_initializer", "ones"},
    {"beta", "beta_initializer", "zeros"},
    {"moving_mean", "moving_mean_initializer", "zeros"},
    {"moving_variance", "moving_variance_initializer", "ones"},
    {"embeddings", "embeddings_initializer", "uniform"},
    {"alpha", "alpha_initializer", "zeros"},
    {"scale", "scale_initializer", "ones"},
    {"mean", "mean_initializer", "zeros"},
    {"variance", "variance_initializer", "ones"},
}};

/// The config of what holds the weight: a wrapper's is that of the layer in it. A Bidirectional
/// whose directions are alike writes only "layer".
const Json &configOf(const keras::Layer &layer, const std::string &path) {
  static constexpr std::array<std::string_view, 3> wrapped{"layer", "forward_layer",
                                                           "backward_layer"};
  std::string_view first = std::string_view(path).substr(0, path.find('/'));
  if (std::ranges::count(wrapped, first))
    for (const std::string &key : {std::string(first), std::string("layer")})
      if (auto inner = layer.config.find(key);
          inner != layer.config.end() && inner->is_object() && inner->contains("config"))
        return (*inner)["config"];
  return layer.config;
}

/// An LSTM's gates are input, forget, cell, output; the bias of forgetting begins at 1, so that
/// nothing is forgotten until it is learned.
void biasForget(Tensor &bias, const Json &config, const keras::Layer &layer) {
  bool isLstm = layer.className.find("LSTM") != std::string::npos;
  if (!isLstm && !config.contains("unit_forget_bias"))
    return;
  if (config.contains("unit_forget_bias") && config["unit_forget_bias"] == false)
    return;
  std::span<float> values = bias.as<float>();
  size_t units = values.size() / 4;
  std::ranges::fill(values.subspan(units, units), 1.f);
}

Expected<Tensor> initialValueOf(const keras::Model &model, const Parameter &parameter,
                                uint64_t seed, uint32_t index) {
  const keras::Layer *layer = keras::findLayer(model, parameter.layerPath);
  if (!layer)
    return internalError(
        fmt::format("the model has no layer of the parameter '{}'", parameter.symbol));
  const auto *kind = std::ranges::find_if(weightKinds, [&](const WeightKind &kind) {
    return kind.weight == parameter.name && layer->className.starts_with(kind.layers);
  });
  if (kind == weightKinds.end())
    return internalError(fmt::format("nothing says how the weight '{}' of '{}' ({}) begins",
                                     parameter.name, layer->name, layer->className));
  Problem where{model.file, fmt::format("{}", fmt::join(parameter.layerPath, "/")),
                layer->className, kind->key};
  const Json &config = configOf(*layer, parameter.path);
  auto given = config.find(kind->key);
  Json initializer = given == config.end() || given->is_null() ? Json(kind->fallback) : *given;
  Tensor value = HORNET_TRY(initialValue(initializer, parameter.shape, seed, index, where));
  if (parameter.name == "bias")
    biasForget(value, config, *layer);
  return value;
}

} // namespace

Expected<std::vector<Tensor>> initialize(const keras::Model &model,
                                         std::span<const Parameter> parameters, uint64_t seed) {
  std::vector<Tensor> values;
  InputError wrong;
  for (size_t i = 0; i < parameters.size(); ++i) {
    auto value = initialValueOf(model, parameters[i], seed, static_cast<uint32_t>(i));
    if (value) {
      values.push_back(std::move(*value));
      continue;
    }
    auto *input = std::get_if<InputError>(&value.error());
    if (!input)
      return tl::unexpected<Error>(std::move(value).error());
    wrong.problems.insert(wrong.problems.end(), input->problems.begin(), input->problems.end());
  }
  if (!wrong.problems.empty())
    return tl::unexpected<Error>(std::move(wrong));
  return values;
}

} // namespace hornet::training
