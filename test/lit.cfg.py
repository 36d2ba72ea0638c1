# The IR tests: every .mlir file below test/, run through hornet-opt, hornet and FileCheck.
import os
import lit.formats

config.name = "hornet"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.hornet_build, "test")
config.excludes = ["data", "golden"]
config.environment["PATH"] = os.pathsep.join(
    [os.path.join(config.hornet_build, "bin"), config.llvm_bin, config.environment["PATH"]]
)
# Not the user's own.
config.environment["HORNET_CACHE_DIR"] = os.path.join(config.hornet_build, "test", "cache")
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
config.substitutions.append(("%build", config.hornet_build))
config.substitutions.append(("%root", os.path.dirname(config.test_source_root)))
# "%exits 2 hornet …": the command's exit code is 2, neither more nor less.
config.substitutions.append(
    ("%exits", "sh " + os.path.join(config.test_source_root, "end-to-end", "exits.sh"))
)
