#include "driver/Key.h"

#include "cache/Digest.h"
#include "driver/Processor.h"

namespace hornet::driver {

namespace {
/// Takes every struct apart by structured bindings: a new member does not compile until it has been
/// decided here whether the code depends on it.
class KeyDigest {
public:
  void add(const keras::Model &model);
  void add(const CompileOptions &options);
  void addText(std::string_view text) { digest.add(text); }
  std::string hex() const { return digest.hex(); }

private:
  void add(const keras::Layer &layer);
  void add(const keras::Call &call);
  void add(const keras::TensorRef &tensor);
  void add(const keras::Port &port);
  void add(const keras::Step &step);
  void add(const step::StepOptions &step);
  void addJson(const keras::Json &json) { digest.add(json.dump(-1, ' ', false, replace)); }
  template <class T> void addAll(const std::vector<T> &values) {
    digest.add(values.size());
    for (const T &value : values)
      add(value);
  }

  static constexpr auto replace = keras::Json::error_handler_t::replace;
  cache::Digest digest;
};
} // namespace

void KeyDigest::add(const keras::Model &model) {
  const auto &[file, name, className, generation, kerasVersion, backend, trainable, layers, inputs,
               outputs, order, weights, source, problems] = model;
  // All of `source` is in the rest; what has problems is not compiled.
  digest.add(name);
  digest.add(className);
  digest.add(static_cast<int>(generation));
  digest.add(kerasVersion);
  digest.add(backend);
  digest.add(trainable);
  addAll(layers);
  addAll(inputs);
  addAll(outputs);
  addAll(order);
}

void KeyDigest::add(const keras::Layer &layer) {
  // Layers that it wraps are in its config.
  const auto &[name, className, module, registeredName, config, calls, model, wrapped, role,
               implied] = layer;
  digest.add(name);
  digest.add(className);
  digest.add(module);
  digest.add(registeredName);
  addJson(config);
  addAll(calls);
  digest.add(implied);
  digest.add(model != nullptr);
  if (model)
    add(*model);
}

void KeyDigest::add(const keras::Call &call) {
  const auto &[inputs, args, kwargs, unread] = call; // `unread` is a problem
  addAll(inputs);
  addJson(args);
  addJson(kwargs);
}

void KeyDigest::add(const keras::TensorRef &ref) {
  const auto &[layer, call, tensor] = ref;
  digest.add(layer);
  digest.add(call);
  digest.add(tensor);
}

void KeyDigest::add(const keras::Port &port) {
  const auto &[name, tensor, place] = port; // `place` is for saving
  digest.add(name);
  add(tensor);
}

void KeyDigest::add(const keras::Step &step) {
  const auto &[layer, call] = step;
  digest.add(layer);
  digest.add(call);
}

void KeyDigest::add(const step::StepOptions &step) {
  const auto &[kind, losses, lossWeights, sampleWeights, stepWeights, optimizer, withoutWeightDecay,
               recompute, gradients] = step;
  digest.add(static_cast<int>(kind));
  digest.add(losses.size());
  for (const step::Json &loss : losses)
    addJson(loss);
  digest.add(lossWeights.size());
  for (double weight : lossWeights)
    digest.add(step::Json(weight).dump());
  digest.add(sampleWeights);
  addJson(optimizer);
  digest.add(withoutWeightDecay.size());
  for (const std::string &name : withoutWeightDecay)
    digest.add(name);
  digest.add(stepWeights);
  digest.add(recompute);
  digest.add(gradients);
}

void KeyDigest::add(const CompileOptions &options) {
  // The driver takes no custom layers.
  const auto &[level, threads, target, shapes, winograd, weightType, profile, tuning, layerOutputs,
               customLayers, step] = options;
  digest.add(level);
  digest.add(threadsOf(options));
  digest.add(target);
  digest.add(winograd);
  digest.add(static_cast<int>(weightType));
  digest.add(profile);
  digest.add(layerOutputs.size());
  for (const std::string &layer : layerOutputs)
    digest.add(layer);
  digest.add(step.has_value());
  if (step)
    add(*step);
  digest.add(tuning.size());
  for (const auto &[op, choice] : tuning) {
    digest.add(op);
    digest.add(toString(choice));
  }
  digest.add(shapes.size());
  for (const auto &[input, shape] : shapes) {
    digest.add(input);
    digest.add(shape.size());
    for (int64_t extent : shape)
      digest.add(extent);
  }
}

std::string artifactKey(const keras::Model &model, const CompileOptions &options,
                        const std::string &compiler) {
  KeyDigest digest;
  digest.addText(compiler);
  digest.add(options);
  // Whatever the target is called: schedules may ask the machine for the sizes of its caches.
  for (uint32_t word : processorIdentity())
    digest.addText(std::to_string(word));
  digest.add(model);
  return digest.hex();
}

} // namespace hornet::driver
