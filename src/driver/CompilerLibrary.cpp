#include "driver/CompilerLibrary.h"

#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>

namespace hornet::driver {

static std::string libraryPath() {
  std::error_code failure;
  auto program = std::filesystem::read_symlink("/proc/self/exe", failure);
  return (program.parent_path().parent_path() / "lib" / "libhornet-compiler.so").string();
}

static tl::unexpected<Error> broken(const std::string &why) {
  return machineError(
      fmt::format("Hornet's compiler cannot be loaded: {}; install Hornet again", why));
}

static Expected<const CompilerFunctions *> openLibrary() {
  void *library = dlopen(libraryPath().c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return broken(dlerror());
  auto *entry = reinterpret_cast<CompilerEntry *>(dlsym(library, compilerEntry));
  if (!entry)
    return broken(libraryPath() + " is not Hornet's compiler");
  const CompilerFunctions *functions = entry();
  if (std::string_view(functions->version) != HORNET_VERSION)
    return broken(fmt::format("{} has version {}, the program {}", libraryPath(),
                              functions->version, HORNET_VERSION));
  return functions;
}

Expected<const CompilerFunctions *> compilerLibrary() {
  static const Expected<const CompilerFunctions *> functions = openLibrary();
  return functions;
}

Expected<std::string> compilerIdentity() {
  struct stat status;
  std::string path = libraryPath();
  if (::stat(path.c_str(), &status) != 0)
    return broken(fmt::format("{}: {}", path, std::strerror(errno)));
  return fmt::format("{} {} {}.{}", HORNET_VERSION, status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec);
}

} // namespace hornet::driver
