//===- Registry.h - All layer classes that Keras has had -------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
// The one truth of what is supported: importLayer goes by it, `docs/layers.md` is printed from it,
// and import-test holds it against the lists of classes and arguments that Keras itself gives
// (test/import/data/layers.json).
#pragma once

#include "import/LayerImport.h"

namespace hornet::import {

/// What happens to the mask of a layer's input.
enum class Mask {
  stop, ///< it ends here, or the importer itself says how it goes on
  pass, ///< Keras's supports_masking: it goes on with the first result
};

/// Why a model with such a layer cannot be trained, whatever its attributes are.
struct Untrainable {
  std::string_view reason, mend;
};

/// A class that is imported.
struct LayerClass {
  std::string_view name;
  LayerImporter import;
  Mask mask = Mask::stop;
  const Untrainable *untrainable = nullptr; ///< null: it can be trained
  bool checksArguments = false;             ///< those of the call, itself
};

/// A class of Keras's that is not.
struct RefusedClass {
  std::string_view name, reason, mend;
};

/// A value of an attribute (as JSON) that is refused in all classes of an importer.
struct RefusedValue {
  LayerImporter import;
  std::string_view attribute, value;
};

/// Each sorted by name.
llvm::ArrayRef<LayerClass> layerClasses();
llvm::ArrayRef<RefusedClass> refusedClasses();
llvm::ArrayRef<RefusedValue> refusedValues();

/// The names of all that are imported, InputLayer among them, sorted.
std::vector<std::string_view> supportedLayers();

/// Whether a layer predicts the same with any value of an attribute: initializers, regularizers,
/// constraints, and what says how to compute.
bool isWithoutEffect(std::string_view attribute);

} // namespace hornet::import
