# Everything that Hornet does not write itself. All of it comes from Debian packages (packages.txt).

find_package(MLIR 22.1 REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
find_package(LLD 22.1 REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/lld)
include(TableGen)
include(AddLLVM)
include(AddMLIR)

find_package(PkgConfig REQUIRED)
pkg_check_modules(hdf5 REQUIRED hdf5-serial>=1.10)
find_library(HDF5_ARCHIVE libhdf5.a PATHS ${hdf5_LIBRARY_DIRS} REQUIRED)
find_library(SZIP sz REQUIRED)
find_library(AGG_ARCHIVE agg_pic REQUIRED)
find_path(AGG_INCLUDE_DIR agg_gsv_text.h PATH_SUFFIXES agg2 REQUIRED)
find_library(FARMHASH_ARCHIVE libfarmhash.a REQUIRED)
find_path(FARMHASH_INCLUDE_DIR farmhash.h REQUIRED)
find_package(PNG REQUIRED)
find_package(JPEG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(fmt REQUIRED CONFIG)
find_package(CLI11 REQUIRED CONFIG)
find_package(nlohmann_json REQUIRED CONFIG)
find_package(tl-expected REQUIRED CONFIG)
find_package(GTest REQUIRED CONFIG)
find_package(Threads REQUIRED)
pkg_check_modules(libzip REQUIRED IMPORTED_TARGET libzip)

add_library(hornet_options INTERFACE)
target_compile_options(hornet_options INTERFACE -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers -Werror=return-type)
# Libraries that only some of the code of a static library needs are named by programs that use that code.
target_link_options(hornet_options INTERFACE -Wl,--as-needed)
# What all precompiled headers have.
target_link_libraries(hornet_options INTERFACE fmt::fmt tl::expected nlohmann_json::nlohmann_json)

# HDF5 as an archive: Debian's shared library brings what reads from the web (curl, TLS, LDAP, Kerberos),
# which nothing of ours calls and every start would pay for.
add_library(hornet_hdf5 INTERFACE)
target_include_directories(hornet_hdf5 SYSTEM INTERFACE ${hdf5_INCLUDE_DIRS})
target_link_libraries(hornet_hdf5 INTERFACE ${HDF5_ARCHIVE} ${SZIP} ZLIB::ZLIB ${CMAKE_DL_LIBS} m)

# Anti-Grain Geometry draws plots: an archive of some hundred kilobytes with a font in it, where others
# bring X11 and need fonts installed.
add_library(hornet_agg INTERFACE)
target_include_directories(hornet_agg SYSTEM INTERFACE ${AGG_INCLUDE_DIR})
target_link_libraries(hornet_agg INTERFACE ${AGG_ARCHIVE})

# FarmHash is an archive of 17 kilobytes.
add_library(hornet_farmhash INTERFACE)
target_include_directories(hornet_farmhash SYSTEM INTERFACE ${FARMHASH_INCLUDE_DIR})
target_link_libraries(hornet_farmhash INTERFACE ${FARMHASH_ARCHIVE})

# LLVM and MLIR as the two shared libraries.
add_library(hornet_mlir INTERFACE)
target_include_directories(hornet_mlir SYSTEM INTERFACE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
separate_arguments(LLVM_DEFINITIONS_LIST NATIVE_COMMAND ${LLVM_DEFINITIONS})
target_compile_options(hornet_mlir INTERFACE ${LLVM_DEFINITIONS_LIST})
target_link_libraries(hornet_mlir INTERFACE MLIR LLVM)

# With precompiled headers, ccache needs to be told that they hold what they are named for.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_C_COMPILER_LAUNCHER})
endif()
