// keras.ops: sums of products.

#include "import/Operation.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

using namespace mlir;

namespace hornet::import {
namespace {

/// A tensor and a letter for each of its dimensions.
struct Operand {
  Term x;
  std::string letters;
};

bool has(std::string_view letters, char letter) { return letters.find(letter) != letters.npos; }

/// Sums over the letters that nobody wants.
Operand reduced(Operand a, std::string_view wanted) {
  SmallVector<int64_t> dimensions;
  for (auto [i, letter] : llvm::enumerate(a.letters))
    if (!has(wanted, letter))
      dimensions.push_back(static_cast<int64_t>(i));
  if (dimensions.empty())
    return a;
  std::erase_if(a.letters, [&](char letter) { return !has(wanted, letter); });
  return {{a.x.builder, graph::ReduceSumOp::create(*a.x.builder, a.x.value, dimensions)},
          a.letters};
}

/// The product, with the letters `result`.
Operand product(Operand a, Operand b, const std::string &result) {
  a = reduced(a, b.letters + result);
  b = reduced(b, a.letters + result);
  return {graph::einsum(a.letters + "," + b.letters + "->" + result, a.x, b.x), result};
}

/// The product of all: of the first two, of that and the third, and so on.
Term productOf(ArrayRef<Operand> factors, const std::string &result) {
  // An open extent stands first in every product.
  SmallVector<Operand> operands;
  for (bool isStatic : {false, true})
    llvm::copy_if(factors, std::back_inserter(operands),
                  [&](const Operand &a) { return a.x.type().hasStaticShape() == isStatic; });
  Operand whole = operands.front();
  for (size_t i = 1; i < operands.size(); ++i) {
    std::string later = result, letters;
    for (size_t j = i + 1; j < operands.size(); ++j)
      later += operands[j].letters;
    for (char letter : whole.letters + operands[i].letters)
      if (has(later, letter) && !has(letters, letter))
        letters += letter;
    whole = product(whole, operands[i], i + 1 < operands.size() ? letters : result);
  }
  whole = reduced(whole, result);
  SmallVector<int64_t> order;
  for (char letter : result)
    order.push_back(static_cast<int64_t>(whole.letters.find(letter)));
  return llvm::is_sorted(order) ? whole.x : transposed(whole.x, order);
}

//===----------------------------------------------------------------------===//
// Einsum
//===----------------------------------------------------------------------===//

/// Puts letters where "..." is: capitals, the same from the last on in each term.
bool fillEllipsis(std::string &term, int64_t count) {
  size_t at = term.find("...");
  if (at == term.npos)
    return count == 0;
  if (count < 0 || count > 26)
    return false;
  std::string letters;
  for (int64_t i = count; i-- > 0;)
    letters += static_cast<char>('A' + i);
  term.replace(at, 3, letters);
  return true;
}

int64_t lettersIn(StringRef term) {
  return static_cast<int64_t>(term.size()) - (term.contains("...") ? 3 : 0);
}

/// Without "->", Keras sorts the letters that are there once.
std::string impliedResult(StringRef terms) {
  std::string result = terms.contains("...") ? "..." : "";
  for (char letter = 'A'; letter <= 'z'; ++letter)
    if (llvm::isAlpha(letter) && terms.count(letter) == 1)
      result += letter;
  return result;
}

bool distinctLetters(std::string_view term) {
  for (size_t i = 0; i < term.size(); ++i)
    if (!llvm::isAlpha(term[i]) || has(term.substr(i + 1), term[i]))
      return false;
  return true;
}

/// Whether letters fit: known in the result, of one extent everywhere, the batch in front.
bool fitTogether(ArrayRef<Operand> operands, std::string_view result) {
  std::map<char, int64_t> extents;
  for (const Operand &operand : operands) {
    if (!operand.x.type().hasStaticShape() && result.find(operand.letters.front()) != 0)
      return false;
    for (auto [letter, extent] : llvm::zip_equal(operand.letters, operand.x.type().getShape()))
      if (extents.try_emplace(letter, extent).first->second != extent)
        return false;
  }
  return llvm::all_of(result, [&](char letter) { return extents.contains(letter); });
}

void importEinsum(Operation &op) {
  const Json *subscripts = op.find("subscripts");
  SmallVector<Value> values;
  for (size_t i = 0; i < op.layer.inputs().size(); ++i)
    values.push_back(op.value(fmt::format("operand{}", i)));
  if (op.ready() && (!subscripts || !subscripts->is_string()))
    op.problem("subscripts", "the equation is missing");
  if (!op.ready())
    return;
  std::string equation = subscripts->get<std::string>();
  std::erase(equation, ' ');
  auto refuse = [&] {
    op.problem("subscripts",
               fmt::format("'{}' is no product of the {} operands", equation, values.size()),
               "give each dimension a letter, none twice in one operand");
  };
  auto [left, right] = StringRef(equation).split("->");
  std::string result = equation.find("->") == equation.npos ? impliedResult(left) : right.str();
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  if (terms.size() != values.size() || values.empty())
    return refuse();
  SmallVector<Operand> operands;
  int64_t hidden = 0;
  for (auto [term, value] : llvm::zip_equal(terms, values)) {
    Operand operand{op.number(value), term.str()};
    int64_t count = operand.x.type().getRank() - lettersIn(term);
    hidden = std::max(hidden, count);
    if (!fillEllipsis(operand.letters, count) || !distinctLetters(operand.letters))
      return refuse();
    operands.push_back(std::move(operand));
  }
  if (!fillEllipsis(result, StringRef(result).contains("...") ? hidden : 0) ||
      !distinctLetters(result) || !fitTogether(operands, result))
    return refuse();
  op.result(productOf(operands, result));
}

//===----------------------------------------------------------------------===//
// Matmul
//===----------------------------------------------------------------------===//

/// x with letters for its leading dimensions, counted from the last, and `last` two. Dimensions
/// that repeat (an extent of 1 where `other` has more) go.
Operand matrixOperand(Term x, std::string_view last, ArrayRef<int64_t> other) {
  Operand operand{x, ""};
  ArrayRef<int64_t> shape = x.type().getShape();
  SmallVector<int64_t> gone;
  for (size_t i = 0; i + 2 < shape.size(); ++i) {
    size_t fromLast = shape.size() - i;
    bool repeats = shape[i] == 1 && fromLast <= other.size() && other[other.size() - fromLast] != 1;
    if (repeats)
      gone.push_back(static_cast<int64_t>(i));
    else
      operand.letters += static_cast<char>('A' + fromLast);
  }
  operand.letters += last;
  if (!gone.empty())
    operand.x = squeezed(x, gone);
  return operand;
}

/// x with its last two dimensions exchanged, where `key` says so.
Term turned(Operation &op, Term x, std::string_view key) {
  int64_t rank = x.type().getRank();
  Axes order = llvm::to_vector(llvm::seq<int64_t>(rank));
  if (!op.flag(key, false) || rank < 2)
    return x;
  std::swap(order[rank - 1], order[rank - 2]);
  return transposed(x, order);
}

/// TensorFlow's matmul can transpose its operands.
void importMatmul(Operation &op) {
  Term x = op.number("x1"), y = op.number("x2");
  if (!op.ready())
    return;
  x = turned(op, x, "transpose_a"), y = turned(op, y, "transpose_b");
  ArrayRef<int64_t> left = x.type().getShape(), right = y.type().getShape();
  SmallVector<Operand> operands;
  std::string result;
  if (left.size() >= 2 && right.size() >= 2 && std::max(left.size(), right.size()) < 24) {
    operands = {matrixOperand(x, "ik", right), matrixOperand(y, "kj", left)};
    for (size_t fromLast = std::max(left.size(), right.size()); fromLast > 2; --fromLast)
      result += static_cast<char>('A' + fromLast);
    result += "ij";
  }
  if (operands.empty() || !fitTogether(operands, result))
    return op.problem("inbound_nodes",
                      fmt::format("Matmul gets {} and {}, which cannot be multiplied",
                                  shapeOf(x.value), shapeOf(y.value)),
                      "give matrices of (…, n, k) and (…, k, m)");
  op.result(productOf(operands, result));
}

//===----------------------------------------------------------------------===//
// Products along axes
//===----------------------------------------------------------------------===//

std::string lettersFrom(char first, int64_t count) {
  std::string letters;
  for (int64_t i = 0; i < count; ++i)
    letters += static_cast<char>(first + i);
  return letters;
}

/// The sum of products over pairs of dimensions: what is left of x1, then what is left of x2.
void contract(Operation &op, Term x, Term y, ArrayRef<std::pair<int64_t, int64_t>> pairs) {
  int64_t left = x.type().getRank(), right = y.type().getRank();
  auto refuse = [&] {
    op.problem("inbound_nodes", fmt::format("{} gets {} and {}, which cannot be multiplied so",
                                            op.name, shapeOf(x.value), shapeOf(y.value)));
  };
  if (left + right > 24)
    return refuse();
  Operand a{x, lettersFrom('a', left)}, b{y, lettersFrom('A', right)};
  std::string result = a.letters + b.letters;
  for (auto [i, j] : pairs) {
    if (i < 0 || i >= left || j < 0 || j >= right)
      return refuse();
    std::erase_if(result, [&](char c) { return c == a.letters[i] || c == b.letters[j]; });
    b.letters[j] = a.letters[i];
  }
  if (!distinctLetters(a.letters) || !distinctLetters(b.letters) || !fitTogether({a, b}, result))
    return refuse();
  op.result(productOf({a, b}, result));
}

void importDot(Operation &op) {
  Term x = op.number("x1"), y = op.number("x2");
  if (!op.ready())
    return;
  int64_t left = x.type().getRank(), right = y.type().getRank();
  if (left == 0 || right == 0)
    return op.result(x * y);
  contract(op, x, y, {{left - 1, std::max<int64_t>(right - 2, 0)}});
}

void importInner(Operation &op) {
  Term x = op.number("x1"), y = op.number("x2");
  if (!op.ready())
    return;
  if (x.type().getRank() == 0 || y.type().getRank() == 0)
    return op.result(x * y);
  contract(op, x, y, {{x.type().getRank() - 1, y.type().getRank() - 1}});
}

void importOuter(Operation &op) {
  Term x = op.number("x1"), y = op.number("x2");
  if (!op.ready())
    return;
  for (Term *each : {&x, &y})
    if (each->type().hasStaticShape())
      *each = reshape(*each, {each->type().getNumElements()});
  if (x.type().getRank() != 1 || y.type().getRank() != 1)
    return op.problem("inbound_nodes", "flattens the batch, which is not supported",
                      "use keras.ops.einsum");
  contract(op, x, y, {});
}

/// Over all elements of both.
void importVdot(Operation &op) {
  Term x = op.number("x1"), y = op.number("x2");
  if (!op.ready())
    return;
  if (x.type() != y.type())
    return op.problem("inbound_nodes", fmt::format("gets {} and {}, which differ", shapeOf(x.value),
                                                   shapeOf(y.value)));
  Axes all = llvm::to_vector(llvm::seq<int64_t>(x.type().getRank()));
  op.result(graph::ReduceSumOp::create(op.builder, (x * y).value, all).getResult());
}

/// `axes`: how many last and first dimensions, or a list for each operand.
void importTensordot(Operation &op) {
  const Json *given = op.find("axes");
  Term x = op.number("x1"), y = op.number("x2");
  if (!op.ready())
    return;
  int64_t left = x.type().getRank(), right = y.type().getRank();
  SmallVector<std::pair<int64_t, int64_t>> pairs;
  Json both = given ? *given : Json(2);
  auto add = [&](const Json &i, const Json &j) {
    bool fine = i.is_number_integer() && j.is_number_integer();
    int64_t first = fine ? i.get<int64_t>() : -99, second = fine ? j.get<int64_t>() : -99;
    pairs.emplace_back(first < 0 ? first + left : first, second < 0 ? second + right : second);
  };
  if (both.is_number_integer() && both >= 0 && both <= std::min(left, right))
    for (int64_t i = 0, n = both.get<int64_t>(); i < n; ++i)
      pairs.emplace_back(left - n + i, i);
  else if (both.is_array() && both.size() == 2 && both[0].is_array() && both[1].is_array() &&
           both[0].size() == both[1].size())
    for (size_t i = 0; i < both[0].size(); ++i)
      add(both[0][i], both[1][i]);
  else if (both.is_array() && both.size() == 2 && !both[0].is_array())
    add(both[0], both[1]);
  else
    return op.problem("axes", fmt::format("{} are no axes of two tensors", both.dump()));
  contract(op, x, y, pairs);
}

} // namespace

static constexpr OperationEntry table[] = {
    {"Dot", importDot, "x1 x2"},
    {"Einsum", importEinsum, "operand0 operand1 operand2 operand3 operand4 operand5"},
    {"Inner", importInner, "x1 x2"},
    {"Matmul", importMatmul, "x1 x2"},
    {"Outer", importOuter, "x1 x2"},
    {"Tensordot", importTensordot, "x1 x2"},
    {"Vdot", importVdot, "x1 x2"},
};

llvm::ArrayRef<OperationEntry> productOperations() { return table; }

} // namespace hornet::import
