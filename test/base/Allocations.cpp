#include "test/base/Allocations.h"

#include <cerrno>
#include <cstdlib>

#if __has_feature(address_sanitizer)
#include <sanitizer/allocator_interface.h>
#endif

using hornet::allocations;

std::atomic<size_t> hornet::allocations = 0;

//===----------------------------------------------------------------------===//
// The C library's functions, which operator new and the OpenMP runtime call
//===----------------------------------------------------------------------===//

#if __has_feature(address_sanitizer)

static const int hooked = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void *, size_t) { ++allocations; }, [](const volatile void *) {});

#else

extern "C" {
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) { return ++allocations, __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return ++allocations, __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { return ++allocations, __libc_realloc(old, size); }
void *memalign(size_t to, size_t size) { return ++allocations, __libc_memalign(to, size); }
void *aligned_alloc(size_t to, size_t size) { return memalign(to, size); }
int posix_memalign(void **result, size_t to, size_t size) {
  *result = memalign(to, size);
  return *result ? 0 : ENOMEM;
}
}

#endif
