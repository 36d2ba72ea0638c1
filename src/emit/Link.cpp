#include "emit/Link.h"

#include "lld/Common/Driver.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <dlfcn.h>
#include <link.h>
#include <mutex>

LLD_HAS_DRIVER(elf)

namespace hornet::emit {

namespace {
/// A folder for the linker's files, which goes with all that is in it.
class TemporaryFolder {
public:
  std::error_code make() { return llvm::sys::fs::createUniqueDirectory("hornet", path); }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path.empty())
      ignored = llvm::sys::fs::remove_directories(path);
  }
  std::string file(llvm::StringRef name) const { return (path + "/" + name).str(); }

private:
  llvm::SmallString<128> path;
};
} // namespace

/// Where this process finds a library; empty when it does not. Libraries are loaded for that, and
/// stay so: whoever links code against them runs it next.
static std::string pathOf(const std::string &library) {
  void *handle = dlopen(library.c_str(), RTLD_LAZY | RTLD_LOCAL);
  link_map *map = nullptr;
  if (!handle || dlinfo(handle, RTLD_DI_LINKMAP, static_cast<void *>(&map)) != 0)
    return "";
  return map->l_name;
}

Expected<std::string> openMPLibrary() {
  for (const char *name : {"libomp.so.5", "libomp.so"})
    if (!pathOf(name).empty())
      return name;
  return machineError("LLVM's OpenMP runtime (libomp.so.5) cannot be loaded; install it "
                      "(Debian: libomp-22-dev), or give --threads 1");
}

static Expected<void> runLinker(const std::vector<std::string> &arguments) {
  // The linker has global state.
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  std::vector<const char *> argv;
  argv.reserve(arguments.size());
  for (const std::string &argument : arguments)
    argv.push_back(argument.c_str());
  std::string output;
  llvm::raw_string_ostream stream(output);
  lld::Result result = lld::lldMain(argv, stream, stream, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode != 0)
    return internalError("the linker failed: " + output);
  return {};
}

static std::error_code write(const std::string &path, const std::string &bytes) {
  std::error_code why;
  llvm::raw_fd_ostream stream(path, why);
  stream << bytes;
  stream.close();
  if (!why)
    why = stream.error();
  stream.clear_error();
  return why;
}

Expected<std::string> linkSharedObject(std::span<const std::string> objects,
                                       std::span<const std::string> libraries) {
  TemporaryFolder folder;
  auto fail = [](std::error_code why) {
    return machineError("the linker's temporary files: " + why.message());
  };
  if (auto why = folder.make())
    return fail(why);
  std::string out = folder.file("code.so");
  std::vector<std::string> arguments = {"ld.lld", "-shared", "--threads=1", "-znow", "--as-needed",
                                        "-o",     out};
  for (const std::string &object : objects) {
    std::string in = folder.file("code" + std::to_string(arguments.size()) + ".o");
    if (auto why = write(in, object))
      return fail(why);
    arguments.push_back(in);
  }
  for (const std::string &library : libraries) {
    std::string path = pathOf(library);
    if (path.empty())
      return machineError(library + " cannot be loaded");
    arguments.push_back(path);
  }
  HORNET_TRY(runLinker(arguments));
  auto linked = llvm::MemoryBuffer::getFile(out);
  if (!linked)
    return fail(linked.getError());
  return (*linked)->getBuffer().str();
}

} // namespace hornet::emit
