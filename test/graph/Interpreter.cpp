#include "base/Philox.h"
#include "test/graph/InterpreterRules.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace mlir;
using namespace hornet::graph;
using namespace hornet::test;

void hornet::test::forEach(ArrayRef<int64_t> shape, function_ref<void(ArrayRef<int64_t>)> f) {
  Index index(shape.size(), 0);
  for (int64_t i = 0, n = Array::count(shape); i < n; ++i) {
    f(index);
    for (size_t d = shape.size(); d > 0 && ++index[d - 1] == shape[d - 1]; --d)
      index[d - 1] = 0;
  }
}

double &hornet::test::at(Array &x, ArrayRef<int64_t> index) {
  int64_t linear = 0;
  for (auto [extent, i] : llvm::zip_equal(x.shape, index.take_back(x.shape.size())))
    linear = linear * extent + (extent == 1 ? 0 : i);
  return x.values[linear];
}

namespace {

template <class F> Rule elementwise(F f) {
  return [f](Operation *, Inputs in) {
    Index shape;
    for (Array &x : in) {
      while (shape.size() < x.shape.size())
        shape.insert(shape.begin(), 1);
      for (ptrdiff_t i = 1; i <= static_cast<ptrdiff_t>(x.shape.size()); ++i)
        if (x.shape.end()[-i] != 1)
          shape.end()[-i] = x.shape.end()[-i];
    }
    Array result(shape);
    forEach(shape, [&](ArrayRef<int64_t> index) {
      if constexpr (std::is_invocable_v<F, double>)
        at(result, index) = f(at(in[0], index));
      else if constexpr (std::is_invocable_v<F, double, double>)
        at(result, index) = f(at(in[0], index), at(in[1], index));
      else
        at(result, index) = f(at(in[0], index), at(in[1], index), at(in[2], index));
    });
    return result;
  };
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double greatest(double x, double y) { return std::isnan(x) || x > y ? x : y; }
double softplus(double x) { return greatest(x, 0) + std::log1p(std::exp(-std::abs(x))); }
double least(double x, double y) { return std::isnan(x) || x < y ? x : y; }

Array compare(Operation *op, Inputs in) {
  static const std::function<bool(double, double)> rules[] = {
      std::equal_to<>(),   std::not_equal_to<>(), std::less<>(),
      std::less_equal<>(), std::greater<>(),      std::greater_equal<>()};
  auto rule = rules[static_cast<int>(cast<CompareOp>(op).getComparison())];
  return elementwise([&](double x, double y) { return rule(x, y); })(op, in);
}

template <class Op, class F> Array reduce(Operation *op, Inputs in, double start, F f) {
  Index shape = llvm::to_vector(in[0].shape);
  for (int64_t dimension : cast<Op>(op).getDimensions())
    shape[dimension] = 1;
  Array result(shape);
  llvm::fill(result.values, start);
  forEach(in[0].shape, [&](ArrayRef<int64_t> index) {
    at(result, index) = f(at(result, index), at(in[0], index));
  });
  result.shape.clear();
  for (size_t i = 0; i < shape.size(); ++i)
    if (!llvm::is_contained(cast<Op>(op).getDimensions(), static_cast<int64_t>(i)))
      result.shape.push_back(shape[i]);
  return result;
}

template <class Op> Array softmax(Operation *op, Inputs in) {
  Array &x = in[0];
  Index shape = llvm::to_vector(x.shape);
  shape[cast<Op>(op).getDimension()] = 1;
  Array most(shape), sum(shape), y = x;
  llvm::fill(most.values, -INFINITY);
  forEach(x.shape, [&](auto i) { at(most, i) = greatest(at(most, i), at(x, i)); });
  forEach(x.shape, [&](auto i) { at(sum, i) += at(y, i) = std::exp(at(x, i) - at(most, i)); });
  forEach(x.shape, [&](auto i) {
    double shifted = at(x, i) - at(most, i);
    at(y, i) = isa<SoftmaxOp>(op) ? at(y, i) / at(sum, i) : shifted - std::log(at(sum, i));
  });
  return y;
}

Array reshape(Operation *op, Inputs in) {
  Index shape(cast<ReshapeOp>(op).getType().getShape());
  if (!shape.empty() && ShapedType::isDynamic(shape[0]))
    shape[0] = in[0].values.size() / Array::count(ArrayRef(shape).drop_front());
  return {shape, in[0].values};
}

Array slice(Operation *op, Inputs in) {
  auto slice = cast<SliceOp>(op);
  Index shape;
  for (auto [i, extent] : llvm::enumerate(slice.getType().getShape()))
    shape.push_back(ShapedType::isDynamic(extent) ? in[0].shape[i] : extent);
  Array result(shape);
  forEach(shape, [&](ArrayRef<int64_t> index) {
    Index source;
    for (auto [i, start, stride] : llvm::zip(index, slice.getStart(), slice.getStrides()))
      source.push_back(start + i * stride);
    at(result, index) = at(in[0], source);
  });
  return result;
}

Array reverse(Operation *op, Inputs in) {
  Array &x = in[0], result(x.shape);
  forEach(x.shape, [&](ArrayRef<int64_t> index) {
    Index source = llvm::to_vector(index);
    for (int64_t dimension : cast<ReverseOp>(op).getDimensions())
      source[dimension] = x.shape[dimension] - 1 - source[dimension];
    at(result, index) = at(x, source);
  });
  return result;
}

Array extent(Operation *op, Inputs in) {
  return {{}, {static_cast<double>(in[0].shape[cast<ExtentOp>(op).getDimension()])}};
}

/// 24 bits of the first word: as many as a float holds.
Array randomUniform(Operation *op, Inputs in) {
  auto word = [&](int64_t i) {
    return static_cast<uint32_t>(static_cast<int64_t>(in[0].values[i]));
  };
  auto stream = static_cast<uint32_t>(cast<RandomUniformOp>(op).getStream());
  Array result(in[1].shape);
  for (auto [i, value] : llvm::enumerate(result.values))
    value = (hornet::Philox::block({static_cast<uint32_t>(i), stream, word(2), word(3)},
                                   {word(0), word(1)})
                 .front() >>
             8) *
            0x1p-24;
  return result;
}

Array transpose(Operation *op, Inputs in) {
  ArrayRef<int64_t> permutation = cast<TransposeOp>(op).getPermutation();
  Array result(applyPermutation(ArrayRef<int64_t>(in[0].shape), permutation));
  forEach(in[0].shape, [&](ArrayRef<int64_t> index) {
    at(result, applyPermutation(index, permutation)) = at(in[0], index);
  });
  return result;
}

Array constant(Operation *op, Inputs) {
  auto values = cast<DenseElementsAttr>(cast<ConstantOp>(op).getValue());
  Array result(cast<RankedTensorType>(values.getType()).getShape());
  if (values.getElementType().isInteger())
    for (auto [to, from] : llvm::zip_equal(result.values, values.getValues<APInt>()))
      to = static_cast<double>(from.getSExtValue());
  else
    for (auto [to, from] : llvm::zip_equal(result.values, values.getValues<APFloat>()))
      to = from.convertToDouble();
  return result;
}

/// Calls `f` with each place in the rows, and the place in the table that its index names; nothing
/// where there is none.
template <class Op>
void forEachRow(Op op, ArrayRef<int64_t> rows, Array &indices, int64_t count,
                function_ref<void(ArrayRef<int64_t>, std::optional<Index>)> f) {
  size_t dimension = op.getDimension(), batch = op.getBatch();
  size_t named = indices.shape.size() - batch;
  forEach(rows, [&](ArrayRef<int64_t> at) {
    Index inIndices(at.take_front(batch)), inTable(at.take_front(dimension));
    llvm::append_range(inIndices, at.slice(dimension, named));
    double number = std::trunc(hornet::test::at(indices, inIndices));
    bool exists = number >= 0 && number < static_cast<double>(count);
    inTable.push_back(exists ? static_cast<int64_t>(number) : 0);
    llvm::append_range(inTable, at.drop_front(dimension + named));
    f(at, exists ? std::optional(inTable) : std::nullopt);
  });
}

Array gather(Operation *op, Inputs in) {
  auto gather = cast<GatherOp>(op);
  size_t dimension = gather.getDimension(), batch = gather.getBatch();
  Index shape(ArrayRef(in[0].shape).take_front(dimension));
  llvm::append_range(shape, ArrayRef(in[1].shape).drop_front(batch));
  llvm::append_range(shape, ArrayRef(in[0].shape).drop_front(dimension + 1));
  Array result(shape);
  forEachRow(gather, shape, in[1], in[0].shape[dimension],
             [&](auto to, auto from) { at(result, to) = from ? at(in[0], *from) : NAN; });
  return result;
}

Array scatterAdd(Operation *op, Inputs in) {
  auto scatter = cast<ScatterAddOp>(op);
  Array result(in[2].shape);
  forEachRow(scatter, in[0].shape, in[1], in[2].shape[scatter.getDimension()],
             [&](auto from, auto to) {
               if (to)
                 at(result, *to) += at(in[0], from);
             });
  return result;
}

const llvm::StringMap<Rule> &rules() {
  static const llvm::StringMap<Rule> table = [] {
    llvm::StringMap<Rule> rules = {
        {"graph.abs", elementwise([](double x) { return std::fabs(x); })},
        {"graph.add", elementwise(std::plus<double>())},
        {"graph.atan2", elementwise([](double y, double x) { return std::atan2(y, x); })},
        {"graph.broadcast", elementwise([](double x, double) { return x; })},
        {"graph.ceil", elementwise([](double x) { return std::ceil(x); })},
        {"graph.compare", compare},
        {"graph.constant", constant},
        {"graph.cos", elementwise([](double x) { return std::cos(x); })},
        {"graph.divide", elementwise(std::divides<double>())},
        {"graph.erf", elementwise([](double x) { return std::erf(x); })},
        {"graph.exp", elementwise([](double x) { return std::exp(x); })},
        {"graph.expm1", elementwise([](double x) { return std::expm1(x); })},
        {"graph.extent", extent},
        {"graph.floor", elementwise([](double x) { return std::floor(x); })},
        {"graph.gather", gather},
        {"graph.log", elementwise([](double x) { return std::log(x); })},
        {"graph.log_softmax", softmax<LogSoftmaxOp>},
        {"graph.log1p", elementwise([](double x) { return std::log1p(x); })},
        {"graph.maximum", elementwise(greatest)},
        {"graph.minimum", elementwise(least)},
        {"graph.multiply", elementwise(std::multiplies<double>())},
        {"graph.negate", elementwise([](double x) { return -x; })},
        {"graph.power", elementwise([](double x, double y) { return std::pow(x, y); })},
        {"graph.random_uniform", randomUniform},
        {"graph.reduce_max",
         [](Operation *op, Inputs in) { return reduce<ReduceMaxOp>(op, in, -INFINITY, greatest); }},
        {"graph.reduce_sum",
         [](Operation *op, Inputs in) { return reduce<ReduceSumOp>(op, in, 0, std::plus<>()); }},
        {"graph.relu", elementwise([](double x) { return greatest(x, 0); })},
        {"graph.reshape", reshape},
        {"graph.reverse", reverse},
        {"graph.round", elementwise([](double x) { return std::nearbyint(x); })},
        {"graph.rsqrt", elementwise([](double x) { return 1 / std::sqrt(x); })},
        {"graph.scatter_add", scatterAdd},
        {"graph.select", elementwise([](double p, double x, double y) { return p != 0 ? x : y; })},
        {"graph.sigmoid", elementwise(sigmoid)},
        {"graph.sign", elementwise([](double x) { return double((x > 0) - (x < 0)); })},
        {"graph.sin", elementwise([](double x) { return std::sin(x); })},
        {"graph.slice", slice},
        {"graph.softmax", softmax<SoftmaxOp>},
        {"graph.softplus", elementwise(softplus)},
        {"graph.sqrt", elementwise([](double x) { return std::sqrt(x); })},
        {"graph.stop_gradient", elementwise([](double x) { return x; })},
        {"graph.subtract", elementwise(std::minus<double>())},
        {"graph.tanh", elementwise([](double x) { return std::tanh(x); })},
        {"graph.transpose", transpose},
        {"graph.trunc", elementwise([](double x) { return std::trunc(x); })},
    };
    addContractions(rules);
    return rules;
  }();
  return table;
}

using Parameters = std::function<Array(StringRef)>;
std::vector<Array> run(Block &block, ArrayRef<Array> arguments, const Parameters &parameters);

/// Step `t` of a sequence, and back: `step` into it.
Array stepAt(const Array &sequence, int64_t t) {
  Index shape = llvm::to_vector(sequence.shape);
  shape.erase(shape.begin() + 1);
  Array step(shape), whole = sequence;
  forEach(shape, [&](ArrayRef<int64_t> index) {
    Index place = llvm::to_vector(index);
    place.insert(place.begin() + 1, t);
    at(step, index) = at(whole, place);
  });
  return step;
}
void setStep(Array &sequence, int64_t t, int64_t time, Array &step) {
  Index shape = llvm::to_vector(step.shape);
  shape.insert(shape.begin() + 1, time);
  if (sequence.shape.empty())
    sequence = Array(shape);
  forEach(step.shape, [&](ArrayRef<int64_t> index) {
    Index place = llvm::to_vector(index);
    place.insert(place.begin() + 1, t);
    at(sequence, place) = at(step, index);
  });
}

std::vector<Array> scan(ScanOp op, ArrayRef<Array> in, const Parameters &parameters) {
  size_t sequences = op.getSequences().size(), states = op.getStates().size();
  std::vector<Array> results(op.getNumResults());
  std::vector<Array> carried(in.begin() + sequences, in.begin() + sequences + states);
  for (int64_t i = 0, time = op.getTime(); i < time; ++i) {
    int64_t t = op.getReverse() ? time - 1 - i : i;
    std::vector<Array> arguments;
    for (const Array &sequence : in.take_front(sequences))
      arguments.push_back(stepAt(sequence, t));
    llvm::append_range(arguments, carried);
    llvm::append_range(arguments, in.drop_front(sequences + states));
    std::vector<Array> yielded = run(op.getBody().front(), arguments, parameters);
    size_t outputs = op.countOutputs();
    for (size_t output = 0; output < outputs; ++output)
      setStep(results[output], t, time, yielded[output]);
    carried.assign(yielded.begin() + outputs, yielded.end());
  }
  std::copy(carried.begin(), carried.end(), results.begin() + op.countOutputs());
  return results;
}

std::vector<Array> run(Block &block, ArrayRef<Array> arguments, const Parameters &parameters) {
  llvm::DenseMap<Value, Array> values;
  for (auto [argument, array] : llvm::zip_equal(block.getArguments(), arguments))
    values[argument] = array;
  for (Operation &op : block) {
    SmallVector<Array> in;
    for (Value operand : op.getOperands())
      in.push_back(values.at(operand));
    if (isa<func::ReturnOp, YieldOp>(op))
      return {in.begin(), in.end()};
    if (auto loop = dyn_cast<ScanOp>(op)) {
      for (auto [result, array] : llvm::zip_equal(op.getResults(), scan(loop, in, parameters)))
        values[result] = array;
      continue;
    }
    auto parameter = dyn_cast<GetParameterOp>(op);
    auto rule = rules().find(op.getName().getStringRef());
    if (!parameter && rule == rules().end()) {
      ADD_FAILURE() << "no rule for " << op.getName().getStringRef().str();
      return {};
    }
    values[op.getResult(0)] =
        parameter ? parameters(parameter.getParameter()) : rule->second(&op, in);
  }
  return {};
}

} // namespace

std::vector<Array> hornet::test::interpret(func::FuncOp function, ArrayRef<Array> arguments,
                                           const std::function<Array(StringRef)> &parameters) {
  return run(function.getBody().front(), arguments, parameters);
}
