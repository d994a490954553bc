# Where the parts come from. tools/setup.sh knows where it put them; each path can be given with -D instead. Nothing is
# installed or fetched here: all that is missing is named in one message.

find_package(Threads REQUIRED)
set(missing_packages "")  # Debian's names
set(missing_parts "")

# linnet_need(PACKAGE DEBIAN_PACKAGE) finds PACKAGE, or notes that it is missing.
macro(linnet_need package debian_package)
  find_package(${package} QUIET)
  if(NOT ${package}_FOUND)
    list(APPEND missing_packages ${debian_package})
  endif()
endmacro()

# Only Highway's headers: neither Linnet nor a program that uses it links libhwy.
linnet_need(hwy libhwy-dev)
if(hwy_FOUND)
  add_library(linnet_highway INTERFACE)
  target_include_directories(linnet_highway SYSTEM INTERFACE
    "$<TARGET_PROPERTY:hwy::hwy,INTERFACE_INCLUDE_DIRECTORIES>")
endif()
if(LINNET_BUILD_TOOLS)
  linnet_need(CLI11 libcli11-dev)
  linnet_need(fmt libfmt-dev)
  linnet_need(spdlog libspdlog-dev)
  linnet_need(nlohmann_json nlohmann-json3-dev)
endif()
if(LINNET_BUILD_TESTS)
  linnet_need(GTest "libgtest-dev;libgmock-dev")
  linnet_need(nlohmann_json nlohmann-json3-dev)
endif()

execute_process(
  COMMAND "${PROJECT_SOURCE_DIR}/tools/setup.sh" paths
  OUTPUT_VARIABLE setup_paths OUTPUT_STRIP_TRAILING_WHITESPACE)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  "${PROJECT_SOURCE_DIR}/tools/setup.sh"
  "${PROJECT_SOURCE_DIR}/tools/requirements.txt"
  "${PROJECT_SOURCE_DIR}/tools/wheel/requirements.txt"
  "${PROJECT_SOURCE_DIR}/tools/bench/requirements.txt"
  "${PROJECT_SOURCE_DIR}/cmake/onnx/CMakeLists.txt"
  "${PROJECT_SOURCE_DIR}/cmake/onnx/lean_schemas.hpp")
string(REPLACE "\n" ";" setup_paths "${setup_paths}")
foreach(line IN LISTS setup_paths)
  string(REGEX MATCH "^([A-Z_]+)=(.*)$" line "${line}")
  if(NOT DEFINED ${CMAKE_MATCH_1})
    set(${CMAKE_MATCH_1} "${CMAKE_MATCH_2}")
  endif()
endforeach()

set(setup "tools/setup.sh library")
if(LINNET_BUILD_PYTHON)
  if(NOT DEFINED SKBUILD AND NOT Python_EXECUTABLE)
    set(Python_EXECUTABLE "${LINNET_PYTHON}")
  endif()
  if(EXISTS "${Python_EXECUTABLE}")
    find_package(Python 3.10 QUIET COMPONENTS Interpreter Development.Module)
    if(NOT Python_FOUND)
      list(APPEND missing_packages python3-dev)
    endif()
  endif()
endif()
if((LINNET_BUILD_PYTHON AND NOT EXISTS "${Python_EXECUTABLE}") OR (LINNET_BUILD_TESTS AND NOT EXISTS "${LINNET_PYTHON}"))
  set(setup "tools/setup.sh")
  list(APPEND missing_parts "the Python environment of the tests (looked for ${LINNET_PYTHON}): \
-DLINNET_PYTHON=... names another, -DLINNET_BUILD_TESTS=OFF -DLINNET_BUILD_PYTHON=OFF go without")
endif()

# The system's own where it is new enough.
if(LINNET_ONEDNN)
  find_package(dnnl 3.2 CONFIG QUIET)
  if(NOT dnnl_FOUND)
    find_package(dnnl 3.2 CONFIG QUIET HINTS "${LINNET_ONEDNN_DIR}")
  endif()
  if(NOT dnnl_FOUND)
    list(APPEND missing_parts
      "oneDNN 3.2 or newer (looked in ${LINNET_ONEDNN_DIR} too): -Ddnnl_DIR=... names it, -DLINNET_ONEDNN=OFF goes without")
  endif()
endif()

if(LINNET_ONNX_SCHEMAS)
  # The shared libprotobuf-lite: Debian's static one is not position-independent. The module keeps it to itself
  # (it is opened with RTLD_LOCAL).
  linnet_need(Protobuf libprotobuf-dev)
  if(NOT EXISTS "${LINNET_ONNX_DIR}/lib/libonnx.a")
    list(APPEND missing_parts
      "ONNX's C++ library (${LINNET_ONNX_DIR}/lib/libonnx.a): -DLINNET_ONNX_DIR=... names its folder, \
-DLINNET_ONNX_SCHEMAS=OFF goes without")
  endif()
endif()

if(missing_packages OR missing_parts)
  list(REMOVE_DUPLICATES missing_packages)
  list(JOIN missing_packages " " packages)
  list(JOIN missing_parts "\n  " parts)
  set(message "Linnet cannot be built yet. ${setup} installs what is missing (Debian):")
  if(packages)
    string(APPEND message "\n  system packages: ${packages}")
  endif()
  if(parts)
    string(APPEND message "\n  ${parts}")
  endif()
  message(FATAL_ERROR "${message}")
endif()

# Where it is missing, models with regular expressions are refused.
if(LINNET_REGEX)
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND)
    pkg_check_modules(re2 QUIET IMPORTED_TARGET re2)
  endif()
  if(TARGET PkgConfig::re2)
    add_library(linnet_re2 INTERFACE)
    target_link_libraries(linnet_re2 INTERFACE PkgConfig::re2)
  else()
    message(STATUS "RE2 (libre2-dev) was not found: the module for regular expressions is left out")
  endif()
endif()

# Formats whose library is missing are refused when an image has one. LINNET_IMAGE_CODECS: those that are there.
set(LINNET_IMAGE_CODECS "")
if(LINNET_IMAGE)
  add_library(linnet_image_libraries INTERFACE)
  find_package(PkgConfig QUIET)
  set(left_out "")
  foreach(codec IN ITEMS jpeg:libjpeg png:libpng tiff:libtiff-4>=4.5 webp:libwebp openjp2:libopenjp2>=2.4)
    string(REPLACE ":" ";" codec "${codec}")
    list(POP_FRONT codec name)
    # libtiff needs JBIG-KIT, whose licence (GPL) does not fit a wheel, which has its own copies of all.
    if(PkgConfig_FOUND AND NOT (DEFINED SKBUILD AND name STREQUAL "tiff"))
      pkg_check_modules(${name} QUIET IMPORTED_TARGET "${codec}")
    endif()
    if(TARGET PkgConfig::${name})
      target_link_libraries(linnet_image_libraries INTERFACE PkgConfig::${name})
      list(APPEND LINNET_IMAGE_CODECS ${name})
    else()
      list(APPEND left_out "${codec}")
    endif()
  endforeach()
  if(left_out)
    list(JOIN left_out ", " left_out)
    message(STATUS "The module for images is built without ${left_out}")
  endif()
endif()

if(LINNET_ONNX_SCHEMAS)
  add_library(linnet_onnx_library INTERFACE)
  target_compile_definitions(linnet_onnx_library INTERFACE
    ONNX_ML=1 ONNX_NAMESPACE=onnx ONNX_USE_LITE_PROTO=1 __ONNX_NO_DOC_STRINGS=1)
  target_include_directories(linnet_onnx_library SYSTEM INTERFACE "${LINNET_ONNX_DIR}/include")
  target_link_libraries(linnet_onnx_library INTERFACE "${LINNET_ONNX_DIR}/lib/libonnx.a" protobuf::libprotobuf-lite)
endif()

# Only where this is the main project; CCACHE_BASEDIR lets checkouts in different folders share what they compiled.
find_program(LINNET_CCACHE ccache)
if(PROJECT_IS_TOP_LEVEL AND LINNET_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    "env;CCACHE_DIR=${LINNET_CCACHE_DIR};CCACHE_BASEDIR=${PROJECT_SOURCE_DIR};CCACHE_NOHASHDIR=1;${LINNET_CCACHE}")
endif()
