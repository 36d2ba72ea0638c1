// `.keras` archives: the zip file, and the configuration in it. Not the HDF5 file in it: what its
// library does with damaged metadata is not ours (docs/rationale.md).

#include "formats/Json.h"
#include "formats/Zip.h"
#include "keras/Model.h"
#include "test/fuzz/Fuzz.h"

using namespace hornet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  constexpr size_t limit = 1 << 20;
  auto bytes = fuzz::bytesOf(data, size);
  auto archive = formats::ZipArchive::open({bytes.begin(), bytes.end()}, "fuzz.keras");
  fuzz::expectNoBug(archive);
  if (!archive)
    return 0;
  for (const std::string &name : archive->members()) {
    auto member = archive->read(name, limit);
    fuzz::expectNoBug(member);
    if (!member || name != "config.json")
      continue;
    auto text = fuzz::textOf(reinterpret_cast<const uint8_t *>(member->data()), member->size());
    if (auto json = formats::parseJson(text, "fuzz.keras", name))
      fuzz::expectNoBug(keras::modelFromConfig(*json, "fuzz.keras", name));
  }
  return 0;
}
