#include "driver/Processor.h"

#include <cpuid.h>

namespace hornet::driver {

namespace {
struct Leaf {
  uint32_t leaf, subleaf = 0;
  uint32_t ebxMask = ~0u;
};

/// Model, features, their extents, and caches (Intel's and AMD's), as in the processors' manuals.
/// EBX of leaf 1 holds the number of the core that answers.
constexpr Leaf leaves[] = {
    {0},          {1, 0, 0},       {4, 0},          {4, 1},          {4, 2},          {4, 3},
    {7, 0},       {7, 1},          {0xd, 0, 0},     {0xd, 1, 0},     {0x14},          {0x19},
    {0x1d, 1},    {0x1e, 1},       {0x24},          {0x80000001},    {0x80000005},    {0x80000006},
    {0x80000008}, {0x8000001d, 0}, {0x8000001d, 1}, {0x8000001d, 2}, {0x8000001d, 3},
};
} // namespace

/// Which registers the system saves: without AVX's, AVX is of no use.
__attribute__((target("xsave"))) static uint64_t enabledState() { return __builtin_ia32_xgetbv(0); }

std::vector<uint32_t> processorIdentity() {
  std::vector<uint32_t> identity;
  for (const Leaf &row : leaves) {
    uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
    __get_cpuid_count(row.leaf, row.subleaf, &eax, &ebx, &ecx, &edx);
    identity.insert(identity.end(), {eax, ebx & row.ebxMask, ecx, edx});
  }
  uint32_t eax, ebx, ecx = 0, edx;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_OSXSAVE)) {
    uint64_t state = enabledState();
    identity.insert(identity.end(),
                    {static_cast<uint32_t>(state), static_cast<uint32_t>(state >> 32)});
  }
  return identity;
}

} // namespace hornet::driver
