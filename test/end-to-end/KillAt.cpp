// Loaded into a process by LD_PRELOAD, it kills it on its way to the disk, at a moment that is
// always the same: KILL_AT is "CALL N", and the Nth such call is not done (of a write, half is).

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Whether this is the call to die at.
static bool isLast(const char *call) {
  static int left = -1;
  const char *moment = std::getenv("KILL_AT");
  size_t length = std::strlen(call);
  if (!moment || std::strncmp(moment, call, length) != 0 || moment[length] != ' ')
    return false;
  if (left < 0)
    left = std::atoi(moment + length);
  return --left == 0;
}

static void die() { ::kill(::getpid(), SIGKILL); }

/// Compiled code is loaded from a file in memory, which does not count.
static bool isOnDisk(int file) {
  struct stat status;
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode))
    return false;
  char name[64] = {};
  std::string link = "/proc/self/fd/" + std::to_string(file);
  return ::readlink(link.c_str(), name, sizeof name - 1) <= 0 ||
         std::strncmp(name, "/memfd:", 7) != 0;
}

extern "C" {

ssize_t write(int file, const void *bytes, size_t size) {
  if (isOnDisk(file) && isLast("write")) {
    syscall(SYS_write, file, bytes, size / 2);
    die();
  }
  return syscall(SYS_write, file, bytes, size);
}

int fsync(int file) {
  if (isLast("fsync"))
    die();
  return static_cast<int>(syscall(SYS_fsync, file));
}

int linkat(int fromFolder, const char *from, int toFolder, const char *to, int flags) {
  if (isLast("linkat"))
    die();
  return static_cast<int>(syscall(SYS_linkat, fromFolder, from, toFolder, to, flags));
}

int rename(const char *from, const char *to) noexcept {
  if (isLast("rename"))
    die();
  return static_cast<int>(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}
}
