#include "lower/Passes.h"

#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

namespace hornet::lower {
#define GEN_PASS_DEF_DISTRIBUTEFUNCTIONS
#include "lower/Passes.h.inc"

namespace {

/// Of compiling an op, by its type. Those on vectors become instructions; most others compute
/// addresses, much of which folds.
int64_t workOf(Operation *op) {
  bool hasVectors = llvm::any_of(op->getOperandTypes(), llvm::IsaPred<VectorType>) ||
                    llvm::any_of(op->getResultTypes(), llvm::IsaPred<VectorType>);
  return hasVectors ? 4 : 1;
}

struct Sized {
  func::FuncOp function;
  int64_t work;
};

/// The functions with a body, the largest first.
SmallVector<Sized> bySize(ModuleOp module) {
  SmallVector<Sized> functions;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isDeclaration())
      continue;
    int64_t work = 0;
    function.walk([&](Operation *op) { work += workOf(op); });
    functions.push_back({function, work});
  }
  llvm::sort(functions, [](Sized a, Sized b) {
    return a.work != b.work ? a.work > b.work : a.function->isBeforeInBlock(b.function);
  });
  return functions;
}

/// A module with the attributes of `whole`, at its end.
ModuleOp addPart(ModuleOp whole) {
  auto builder = OpBuilder::atBlockEnd(whole.getBody());
  auto part = ModuleOp::create(builder, whole.getLoc());
  part->setDiscardableAttrs(whole->getDiscardableAttrDictionary());
  return part;
}

/// Gives each function to the part that has least so far.
SmallVector<ModuleOp> distribute(ModuleOp whole, ArrayRef<Sized> functions, int64_t count) {
  SmallVector<ModuleOp> parts;
  SmallVector<int64_t> sizes(count);
  for (int64_t i = 0; i < count; ++i)
    parts.push_back(addPart(whole));
  for (const auto &[function, work] : functions) {
    size_t least = llvm::min_element(sizes) - sizes.begin();
    Block *body = parts[least].getBody();
    function->moveBefore(body, body->end());
    sizes[least] += work;
  }
  return parts;
}

/// Functions of other parts are declared, and constants copied.
void declareUsed(ModuleOp part, const SymbolTable &all) {
  SymbolTable own(part);
  std::optional<SymbolTable::UseRange> uses = SymbolTable::getSymbolUses(&part.getBodyRegion());
  for (SymbolTable::SymbolUse use : *uses) {
    StringAttr name = use.getSymbolRef().getRootReference();
    if (own.lookup(name))
      continue;
    Operation *symbol = all.lookup(name);
    Operation *copy =
        isa<FunctionOpInterface>(symbol) ? symbol->cloneWithoutRegions() : symbol->clone();
    SymbolTable::setSymbolVisibility(copy, SymbolTable::Visibility::Private);
    own.insert(copy, part.getBody()->begin());
  }
}

struct DistributeFunctions : impl::DistributeFunctionsBase<DistributeFunctions> {
  using DistributeFunctionsBase::DistributeFunctionsBase;

  void runOnOperation() override {
    ModuleOp whole = getOperation();
    SmallVector<Sized> functions = bySize(whole);
    int64_t total = 0;
    for (const Sized &each : functions)
      total += each.work;
    SymbolTable all(whole);
    SmallVector<ModuleOp> made =
        distribute(whole, functions, std::clamp<int64_t>(total / leastWork, 1, parts));
    for (ModuleOp part : made)
      declareUsed(part, all);
    for (Operation &op : llvm::make_early_inc_range(whole.getOps()))
      if (!isa<ModuleOp>(op))
        op.erase();
  }
};

} // namespace
} // namespace hornet::lower
