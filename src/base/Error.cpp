#include "base/Error.h"

namespace hornet {

std::string toString(const Problem &problem) {
  std::string where;
  auto append = [&where](const char *separator, const std::string &text) {
    where += where.empty() ? text : separator + text;
  };
  if (!problem.file.empty())
    append("", problem.file);
  if (!problem.layer.empty())
    append(": ", "layer '" + problem.layer + "'" +
                     (problem.layerClass.empty() ? "" : " (" + problem.layerClass + ")"));
  if (!problem.attribute.empty())
    append(problem.layer.empty() ? ": " : ", ", "'" + problem.attribute + "'");
  std::string text = where.empty() ? problem.reason : where + ": " + problem.reason;
  return problem.mend.empty() ? text : text + "; " + problem.mend;
}

std::string toString(const Error &error) {
  if (auto *input = std::get_if<InputError>(&error)) {
    std::string text;
    for (const Problem &problem : input->problems)
      text += (text.empty() ? "" : "\n") + toString(problem);
    return text;
  }
  if (auto *internal = std::get_if<InternalError>(&error))
    return "internal error (a bug in Hornet, please report it): " + internal->what;
  return std::get<MachineError>(error).what;
}

} // namespace hornet
