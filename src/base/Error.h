//===- Error.h - The three kinds of error, as three types ------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

namespace hornet {

/// One thing that is wrong with what the user gave us. Empty fields do not apply.
struct Problem {
  std::string file;       ///< path as the user wrote it
  std::string layer;      ///< name of the Keras layer
  std::string layerClass; ///< its class, e.g. "Conv2D"
  std::string attribute;  ///< config key, weight, archive member, HDF5 attribute or option
  std::string reason;     ///< what is wrong: found against needed; no full stop
  std::string mend;       ///< what the user can do about it, as an imperative; no full stop
};

/// The user's input is wrong. Holds at least one problem; `hornet doctor` collects all of them.
struct InputError {
  std::vector<Problem> problems;
};

/// Hornet itself is wrong: a bug, to be reported.
struct InternalError {
  std::string what;
};

/// The machine failed: out of memory, disk full, a file that cannot be written.
struct MachineError {
  std::string what;
};

using Error = std::variant<InputError, InternalError, MachineError>;

template <class T> using Expected = tl::expected<T, Error>;

inline tl::unexpected<Error> inputError(Problem problem) {
  return tl::unexpected<Error>(InputError{{std::move(problem)}});
}
inline tl::unexpected<Error> internalError(std::string what) {
  return tl::unexpected<Error>(InternalError{std::move(what)});
}
inline tl::unexpected<Error> machineError(std::string what) {
  return tl::unexpected<Error>(MachineError{std::move(what)});
}

/// "file: layer 'conv' (Conv2D), attribute 'strides': reason; mend", without the empty parts.
std::string toString(const Problem &problem);
/// One line a problem; says of internal errors that they are bugs. No trailing newline.
std::string toString(const Error &error);

} // namespace hornet

/// `auto x = HORNET_TRY(f());` unwraps an Expected, or returns its error from the enclosing
/// function. (A statement expression: the one GNU extension that we use, so that errors read like
/// values.)
#define HORNET_TRY(expression)                                                                     \
  __extension__({                                                                                  \
    auto &&hornetTry = (expression);                                                               \
    if (!hornetTry)                                                                                \
      return tl::unexpected<::hornet::Error>(std::move(hornetTry).error());                        \
    ::hornet::detail::unwrap(std::move(hornetTry));                                                \
  })

namespace hornet::detail {
template <class T> T unwrap(Expected<T> &&expected) { return std::move(*expected); }
inline void unwrap(Expected<void> &&) {}
} // namespace hornet::detail
