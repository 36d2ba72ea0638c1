# What the build checks besides compiling: the direction of includes, and that the generated
# references in docs/reference/ are those of the sources.

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
# The target `reference` writes it; a test of the same name fails when it is stale.
add_custom_target(reference COMMENT "Writing docs/reference")
function(hornet_reference name td)
  set(generated ${PROJECT_BINARY_DIR}/reference/${name}.md)
  set(kept ${PROJECT_SOURCE_DIR}/docs/reference/${name}.md)
  add_custom_command(OUTPUT ${generated}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/reference
    COMMAND ${MLIR_TABLEGEN_EXE} ${ARGN} -I ${PROJECT_SOURCE_DIR}/src -I ${MLIR_INCLUDE_DIRS}
            ${PROJECT_SOURCE_DIR}/src/${td} -o ${generated}
    DEPENDS ${PROJECT_SOURCE_DIR}/src/${td} VERBATIM)
  add_custom_target(reference-${name} ALL DEPENDS ${generated})
  add_custom_target(write-${name}
    COMMAND ${CMAKE_COMMAND} -E copy ${generated} ${kept} DEPENDS ${generated} VERBATIM)
  add_dependencies(reference write-${name})
  add_test(NAME reference-${name} COMMAND sh -c
    "diff -u ${kept} ${generated} || { echo 'stale: build the target reference'; exit 1; }")
endfunction()
