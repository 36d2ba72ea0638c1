# What the build checks besides compiling: the direction of includes, and that the generated
# references in docs/ are those of the sources.

function(hornet_check_includes)
  set(script ${PROJECT_SOURCE_DIR}/cmake/CheckIncludes.cmake)
  set(stamp ${PROJECT_BINARY_DIR}/includes.stamp)
  set(globs)
  foreach(folder src tools)
    foreach(ending h cpp td)
      list(APPEND globs ${PROJECT_SOURCE_DIR}/${folder}/*.${ending})
    endforeach()
  endforeach()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${globs})
  add_custom_command(OUTPUT ${stamp}
    COMMAND ${CMAKE_COMMAND} -P ${script}
    COMMAND ${CMAKE_COMMAND} -E touch ${stamp}
    DEPENDS ${script} ${sources}
    COMMENT "Checking the direction of includes" VERBATIM)
  add_custom_target(check-includes ALL DEPENDS ${stamp})
  add_test(NAME check-includes COMMAND ${CMAKE_COMMAND} -P ${script})
endfunction()

# hornet_reference(NAME TD OPTIONS…): docs/reference/NAME.md, which mlir-tblgen makes of src/TD.
function(hornet_reference name td)
  set(generated ${PROJECT_BINARY_DIR}/reference/${name}.md)
  add_custom_command(OUTPUT ${generated}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/reference
    COMMAND ${MLIR_TABLEGEN_EXE} ${ARGN} -I ${PROJECT_SOURCE_DIR}/src -I ${MLIR_INCLUDE_DIRS}
            ${PROJECT_SOURCE_DIR}/src/${td} -o ${generated}
    DEPENDS ${PROJECT_SOURCE_DIR}/src/${td} VERBATIM)
  hornet_keep_reference(${name} ${generated} ${PROJECT_SOURCE_DIR}/docs/reference/${name}.md)
endfunction()

# hornet_layer_reference(): docs/layers.md, which the program layer-reference prints.
function(hornet_layer_reference)
  set(generated ${PROJECT_BINARY_DIR}/reference/layers.md)
  set(keras ${PROJECT_SOURCE_DIR}/test/import/data/layers.json)
  add_custom_command(OUTPUT ${generated}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/reference
    COMMAND layer-reference ${keras} > ${generated}
    DEPENDS layer-reference ${keras} VERBATIM)
  hornet_keep_reference(layers ${generated} ${PROJECT_SOURCE_DIR}/docs/layers.md)
endfunction()

# The target `reference` writes what is kept; a test of the same name fails when it is stale.
add_custom_target(reference COMMENT "Writing docs/reference and docs/layers.md")
function(hornet_keep_reference name generated kept)
  add_custom_target(reference-${name} ALL DEPENDS ${generated})
  add_custom_target(write-${name}
    COMMAND ${CMAKE_COMMAND} -E copy ${generated} ${kept} DEPENDS ${generated} VERBATIM)
  add_dependencies(reference write-${name})
  add_test(NAME reference-${name} COMMAND sh -c
    "diff -u ${kept} ${generated} || { echo 'stale: build the target reference'; exit 1; }")
endfunction()
