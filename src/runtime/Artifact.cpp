#include "runtime/Artifact.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

namespace hornet::runtime {

namespace {
/// An open shared object; `file` is the one in memory that it was loaded from, or -1. That stays
/// open as long as the code is loaded, since the loader tells libraries apart by their path, which
/// holds its number.
struct SharedObject {
  void *handle = nullptr;
  int file = -1;

  SharedObject() = default;
  SharedObject(const SharedObject &) = delete;
  ~SharedObject() {
    if (handle)
      dlclose(handle);
    if (file >= 0)
      close(file);
  }
};
} // namespace

static tl::unexpected<Error> refuse(const std::string &path, const std::string &why) {
  if (why.find("libomp") != std::string::npos)
    return machineError("LLVM's OpenMP runtime (libomp.so.5) cannot be loaded; install it "
                        "(Debian: libomp-22-dev), or give --threads 1");
  return inputError({.file = path,
                     .reason = "the compiled code cannot be loaded: " + why,
                     .mend = "compile the model again"});
}

static Expected<Artifact> load(std::shared_ptr<SharedObject> code, const std::string &path,
                               const std::string &name) {
  code->handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!code->handle)
    return refuse(name, dlerror());
  auto *manifest = static_cast<const char *>(dlsym(code->handle, abi::manifest));
  Artifact artifact;
  artifact.predict = reinterpret_cast<HornetEntryPoint>(dlsym(code->handle, abi::predict));
  artifact.prepare = reinterpret_cast<HornetEntryPoint>(dlsym(code->handle, abi::prepare));
  if (!manifest || !artifact.predict || !artifact.prepare)
    return inputError({.file = name,
                       .reason = "the shared object is not an artifact of Hornet",
                       .mend = "compile the model again"});
  if (!std::getenv("KMP_BLOCKTIME"))
    artifact.setSpinning =
        reinterpret_cast<void (*)(int)>(dlsym(code->handle, "kmp_set_blocktime"));
  artifact.manifest = HORNET_TRY(parseManifest(manifest));
  artifact.code = std::move(code);
  return artifact;
}

Expected<Artifact> loadArtifact(const std::string &path) {
  // Without a slash, the loader would search the system's libraries.
  bool bare = path.find('/') == std::string::npos;
  return load(std::make_shared<SharedObject>(), bare ? "./" + path : path, path);
}

Expected<Artifact> loadArtifact(std::span<const std::byte> bytes) {
  auto code = std::make_shared<SharedObject>();
  code->file = memfd_create("hornet-artifact", MFD_CLOEXEC);
  while (code->file >= 0 && !bytes.empty()) {
    ssize_t written = write(code->file, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR)
      break;
    bytes = bytes.subspan(written < 0 ? 0 : written);
  }
  if (code->file < 0 || !bytes.empty())
    return machineError(
        fmt::format("the compiled code cannot be put into memory: {}", std::strerror(errno)));
  std::string path = fmt::format("/proc/self/fd/{}", code->file);
  return load(std::move(code), path, "");
}

} // namespace hornet::runtime
