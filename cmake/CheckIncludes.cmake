# cmake -P cmake/CheckIncludes.cmake: fails when an #include breaks the direction of dependencies.
cmake_minimum_required(VERSION 3.25)

# Data flows from left to right; what stands on the right may include what stands on the left.
# This table is the truth: a folder, and the folders that it may include besides itself and base.
set(may_include
  "base:"
  "host:"
  "formats:"
  "keras: formats"
  "graph:"
  "import: keras graph host"
  "optimize: graph"
  "differentiate: graph"
  "step: formats keras graph import differentiate host"
  "lower: graph"
  "emit:"
  "runtime: host"
  "cache: formats"
  "compiler: formats host keras graph import optimize differentiate step lower emit runtime"
  "driver: formats host keras import step compiler runtime cache"
  "training: formats host keras step compiler runtime driver"
  "tools/hornet: formats host keras import step compiler runtime cache driver training"
  "tools/layer-reference: formats keras graph import"
  "tools/hornet-opt: host graph import optimize differentiate step lower compiler")

cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH root)

set(folders)
foreach(row IN LISTS may_include)
  string(REGEX MATCH "^([^:]*):(.*)$" _ "${row}")
  list(APPEND folders ${CMAKE_MATCH_1})
  separate_arguments(allowed_${CMAKE_MATCH_1} UNIX_COMMAND "base ${CMAKE_MATCH_2}")
endforeach()

set(broken 0)
file(GLOB_RECURSE files RELATIVE ${root} ${root}/src/*.h ${root}/src/*.cpp ${root}/src/*.td
     ${root}/tools/*.h ${root}/tools/*.cpp)
foreach(file IN LISTS files)
  string(REGEX REPLACE "^src/" "" folder ${file})
  if(folder MATCHES "^(tools/)?[^/]+/")
    string(REGEX REPLACE "/$" "" folder ${CMAKE_MATCH_0})
  endif()
  if(NOT folder IN_LIST folders)
    message(SEND_ERROR "${file}: the folder ${folder} is not in the table of cmake/CheckIncludes.cmake")
    continue()
  endif()
  file(STRINGS ${root}/${file} lines REGEX "^ *#? *include +\"[a-z]+/")
  foreach(line IN LISTS lines)
    string(REGEX MATCH "\"([a-z]+)/[^\"]*" header "${line}")
    set(to ${CMAKE_MATCH_1})
    if(to IN_LIST folders AND NOT to STREQUAL folder AND NOT to IN_LIST allowed_${folder})
      message(SEND_ERROR "${file} includes ${header}\": ${folder} may include ${allowed_${folder}}")
    endif()
  endforeach()
endforeach()
