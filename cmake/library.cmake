# libfrit: all layers in one library, as frit::frit. The shared one shows only the symbols of
# namespace frit (cmake/exports.map): LLVM inside it stays hidden, beside whatever LLVM the user has.

set(objects)
foreach(layer ${frit_layers})
  list(APPEND objects $<TARGET_OBJECTS:${layer}>)
endforeach()
if(FRIT_SHARED)
  add_library(frit SHARED ${objects})
  target_link_options(frit PRIVATE -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/exports.map
                      -Wl,--exclude-libs,ALL -Wl,-Bsymbolic-functions)
  if(NOT FRIT_SANITIZE)
    target_link_options(frit PRIVATE -Wl,-z,defs)
  endif()
  set_target_properties(frit PROPERTIES LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/exports.map)
else()
  add_library(frit STATIC ${objects})
endif()
add_library(frit::frit ALIAS frit)
set_target_properties(frit PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
                      LINKER_LANGUAGE CXX)
target_compile_features(frit PUBLIC cxx_std_20)
target_include_directories(frit PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
target_link_libraries(frit PRIVATE $<BUILD_INTERFACE:frit_settings> $<BUILD_INTERFACE:frit_llvm> Threads::Threads)
