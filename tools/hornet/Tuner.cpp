#include "Tuner.h"

#include "Timing.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hornet::tool {

/// How much less time code must take for its choice to be taken, against noise.
static constexpr double enoughLess = 0.97;
/// Parts of the seconds given: that the search may take, and that each of two contenders may run
/// while it is confirmed, and again while it is verified.
static constexpr double searching = 0.75, confirming = 0.04;

double Tuner::elapsed() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Expected<Contender> Tuner::compile(const Tuning &choices, bool profile) {
  CompileOptions options = trial.options;
  options.tuning = choices;
  options.profile = profile;
  Contender made = HORNET_TRY(Contender::make(trial.model, options, batch, /*useCache=*/!profile));
  if (base && !areAlike(base->outputs, made.outputs)) {
    std::string all;
    for (const auto &[op, choice] : choices)
      all += fmt::format("; {}: {}", op, toString(choice));
    return internalError("the model answers differently with other choices" + all);
  }
  return made;
}

Expected<TuningResult> Tuner::run() {
  HORNET_TRY(findTunables());
  if (!tunables.empty()) {
    base = HORNET_TRY(compile({}, /*profile=*/true));
    HORNET_TRY(search());
    HORNET_TRY(confirm());
    HORNET_TRY(verify());
  }
  result.seconds = elapsed();
  result.others = neighbors.share();
  return std::move(result);
}

/// The ops that there are with the best choices; of those not seen before, the schedule's choices.
Expected<void> Tuner::findTunables() {
  CompileOptions options = trial.options;
  options.tuning = best;
  tunables = HORNET_TRY(driver::tunables(trial.model, options, batch));
  for (const Tunable &tunable : tunables) {
    auto [search, isNew] = searches.try_emplace(tunable.op);
    search->second.layers.insert(tunable.layers.begin(), tunable.layers.end());
    if (isNew) {
      search->second.own = tunable.choice;
      search->second.tried = {tunable.choice};
    }
  }
  return {};
}

Expected<void> Tuner::search() {
  double longest = 0;
  for (;; ++result.trials) {
    Tuning choices = best;
    std::vector<std::string> varied = vary(choices);
    result.complete = varied.empty();
    double begin = elapsed();
    if (result.complete || (result.trials > 0 && begin + longest > searching * seconds))
      return {};
    progress(fmt::format("trial {}: {} op{}, {} faster so far", result.trials + 1, varied.size(),
                         varied.size() == 1 ? "" : "s", best.size()));
    if (HORNET_TRY(measure(choices, varied)))
      HORNET_TRY(findTunables());
    longest = std::max(longest, elapsed() - begin);
  }
}

/// Gives ops that share no code their next candidates, and tells which.
std::vector<std::string> Tuner::vary(Tuning &choices) {
  std::vector<std::string> varied;
  Layers busy;
  for (const Tunable &tunable : tunables) {
    Search &search = searches.at(tunable.op);
    auto next = std::ranges::find_if(tunable.candidates, [&](const Choice &candidate) {
      return std::ranges::find(search.tried, candidate) == search.tried.end();
    });
    Layers layers = joined(search.layers, *base, *base);
    bool shares = std::ranges::any_of(layers, [&](auto &layer) { return busy.contains(layer); });
    if (next == tunable.candidates.end() || shares)
      continue;
    busy.insert(layers.begin(), layers.end());
    search.tried.push_back(*next);
    choices[tunable.op] = *next;
    varied.push_back(tunable.op);
  }
  return varied;
}

/// Whether something was faster.
Expected<bool> Tuner::measure(const Tuning &choices, const std::vector<std::string> &varied) {
  constexpr int turns = 5;
  constexpr double turnSeconds = 0.02;
  Contender contender = HORNET_TRY(compile(choices, /*profile=*/true));
  HORNET_TRY(takeTurns(*base, contender, turns, turns * turnSeconds));
  bool faster = false;
  for (const std::string &op : varied)
    faster |= take(contender, op, choices.at(op));
  return faster;
}

/// Takes the choice if the code of the op's layers takes less time than with the best so far, by
/// more than noise makes.
bool Tuner::take(const Contender &contender, const std::string &op, const Choice &choice) {
  constexpr double leastOfCall = 0.001;
  Layers layers = joined(searches.at(op).layers, *base, contender);
  double before = base->microseconds(layers), after = contender.microseconds(layers);
  double least = 1;
  for (const std::string &layer : layers)
    if (auto known = shareOfBefore.find(layer); known != shareOfBefore.end())
      least = std::min(least, known->second);
  if (after > enoughLess * least * before ||
      least * before - after < leastOfCall * base->microseconds())
    return false;
  best[op] = choice;
  for (const std::string &layer : layers)
    shareOfBefore[layer] = after / before;
  return true;
}

/// In the order of the model's layers.
static void sortByLayer(std::vector<TunedOp> &ops, const ModelDescription &model) {
  std::map<std::string, size_t> positions;
  for (const auto &layer : model.layers)
    positions.emplace(fmt::format("{}", fmt::join(layer.path, "/")), positions.size());
  std::ranges::sort(ops, {}, [&](const TunedOp &op) {
    size_t first = positions.size();
    for (const std::string &layer : op.layers)
      if (auto found = positions.find(layer); found != positions.end())
        first = std::min(first, found->second);
    return std::pair(first, op.op);
  });
}

/// All that was taken once more, together and longer: the fastest of many was lucky too.
Expected<void> Tuner::confirm() {
  constexpr int turns = 10;
  constexpr double leastGain = 1.02;
  Contender contender = HORNET_TRY(compile(best, /*profile=*/true));
  HORNET_TRY(takeTurns(*base, contender, turns, confirming * seconds));
  Layers changed;
  for (const Tunable &tunable : tunables) {
    const Search &search = searches.at(tunable.op);
    Layers layers = joined(search.layers, *base, contender);
    TunedOp op{tunable.op, tunable.layers, search.own, search.own};
    op.beforeMicroseconds = base->microseconds(layers);
    op.afterMicroseconds = contender.microseconds(layers);
    if (auto chosen = best.find(tunable.op); chosen != best.end() && op.gain() >= leastGain) {
      op.after = chosen->second;
      changed.insert(layers.begin(), layers.end());
    } else {
      op.afterMicroseconds = op.beforeMicroseconds;
    }
    result.ops.push_back(std::move(op));
  }
  sortByLayer(result.ops, trial.description);
  if (!changed.empty())
    result.savedPart =
        (base->microseconds(changed) - contender.microseconds(changed)) / base->microseconds();
  best.clear();
  for (const TunedOp &op : result.ops)
    if (op.after != op.before)
      best[op.op] = op.after;
  return {};
}

/// The whole model, as it will run: loaded several times, since each time its memory lies
/// elsewhere.
Expected<void> Tuner::verify() {
  constexpr int loads = 4, turns = 3;
  result.beforeMicroseconds = result.afterMicroseconds = base->microseconds();
  if (best.empty())
    return {};
  std::vector<double> befores, afters;
  for (int i = 0; i < loads; ++i) {
    Contender before = HORNET_TRY(compile({}, /*profile=*/false));
    Contender after = HORNET_TRY(compile(best, /*profile=*/false));
    HORNET_TRY(takeTurns(before, after, turns, confirming * seconds / loads));
    befores.push_back(before.microseconds());
    afters.push_back(after.microseconds());
  }
  result.beforeMicroseconds = summarize(befores).median;
  result.afterMicroseconds = summarize(afters).median;
  return {};
}

} // namespace hornet::tool
