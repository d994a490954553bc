# How Linnet's own code is compiled: the interface target linnet_flags, private to this project.

if(PROJECT_IS_TOP_LEVEL)
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
  endif()
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
endif()

set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)

add_library(linnet_flags INTERFACE)
# A product and a sum are contracted only where a kernel says so, so that every instruction set gives the same bits.
target_compile_options(linnet_flags INTERFACE -Wall -Wextra -Wconversion -ffp-contract=off)
if(LINNET_WERROR)
  target_compile_options(linnet_flags INTERFACE -Werror)
endif()
# For code that is not worth its room: g++ from 12 on, and clang, go further with -Oz.
set(LINNET_SMALL -Os)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang OR CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 12)
  set(LINNET_SMALL -Oz)
endif()
# What nothing calls is left out, system libraries too.
target_compile_options(linnet_flags INTERFACE -ffunction-sections -fdata-sections)
target_link_options(linnet_flags INTERFACE LINKER:--as-needed LINKER:--gc-sections)

# For shared objects. Clang's sanitizers leave their symbols for the executable to give.
set(LINNET_NO_UNDEFINED LINKER:--no-undefined)
if(LINNET_SANITIZE)
  set(LINNET_NO_UNDEFINED "")
  target_compile_options(linnet_flags INTERFACE
    -fsanitize=${LINNET_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # What a target leaves out of it stands in its property LINNET_NO_SANITIZE.
  target_compile_options(linnet_flags INTERFACE
    $<$<BOOL:$<TARGET_PROPERTY:LINNET_NO_SANITIZE>>:-fno-sanitize=$<TARGET_PROPERTY:LINNET_NO_SANITIZE>>)
  target_link_options(linnet_flags INTERFACE -fsanitize=${LINNET_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # GCC warns of what its sanitizers themselves leave open (its manual, -fsanitize): std::regex is full of it.
    target_compile_options(linnet_flags INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()
if(LINNET_COVERAGE)
  target_compile_options(linnet_flags INTERFACE --coverage)
  target_link_options(linnet_flags INTERFACE --coverage)
endif()
if(LINNET_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES Clang)
    message(FATAL_ERROR "LINNET_FUZZ needs Clang (-DCMAKE_CXX_COMPILER=clang++); this is ${CMAKE_CXX_COMPILER_ID}")
  endif()
  target_compile_options(linnet_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
