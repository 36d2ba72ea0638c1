#include "formats/Hdf5Library.h"

#include <csignal>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hornet::formats {

namespace {

/// Seconds of computing that a file of `bytes` may take: inflating is the slowest that may happen.
rlim_t secondsFor(size_t bytes) {
  constexpr rlim_t seconds = 10;
  constexpr size_t bytesASecond = 10'000'000;
  return seconds + bytes / bytesASecond;
}

/// The child's first steps: whatever kills it must do so quietly and soon.
void prepareToDie(size_t bytes) {
  for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU})
    std::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  rlimit core{0, 0}, time{secondsFor(bytes), secondsFor(bytes)};
  setrlimit(RLIMIT_CORE, &core);
  setrlimit(RLIMIT_CPU, &time);
  if (int nowhere = ::open("/dev/null", O_WRONLY); nowhere >= 0)
    dup2(nowhere, STDERR_FILENO); // the C library says there why it aborts
}

/// Every object of the file once, by a path; in circles too.
std::vector<std::string> objectsOf(hid_t file) {
  std::vector<std::string> paths;
  auto visit = [](hid_t, const char *path, const H5O_info_t *, void *data) -> herr_t {
    static_cast<std::vector<std::string> *>(data)->emplace_back(path);
    return 0;
  };
  H5Ovisit(file, H5_INDEX_NAME, H5_ITER_INC, visit, &paths);
  return paths;
}

std::vector<std::string> attributesOf(hid_t file, const std::string &path) {
  std::vector<std::string> names;
  auto visit = [](hid_t, const char *name, const H5A_info_t *, void *data) -> herr_t {
    static_cast<std::vector<std::string> *>(data)->emplace_back(name);
    return 0;
  };
  Object object(H5Oopen(file, path.c_str(), H5P_DEFAULT));
  H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, nullptr, visit, &names);
  return names;
}

/// Reads whatever is in the file, as the readers do. What is merely wrong is theirs to report.
void readAll(const Hdf5File &file, hid_t id) {
  for (const std::string &path : objectsOf(id)) {
    for (const std::string &name : attributesOf(id, path)) {
      (void)file.stringsAttribute(path, name);
      (void)file.numberAttribute(path, name);
    }
    auto kind = file.kind(path);
    if (kind && *kind == Hdf5File::Kind::dataset)
      (void)file.read(path);
    else
      (void)file.children(path);
  }
}

/// Whether the other end wrote before it closed. Not asked of the child's status: the process may
/// have said that it wants to know of no child.
bool answers(int end) {
  char done = 0;
  ssize_t got = 0;
  do
    got = ::read(end, &done, 1);
  while (got < 0 && errno == EINTR);
  return got == 1;
}

pid_t forkBetweenSessions() {
  // Whoever held the lock while memory is copied would never let go of it in the copy.
  Session session;
  return fork();
}

} // namespace

bool Hdf5File::survives(const std::shared_ptr<Hdf5Handle> &handle) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return true;
  pid_t child = forkBetweenSessions();
  if (child == 0) {
    prepareToDie(handle->bytes.size());
    if (auto file = openHandle(handle))
      readAll(*file, handle->file);
    char done = 1;
    _exit(write(ends[1], &done, 1) == 1 ? 0 : 1);
  }
  close(ends[1]);
  bool survived = child < 0 || answers(ends[0]);
  close(ends[0]);
  if (child > 0)
    while (waitpid(child, nullptr, 0) < 0 && errno == EINTR)
      ;
  return survived;
}

} // namespace hornet::formats
