#include "training/Fit.h"

#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

namespace hornet::training {

FitDisplay displayOn(FILE *stream) {
  FitDisplay display;
  const char *kind = std::getenv("TERM");
  bool terminal = isatty(fileno(stream)) && kind && std::string_view(kind) != "dumb";
  display.live = terminal;
  display.colors = terminal && !std::getenv("NO_COLOR");
  winsize size = {};
  if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    display.columns = size.ws_col;
  display.write = [stream](const std::string &text) {
    std::fputs(text.c_str(), stream);
    std::fflush(stream);
  };
  return display;
}

} // namespace hornet::training
