#include "base/Memory.h"

#include <cstdlib>
#include <sys/mman.h>

namespace hornet {

constexpr size_t alignment = 64, hugePage = size_t{1} << 21;

void FreeMemory::operator()(std::byte *bytes) const { std::free(bytes); }

Memory allocate(size_t bytes) {
  bool large = bytes >= hugePage;
  void *memory = nullptr;
  if (posix_memalign(&memory, large ? hugePage : alignment, bytes) != 0)
    return nullptr;
  if (large)
    (void)madvise(memory, bytes, MADV_HUGEPAGE);
  return Memory(static_cast<std::byte *>(memory));
}

} // namespace hornet
