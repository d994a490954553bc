# Libraries, modules, headers, the command, find_package(linnet) and pkg-config.
include(CMakePackageConfigHelpers)
include(install_parts)

install(TARGETS linnet linnet_shared EXPORT linnetTargets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
# There even in a build without modules.
install(DIRECTORY DESTINATION "${CMAKE_INSTALL_LIBDIR}/linnet")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/linnet" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
# Where the library in lib/ and the command in bin/ both look.
set(LINNET_MODULE_FOLDER "${CMAKE_INSTALL_LIBDIR}/linnet")
set(parts highway)
foreach(module IN ITEMS linnet_onnx linnet_onednn linnet_regex linnet_extra linnet_image)
  if(TARGET ${module})
    install(TARGETS ${module} LIBRARY DESTINATION "${LINNET_MODULE_FOLDER}")
    linnet_install_libraries_of("${LINNET_MODULE_FOLDER}" ${module})
  endif()
endforeach()
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
  list(APPEND parts ${LINNET_IMAGE_CODECS})
endif()
if(TARGET linnet_command)
  install(TARGETS linnet_command RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  list(APPEND parts cli11 fmt nlohmann_json spdlog)
endif()
linnet_install_notices("${CMAKE_INSTALL_DOCDIR}/licenses" PARTS ${parts})

set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/linnet")
install(EXPORT linnetTargets NAMESPACE linnet:: DESTINATION "${package_folder}")
configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/package/linnetConfig.cmake.in" "${PROJECT_BINARY_DIR}/linnetConfig.cmake"
  INSTALL_DESTINATION "${package_folder}" PATH_VARS LINNET_MODULE_FOLDER)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/linnetConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/linnetConfig.cmake" "${PROJECT_BINARY_DIR}/linnetConfigVersion.cmake"
  DESTINATION "${package_folder}")

# From its own place, so that `cmake --install --prefix` may name any.
file(RELATIVE_PATH LINNET_PREFIX_FROM_PC "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
configure_file("${PROJECT_SOURCE_DIR}/cmake/package/linnet.pc.in" "${PROJECT_BINARY_DIR}/linnet.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/linnet.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
