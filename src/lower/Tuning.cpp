#include "lower/Tuning.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace hornet::lower {

DictionaryAttr tuningAttribute(MLIRContext *context, const Tuning &tuning) {
  Builder builder(context);
  auto dictionary = [&](const auto &map, auto valueOf) {
    SmallVector<NamedAttribute> entries;
    for (const auto &[name, value] : map)
      entries.push_back(builder.getNamedAttr(name, valueOf(value)));
    return builder.getDictionaryAttr(entries);
  };
  return dictionary(tuning, [&](const Choice &choice) -> Attribute {
    return dictionary(choice,
                      [&](int64_t value) -> Attribute { return builder.getI64IntegerAttr(value); });
  });
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

static std::string textOf(Type type) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    for (int64_t extent : tensor.getShape())
      (ShapedType::isDynamic(extent) ? stream << "?" : stream << extent) << "x";
  stream << getElementTypeOrSelf(type);
  return text;
}

/// What the access reaches of its tensor in all steps of the loops, as a type. Packing is undone.
static std::string textOf(const Access &access, ArrayRef<int64_t> extents) {
  MLIRContext *context = access.map.getContext();
  SmallVector<AffineExpr> exprs(access.map.getResults()), ends;
  for (auto [loop, extent] : llvm::enumerate(extents)) {
    if (access.packedBlock(loop)) {
      exprs.erase(exprs.begin());
      exprs.back() = getAffineDimExpr(loop, context);
    }
    // Of an open extent, the last step does not count: what depends on it is open.
    ends.push_back(getAffineConstantExpr(ShapedType::isDynamic(extent) ? 0 : extent - 1, context));
  }
  SmallVector<int64_t> shape;
  for (AffineExpr expr : exprs) {
    bool open = llvm::any_of(llvm::enumerate(extents), [&](auto loop) {
      return ShapedType::isDynamic(loop.value()) && expr.isFunctionOfDim(loop.index());
    });
    auto end = dyn_cast<AffineConstantExpr>(simplifyAffineExpr(expr.replaceDims(ends), 0, 0));
    shape.push_back(open || !end ? ShapedType::kDynamic : end.getValue() + 1);
  }
  return textOf(RankedTensorType::get(shape, getElementTypeOrSelf(access.value.getType())));
}

std::string nameOf(const Kernel &kernel) {
  std::string name = "product";
  for (auto [i, input] : llvm::enumerate(kernel.inputs))
    name += (i ? ", " : " ") + textOf(input, kernel.extents);
  return name + " -> " + textOf(kernel.init, kernel.extents);
}

std::string nameOf(graph::ConvolutionOp op) {
  return "convolution " + textOf(op.getInput().getType()) + ", " +
         textOf(op.getFilter().getType()) + " -> " + textOf(op.getType());
}

std::string nameOf(graph::WinogradConvolutionOp op) {
  return "winograd " + textOf(op.getInput().getType()) + ", " + textOf(op.getFilter().getType()) +
         " -> " + textOf(op.getType());
}

//===----------------------------------------------------------------------===//
// Choices
//===----------------------------------------------------------------------===//

Tuned::Tuned(Operation *op, llvm::function_ref<std::string()> name) {
  auto module = op->getParentOfType<ModuleOp>();
  auto all = module ? module->getAttrOfType<DictionaryAttr>(tuningAttr) : DictionaryAttr();
  auto own = all ? all.getAs<DictionaryAttr>(name()) : DictionaryAttr();
  for (NamedAttribute entry : own ? own.getValue() : ArrayRef<NamedAttribute>())
    if (auto number = dyn_cast<IntegerAttr>(entry.getValue()))
      choice.emplace(entry.getName().str(), number.getInt());
}

int64_t Tuned::orElse(StringRef name, int64_t own) const {
  auto found = choice.find(std::string_view(name));
  return found == choice.end() ? own : found->second;
}

} // namespace hornet::lower
