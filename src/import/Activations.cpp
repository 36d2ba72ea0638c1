#include "import/Activations.h"

#include "base/Nearest.h"
#include "graph/Arithmetic.h"

#include <array>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <numbers>

using namespace hornet;
using namespace hornet::graph;
using hornet::import::Activation;
using keras::Generation;

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

struct Attribute {
  std::string_view key;
  double byDefault = 0;
};

/// Which axes a function takes.
enum class Axes { unused, several, one, halved };

/// What a builder is given besides x.
struct Arguments {
  const std::map<std::string, double, std::less<>> &given;
  llvm::ArrayRef<Attribute> attributes;
  llvm::ArrayRef<int64_t> axes; ///< not negative, increasing
  Generation generation;

  double operator[](std::string_view key) const {
    auto found = given.find(key);
    if (found != given.end())
      return found->second;
    return llvm::find_if(attributes, [key](const Attribute &a) { return a.key == key; })->byDefault;
  }
};

struct Function {
  std::string_view name;
  Term (*build)(Term x, const Arguments &a);
  std::array<Attribute, 3> attributes = {};
  Axes axes = Axes::unused;
};

} // namespace

//===----------------------------------------------------------------------===//
// Formulas that take more than a line
//===----------------------------------------------------------------------===//

// exp and expm1 get min(x, 0) or -|x|, never x: an infinity in the branch that select drops would
// still become 0 * infinity = NaN in the gradient.
static Term elu(Term x, double alpha) { return where(x > 0, x, expm1(min(x, 0)) * alpha); }

static Term gelu(Term x, const Arguments &a) {
  Term inner = a["approximate"] != 0
                   ? tanh((x + x * x * x * 0.044715) * std::sqrt(2 / std::numbers::pi))
                   : erf(x * (1 / std::numbers::sqrt2));
  return x * 0.5 * (inner + 1);
}

static Term leakyRelu(Term x, double slope) { return where(x > 0, x, x * slope); }

/// As keras.activations.relu composes it: what is below the threshold keeps a slope around it.
static Term relu(Term x, const Arguments &a) {
  double slope = a["negative_slope"], most = a["max_value"], threshold = a["threshold"];
  if (slope != 0 && std::isnan(most) && threshold == 0)
    return leakyRelu(x, slope);
  Term y = threshold != 0 ? x * where(x > threshold, x.scalar(1), 0) : relu(x);
  if (!std::isnan(most))
    y = clip(y, 0, most);
  if (slope != 0)
    y = y - relu(threshold != 0 ? threshold - x : -x) * slope;
  return y;
}

static Term hardSigmoid(Term x) { return clip(x + 3, 0, 6) / 6; }

static Term half(Term x, int64_t axis, bool second) {
  llvm::SmallVector<int64_t> start(x.type().getRank(), 0), limit, strides(x.type().getRank(), 1);
  for (int64_t extent : x.type().getShape())
    limit.push_back(mlir::ShapedType::isDynamic(extent) ? -1 : extent);
  (second ? start : limit)[axis] = limit[axis] / 2;
  return {x.builder, SliceOp::create(*x.builder, x.value, start, limit, strides)};
}

static Term softmax(Term x, const Arguments &a) {
  if (a.axes.size() == 1)
    return {x.builder, SoftmaxOp::create(*x.builder, x.value, a.axes.front())};
  Term e = exp(x - reduceKeeping<ReduceMaxOp>(x, a.axes));
  return e / reduceKeeping<ReduceSumOp>(e, a.axes);
}

static Term logSoftmax(Term x, const Arguments &a) {
  Term shifted = x - reduceKeeping<ReduceMaxOp>(x, a.axes);
  return shifted - log(reduceKeeping<ReduceSumOp>(exp(shifted), a.axes));
}

/// Keras's sparsemax (after Martins and Astudillo 2016), without the sort: ranks are counts. An
/// element is in the support when 1 + rank * z > the sum of all that are not below it. The paper's
/// threshold adds up the elements of the support; Keras adds up their cumulative sums, in which the
/// element of rank r occurs size - r + 1 times, and we give what Keras gives.
static Term sparsemax(Term z, const Arguments &a) {
  int64_t axis = a.axes.front();
  llvm::ArrayRef<int64_t> shape = z.type().getShape();
  llvm::SmallVector<int64_t> column(shape), row(shape);
  column.insert(column.begin() + axis + 1, 1);
  row.insert(row.begin() + axis, 1);
  Term each = reshape(z, column), other = reshape(z, row);
  auto overOthers = [&](Term x) {
    return Term{x.builder, ReduceSumOp::create(*x.builder, x.value, axis + 1)};
  };
  auto overAxis = [&](Term x) { return reduceKeeping<ReduceSumOp>(x, axis); };
  Term one = z.scalar(1), notBelow = other >= each;
  Term last = overOthers(where(notBelow, one, 0)); // rank of the last of equal elements
  Term first = overOthers(where(other > each, one, 0)) + 1;
  Term inSupport = last * z + 1 > overOthers(where(notBelow, other, 0));
  Term size = overAxis(where(inSupport, one, 0));
  Term occurrences = size + 1 - (first + last) * 0.5;
  Term threshold = (overAxis(where(inSupport, z * occurrences, 0)) - 1) / size;
  return relu(z - threshold);
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

using A = const Arguments &;

static constexpr Function functions[] = {
    {"celu",
     [](Term x, A a) { return relu(x) + expm1(min(x, 0) / a["alpha"]) * a["alpha"]; },
     {{{"alpha", 1}}}},
    {"elu", [](Term x, A a) { return elu(x, a["alpha"]); }, {{{"alpha", 1}}}},
    {"exponential", [](Term x, A) { return exp(x); }},
    {"gelu", gelu, {{{"approximate", 0}}}},
    {"glu",
     [](Term x, A a) { return half(x, a.axes[0], false) * sigmoid(half(x, a.axes[0], true)); },
     {},
     Axes::halved},
    {"hard_shrink",
     [](Term x, A a) { return where(abs(x) > a["threshold"], x, 0); },
     {{{"threshold", 0.5}}}},
    {"hard_sigmoid",
     [](Term x, A a) {
       return a.generation == Generation::keras3 ? hardSigmoid(x) : clip(x * 0.2 + 0.5, 0, 1);
     }},
    {"hard_silu", [](Term x, A) { return x * hardSigmoid(x); }},
    {"hard_swish", [](Term x, A) { return x * hardSigmoid(x); }},
    {"hard_tanh", [](Term x, A) { return clip(x, -1, 1); }},
    {"leaky_relu",
     [](Term x, A a) { return leakyRelu(x, a["negative_slope"]); },
     {{{"negative_slope", 0.2}}}},
    {"linear", [](Term x, A) { return x; }},
    {"log_sigmoid", [](Term x, A) { return min(x, 0) - log1p(exp(-abs(x))); }},
    {"log_softmax", logSoftmax, {}, Axes::several},
    {"mish", [](Term x, A) { return x * tanh(softplus(x)); }},
    {"relu", relu, {{{"negative_slope", 0}, {"max_value", none}, {"threshold", 0}}}},
    {"relu6", [](Term x, A) { return clip(x, 0, 6); }},
    {"selu", [](Term x, A) { return elu(x, 1.6732632423543772) * 1.0507009873554805; }},
    {"sigmoid", [](Term x, A) { return sigmoid(x); }},
    {"silu", [](Term x, A) { return x * sigmoid(x); }},
    {"soft_shrink",
     [](Term x, A a) {
       double t = a["threshold"];
       return where(x > t, x - t, where(x < -t, x + t, 0));
     },
     {{{"threshold", 0.5}}}},
    {"softmax", softmax, {}, Axes::several},
    {"softplus", [](Term x, A) { return softplus(x); }},
    {"softsign", [](Term x, A) { return x / (abs(x) + 1); }},
    {"sparse_plus",
     [](Term x, A) { return where(x <= -1, 0, where(x < 1, (x + 1) * (x + 1) * 0.25, x)); }},
    {"sparse_sigmoid", [](Term x, A) { return clip(x * 0.5 + 0.5, 0, 1); }},
    {"sparsemax", sparsemax, {}, Axes::one},
    {"squareplus", [](Term x, A a) { return (x + sqrt(x * x + a["b"])) * 0.5; }, {{{"b", 4}}}},
    {"swish", [](Term x, A) { return x * sigmoid(x); }},
    {"tanh", [](Term x, A) { return tanh(x); }},
    {"tanh_shrink", [](Term x, A) { return x - tanh(x); }},
    {"threshold",
     [](Term x, A a) { return where(x > a["threshold"], x, a["default_value"]); },
     {{{"threshold", 0}, {"default_value", 0}}}},
};

static const Function *find(std::string_view name) {
  const Function *found = llvm::find_if(functions, [&](auto &f) { return f.name == name; });
  return found == std::end(functions) ? nullptr : found;
}

static llvm::ArrayRef<Attribute> attributesOf(const Function &function) {
  return llvm::ArrayRef(function.attributes).take_while([](auto &a) { return !a.key.empty(); });
}

std::vector<std::string_view> hornet::import::activationNames() {
  std::vector<std::string_view> names;
  for (const Function &function : functions)
    names.push_back(function.name);
  return names;
}

std::vector<std::pair<std::string_view, double>>
hornet::import::activationAttributes(std::string_view name) {
  std::vector<std::pair<std::string_view, double>> result;
  if (const Function *function = find(name))
    for (auto [key, byDefault] : attributesOf(*function))
      result.emplace_back(key, byDefault);
  return result;
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

static tl::unexpected<Error> refuse(std::string attribute, std::string reason, std::string mend) {
  return inputError(
      {.attribute = std::move(attribute), .reason = std::move(reason), .mend = std::move(mend)});
}

static tl::unexpected<Error> refuseName(const std::string &name) {
  std::string mend = didYouMean(name, import::activationNames());
  return refuse("activation",
                fmt::format("'{}' is not one of Keras's activations", name.substr(0, 80)),
                mend.empty() ? "use one of them, or build the function from layers" : mend);
}

/// The axes as graph ops take them: not negative, increasing.
static Expected<llvm::SmallVector<int64_t>>
axesOf(const Function &function, const Activation &activation, mlir::RankedTensorType type) {
  llvm::SmallVector<int64_t> axes;
  if (function.axes == Axes::unused)
    return axes;
  std::string name(function.name);
  for (int64_t axis : activation.axes) {
    if (axis < -type.getRank() || axis >= type.getRank())
      return refuse("axis",
                    fmt::format("axis {} of {} is outside of an input with {} dimensions", axis,
                                function.name, type.getRank()),
                    fmt::format("use an axis from {} to {}", -type.getRank(), type.getRank() - 1));
    axes.push_back(axis < 0 ? axis + type.getRank() : axis);
  }
  llvm::sort(axes);
  if (axes.empty() || std::adjacent_find(axes.begin(), axes.end()) != axes.end())
    return refuse("axis", name + " needs at least one axis, and none twice", "name each axis once");
  if (function.axes == Axes::several)
    return axes;
  if (axes.size() != 1 || type.isDynamicDim(axes.front()))
    return refuse("axis", name + " needs one axis of known size",
                  "name one axis other than the batch");
  if (function.axes == Axes::halved && type.getDimSize(axes.front()) % 2)
    return refuse("axis",
                  name + " halves its axis, which has " +
                      std::to_string(type.getDimSize(axes.front())) + " elements",
                  "give it an even number of elements");
  return axes;
}

Expected<mlir::Value> hornet::import::buildActivation(mlir::OpBuilder &builder,
                                                      mlir::Location location,
                                                      const Activation &activation,
                                                      Generation generation, mlir::Value x) {
  const Function *function = find(activation.name);
  if (!function)
    return refuseName(activation.name);
  llvm::ArrayRef<Attribute> attributes = attributesOf(*function);
  for (auto &[key, value] : activation.attributes)
    if (llvm::none_of(attributes, [&](const Attribute &a) { return a.key == key; }))
      return refuse(key, activation.name + " has no such attribute", "leave it out");
  auto type = mlir::dyn_cast<mlir::RankedTensorType>(x.getType());
  if (!type || !mlir::isa<mlir::FloatType>(type.getElementType()))
    return internalError("an activation needs a tensor of floating-point numbers");
  auto axes = HORNET_TRY(axesOf(*function, activation, type));
  mlir::ImplicitLocOpBuilder at(location, builder);
  Arguments arguments{activation.attributes, attributes, axes, generation};
  return function->build({&at, x}, arguments).value;
}
