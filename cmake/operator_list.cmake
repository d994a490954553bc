# linnet_operator_list(LIST OUTPUT [SELECTED FILE | LIBRARY | MODULE]) writes OUTPUT, a source file that registers the
# operators and families of fusions named in LIST, one in a line; blank lines and lines that start with # are skipped.
# `relu` stands for `void linnet::internal::register_relu(Registry&)`, which registers Relu. Where the operators are
# called otherwise, or are several, they stand behind a colon: `unique: Unique linnet.UniqueStrings`; of a family of
# fusions those that it puts in. `@extra` at the end marks those of the module liblinnet_extra.so.
# With SELECTED, a list of operators such as `linnet inspect --operators` prints (its path is from the repository's
# root), only what registers one of them is called, and the linker leaves the rest out. With LIBRARY, marked operators
# are left to the module; with MODULE, they are all.
function(linnet_operator_list list output)
  cmake_parse_arguments(PARSE_ARGV 2 arg "LIBRARY;MODULE" "SELECTED" "")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${list}")
  file(STRINGS "${list}" lines)
  set(selected "")
  if(arg_SELECTED)
    get_filename_component(arg_SELECTED "${arg_SELECTED}" ABSOLUTE BASE_DIR "${PROJECT_SOURCE_DIR}")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${arg_SELECTED}")
    file(STRINGS "${arg_SELECTED}" selected REGEX "^[^#]")
    list(TRANSFORM selected STRIP)
    list(REMOVE_ITEM selected "")
    list(APPEND selected Identity) # passes put it in
  endif()
  set(declarations "")
  set(calls "")
  set(seen "")
  set(known "")
  foreach(line IN LISTS lines)
    string(STRIP "${line}" line)
    if(line STREQUAL "" OR line MATCHES "^#")
      continue()
    endif()
    if(NOT line MATCHES "^([a-z][a-z0-9_]*)(: ([A-Za-z0-9.]+( [A-Za-z0-9.]+)*))?( @extra)?$")
      message(FATAL_ERROR
        "${list}: \"${line}\" is not \"name_of_operator\" or \"name: Operator Operator\", with or without @extra behind it")
    endif()
    set(name "${CMAKE_MATCH_1}")
    set(operators "${CMAKE_MATCH_3}")
    set(extra "${CMAKE_MATCH_5}")
    if(name IN_LIST seen)
      message(FATAL_ERROR "${list}: \"${name}\" stands there twice")
    endif()
    list(APPEND seen "${name}")
    if(operators STREQUAL "")
      linnet_camel_case("${name}" operators)
    endif()
    string(REPLACE " " ";" operators "${operators}")
    list(APPEND known ${operators})
    set(needed TRUE)
    if(arg_SELECTED)
      set(needed FALSE)
      foreach(operator IN LISTS operators)
        if(operator IN_LIST selected)
          set(needed TRUE)
        endif()
      endforeach()
    endif()
    if(arg_MODULE AND NOT extra)
      set(needed FALSE)
    endif()
    if(arg_LIBRARY AND extra)
      foreach(operator IN LISTS operators)
        string(REGEX MATCH "^((.*)[.])?([^.]+)$" ignored "${operator}")
        string(APPEND calls "  add_from_module(registry, \"${CMAKE_MATCH_2}\", \"${CMAKE_MATCH_3}\");\n")
      endforeach()
    elseif(needed)
      string(APPEND declarations "void register_${name}(Registry& registry);\n")
      string(APPEND calls "  register_${name}(registry);\n")
    endif()
  endforeach()
  foreach(operator IN LISTS selected)
    if(NOT operator IN_LIST known)
      message(FATAL_ERROR "${arg_SELECTED}: there is no operator \"${operator}\" in ${list}")
    endif()
  endforeach()
  file(CONFIGURE OUTPUT "${output}" @ONLY CONTENT "// Generated from ops/ops.list.
#include \"ops/ops.hpp\"
#include \"runtime/operator_module.hpp\"

namespace linnet::internal {

@declarations@
void register_all_operators([[maybe_unused]] Registry& registry) {
@calls@}

}  // namespace linnet::internal
")
endfunction()

# linnet_operators(TARGET [SELECTED FILE | LIBRARY | MODULE]) makes the object library TARGET, which registers the
# operators of ops/ops.list, or some of them, as above.
function(linnet_operators target)
  set(source "${CMAKE_CURRENT_BINARY_DIR}/${target}.cpp")
  linnet_operator_list("${PROJECT_SOURCE_DIR}/ops/ops.list" "${source}" ${ARGN})
  add_library(${target} OBJECT "${source}")
  linnet_include_view(${target} ops runtime include/linnet)
  target_link_libraries(${target} PRIVATE linnet_flags)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:${LINNET_SMALL}>)
endfunction()

# linnet_camel_case(NAME VARIABLE) makes LeakyRelu of leaky_relu.
function(linnet_camel_case name variable)
  string(REPLACE "_" ";" words "${name}")
  set(result "")
  foreach(word IN LISTS words)
    string(SUBSTRING "${word}" 0 1 first)
    string(SUBSTRING "${word}" 1 -1 rest)
    string(TOUPPER "${first}" first)
    string(APPEND result "${first}${rest}")
  endforeach()
  set(${variable} "${result}" PARENT_SCOPE)
endfunction()
