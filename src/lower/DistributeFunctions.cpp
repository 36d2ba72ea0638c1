#include "lower/Passes.h"

#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

namespace hornet::lower {
#define GEN_PASS_DEF_DISTRIBUTEFUNCTIONS
#include "lower/Passes.h.inc"

namespace {

struct Sized {
  func::FuncOp function;
  int64_t ops;
};

/// The functions with a body, the largest first.
SmallVector<Sized> bySize(ModuleOp module) {
  SmallVector<Sized> functions;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isDeclaration())
      continue;
    int64_t ops = 0;
    function.walk([&](Operation *) { ++ops; });
    functions.push_back({function, ops});
  }
  llvm::sort(functions, [](Sized a, Sized b) {
    return a.ops != b.ops ? a.ops > b.ops : a.function->isBeforeInBlock(b.function);
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
  for (const auto &[function, ops] : functions) {
    size_t least = llvm::min_element(sizes) - sizes.begin();
    Operation *op = function;
    op->moveBefore(parts[least].getBody(), parts[least].getBody()->end());
    sizes[least] += ops;
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
      total += each.ops;
    SymbolTable all(whole);
    SmallVector<ModuleOp> made =
        distribute(whole, functions, std::clamp<int64_t>(total / leastOps, 1, parts));
    for (ModuleOp part : made)
      declareUsed(part, all);
    for (Operation &op : llvm::make_early_inc_range(whole.getOps()))
      if (!isa<ModuleOp>(op))
        op.erase();
  }
};

} // namespace
} // namespace hornet::lower
