# The parts of others in what is installed: their shared libraries and their licences.
# Each licence's text is taken from where its part was taken from: a Debian package's copyright file or the folder that
# tools/setup.sh made.

# Where the texts are.
set(notice_of_highway /usr/share/doc/libhwy-dev/copyright)
set(notice_of_onednn "${LINNET_ONEDNN_DIR}/share/doc/onednn/LICENSE"
  "${LINNET_ONEDNN_DIR}/share/doc/onednn/THIRD-PARTY-PROGRAMS")
if(NOT dnnl_DIR MATCHES "^${LINNET_ONEDNN_DIR}/")
  set(notice_of_onednn /usr/share/doc/libdnnl-dev/copyright)
endif()
set(notice_of_onnx "${LINNET_ONNX_DIR}/share/doc/onnx/LICENSE")
set(notice_of_protobuf /usr/share/doc/libprotobuf-dev/copyright)
set(notice_of_re2 /usr/share/doc/libre2-dev/copyright)
set(notice_of_jpeg /usr/share/doc/libjpeg62-turbo-dev/copyright)
set(notice_of_png /usr/share/doc/libpng-dev/copyright)
set(notice_of_tiff /usr/share/doc/libtiff-dev/copyright)
set(notice_of_webp /usr/share/doc/libwebp-dev/copyright)
set(notice_of_openjp2 /usr/share/doc/libopenjp2-7-dev/copyright)
set(notice_of_zlib /usr/share/doc/zlib1g/copyright)
set(notice_of_gomp /usr/share/doc/libgomp1/copyright)
set(notice_of_cli11 /usr/share/doc/libcli11-dev/copyright)
set(notice_of_fmt /usr/share/doc/libfmt-dev/copyright)
set(notice_of_spdlog /usr/share/doc/libspdlog-dev/copyright)
set(notice_of_nlohmann_json /usr/share/doc/nlohmann-json3-dev/copyright)
set(notice_of_nanobind "${nanobind_folder}/../../nanobind-*.dist-info/licenses/LICENSE")
# Its text stands at the head of its files.
set(notice_of_robin_map "${nanobind_folder}/../ext/robin_map/include/tsl/robin_map.h")

# linnet_install_notices(FOLDER [COMPONENT NAME] PARTS PART...) puts them into FOLDER/PART/.
function(linnet_install_notices folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "COMPONENT" "PARTS")
  set(component)
  if(arg_COMPONENT)
    set(component COMPONENT ${arg_COMPONENT})
  endif()
  foreach(part IN LISTS arg_PARTS)
    file(GLOB texts ${notice_of_${part}})
    if(NOT texts)
      message(WARNING "${part}'s licence (${notice_of_${part}}) was not found: what is installed lacks it")
    endif()
    foreach(text IN LISTS texts)
      if(text MATCHES "/([a-z_]+)\\.h$")
        file(READ "${text}" head)
        string(FIND "${head}" "*/" end)
        string(SUBSTRING "${head}" 0 ${end} head)
        set(text "${PROJECT_BINARY_DIR}/notices/${part}")
        file(CONFIGURE OUTPUT "${text}" CONTENT "@head@*/\n" @ONLY)
      endif()
      file(REAL_PATH "${text}" text)  # Debian links some of them
      get_filename_component(name "${text}" NAME)
      install(FILES "${text}" DESTINATION "${folder}/${part}" ${component})
    endforeach()
  endforeach()
endfunction()

# linnet_install_libraries_of(FOLDER [COMPONENT NAME] [SYSTEM] TARGET...) puts the shared libraries that the TARGETs
# need into FOLDER (from the prefix), stripped: those from outside the system's folders, with SYSTEM those too. What
# every Linux system with a C++ runtime has stays out.
function(linnet_install_libraries_of folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SYSTEM" "COMPONENT" "")
  set(component)
  if(arg_COMPONENT)
    set(component COMPONENT ${arg_COMPONENT})
  endif()
  set(outside "^/(usr/)?lib(32|64)?/")
  if(arg_SYSTEM)
    set(outside "^$")
  endif()
  set(binaries)
  foreach(target IN LISTS arg_UNPARSED_ARGUMENTS)
    string(APPEND binaries " \"$<TARGET_FILE:${target}>\"")
  endforeach()
  install(CODE "
    set(binaries ${binaries})
    set(outside \"${outside}\")
    set(folder \"${folder}\")
    set(strip \"${CMAKE_STRIP}\")" ${component})
  install(CODE [[
    file(GET_RUNTIME_DEPENDENCIES LIBRARIES ${binaries}
      RESOLVED_DEPENDENCIES_VAR libraries UNRESOLVED_DEPENDENCIES_VAR missing
      PRE_EXCLUDE_REGEXES "^lib(c|m|dl|rt|pthread|stdc\\+\\+|gcc_s|python[0-9.]*|linnet)\\.so" "^ld-linux"
      POST_EXCLUDE_REGEXES "${outside}")
    if(missing)
      message(FATAL_ERROR "shared libraries were not found: ${missing}")
    endif()
    foreach(library IN LISTS libraries)
      get_filename_component(name "${library}" NAME)
      file(REAL_PATH "${library}" file)
      set(copy "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/${folder}/${name}")
      message(STATUS "Installing: ${copy}")
      file(COPY_FILE "${file}" "${copy}")
      if(strip)
        execute_process(COMMAND "${strip}" --strip-unneeded "${copy}" COMMAND_ERROR_IS_FATAL ANY)
      endif()
    endforeach()
  ]] ${component})
endfunction()
