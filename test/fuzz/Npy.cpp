// NumPy's arrays, one by one and in archives.

#include "formats/Npy.h"
#include "test/fuzz/Fuzz.h"

using namespace hornet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto bytes = fuzz::bytesOf(data, size);
  fuzz::expectNoBug(formats::readNpy(bytes, "fuzz.npy"));
  fuzz::inFile(bytes, "fuzz.npz",
               [](const std::string &path) { fuzz::expectNoBug(formats::readNpzFile(path)); });
  return 0;
}
