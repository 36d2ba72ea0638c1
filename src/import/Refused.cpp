// Layers that a model file cannot bring with it, or not completely.

#include "import/Importers.h"

namespace hornet::import {

void importLookup(LayerImport &layer) {
  importUnknown(layer);
  if (!layer.find("vocabulary"))
    layer.problem("vocabulary", "the vocabulary is missing from the config");
}

} // namespace hornet::import
