// NumPy's arrays, one by one and in archives.

#include "formats/Npy.h"
#include "test/fuzz/Fuzz.h"

using namespace hornet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto bytes = fuzz::bytesOf(data, size);
  fuzz::expectNoBug(formats::readNpy(bytes, "fuzz.npy"));
  auto strings = formats::readNpy(bytes, "fuzz.npy", formats::Strings::read);
  fuzz::expectNoBug(strings);
  // Strings are written in full: a wide type with few elements stays within reason.
  if (strings && strings->dtype() == DType::string &&
      !formats::readNpy(formats::writeNpy(*strings), "again.npy", formats::Strings::read))
    std::abort();
  fuzz::inFile(bytes, "fuzz.npz",
               [](const std::string &path) { fuzz::expectNoBug(formats::readNpzFile(path)); });
  return 0;
}
