#include "step/Optimizers.h"

#include "step/Losses.h"
#include "step/Update.h"

#include <map>
#include <set>

using namespace mlir;
using namespace hornet::graph;
using hornet::keras::plainName;
using hornet::keras::Spec;

namespace hornet::step {
namespace {

/// Slots that every optimizer may have come before its own.
enum Groups { averages = -2, accumulators = -1 };

//===----------------------------------------------------------------------===//
// The optimizers: each returns the new parameter
//===----------------------------------------------------------------------===//

Term adadelta(Update &u) {
  double rho = u.number("rho", 0.95), epsilon = u.number("epsilon", 1e-7);
  auto root = [&](Term x) { return sqrt(x + epsilon); };
  Term squares = u.slot("accumulated_grad"), deltas = u.slot("accumulated_delta_var");
  squares = u.assign("accumulated_grad", rho * squares + (1 - rho) * square(u.g));
  Term delta = -(root(deltas) * u.g / root(squares));
  u.assign("accumulated_delta_var", rho * deltas + (1 - rho) * square(delta));
  return u.p + u.lr * delta;
}

Term adafactor(Update &u) {
  ArrayRef<int64_t> shape = u.p.type().getShape();
  int64_t rank = shape.size();
  auto mean = [](Term x, int64_t dimension) {
    Term sum{x.builder, ReduceSumOp::create(*x.builder, x.value, dimension)};
    return sum / static_cast<double>(x.type().getDimSize(dimension));
  };
  auto rootMeanSquare = [](Term x) {
    return sqrt(sumOf(square(x)) / static_cast<double>(x.type().getNumElements()));
  };
  Term lr = u.lr, inverse = 1.0 / sqrt(u.step);
  if (u.flag("relative_step", true))
    lr = min(lr, inverse);
  Term rate = max(rootMeanSquare(u.p), u.number("epsilon_2", 1e-3)) * min(lr, inverse);
  Term squares = square(u.g) + u.number("epsilon_1", 1e-30);
  Term beta = 1.0 - pow(u.step, u.number("beta_2_decay", -0.8));
  auto average = [&](Term before, Term now) { return beta * before + (1.0 - beta) * now; };
  SmallVector<int64_t> rowShape, columnShape;
  if (rank >= 2) {
    rowShape.assign(shape.begin(), shape.end() - 1);
    columnShape.assign(shape.begin(), shape.end() - 2);
    columnShape.push_back(shape.back());
  }
  Term rows = u.slotOf("row", rowShape), columns = u.slotOf("column", columnShape);
  Term velocity = u.slot("velocity");
  if (rank >= 2) {
    rows = u.assign("row", average(rows, mean(squares, rank - 1)));
    columns = u.assign("column", average(columns, mean(squares, rank - 2)));
    Term relative =
        rows / (reduceKeeping<ReduceSumOp>(rows, rank - 2) / static_cast<double>(shape[rank - 2]));
    rowShape.push_back(1);
    columnShape.insert(columnShape.end() - 1, 1);
    velocity = u.assign("velocity", reshape(relative, rowShape) * reshape(columns, columnShape));
  } else {
    velocity = u.assign("velocity", average(velocity, squares));
  }
  Term change = u.g / sqrt(velocity);
  Term clipped = change / max(rootMeanSquare(change) / u.number("clip_threshold", 1), 1.0);
  return u.p - rate * clipped;
}

Term adagrad(Update &u) {
  Term sum = u.slot("accumulator", 0, u.number("initial_accumulator_value", 0.1));
  sum = u.assign("accumulator", sum + square(u.g));
  return u.p - u.lr * u.g / sqrt(sum + u.number("epsilon", 1e-7));
}

/// The moving means of the gradient and of its square.
struct Moments {
  Term first, second;
};
Moments moments(Update &u, double beta1, double beta2) {
  Term m = u.slot("momentum"), v = u.slot("velocity");
  return {u.assign("momentum", m + (u.g - m) * (1 - beta1)),
          u.assign("velocity", v + (square(u.g) - v) * (1 - beta2))};
}

Term adam(Update &u) {
  return adamStep(u, u.lr, u.number("beta_1", 0.9), u.number("beta_2", 0.999),
                  u.number("epsilon", 1e-7));
}

Term adamax(Update &u) {
  double beta1 = u.number("beta_1", 0.9), beta2 = u.number("beta_2", 0.999);
  Term m = u.slot("momentum"), norm = u.slot("norm");
  m = u.assign("momentum", m + (u.g - m) * (1 - beta1));
  norm = u.assign("norm", max(beta2 * norm, abs(u.g)));
  return u.p - u.lr * m / ((1.0 - power(beta1, u.step)) * (norm + u.number("epsilon", 1e-7)));
}

Term ftrl(Update &u) {
  double exponent = -u.number("learning_rate_power", -0.5);
  double l1 = u.number("l1_regularization_strength", 0);
  Term l2 = u.number("beta", 0) / (2.0 * u.lr) + u.number("l2_regularization_strength", 0);
  Term sum = u.slot("accumulator", 0, u.number("initial_accumulator_value", 0.1));
  Term linear = u.slot("linear");
  Term g = u.g + 2 * u.number("l2_shrinkage_regularization_strength", 0) * u.p;
  Term newSum = u.assign("accumulator", sum + square(u.g));
  linear =
      u.assign("linear", linear + g - (pow(newSum, exponent) - pow(sum, exponent)) / u.lr * u.p);
  Term quadratic = pow(newSum, exponent) / u.lr + 2.0 * l2;
  return (clip(linear, -l1, l1) - linear) / quadratic;
}

Term lamb(Update &u) {
  double beta1 = u.number("beta_1", 0.9), beta2 = u.number("beta_2", 0.999);
  auto [m, v] = moments(u, beta1, beta2);
  Term change = m / (1.0 - power(beta1, u.step)) /
                (sqrt(v / (1.0 - power(beta2, u.step))) + u.number("epsilon", 1e-7));
  auto norm = [](Term x) { return sqrt(sumOf(square(x))); };
  Term weights = norm(u.p), changes = norm(change);
  Term one = weights.scalar(1);
  Term ratio = where(weights > 0.0, where(changes > 0.0, weights / changes, one), one);
  return u.p - ratio * u.lr * change;
}

Term lion(Update &u) {
  double beta1 = u.number("beta_1", 0.9), beta2 = u.number("beta_2", 0.99);
  Term m = u.slot("momentum");
  u.assign("momentum", m * beta2 + u.g * (1 - beta2));
  return u.p - u.lr * apply<SignOp>(m * beta1 + u.g * (1 - beta1));
}

Term nadam(Update &u) {
  double beta1 = u.number("beta_1", 0.9), beta2 = u.number("beta_2", 0.999);
  auto momentumAt = [&](Term step) { return beta1 * (1.0 - 0.5 * power(0.96, step)); };
  Term now = momentumAt(u.step), next = momentumAt(u.step + 1.0);
  Slot &product = u.shared("variable", 1, 1);
  if (u.isFirst())
    product.after = product.before * now;
  Term product1 = product.after, product2 = product1 * next;
  auto [m, v] = moments(u, beta1, beta2);
  Term first = next * m / (1.0 - product2) + (1.0 - now) * u.g / (1.0 - product1);
  Term second = v / (1.0 - power(beta2, u.step));
  return u.p - first * u.lr / (sqrt(second) + u.number("epsilon", 1e-7));
}

Term rmsprop(Update &u) {
  double rho = u.number("rho", 0.9), epsilon = u.number("epsilon", 1e-7),
         momentum = u.number("momentum", 0);
  Term velocity = u.slot("velocity");
  velocity = u.assign("velocity", rho * velocity + (1 - rho) * square(u.g));
  Term denominator = velocity + epsilon;
  // Keras creates the momenta first.
  Term before = momentum > 0 ? u.slot("momentum", 1) : velocity;
  if (u.flag("centered")) {
    Term mean = u.slot("average_gradient", 2);
    mean = u.assign("average_gradient", rho * mean + (1 - rho) * u.g);
    denominator = velocity - square(mean) + epsilon;
  }
  Term increment = u.lr * u.g / sqrt(denominator);
  if (momentum > 0)
    increment = u.assign("momentum", momentum * before + increment);
  return u.p - increment;
}

Term sgd(Update &u) {
  double momentum = u.number("momentum", 0);
  bool nesterov = u.flag("nesterov");
  if (momentum == 0)
    return u.p - u.g * u.lr;
  Term m = u.slot("momentum");
  m = u.assign("momentum", m * momentum - u.g * u.lr);
  return nesterov ? u.p + (m * momentum - u.g * u.lr) : u.p + m;
}

/// By plain name.
const std::map<std::string_view, Term (*)(Update &)> &optimizers() {
  static const std::map<std::string_view, Term (*)(Update &)> table = {
      {"adadelta", adadelta}, {"adafactor", adafactor}, {"adagrad", adagrad}, {"adam", adam},
      {"adamax", adamax},     {"adamw", adam},          {"ftrl", ftrl},       {"lamb", lamb},
      {"lion", lion},         {"muon", muon},           {"nadam", nadam},     {"rmsprop", rmsprop},
      {"sgd", sgd},
  };
  return table;
}

//===----------------------------------------------------------------------===//
// What is around each of them
//===----------------------------------------------------------------------===//

std::vector<Term> clipped(Spec &config, std::vector<Term> gradients) {
  std::optional<double> norm = config.optionalNumber("clipnorm"),
                        global = config.optionalNumber("global_clipnorm"),
                        value = config.optionalNumber("clipvalue");
  auto limit = [](double most, Term length) { return most / max(length, most); };
  if (norm && *norm > 0) {
    for (Term &g : gradients)
      g = g * limit(*norm, sqrt(sumOf(square(g))));
  } else if (global && *global > 0 && !gradients.empty()) {
    std::optional<Term> sum;
    for (Term g : gradients)
      sum = sum ? *sum + sumOf(square(g)) : sumOf(square(g));
    Term factor = limit(*global, sqrt(*sum));
    for (Term &g : gradients)
      g = g * factor;
  } else if (value && *value > 0) {
    for (Term &g : gradients)
      g = clip(g, -*value, *value);
  }
  return gradients;
}

/// Whether `count` divides `number`, both being whole.
Term divides(double count, Term number) {
  Term quotient = number / count;
  Term rest = number - apply<FloorOp>(quotient + 0.5 / count) * count;
  return {number.builder,
          CompareOp::create(*number.builder, Comparison::eq, rest.value, number.scalar(0).value)};
}

class OptimizerStep {
public:
  OptimizerStep(Spec spec, const Training &training)
      : config(std::move(spec)), training(training), slots(training) {
    for (const char *elsewhere : {"name", "learning_rate", "loss_scale_factor",
                                  "is_legacy_optimizer", "jit_compile", "decay", "dtype"})
      config.ignore(elsewhere);
    if (config.flag("loss_scale_factor", false))
      config.refuse("loss_scale_factor", "is not needed in float32");
  }

  Expected<Updated> run() {
    auto found = optimizers().find(plainName(config.name));
    if (found == optimizers().end()) {
      std::vector<std::string_view> names;
      for (const auto &[name, rule] : optimizers())
        names.push_back(name);
      return config.refuseName("optimizer", names);
    }
    Updated result;
    result.gradients = accumulated();
    result.gradients = clipped(config, result.gradients);
    for (size_t i = 0; i < training.parameters.size(); ++i) {
      Term p = training.parameters[i];
      p.builder->setLoc(p.value.getLoc());
      Update one(config, rule(), slots, static_cast<int>(i), decayed(i), result.gradients[i]);
      Term next = found->second(one);
      next = averaged(i, keepUnlessDue(next, p));
      result.parameters.push_back(HORNET_TRY(training.constrain(i, next)));
    }
    if (due)
      for (Slot &slot : slots.slots)
        if (slot.group >= 0)
          slot.after = where(*due, slot.after, slot.before);
    HORNET_TRY(config.checkAll());
    result.slots = std::move(slots).inOrder();
    return result;
  }

private:
  /// The steps that the optimizer counts.
  Training rule() {
    Training counted = training;
    if (steps > 1)
      counted.iteration = apply<FloorOp>((training.iteration + 0.5) / steps);
    return counted;
  }

  /// The mean of this gradient and those that were put aside; `due` says when it counts.
  std::vector<Term> accumulated() {
    steps = config.number("gradient_accumulation_steps", 0);
    std::vector<Term> gradients = training.gradients;
    if (steps <= 1)
      return gradients;
    due = divides(steps, training.iteration + 1.0);
    for (size_t i = 0; i < gradients.size(); ++i) {
      Slot &sum = slots.get(static_cast<int>(i), "gradient_accumulator", accumulators,
                            gradients[i].type().getShape(), 0);
      Term all = sum.before + gradients[i];
      sum.after = where(*due, 0.0, all);
      gradients[i] = all / steps;
    }
    return gradients;
  }

  Term keepUnlessDue(Term next, Term before) { return due ? where(*due, next, before) : next; }

  Term decayed(size_t i) {
    Term p = training.parameters[i];
    std::string name = plainName(config.name);
    double standard = name == "adamw" || name == "muon" ? 0.004 : 0;
    double decay = decayOf("weight_decay", standard);
    if (name == "muon") {
      double ofAdam = decayOf("adam_weight_decay", standard);
      if (muonLeavesToAdam(config, p.type(), training.paths[i]))
        decay = ofAdam;
    }
    if (decay == 0 || !training.decays[i])
      return p;
    return p - p * decay * training.learningRate;
  }

  /// None is another thing than nothing said.
  double decayOf(std::string_view key, double standard) {
    return config.number(key, config.givenNull(key) ? 0 : standard);
  }

  /// Exponential moving averages of the parameters, which may take their place now and then.
  Term averaged(size_t i, Term next) {
    bool used = config.flag("use_ema", false);
    double momentum = config.number("ema_momentum", 0.99);
    std::optional<double> every = config.optionalNumber("ema_overwrite_frequency");
    if (!used)
      return next;
    Slot &average = slots.get(static_cast<int>(i), "average", averages, next.type().getShape(), 0);
    Term iteration = rule().iteration;
    Term kept = where(iteration > 0.0, iteration.scalar(momentum), 0.0);
    average.after = kept * average.before + (1.0 - kept) * next;
    if (!every || *every <= 0)
      return next;
    return where(divides(*every, iteration + 1.0), average.after, next);
  }

  Spec config;
  const Training &training;
  Slots slots;
  double steps = 0;
  std::optional<Term> due;
};

} // namespace

Slot &Slots::get(int parameter, std::string_view name, int group, ArrayRef<int64_t> shape,
                 double initial) {
  for (Slot &slot : slots)
    if (slot.parameter == parameter && slot.name == name)
      return slot;
  Term before = training.addSlot(shape);
  slots.push_back({std::string(name), parameter, group, initial, before, before});
  return slots.back();
}

std::vector<Slot> Slots::inOrder() && {
  auto keyOf = [](const Slot &slot) {
    return std::tuple(slot.group, slot.parameter < 0, slot.parameter);
  };
  std::set<std::tuple<int, bool, int>> keys;
  for (const Slot &slot : slots)
    keys.insert(keyOf(slot));
  std::vector<Slot> ordered;
  for (const auto &key : keys)
    llvm::copy_if(slots, std::back_inserter(ordered),
                  [&](const Slot &slot) { return keyOf(slot) == key; });
  return ordered;
}

Term adamStep(Update &u, Term lr, double beta1, double beta2, double epsilon) {
  auto [m, v] = moments(u, beta1, beta2);
  Term rate = lr * sqrt(1.0 - power(beta2, u.step)) / (1.0 - power(beta1, u.step));
  if (u.flag("amsgrad")) {
    Term greatest = u.slot("velocity_hat", 1);
    v = u.assign("velocity_hat", max(greatest, v));
  }
  return u.p - m * rate / (sqrt(v) + epsilon);
}

Expected<Updated> update(const Json &config, const Training &training) {
  Spec spec = HORNET_TRY(Spec::read(config, {.attribute = "optimizer"}));
  return OptimizerStep(std::move(spec), training).run();
}

} // namespace hornet::step
