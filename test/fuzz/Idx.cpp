// idx files, plain and gzipped.

#include "formats/Idx.h"
#include "test/fuzz/Fuzz.h"

using namespace hornet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz::inFile(fuzz::bytesOf(data, size), "fuzz-idx3-ubyte",
               [](const std::string &path) { fuzz::expectNoBug(formats::readIdxFile(path)); });
  return 0;
}
