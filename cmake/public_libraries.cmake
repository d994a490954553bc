# What a user links: linnet::linnet (static) and linnet::shared, both made of the folders' objects.

set(folder_objects
  $<TARGET_OBJECTS:linnet_runtime>
  $<TARGET_OBJECTS:linnet_loaders>
  $<TARGET_OBJECTS:linnet_kernels>
  $<TARGET_OBJECTS:linnet_ops>
  $<TARGET_OBJECTS:linnet_api>)

set(shared_operators linnet_operators)
if(TARGET linnet_shared_operators)
  set(shared_operators linnet_shared_operators)
endif()
add_library(linnet STATIC ${folder_objects} $<TARGET_OBJECTS:linnet_operators>)
add_library(linnet_shared SHARED ${folder_objects} $<TARGET_OBJECTS:${shared_operators}>)
add_library(linnet::linnet ALIAS linnet)
add_library(linnet::shared ALIAS linnet_shared)

foreach(library IN ITEMS linnet linnet_shared)
  set_target_properties(${library} PROPERTIES LINKER_LANGUAGE CXX OUTPUT_NAME linnet)
  target_compile_features(${library} INTERFACE cxx_std_17)
  target_include_directories(${library} INTERFACE
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_link_libraries(${library} PRIVATE
    Threads::Threads ${CMAKE_DL_LIBS} $<BUILD_INTERFACE:linnet_flags>)
  # A program linked to the library finds the modules beside it, so they are built with it.
  foreach(module IN ITEMS linnet_onnx linnet_onednn linnet_regex linnet_extra linnet_image)
    if(TARGET ${module})
      add_dependencies(${library} ${module})
    endif()
  endforeach()
endforeach()

set_target_properties(linnet PROPERTIES EXPORT_NAME linnet)
set_target_properties(linnet_shared PROPERTIES
  EXPORT_NAME shared
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
  LINK_DEPENDS "${PROJECT_SOURCE_DIR}/cmake/linnet.map")

# What the shared library exports, and how it is linked. Functions that turned out alike stand once, where lld or gold is
# there to do that, also where their addresses are taken: none is told from another by its address.
function(linnet_link_shared target)
  target_link_options(${target} PRIVATE
    "LINKER:--version-script=${PROJECT_SOURCE_DIR}/cmake/linnet.map" ${LINNET_NO_UNDEFINED} ${linnet_folding})
endfunction()
set(linnet_folding "")
if(NOT LINNET_SANITIZE AND NOT LINNET_COVERAGE)
  include(CheckLinkerFlag)
  foreach(linker IN ITEMS lld gold)
    check_linker_flag(CXX "-fuse-ld=${linker};LINKER:--icf=all" LINNET_FOLDS_WITH_${linker})
    if(LINNET_FOLDS_WITH_${linker})
      set(linnet_folding -fuse-ld=${linker} LINKER:--icf=all)
      break()
    endif()
  endforeach()
endif()
linnet_link_shared(linnet_shared)
