#include "Neighbors.h"

#include <algorithm>
#include <ctime>
#include <fstream>
#include <string>
#include <unistd.h>

namespace hornet::tool {

Neighbors::Used Neighbors::now() {
  // "cpu user nice system idle iowait irq softirq steal …", in ticks.
  std::ifstream stat("/proc/stat");
  std::string name;
  stat >> name;
  Used used;
  double ticks = 0;
  for (int i = 0; i < 8 && stat >> ticks; ++i) {
    used.all += ticks;
    used.idle += i == 3 || i == 4 ? ticks : 0;
  }
  auto perSecond = static_cast<double>(::sysconf(_SC_CLK_TCK));
  timespec own{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
  return {used.all / perSecond, used.idle / perSecond,
          static_cast<double>(own.tv_sec) + static_cast<double>(own.tv_nsec) / 1e9};
}

double Neighbors::share() const {
  Used end = now();
  double all = end.all - start.all;
  double others = all - (end.idle - start.idle) - (end.own - start.own);
  return all > 0 ? std::clamp(others / all, 0.0, 1.0) : 0;
}

} // namespace hornet::tool
