#include "keras/Config.h"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <map>
#include <queue>

namespace hornet::keras {
namespace {

/// Checks one model; finds layers by name and steps by number.
class GraphChecker {
public:
  GraphChecker(Model &model, Report &report) : model(model), report(report) {
    for (size_t i = 0; i < model.layers.size(); ++i) {
      Layer &layer = model.layers[i];
      if (!indexOf.emplace(layer.name, i).second)
        duplicate(layer);
      firstStep.push_back(steps.size());
      for (size_t call = 0; call < layer.calls.size(); ++call)
        steps.push_back({static_cast<int>(i), static_cast<int>(call)});
    }
  }

  void run() {
    if (failed)
      return;
    renumberNestedCalls();
    for (const Layer &layer : model.layers)
      for (const Call &call : layer.calls)
        for (const TensorRef &ref : call.inputs)
          checkInput(ref, layer);
    for (const Port &port : model.outputs)
      checkOutput(port.tensor);
    checkInputs();
    if (!failed)
      sort();
  }

private:
  void duplicate(const Layer &layer) {
    failed = true;
    report.add(layer, "name", fmt::format("two layers are named '{}'", layer.name),
               "give every layer of a model its own name");
  }

  template <class Visit> void forEachRef(Visit visit) {
    for (Layer &layer : model.layers)
      for (Call &call : layer.calls)
        for (TensorRef &ref : call.inputs)
          visit(ref, false);
    for (Port &port : model.outputs)
      visit(port.tensor, true);
  }

  /// In Keras, call 0 of a nested model is the one that made its own graph. Keras 2 therefore
  /// counts the calls in a file from 1 (but from 0 for a Sequential that began without a shape);
  /// Keras 3 does so in `output_layers` alone, and not for Sequentials.
  void renumberNestedCalls() {
    bool keras3 = model.generation == Generation::keras3;
    std::set<std::string> fromZero;
    forEachRef([&](TensorRef &ref, bool) {
      if (ref.call == 0)
        fromZero.insert(ref.layer);
    });
    forEachRef([&](TensorRef &ref, bool isOutput) {
      const Layer *layer = find(ref.layer);
      if (!layer || !layer->model || ref.call < 1 || model.className == "Sequential")
        return;
      bool fromOne =
          keras3 ? isOutput && !layer->model->isSequential() : !fromZero.contains(ref.layer);
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
    int outputs = source.model ? static_cast<int>(source.model->outputs.size()) : INT_MAX;
    if (ref.tensor < 0 || ref.tensor >= outputs)
      return fmt::format("output {} of '{}' does not exist: it has {}", ref.tensor, source.name,
                         outputs);
    return "";
  }

  void checkInput(const TensorRef &ref, const Layer &user) {
    const Layer *source = find(ref.layer);
    std::string problem;
    if (!source)
      problem = fmt::format("it takes the output of '{}', which does not exist", ref.layer);
    else if (source->calls.empty())
      return noCalls(*source, user);
    else
      problem = numberProblem(ref, *source);
    if (problem.empty())
      return;
    failed = true;
    report.add(user, "inbound_nodes", std::move(problem));
  }

  void noCalls(const Layer &source, const Layer &user) {
    failed = true;
    report.add(source, "inbound_nodes",
               fmt::format("it has no inbound nodes, but '{}' uses its output", user.name));
  }

  void checkOutput(const TensorRef &ref) {
    const Layer *source = find(ref.layer);
    std::string problem =
        source ? numberProblem(ref, *source)
               : fmt::format("output_layers names '{}', which does not exist", ref.layer);
    if (problem.empty())
      return;
    failed = true;
    report.add("output_layers", std::move(problem));
  }

  void checkInputs() {
    std::set<std::string> listed;
    for (const Port &port : model.inputs) {
      const Layer *source = find(port.tensor.layer);
      listed.insert(port.tensor.layer);
      if (source && source->isInput() && port.tensor.call == 0 && port.tensor.tensor == 0)
        continue;
      failed = true;
      report.add("input_layers", fmt::format("input_layers names '{}', which {}", port.tensor.layer,
                                             source ? "is no InputLayer" : "does not exist"));
    }
    forEachRef([&](TensorRef &ref, bool) {
      const Layer *source = find(ref.layer);
      if (!source || !source->isInput() || !listed.insert(ref.layer).second)
        return;
      failed = true;
      report.add(*source, "input_layers",
                 fmt::format("the InputLayer '{}' is used, but not among input_layers", ref.layer));
    });
  }

  int stepOf(const TensorRef &ref) const {
    return static_cast<int>(firstStep[indexOf.at(ref.layer)]) + ref.call;
  }
  const Call &callOf(const Step &step) const { return model.layers[step.layer].calls[step.call]; }

  /// Kahn's algorithm; among the calls that are ready, the first in the file goes first.
  void sort() {
    std::vector<int> missing(steps.size());
    std::vector<std::vector<int>> users(steps.size());
    std::priority_queue<int, std::vector<int>, std::greater<>> ready;
    for (int i = 0; i < static_cast<int>(steps.size()); ++i) {
      for (const TensorRef &ref : callOf(steps[i]).inputs)
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
    if (model.order.size() < steps.size())
      reportCycle(missing);
  }

  /// Every call that still misses an input takes one from another such call; so walking back from
  /// any of them runs into a cycle.
  void reportCycle(const std::vector<int> &missing) {
    auto isMissing = [&](int step) { return missing[step] > 0; };
    int step = std::ranges::find_if(missing, [](int n) { return n > 0; }) - missing.begin();
    std::vector<int> path;
    while (!std::ranges::count(path, step)) {
      path.push_back(step);
      for (const TensorRef &ref : callOf(steps[step]).inputs)
        if (isMissing(stepOf(ref))) {
          step = stepOf(ref);
          break;
        }
    }
    path.erase(path.begin(), std::ranges::find(path, step));
    const Layer &layer = model.layers[steps[step].layer];
    if (path.size() == 1)
      return report.add(layer, "inbound_nodes", "it takes its own output, which is a cycle");
    std::string names = layer.name;
    constexpr size_t shown = 8; // a cycle may be thousands of layers long
    for (size_t i = 1; i < std::min(path.size(), shown); ++i)
      names += " <- " + model.layers[steps[path[i]].layer].name;
    report.add(layer, "inbound_nodes",
               fmt::format("{}{} <- {} is a cycle", names, path.size() > shown ? " <- …" : "",
                           layer.name));
  }

  Model &model;
  Report &report;
  std::map<std::string, size_t, std::less<>> indexOf;
  std::vector<Step> steps;       ///< all calls in the file's order
  std::vector<size_t> firstStep; ///< of each layer, in `steps`
  bool failed = false;
};
} // namespace

void checkGraph(Model &model, Report &report) { GraphChecker(model, report).run(); }

} // namespace hornet::keras
