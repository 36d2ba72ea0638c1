#include "training/RowValues.h"

#include "training/MetricKinds.h"

#include <algorithm>
#include <cmath>

namespace hornet::training {

bool isIgnored(Row labels, const RowOptions &options) {
  return options.ignored && labels[0] == static_cast<float>(*options.ignored);
}

namespace row {

/// The mean of a value of each element.
template <class Value> static double meanOf(Row t, Row p, Value value) {
  double sum = 0;
  for (size_t i = 0; i < p.size(); ++i)
    sum += value(double{t[i]}, double{p[i]});
  return sum / static_cast<double>(p.size());
}

static double square(double x) { return x * x; }

double squaredError(Row t, Row p, const RowOptions &) {
  return meanOf(t, p, [](double t, double p) { return square(t - p); });
}
double absoluteError(Row t, Row p, const RowOptions &) {
  return meanOf(t, p, [](double t, double p) { return std::abs(t - p); });
}
double percentageError(Row t, Row p, const RowOptions &) {
  return 100 * meanOf(t, p, [](double t, double p) {
           return std::abs((t - p) / std::max(std::abs(t), epsilon));
         });
}
double logarithmicError(Row t, Row p, const RowOptions &) {
  return meanOf(t, p, [](double t, double p) {
    return square(std::log(std::max(p, epsilon) + 1) - std::log(std::max(t, epsilon) + 1));
  });
}
double logCosh(Row t, Row p, const RowOptions &) {
  return meanOf(t, p, [](double t, double p) {
    double x = std::abs(p - t); // it is even, and this form does not overflow
    return x + std::log1p(std::exp(-2 * x)) - std::log(2.0);
  });
}
double poisson(Row t, Row p, const RowOptions &) {
  return meanOf(t, p, [](double t, double p) { return p - t * std::log(p + epsilon); });
}

double cosineSimilarity(Row t, Row p, const RowOptions &) {
  double product = 0, targets = 0, predictions = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    product += double{t[i]} * p[i];
    targets += square(t[i]);
    predictions += square(p[i]);
  }
  double norms =
      std::sqrt(std::max(targets, square(epsilon)) * std::max(predictions, square(epsilon)));
  return product / norms;
}

struct Statistics {
  double targetMean = 0, predictionMean = 0, targetVariance = 0, predictionVariance = 0;
  double covariance = 0;
};
static Statistics statisticsOf(Row t, Row p) {
  Statistics s;
  auto count = static_cast<double>(p.size());
  for (size_t i = 0; i < p.size(); ++i) {
    s.targetMean += t[i] / count;
    s.predictionMean += p[i] / count;
  }
  for (size_t i = 0; i < p.size(); ++i) {
    double dt = t[i] - s.targetMean, dp = p[i] - s.predictionMean;
    s.targetVariance += dt * dt / count;
    s.predictionVariance += dp * dp / count;
    s.covariance += dt * dp / count;
  }
  return s;
}

double pearson(Row t, Row p, const RowOptions &) {
  Statistics s = statisticsOf(t, p);
  return s.covariance / std::sqrt(s.targetVariance * s.predictionVariance);
}

double concordance(Row t, Row p, const RowOptions &) {
  Statistics s = statisticsOf(t, p);
  // Keras takes (t - mean of p)(p - mean of p) where the definition has the mean of t: the same.
  return 2 * s.covariance /
         (s.targetVariance + s.predictionVariance + square(s.targetMean - s.predictionMean) +
          epsilon);
}

double hinge(Row t, Row p, const RowOptions &) {
  return meanOf(t, p, [](double t, double p) { return std::max(1 - t * p, 0.0); });
}
double squaredHinge(Row t, Row p, const RowOptions &) {
  return meanOf(t, p, [](double t, double p) { return square(std::max(1 - t * p, 0.0)); });
}
double categoricalHinge(Row t, Row p, const RowOptions &) {
  double right = 0, wrong = -std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < p.size(); ++i) {
    right += double{t[i]} * p[i];
    wrong = std::max(wrong, (1 - double{t[i]}) * p[i]);
  }
  return std::max(0.0, wrong - right + 1);
}

double divergence(Row t, Row p, const RowOptions &) {
  double sum = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    double target = std::clamp<double>(t[i], epsilon, 1);
    sum += target * std::log(target / std::clamp<double>(p[i], epsilon, 1));
  }
  return sum;
}

static double clipped(double probability) { return std::clamp(probability, epsilon, 1 - epsilon); }

double binaryCrossentropy(Row t, Row p, const RowOptions &options) {
  return meanOf(t, p, [&](double t, double p) {
    t = t * (1 - options.smoothing) + 0.5 * options.smoothing;
    if (options.fromLogits) // Keras's and TensorFlow's form, which does not overflow
      return std::max(p, 0.0) - p * t + std::log1p(std::exp(-std::abs(p)));
    p = clipped(p);
    return -t * std::log(p) - (1 - t) * std::log(1 - p);
  });
}

/// log(sum(exp(logits))), without overflow.
static double logSumOfExponentials(Row logits) {
  double largest = std::ranges::max(logits), sum = 0;
  for (float logit : logits)
    sum += std::exp(logit - largest);
  return largest + std::log(sum);
}

double categoricalCrossentropy(Row t, Row p, const RowOptions &options) {
  double total = 0, sum = 0;
  for (float value : p)
    total += value;
  double logOfAll = options.fromLogits ? logSumOfExponentials(p) : 0;
  for (size_t i = 0; i < p.size(); ++i) {
    double target =
        t[i] * (1 - options.smoothing) + options.smoothing / static_cast<double>(p.size());
    sum -= target * (options.fromLogits ? p[i] - logOfAll : std::log(clipped(p[i] / total)));
  }
  return sum;
}

static bool isClass(Row labels, Row predictions) {
  return labels[0] >= 0 && labels[0] < static_cast<float>(predictions.size());
}

double sparseCrossentropy(Row labels, Row p, const RowOptions &options) {
  if (isIgnored(labels, options))
    return 0;
  if (!isClass(labels, p))
    return std::numeric_limits<double>::quiet_NaN();
  auto label = static_cast<size_t>(labels[0]);
  if (options.fromLogits)
    return logSumOfExponentials(p) - p[label];
  double total = 0;
  for (float value : p)
    total += clipped(value);
  return std::log(total) - std::log(clipped(p[label]));
}

double equal(Row t, Row p, const RowOptions &) {
  return meanOf(t, p, [](double t, double p) { return t == p ? 1.0 : 0.0; });
}
double binaryAccuracy(Row t, Row p, const RowOptions &options) {
  auto threshold = static_cast<float>(options.threshold);
  return meanOf(t, p, [=](double t, double p) { return t == (p > threshold) ? 1.0 : 0.0; });
}
double categoricalAccuracy(Row t, Row p, const RowOptions &) { return argmax(t) == argmax(p); }
double sparseAccuracy(Row labels, Row p, const RowOptions &) {
  return labels[0] == static_cast<float>(argmax(p));
}

/// As TensorFlow's in_top_k: fewer than k are greater, so that ties count.
static double inTopK(size_t label, Row p, int64_t k) {
  if (!std::isfinite(p[label]))
    return 0;
  return std::ranges::count_if(p, [&](float value) { return value > p[label]; }) < k;
}
double topK(Row t, Row p, const RowOptions &options) { return inTopK(argmax(t), p, options.k); }
double sparseTopK(Row labels, Row p, const RowOptions &options) {
  return isClass(labels, p) ? inTopK(static_cast<size_t>(labels[0]), p, options.k) : 0;
}

} // namespace row
} // namespace hornet::training
