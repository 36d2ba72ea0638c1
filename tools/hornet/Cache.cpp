#include "Commands.h"
#include "Terminal.h"

#include "cache/Cache.h"
#include "cache/TuningLog.h"

#include <fmt/format.h>

namespace hornet::tool {

using formats::Json;

namespace {
struct Options {
  CLI::App *clear = nullptr;
  bool json = false;
};
} // namespace

static Expected<ExitCode> show(const Options &options) {
  cache::Cache cache = HORNET_TRY(cache::Cache::open());
  bool clear = options.clear->parsed();
  cache::Cache::Usage usage = clear ? cache.clear() : cache.usage();
  std::string tuning = HORNET_TRY(cache::TuningLog::defaultFile());
  size_t choices = HORNET_TRY(cache::TuningLog::read(tuning)).size();
  if (options.json) {
    printJson({{"folder", cache.folder()},
               {clear ? "removed_entries" : "entries", usage.entries},
               {clear ? "removed_bytes" : "bytes", usage.bytes},
               {"limit_bytes", cache.limit()},
               {"tuning_log", tuning},
               {"tuning_choices", choices}});
    return done;
  }
  print(fmt::format("{}: {} {} artifact{}, {} of {}\n", printable(cache.folder()),
                    clear ? "removed" : "holds", usage.entries, usage.entries == 1 ? "" : "s",
                    byteSize(static_cast<double>(usage.bytes)),
                    byteSize(static_cast<double>(cache.limit()))));
  if (choices > 0)
    print(fmt::format("{}: {} {} of 'hornet tune'{}\n", printable(tuning),
                      clear ? "keeps" : "holds", choices,
                      clear ? "; remove the file to forget them" : ""));
  return done;
}

Command addCache(CLI::App &app) {
  CLI::App *command = addCommand(app, "cache", "Show or clear the code kept from earlier runs");
  auto options = std::make_shared<Options>();
  options->clear =
      addCommand(*command, "clear", "Remove all of it, but for what 'hornet tune' has found");
  command->add_flag("--json", options->json, "As JSON");
  command->fallthrough();
  options->clear->fallthrough();
  command->footer("It lies in $HORNET_CACHE_DIR, else in $XDG_CACHE_HOME/hornet or "
                  "~/.cache/hornet, and takes $HORNET_CACHE_MIB mebibytes at most, else 256.\n"
                  "Example: hornet cache clear");
  return {command, [options] { return show(*options); }};
}

} // namespace hornet::tool
