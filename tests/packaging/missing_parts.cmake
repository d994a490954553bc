# cmake -DSOURCE=... -DBINARY=... -DCOMPILER=... -P missing_parts.cmake
# Configuring where parts are missing ends with one message that names all of them and what to do, and installs nothing.
set(work "${BINARY}/packaging/missing_parts")
file(REMOVE_RECURSE "${work}")
file(MAKE_DIRECTORY "${work}")
set(ENV{LINNET_DEPS} "${work}/deps")
execute_process(
  COMMAND "${CMAKE_COMMAND}" -G Ninja -S "${SOURCE}" -B "${work}/build" "-DCMAKE_CXX_COMPILER=${COMPILER}"
    -DCMAKE_DISABLE_FIND_PACKAGE_hwy=ON -DCMAKE_DISABLE_FIND_PACKAGE_fmt=ON -DCMAKE_DISABLE_FIND_PACKAGE_dnnl=ON
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE text)
if(status EQUAL 0)
  message(FATAL_ERROR "it was configured all the same:\n${output}")
endif()
foreach(wanted IN ITEMS
    "tools/setup.sh installs" "the Python environment of the tests" "system packages: [a-z0-9 -]*libhwy-dev" "system packages: [a-z0-9 -]*libfmt-dev"
    "oneDNN 3.2 or newer" "-DLINNET_ONEDNN=OFF" "ONNX's C\\+\\+ library" "-DLINNET_ONNX_SCHEMAS=OFF")
  string(REGEX REPLACE "[ \n]+" " " text "${text}")
  if(NOT text MATCHES "${wanted}")
    message(FATAL_ERROR "\"${wanted}\" is not in the message:\n${text}")
  endif()
endforeach()
if(EXISTS "${work}/deps")
  message(FATAL_ERROR "configuring made ${work}/deps")
endif()
