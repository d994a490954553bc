# What goes into the wheel's folder `linnet` besides the Python files: the extension module, the modules, the command, and
# the shared libraries that these need and a Linux system with a C++ runtime may lack.
include(install_parts)

set_target_properties(${companions} PROPERTIES INSTALL_RPATH "$ORIGIN" INSTALL_RPATH_USE_LINK_PATH OFF)
foreach(target IN LISTS companions)
  # DT_RPATH, unlike DT_RUNPATH, also holds for what the libraries found through it need in turn.
  target_link_options(${target} PRIVATE LINKER:--disable-new-dtags)
endforeach()
install(TARGETS linnet_python ${companions}
  LIBRARY DESTINATION . COMPONENT python
  RUNTIME DESTINATION . COMPONENT python)

linnet_install_libraries_of(. COMPONENT python SYSTEM linnet_python ${companions})

set(parts highway nanobind robin_map gomp)
if(TARGET linnet_onednn)
  list(APPEND parts onednn)
endif()
if(TARGET linnet_onnx)
  list(APPEND parts onnx protobuf)
endif()
if(TARGET linnet_regex)
  list(APPEND parts re2)
endif()
if(TARGET linnet_image)
  foreach(codec IN ITEMS jpeg png webp openjp2)
    if(TARGET PkgConfig::${codec})
      list(APPEND parts ${codec})
    endif()
  endforeach()
  if(TARGET PkgConfig::png)
    list(APPEND parts zlib)
  endif()
endif()
if(TARGET linnet_command)
  list(APPEND parts cli11 fmt nlohmann_json spdlog)
endif()
linnet_install_notices(licenses COMPONENT python PARTS ${parts})
