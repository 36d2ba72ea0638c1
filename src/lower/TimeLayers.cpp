#include "lower/Passes.h"

#include "graph/Graph.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"

#include <ctime>

using namespace mlir;

namespace hornet::lower {
#define GEN_PASS_DEF_TIMELAYERS
#include "lower/Passes.h.inc"

namespace {

using Layers = llvm::SetVector<StringAttr>;

/// Ops that follow each other and came from the same layers.
struct Section {
  Operation *first;
  Layers layers;
};

/// The layers of all ops in `op`, the outermost first. Constants may be shared with others.
Layers layersOf(Operation *op) {
  Layers layers;
  op->walk<WalkOrder::PreOrder>([&](Operation *inner) {
    if (inner->hasTrait<OpTrait::ConstantLike>())
      return;
    inner->getLoc()->walk([&](Location location) {
      if (auto name = dyn_cast<NameLoc>(location))
        layers.insert(name.getName());
      return WalkResult::advance();
    });
  });
  return layers;
}

bool isPartOf(const Layers &some, const Layers &all) {
  return llvm::all_of(some, [&](StringAttr layer) { return all.contains(layer); });
}

SmallVector<Section> cut(Block &body) {
  SmallVector<Section> sections;
  for (Operation &op : body.without_terminator()) {
    if (isMemoryEffectFree(&op)) // views, sizes, constants
      continue;
    Layers layers = layersOf(&op);
    if (!sections.empty() && isPartOf(layers, sections.back().layers))
      continue;
    if (!sections.empty() && isPartOf(sections.back().layers, layers))
      sections.back().layers = std::move(layers);
    else
      sections.push_back({&op, std::move(layers)});
  }
  return sections;
}

/// Calls that write the time into the elements of a buffer, one after the other.
class Clock {
public:
  Clock(func::FuncOp function, size_t stamps) : loc(function.getLoc()) {
    OpBuilder builder(function.getContext());
    pointer = LLVM::LLVMPointerType::get(builder.getContext());
    auto type = MemRefType::get({static_cast<int64_t>(2 * stamps)}, builder.getI64Type());
    unsigned index = function.getNumArguments();
    (void)function.insertArgument(index, type, {}, loc);
    builder.setInsertionPointToStart(&function.getBody().front());
    Value address =
        memref::ExtractAlignedPointerAsIndexOp::create(builder, loc, function.getArgument(index));
    address = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), address);
    buffer = LLVM::IntToPtrOp::create(builder, loc, pointer, address);
  }

  void readBefore(Operation *op) {
    OpBuilder builder(op);
    Value clock =
        arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(CLOCK_MONOTONIC));
    auto offset = static_cast<int32_t>(sizeof(timespec) * next++);
    Value stamp = LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(), buffer,
                                      LLVM::GEPArg(offset));
    func::CallOp::create(builder, loc, "clock_gettime", builder.getI32Type(),
                         ValueRange{clock, stamp});
  }

  static void declare(ModuleOp module) {
    auto builder = OpBuilder::atBlockEnd(module.getBody());
    auto type = builder.getFunctionType(
        {builder.getI32Type(), LLVM::LLVMPointerType::get(builder.getContext())},
        builder.getI32Type());
    func::FuncOp::create(builder, module.getLoc(), "clock_gettime", type).setPrivate();
  }

private:
  Location loc;
  Type pointer;
  Value buffer;
  size_t next = 0;
};

struct TimeLayers : impl::TimeLayersBase<TimeLayers> {
  void runOnOperation() override {
    auto function = getOperation().lookupSymbol<func::FuncOp>(graph::predictName);
    Block &body = function.getBody().front();
    SmallVector<Section> sections = cut(body);
    Clock::declare(getOperation());
    Clock clock(function, sections.size() + 1);
    SmallVector<Attribute> names;
    for (const Section &section : sections) {
      clock.readBefore(section.first);
      SmallVector<Attribute> layers(section.layers.begin(), section.layers.end());
      names.push_back(ArrayAttr::get(&getContext(), layers));
    }
    clock.readBefore(body.getTerminator());
    function->setAttr(sectionsAttr, ArrayAttr::get(&getContext(), names));
  }
};

} // namespace
} // namespace hornet::lower
