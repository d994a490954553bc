# What goes into the wheel's folder `linnet` besides the Python files: the extension module, the modules, the command, and
# the shared libraries that these need and a Linux system with a C++ runtime may lack.
set_target_properties(${companions} PROPERTIES INSTALL_RPATH "$ORIGIN" INSTALL_RPATH_USE_LINK_PATH OFF)
foreach(target IN LISTS companions)
  # DT_RPATH, unlike DT_RUNPATH, also holds for what the libraries found through it need in turn.
  target_link_options(${target} PRIVATE LINKER:--disable-new-dtags)
endforeach()
install(TARGETS linnet_python ${companions}
  LIBRARY DESTINATION . COMPONENT python
  RUNTIME DESTINATION . COMPONENT python)

set(binaries "$<TARGET_FILE:linnet_python>")
foreach(target IN LISTS companions)
  list(APPEND binaries "$<TARGET_FILE:${target}>")
endforeach()
install(CODE "set(binaries \"${binaries}\")" COMPONENT python)
install(CODE [[
  file(GET_RUNTIME_DEPENDENCIES LIBRARIES ${binaries}
    RESOLVED_DEPENDENCIES_VAR libraries UNRESOLVED_DEPENDENCIES_VAR missing
    PRE_EXCLUDE_REGEXES "^lib(c|m|dl|rt|pthread|stdc\\+\\+|gcc_s|python[0-9.]*)\\.so" "^ld-linux")
  if(missing)
    message(FATAL_ERROR "shared libraries that the wheel needs were not found: ${missing}")
  endif()
  foreach(library IN LISTS libraries)
    get_filename_component(name "${library}" NAME)
    file(REAL_PATH "${library}" file)
    file(COPY_FILE "${file}" "${CMAKE_INSTALL_PREFIX}/${name}")
  endforeach()
]] COMPONENT python)
