# Where the parts come from. tools/setup.sh knows where it put them; each path can be given with -D instead.

find_package(Threads REQUIRED)
# Only Highway's headers: neither Linnet nor a program that uses it links libhwy.
find_package(hwy REQUIRED)
add_library(linnet_highway INTERFACE)
target_include_directories(linnet_highway SYSTEM INTERFACE
  "$<TARGET_PROPERTY:hwy::hwy,INTERFACE_INCLUDE_DIRECTORIES>")

execute_process(
  COMMAND "${PROJECT_SOURCE_DIR}/tools/setup.sh" paths
  OUTPUT_VARIABLE setup_paths OUTPUT_STRIP_TRAILING_WHITESPACE)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  "${PROJECT_SOURCE_DIR}/tools/setup.sh"
  "${PROJECT_SOURCE_DIR}/tools/requirements.txt"
  "${PROJECT_SOURCE_DIR}/tools/bench/requirements.txt"
  "${PROJECT_SOURCE_DIR}/cmake/onnx/CMakeLists.txt")
string(REPLACE "\n" ";" setup_paths "${setup_paths}")
foreach(line IN LISTS setup_paths)
  string(REGEX MATCH "^([A-Z_]+)=(.*)$" line "${line}")
  if(NOT DEFINED ${CMAKE_MATCH_1})
    set(${CMAKE_MATCH_1} "${CMAKE_MATCH_2}")
  endif()
endforeach()

if(LINNET_ONEDNN)
  find_package(dnnl 3.2 CONFIG QUIET HINTS "${LINNET_ONEDNN_DIR}")
  if(NOT dnnl_FOUND)
    message(FATAL_ERROR "oneDNN 3.2 or newer was not found (looked in ${LINNET_ONEDNN_DIR} too). "
      "Run tools/setup.sh, give -Ddnnl_DIR=..., or build without it: -DLINNET_ONEDNN=OFF")
  endif()
endif()

if(LINNET_ONNX_SCHEMAS)
  # The shared libprotobuf-lite: Debian's static one is not position-independent. The module keeps it to itself
  # (it is opened with RTLD_LOCAL).
  find_package(Protobuf QUIET)
  if(NOT EXISTS "${LINNET_ONNX_DIR}/lib/libonnx.a" OR NOT Protobuf_FOUND)
    message(FATAL_ERROR "ONNX's C++ library (${LINNET_ONNX_DIR}/lib/libonnx.a) or libprotobuf was not found. "
      "Run tools/setup.sh, give -DLINNET_ONNX_DIR=..., or build without it: -DLINNET_ONNX_SCHEMAS=OFF")
  endif()
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
