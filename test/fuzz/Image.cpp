// PNG and JPEG files.

#include "formats/Image.h"
#include "test/fuzz/Fuzz.h"

using namespace hornet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  for (formats::ColorMode mode : {formats::ColorMode::gray, formats::ColorMode::rgb})
    fuzz::expectNoBug(formats::readImage(fuzz::bytesOf(data, size), "fuzz.png", mode));
  return 0;
}
