#include "compiler/Layers.h"

#include "base/Nearest.h"

#include "mlir/Dialect/LLVMIR/Transforms/Passes.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringExtras.h"

#include <map>
#include <set>

using namespace mlir;

namespace hornet {

/// Whole components of a path: "b/c" is part of "a/b/c", "c" is no part of "ab/cd".
static bool isPartOf(StringRef layer, StringRef path) {
  return ("/" + path + "/").str().find(("/" + layer + "/").str()) != std::string::npos;
}

Expected<void> checkLayer(const import::ImportedModel &imported, const std::string &file,
                          const std::string &layer) {
  std::vector<std::string> paths;
  for (const import::LayerRecord &record : imported.layers) {
    paths.push_back(llvm::join(record.path, "/"));
    if (isPartOf(layer, paths.back()))
      return {};
  }
  std::vector<std::string_view> candidates;
  for (size_t i = 0; i < paths.size(); ++i) {
    candidates.push_back(paths[i]);
    candidates.push_back(imported.layers[i].name());
  }
  std::string mend = didYouMean(layer, candidates);
  return inputError(
      {.file = file,
       .attribute = "--layer",
       .reason = "the model has no layer '" + layer + "'",
       .mend = mend.empty() ? "see hornet summary MODEL --shapes for their names" : mend});
}

//===----------------------------------------------------------------------===//
// IR
//===----------------------------------------------------------------------===//

std::set<std::string> layersOf(Location location) {
  std::set<std::string> layers;
  location->walk([&](Location inner) {
    if (auto name = dyn_cast<NameLoc>(inner))
      layers.insert(name.getName().str());
    return WalkResult::advance();
  });
  return layers;
}

std::string printModule(ModuleOp module, const std::string &layer) {
  OpPrintingFlags flags;
  flags.elideLargeElementsAttrs(16).elideLargeResourceString(64);
  flags.enableDebugInfo().useLocalScope();
  std::string text;
  llvm::raw_string_ostream stream(text);
  AsmState state(module, flags);
  if (layer.empty()) {
    module->print(stream, state);
    stream << "\n";
    return text;
  }
  module->walk<WalkOrder::PreOrder>([&](Operation *op) {
    // A function is named after the model, which may be called like a layer.
    if (isa<ModuleOp, FunctionOpInterface>(op) ||
        llvm::none_of(layersOf(op->getLoc()), [&](auto &path) { return isPartOf(layer, path); }))
      return WalkResult::advance();
    op->print(stream, state);
    stream << "\n";
    return WalkResult::skip();
  });
  return text.empty() ? "// nothing is left of '" + layer + "' at this stage\n" : text;
}

//===----------------------------------------------------------------------===//
// Assembly
//===----------------------------------------------------------------------===//

Expected<LayerLines> nameLayersInDebugInfo(ModuleOp module) {
  LayerLines lines(1);
  std::map<std::set<std::string>, unsigned> lineOf = {{{}, 0}};
  auto file = StringAttr::get(module.getContext(), "layers");
  module->walk([&](Operation *op) {
    std::set<std::string> layers;
    if (!isa<ModuleOp, FunctionOpInterface>(op))
      layers = layersOf(op->getLoc());
    auto [entry, isNew] = lineOf.try_emplace(layers, lines.size());
    if (isNew)
      lines.emplace_back(layers.begin(), layers.end());
    op->setLoc(FileLineColLoc::get(file, entry->second, 0));
  });
  // LLVM drops the lines of functions without a scope.
  PassManager passes(module.getContext());
  passes.addPass(LLVM::createDIScopeForLLVMFuncOpPass());
  if (failed(passes.run(module)))
    return internalError("the layers could not be named in the debug information");
  return lines;
}

namespace {
/// Reads assembly line by line and keeps what was asked for.
class Annotation {
public:
  Annotation(const LayerLines &lines, StringRef layer) : lines(lines), layer(layer) {}
  std::string run(StringRef assembly);

private:
  void takeDirective(StringRef line);
  void takeLabel(StringRef line);
  void takeInstruction(StringRef line);
  bool wanted() const {
    return layer.empty() ||
           llvm::any_of(lines[current], [&](auto &path) { return isPartOf(layer, path); });
  }

  const LayerLines &lines;
  StringRef layer;
  size_t current = 0;          ///< line of debug information
  std::optional<size_t> shown; ///< the one that the last comment told of
  bool inDebugSection = false;
  std::string pending; ///< labels, until an instruction after them is wanted
  std::string text;
};
} // namespace

/// Directives that tell of debug information and of stack frames, which nobody reads.
static bool isNoise(StringRef directive) {
  return directive.starts_with(".cfi_") || directive.starts_with(".file");
}

void Annotation::takeDirective(StringRef line) {
  StringRef directive = line.trim();
  if (directive.consume_front(".loc")) {
    SmallVector<StringRef> fields;
    directive.trim().split(fields, ' ', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
    size_t number = 0;
    bool known = fields.size() > 1 && !fields[1].getAsInteger(10, number) && number < lines.size();
    current = known ? number : 0;
    return;
  }
  bool switches = directive.starts_with(".section") || directive == ".text";
  if (switches)
    inDebugSection = directive.contains(".debug_");
  if (layer.empty() && !inDebugSection && !isNoise(directive))
    text += (line + "\n").str();
}

void Annotation::takeLabel(StringRef line) {
  if (inDebugSection || line.starts_with(".Ltmp") || line.starts_with(".Lfunc_"))
    return;
  // A function begins: its prologue belongs to no layer.
  if (!line.starts_with(".L")) {
    current = 0;
    pending.clear();
    shown.reset();
  }
  (layer.empty() ? text : pending) += (line + "\n").str();
}

void Annotation::takeInstruction(StringRef line) {
  if (!wanted()) {
    // Only the function's own label outlives what is left out.
    StringRef labels = pending;
    pending = labels.take_while([](char c) { return c != '\n'; }).starts_with(".L")
                  ? ""
                  : (labels.split('\n').first + (labels.empty() ? "" : "\n")).str();
    shown.reset();
    return;
  }
  text += std::exchange(pending, "");
  if (shown != current && !lines[current].empty())
    text += "\t# " + llvm::join(lines[current], ", ") + "\n";
  shown = current;
  text += (line + "\n").str();
}

std::string Annotation::run(StringRef assembly) {
  while (!assembly.empty()) {
    auto [line, rest] = assembly.split('\n');
    assembly = rest;
    StringRef content = line.trim();
    if (content.starts_with(".") && !content.split(' ').first.split('\t').first.contains(':'))
      takeDirective(line);
    else if (!line.empty() && !llvm::isSpace(line.front()) && line.contains(':'))
      takeLabel(line);
    else if (!content.empty() && !content.starts_with("#") && !inDebugSection)
      takeInstruction(line);
  }
  if (text.empty())
    return ("# nothing is left of '" + layer + "' at this stage\n").str();
  return text;
}

std::string annotateAssembly(const std::string &assembly, const LayerLines &lines,
                             const std::string &layer) {
  return Annotation(lines, layer).run(assembly);
}

} // namespace hornet
