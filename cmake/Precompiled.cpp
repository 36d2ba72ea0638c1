// Carries a precompiled header: see PrecompiledHeaders.cmake.
