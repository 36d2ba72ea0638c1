#include "driver/Tuning.h"

#include "cache/Digest.h"
#include "cache/TuningLog.h"
#include "driver/Processor.h"

namespace hornet::driver {

std::string processorName() {
  cache::Digest digest;
  for (uint32_t word : processorIdentity())
    digest.add(word);
  return digest.hex().substr(0, 16);
}

Expected<Tuning> tuningFor(const CompileOptions &options, const std::string &log) {
  cache::TuningLog entries = HORNET_TRY(cache::TuningLog::read(log));
  if (entries.size() == 0 || options.level == 0)
    return Tuning();
  return entries.choicesFor(processorName(), options.target, threadsOf(options));
}

} // namespace hornet::driver
