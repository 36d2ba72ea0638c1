// Carries the precompiled header of everything that includes MLIR.
