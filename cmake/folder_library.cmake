# One target per folder, each with an include directory that holds links to the folders it may include and to nothing
# else. Includes are written from the repository root, so an include against the arrows does not compile.

# linnet_include_view(TARGET FOLDER...) gives TARGET a view of the FOLDERs (paths from the repository root).
# The public headers, include/linnet, appear as <linnet/...>.
function(linnet_include_view target)
  if(LINNET_COVERAGE)
    # gcov's reports take a file behind two links for two files.
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/include")
    return()
  endif()
  set(view "${PROJECT_BINARY_DIR}/include-view/${target}")
  if(NOT "$CACHE{linnet_view_of_${target}}" STREQUAL "${ARGN}")
    file(REMOVE_RECURSE "${view}")
    set(linnet_view_of_${target} "${ARGN}" CACHE INTERNAL "")
  endif()
  foreach(folder IN LISTS ARGN)
    string(REGEX REPLACE "^include/" "" name "${folder}")
    get_filename_component(parent "${view}/${name}" DIRECTORY)
    if(NOT IS_SYMLINK "${view}/${name}")
      file(MAKE_DIRECTORY "${parent}")
      file(CREATE_LINK "${PROJECT_SOURCE_DIR}/${folder}" "${view}/${name}" SYMBOLIC)
    endif()
  endforeach()
  target_include_directories(${target} PRIVATE "${view}")
endfunction()

# linnet_sources(VARIABLE [EXCLUDE REGEX...]) collects the .cpp files below the current folder.
function(linnet_sources variable)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" EXCLUDE)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  foreach(regex IN LISTS arg_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX "^${CMAKE_CURRENT_SOURCE_DIR}/${regex}")
  endforeach()
  set(${variable} "${sources}" PARENT_SCOPE)
endfunction()

# linnet_folder_library(NAME [APART] [OPTIMIZE LEVEL] [EXCLUDE REGEX...] [SOURCES FILE...] MAY_INCLUDE FOLDER...
# [LINK LIBRARY...]) makes the object library NAME of the current folder. SOURCES are added to the folder's own.
# OPTIMIZE is for folders whose loops are not worth vectorising: their code is a fifth smaller with -O2, and a third
# with -Os. With LINNET_UNITY_GROUPS sources are compiled in groups, unless they have to stay APART.
function(linnet_folder_library target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "APART" "OPTIMIZE" "EXCLUDE;SOURCES;MAY_INCLUDE;LINK")
  linnet_sources(sources EXCLUDE ${arg_EXCLUDE})
  if(NOT sources AND NOT arg_SOURCES)
    set(sources "${CMAKE_CURRENT_BINARY_DIR}/no_source_yet.cpp")
    file(CONFIGURE OUTPUT "${sources}" CONTENT "// This folder holds no source yet.\n")
  endif()
  add_library(${target} OBJECT ${sources} ${arg_SOURCES})
  if(LINNET_UNITY_GROUPS AND NOT arg_APART)
    # When the folder has said which of them have options of their own.
    cmake_language(EVAL CODE "cmake_language(DEFER CALL linnet_unity_groups [[${target}]] [[${sources}]])")
  endif()
  linnet_include_view(${target} ${arg_MAY_INCLUDE})
  target_link_libraries(${target} PRIVATE linnet_flags ${arg_LINK})
  if(arg_OPTIMIZE)
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:${arg_OPTIMIZE}>)
  endif()
endfunction()

# linnet_module(NAME [LINK LIBRARY...] MAY_INCLUDE FOLDER...) makes the current folder lib<NAME>.so, which the library
# opens when it needs it. It exports C functions named linnet_* and nothing else, and holds its own copy of those parts
# of runtime/ that it uses.
function(linnet_module target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "MAY_INCLUDE;LINK")
  linnet_sources(sources)
  if(NOT sources)
    return()
  endif()
  add_library(${target} MODULE ${sources})
  linnet_include_view(${target} ${arg_MAY_INCLUDE})
  target_link_libraries(${target} PRIVATE linnet_flags linnet_runtime_archive ${arg_LINK})
  target_link_options(${target} PRIVATE
    LINKER:--exclude-libs,ALL "LINKER:--version-script=${PROJECT_SOURCE_DIR}/cmake/module.map" ${LINNET_NO_UNDEFINED})
  set_target_properties(${target} PROPERTIES
    LINK_DEPENDS "${PROJECT_SOURCE_DIR}/cmake/module.map"
    INSTALL_RPATH "$ORIGIN")
endfunction()
