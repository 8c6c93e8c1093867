# How everything of ours is compiled and linked, as the target frit_settings.

if(PROJECT_IS_TOP_LEVEL)
  if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
  endif()
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  find_program(FRIT_CCACHE ccache)
  mark_as_advanced(FRIT_CCACHE)
  if(FRIT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${FRIT_CCACHE})
  endif()
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_RUNTIME_OUTPUT_DIRECTORY)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
  set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
endif()
set(CMAKE_CXX_EXTENSIONS OFF)

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
  message(FATAL_ERROR "frit needs GCC 12 or newer, this is ${CMAKE_CXX_COMPILER_VERSION}")
endif()

add_library(frit_settings INTERFACE)
target_compile_features(frit_settings INTERFACE cxx_std_20)
target_include_directories(frit_settings INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR})
# No contraction: a multiply and an add are two roundings (the laws, 3).
target_compile_options(frit_settings INTERFACE -ffp-contract=off -fno-math-errno -ffunction-sections
                       -fdata-sections -fno-semantic-interposition -Wall -Wextra)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False alarms of GCC 12 in inlined std::string code (bugs 105651, 105562). Clang and GCC 13 keep both.
  target_compile_options(frit_settings INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # libstdc++ 12's stable sorts use what it has itself marked as deprecated.
  target_compile_options(frit_settings INTERFACE -Wno-deprecated-declarations)
endif()
if(FRIT_WERROR)
  target_compile_options(frit_settings INTERFACE -Werror)
endif()
target_link_options(frit_settings INTERFACE -Wl,--gc-sections -Wl,--as-needed)

# A quicker linker, where one is installed.
find_program(FRIT_MOLD mold)
find_program(FRIT_LLD ld.lld)
mark_as_advanced(FRIT_MOLD FRIT_LLD)
if(FRIT_MOLD)
  target_link_options(frit_settings INTERFACE -fuse-ld=mold)
elseif(FRIT_LLD)
  target_link_options(frit_settings INTERFACE -fuse-ld=lld)
endif()

if(FRIT_SANITIZE)
  # vptr checks need type information of LLVM's classes; the rest of UBSan does not.
  target_compile_options(frit_settings INTERFACE -fsanitize=${FRIT_SANITIZE} -fno-sanitize=vptr
                         -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(frit_settings INTERFACE -fsanitize=${FRIT_SANITIZE} -fno-sanitize=vptr)
endif()
