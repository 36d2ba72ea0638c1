#include "keras/Config.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace hornet::keras {
namespace {

/// The numbers of a call's inputs as Keras meets them in its arguments: dicts by sorted keys.
void collectInputs(const Json &arguments, std::vector<size_t> &inputs) {
  if (arguments.is_object() && arguments.contains(tensorKey)) {
    inputs.push_back(arguments[std::string(tensorKey)].get<size_t>());
    return;
  }
  if (!arguments.is_structured())
    return;
  std::map<std::string, const Json *> sorted;
  for (const auto &[key, value] : arguments.items())
    if (arguments.is_array())
      collectInputs(value, inputs);
    else
      sorted.emplace(key, &value);
  for (const auto &[key, value] : sorted)
    collectInputs(*value, inputs);
}

/// The walk from a model's outputs backwards by which Keras orders its layers
/// (keras.src.ops.function.map_graph).
class Walk {
public:
  explicit Walk(const Model &model) : model(model) {
    for (size_t i = 0; i < model.layers.size(); ++i) {
      indexOf.emplace(model.layers[i].name, i);
      first.push_back(states.size());
      for (size_t call = 0; call < model.layers[i].calls.size(); ++call)
        states.push_back({static_cast<int>(i), {}, 0, 0, false});
    }
    seen.resize(model.layers.size(), -1);
    depths.resize(model.layers.size(), -1);
  }

  std::vector<int> order() {
    std::vector<Port> outputs = model.outputs;
    std::ranges::sort(outputs, {}, &Port::place);
    for (const Port &output : outputs)
      visit(output.tensor);
    findDepths();
    std::vector<int> layers(model.layers.size());
    for (size_t i = 0; i < layers.size(); ++i)
      layers[i] = static_cast<int>(i);
    // An input that no output needs stands first among the last; what Keras would drop comes last.
    for (int i : layers)
      if (depths[i] < 0 && model.layers[i].isInput())
        depths[i] = 0;
    std::ranges::sort(layers, {}, [&](int i) { return std::tuple(-depths[i], seen[i], i); });
    return layers;
  }

private:
  struct State {
    int layer;
    std::vector<size_t> inputs; ///< of the call, in Keras's order
    size_t nextInput;
    int depth;
    bool entered;
  };

  size_t callOf(const TensorRef &ref) const { return first[indexOf.at(ref.layer)] + ref.call; }
  const Call &call(size_t at) const {
    return model.layers[states[at].layer].calls[at - first[states[at].layer]];
  }

  /// Depth first, inputs in their order. A loop: networks are deep.
  void visit(const TensorRef &output) {
    std::vector<size_t> stack;
    auto enter = [&](size_t at) {
      State &state = states[at];
      if (state.entered)
        return;
      state.entered = true;
      collectInputs(call(at).args, state.inputs);
      collectInputs(call(at).kwargs, state.inputs);
      if (seen[state.layer] < 0)
        seen[state.layer] = count++;
      stack.push_back(at);
    };
    enter(callOf(output));
    while (!stack.empty()) {
      size_t at = stack.back();
      State &state = states[at];
      if (state.nextInput < state.inputs.size()) {
        enter(callOf(call(at).inputs[state.inputs[state.nextInput++]]));
      } else {
        finished.push_back(at);
        stack.pop_back();
      }
    }
  }

  /// A call is one deeper than the deepest call that takes its result, and no less deep than other
  /// calls of its layer that were met before.
  void findDepths() {
    for (auto at = finished.rbegin(); at != finished.rend(); ++at) {
      State &state = states[*at];
      state.depth = std::max(state.depth, depths[state.layer]);
      depths[state.layer] = state.depth;
      for (const TensorRef &input : call(*at).inputs) {
        State &source = states[callOf(input)];
        source.depth = std::max(source.depth, state.depth + 1);
      }
    }
  }

  const Model &model;
  std::map<std::string, size_t, std::less<>> indexOf;
  std::vector<size_t> first; ///< of each layer's calls, in `states`
  std::vector<State> states;
  std::vector<size_t> finished;
  std::vector<int> seen, depths; ///< of each layer; -1: not met
  int count = 0;
};

} // namespace

std::vector<int> layerOrder(const Model &model) {
  if (!model.isSequential() && model.problems.empty())
    return Walk(model).order();
  std::vector<int> order(model.layers.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = static_cast<int>(i);
  return order;
}

} // namespace hornet::keras
