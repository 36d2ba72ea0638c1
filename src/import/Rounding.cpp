#include "import/Importers.h"

namespace hornet::import {

void importRound(LayerImport &layer) {
  if (layer.number("decimals", 0) != 0)
    layer.problem("decimals", "rounding to decimals is not supported yet", "round to integers");
  importElementwise<graph::RoundOp>(layer);
}

} // namespace hornet::import
