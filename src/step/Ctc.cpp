// Connectionist temporal classification: a loop over time.

#include "step/Ctc.h"

#include "graph/Scan.h"

using namespace mlir;
using namespace hornet::graph;

namespace hornet::step {
namespace {

/// The logarithm of what is impossible: sums of some of them are still finite.
constexpr double impossible = -1e30;

/// Elements of the last of two dimensions `by` places further, `filler` before them.
Term shifted(Term x, int64_t by, double filler) {
  ImplicitLocOpBuilder &b = *x.builder;
  int64_t extent = x.type().getDimSize(1);
  bool isOpen = x.type().isDynamicDim(0);
  Value rest = SliceOp::create(b, x.value, ArrayRef<int64_t>{0, 0},
                               ArrayRef<int64_t>{isOpen ? -1 : x.type().getDimSize(0), extent - by},
                               ArrayRef<int64_t>{1, 1});
  return {&b, PadOp::create(b, rest, ArrayRef<int64_t>{0, by}, ArrayRef<int64_t>{0, 0},
                            llvm::APFloat(filler))};
}

/// Labels (batch, n) with blanks around them: (batch, 2 n + 1).
Term withBlanks(Term labels) {
  ImplicitLocOpBuilder &b = *labels.builder;
  int64_t batch = labels.type().getDimSize(0), count = labels.type().getDimSize(1);
  Value pairs =
      PadOp::create(b, reshape(labels, {batch, count, 1}).value, ArrayRef<int64_t>{0, 0, 1},
                    ArrayRef<int64_t>{0, 0, 0}, llvm::APFloat(0.0));
  Value flat = reshape({&b, pairs}, {batch, 2 * count}).value;
  return {&b, PadOp::create(b, flat, ArrayRef<int64_t>{0, 0}, ArrayRef<int64_t>{0, 1},
                            llvm::APFloat(0.0))};
}

/// A row of `count` numbers.
Term row(Term like, int64_t count, llvm::function_ref<double(int64_t)> number) {
  Builder &b = *like.builder;
  Type element = like.type().getElementType();
  SmallVector<Attribute> numbers;
  for (int64_t i = 0; i < count; ++i)
    numbers.push_back(b.getFloatAttr(element, number(i)));
  return {like.builder,
          ConstantOp::create(*like.builder, DenseElementsAttr::get(
                                                RankedTensorType::get(count, element), numbers))};
}

/// ln(e^x + e^y + …). The greatest is only taken out to stay in range: it needs no gradient of its
/// own, and gets none in sum.
Term logSum(ArrayRef<Term> terms) {
  Term most = terms.front();
  for (Term term : terms.drop_front())
    most = max(most, term);
  Term sum = exp(terms.front() - most);
  for (Term term : terms.drop_front())
    sum = sum + exp(term - most);
  return most + log(sum);
}

} // namespace

Term ctc(Term labels, Term logits) {
  ImplicitLocOpBuilder &b = *labels.builder;
  Term extended = withBlanks(labels);
  int64_t places = extended.type().getDimSize(1);
  Value logarithms = LogSoftmaxOp::create(b, logits.value, uint64_t{2});
  Value rows = GatherOp::create(b, logarithms, extended.value, uint64_t{2}, uint64_t{1});

  // A blank can be left out between two labels that differ.
  Term zero = broadcastTo(extended.scalar(0), extended);
  Term leap = where(equals(extended, 0), impossible,
                    where(equals(extended, shifted(extended, 2, 0)), impossible, zero));
  Term begin = broadcastTo(row(extended, places, [](int64_t i) { return i == 0 ? 0 : impossible; }),
                           extended);
  ScanOp scan = buildScan(b, b.getLoc(), rows, begin.value, /*reverse=*/false,
                          [&](ValueRange steps, ValueRange states) {
                            Term alpha{&b, states[0]};
                            Term ways = logSum({alpha, shifted(alpha, 1, impossible),
                                                shifted(alpha, 2, impossible) + leap});
                            return ScanStep{{}, {(ways + Term{&b, steps[0]}).value}};
                          });

  // It ends at the last label, or at the blank behind it.
  Term alpha{&b, scan.getLastStates().front()};
  Term counted = where(equals(labels, 0), 0.0, broadcastTo(labels.scalar(1), labels));
  Term last = reduceKeeping<ReduceSumOp>(counted, 1) * 2.0;
  Term place = row(extended, places, [](int64_t i) { return static_cast<double>(i); });
  auto at = [&](Term end) {
    Term there = where(equals(place, end), alpha, 0.0);
    return Term{&b, ReduceSumOp::create(b, there.value, int64_t{1})};
  };
  Term none = equals(last, last.scalar(0));
  Term label = where(reshape(none, {last.type().getDimSize(0)}), impossible, at(last - 1.0));
  return -logSum({at(last), label});
}

} // namespace hornet::step
