#include "keras/Config.h"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <map>
#include <queue>
#include <span>

namespace hornet::keras {
namespace {

/// Checks one model; finds layers by name and steps by number. A reference that is reported becomes
/// unknown, and so does one of which nothing can be said since what it may name is reported.
class GraphChecker {
public:
  GraphChecker(Model &model, Report &report) : model(model), report(report) {
    for (size_t i = 0; i < model.layers.size(); ++i) {
      Layer &layer = model.layers[i];
      nameless = nameless || layer.name.empty();
      if (!indexOf.emplace(layer.name, i).second && !layer.name.empty())
        duplicate(layer);
      firstStep.push_back(steps.size());
      for (size_t call = 0; call < layer.calls.size(); ++call)
        steps.push_back({static_cast<int>(i), static_cast<int>(call)});
    }
  }

  void run() {
    renumberNestedCalls();
    forEachRef([&](TensorRef &ref, const Layer *) {
      if (isUncertain(ref))
        ref.call = TensorRef::unknownCall;
    });
    forEachRef([&](TensorRef &ref, const Layer *user) {
      if (ref.isKnown() && !(user ? checkInput(ref, *user) : checkOutput(ref)))
        ref.call = TensorRef::unknownCall;
    });
    checkInputs();
    if (!sort()) {
      breakCycles();
      sort();
    }
  }

private:
  void duplicate(const Layer &layer) {
    doubled.insert(layer.name);
    report.add(layer, "name", fmt::format("two layers are named '{}'", layer.name),
               "give every layer of a model its own name");
  }

  /// With the layer that takes the tensor; null where that is an output of the model.
  template <class Visit> void forEachRef(Visit visit) {
    for (Layer &layer : model.layers)
      for (Call &call : layer.calls)
        for (TensorRef &ref : call.inputs)
          visit(ref, &layer);
    for (Port &port : model.outputs)
      visit(port.tensor, nullptr);
  }

  /// Whether `ref` may name something that is reported already: one of two layers of a name, a
  /// layer that has none, a call beyond one that could not be read.
  bool isUncertain(const TensorRef &ref) const {
    const Layer *source = find(ref.layer);
    if (!source || doubled.contains(ref.layer))
      return source || nameless;
    return ref.call >= static_cast<int>(source->calls.size()) &&
           std::ranges::any_of(source->calls, &Call::unread);
  }

  /// In Keras, call 0 of a nested model is the one that made its own graph. Keras 2 therefore
  /// counts the calls in a file from 1 (but from 0 for a Sequential that began without a shape);
  /// Keras 3 does so in `output_layers` alone, and not for Sequentials.
  void renumberNestedCalls() {
    bool keras3 = model.generation == Generation::keras3;
    std::set<std::string> fromZero;
    forEachRef([&](TensorRef &ref, const Layer *) {
      if (ref.call == 0)
        fromZero.insert(ref.layer);
    });
    forEachRef([&](TensorRef &ref, const Layer *user) {
      const Layer *layer = find(ref.layer);
      if (!layer || !layer->model || ref.call < 1 || model.className == "Sequential")
        return;
      bool fromOne =
          keras3 ? !user && !layer->model->isSequential() : !fromZero.contains(ref.layer);
      if (fromOne)
        --ref.call;
    });
  }

  const Layer *find(const std::string &name) const {
    auto it = indexOf.find(name);
    return it == indexOf.end() ? nullptr : &model.layers[it->second];
  }

  /// What is wrong with the call and tensor numbers of a reference to `source`; empty: nothing.
  static std::string numberProblem(const TensorRef &ref, const Layer &source) {
    if (ref.call < 0 || ref.call >= static_cast<int>(source.calls.size()))
      return fmt::format("node {} of '{}' does not exist: it has {}", ref.call, source.name,
                         source.calls.size());
    // How many a layer has depends on its config, which the import reads.
    bool counted = source.model && !source.model->outputs.empty();
    int outputs = counted ? static_cast<int>(source.model->outputs.size()) : INT_MAX;
    if (ref.tensor < 0 || ref.tensor >= outputs)
      return fmt::format("output {} of '{}' does not exist: it has {}", ref.tensor, source.name,
                         outputs);
    return "";
  }

  bool checkInput(const TensorRef &ref, const Layer &user) {
    const Layer *source = find(ref.layer);
    std::string problem;
    if (!source)
      problem = fmt::format("it takes the output of '{}', which does not exist", ref.layer);
    else if (source->calls.empty())
      return noCalls(*source, user);
    else
      problem = numberProblem(ref, *source);
    if (problem.empty())
      return true;
    report.add(user, "inbound_nodes", std::move(problem));
    return false;
  }

  bool noCalls(const Layer &source, const Layer &user) {
    report.add(source, "inbound_nodes",
               fmt::format("it has no inbound nodes, but '{}' uses its output", user.name));
    return false;
  }

  bool checkOutput(const TensorRef &ref) {
    const Layer *source = find(ref.layer);
    std::string problem =
        source ? numberProblem(ref, *source)
               : fmt::format("output_layers names '{}', which does not exist", ref.layer);
    if (problem.empty())
      return true;
    report.add("output_layers", std::move(problem));
    return false;
  }

  void checkInputs() {
    std::set<std::string> listed;
    bool unread = model.inputs.empty();
    for (Port &port : model.inputs) {
      unread = unread || !port.tensor.isKnown();
      if (!port.tensor.isKnown() || isUncertain(port.tensor)) {
        port.tensor.call = TensorRef::unknownCall;
        listed.insert(port.tensor.layer);
        continue;
      }
      const Layer *source = find(port.tensor.layer);
      listed.insert(port.tensor.layer);
      if (source && source->isInput() && port.tensor.call == 0 && port.tensor.tensor == 0)
        continue;
      if (!source || !source->className.empty())
        report.add("input_layers",
                   fmt::format("input_layers names '{}', which {}", port.tensor.layer,
                               source ? "is no InputLayer" : "does not exist"));
      port.tensor.call = TensorRef::unknownCall;
    }
    if (unread) // any may be meant
      return;
    forEachRef([&](TensorRef &ref, const Layer *) {
      const Layer *source = ref.isKnown() ? find(ref.layer) : nullptr;
      if (!source || !source->isInput() || !listed.insert(ref.layer).second)
        return;
      report.add(*source, "input_layers",
                 fmt::format("the InputLayer '{}' is used, but not among input_layers", ref.layer));
    });
  }

  int stepOf(const TensorRef &ref) const {
    return static_cast<int>(firstStep[indexOf.at(ref.layer)]) + ref.call;
  }
  Call &callOf(const Step &step) { return model.layers[step.layer].calls[step.call]; }

  /// Kahn's algorithm; among the calls that are ready, the first in the file goes first. False when
  /// there is a cycle.
  bool sort() {
    missing.assign(steps.size(), 0);
    model.order.clear();
    std::vector<std::vector<int>> users(steps.size());
    std::priority_queue<int, std::vector<int>, std::greater<>> ready;
    for (int i = 0; i < static_cast<int>(steps.size()); ++i) {
      for (const TensorRef &ref : callOf(steps[i]).inputs)
        if (ref.isKnown())
          users[stepOf(ref)].push_back(i), ++missing[i];
      if (!missing[i])
        ready.push(i);
    }
    while (!ready.empty()) {
      int step = ready.top();
      ready.pop();
      model.order.push_back(steps[step]);
      for (int user : users[step])
        if (!--missing[user])
          ready.push(user);
    }
    return model.order.size() == steps.size();
  }

  /// Walks back from the calls that sort() left, depth first. A call that takes its input from one
  /// on the way to it closes a cycle: it is reported, unless one of the two is in a cycle that was,
  /// and the input becomes unknown.
  void breakCycles() {
    std::vector<size_t> taken(steps.size()); // inputs that were followed
    std::vector<bool> reported(steps.size());
    std::vector<int> place(steps.size(), unseen), path;
    auto enter = [&](int step) {
      place[step] = static_cast<int>(path.size());
      path.push_back(step);
    };
    auto follow = [&](TensorRef &ref, int step) {
      int source = ref.isKnown() ? stepOf(ref) : -1;
      if (source < 0 || missing[source] == 0 || place[source] == left)
        return;
      if (place[source] == unseen)
        return enter(source);
      ref.call = TensorRef::unknownCall;
      if (reported[step] || reported[source])
        return;
      std::span<const int> cycle = std::span(path).subspan(place[source]);
      reportCycle(cycle);
      for (int call : cycle)
        reported[call] = true;
    };
    for (int start = 0; start < static_cast<int>(steps.size()); ++start) {
      if (missing[start] > 0 && place[start] == unseen)
        enter(start);
      while (!path.empty()) {
        int step = path.back();
        std::vector<TensorRef> &inputs = callOf(steps[step]).inputs;
        if (taken[step] < inputs.size()) {
          follow(inputs[taken[step]++], step);
        } else {
          place[step] = left;
          path.pop_back();
        }
      }
    }
  }

  /// `cycle`: steps, each after one that takes its result.
  void reportCycle(std::span<const int> cycle) {
    const Layer &layer = model.layers[steps[cycle[0]].layer];
    if (cycle.size() == 1)
      return report.add(layer, "inbound_nodes", "it takes its own output, which is a cycle");
    std::string names = layer.name;
    constexpr size_t shown = 8; // a cycle may be thousands of layers long
    for (int step : cycle.first(std::min(cycle.size(), shown)).subspan(1))
      names += " <- " + model.layers[steps[step].layer].name;
    report.add(layer, "inbound_nodes",
               fmt::format("{}{} <- {} is a cycle", names, cycle.size() > shown ? " <- …" : "",
                           layer.name));
  }

  static constexpr int unseen = -1, left = -2; ///< no places on the path

  Model &model;
  Report &report;
  std::map<std::string, size_t, std::less<>> indexOf;
  std::vector<Step> steps;       ///< all calls in the file's order
  std::vector<size_t> firstStep; ///< of each layer, in `steps`
  std::vector<int> missing;      ///< of each step: inputs that are not ordered yet
  std::set<std::string> doubled; ///< names of more than one layer
  bool nameless = false;         ///< a layer could not be read, not even its name
};
} // namespace

void checkGraph(Model &model, Report &report) { GraphChecker(model, report).run(); }

} // namespace hornet::keras
