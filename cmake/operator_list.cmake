# linnet_operator_list(LIST OUTPUT) writes OUTPUT, a source file that registers every operator and family of fusions
# named in LIST (one name per line; blank lines and lines that start with # are skipped). `relu` stands for
# `void linnet::internal::register_relu(Registry&)`.
function(linnet_operator_list list output)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${list}")
  file(STRINGS "${list}" lines)
  set(declarations "")
  set(calls "")
  set(seen "")
  foreach(line IN LISTS lines)
    string(STRIP "${line}" name)
    if(name STREQUAL "" OR name MATCHES "^#")
      continue()
    endif()
    if(NOT name MATCHES "^[a-z][a-z0-9_]*$")
      message(FATAL_ERROR "${list}: \"${name}\" is not a snake_case operator name")
    endif()
    if(name IN_LIST seen)
      message(FATAL_ERROR "${list}: \"${name}\" stands there twice")
    endif()
    list(APPEND seen "${name}")
    string(APPEND declarations "void register_${name}(Registry& registry);\n")
    string(APPEND calls "  register_${name}(registry);\n")
  endforeach()
  file(CONFIGURE OUTPUT "${output}" @ONLY CONTENT "// Generated from ops/ops.list.
#include \"ops/ops.hpp\"

namespace linnet::internal {

@declarations@
void register_all_operators([[maybe_unused]] Registry& registry) {
@calls@}

}  // namespace linnet::internal
")
endfunction()
