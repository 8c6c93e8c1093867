# The libraries that Frit stands on: threads, spdlog (headers only), LLVM 19 (static).

find_package(Threads REQUIRED)

# spdlog and fmt as headers, so that libfrit depends on neither at run time.
find_package(spdlog REQUIRED)
add_library(frit_spdlog INTERFACE)
get_target_property(spdlog_includes spdlog::spdlog_header_only INTERFACE_INCLUDE_DIRECTORIES)
target_include_directories(frit_spdlog SYSTEM INTERFACE ${spdlog_includes})
target_compile_definitions(frit_spdlog INTERFACE SPDLOG_FMT_EXTERNAL FMT_HEADER_ONLY)

find_program(LLVM_CONFIG NAMES llvm-config-19 PATHS /usr/lib/llvm-19/bin DOC "llvm-config of LLVM 19")
if(NOT LLVM_CONFIG)
  message(FATAL_ERROR "LLVM 19 is missing: install llvm-19-dev (scripts/install-packages does), or set "
                      "-DLLVM_CONFIG=/path/to/llvm-config")
endif()
function(llvm_config out)
  execute_process(COMMAND ${LLVM_CONFIG} ${ARGN} OUTPUT_VARIABLE text OUTPUT_STRIP_TRAILING_WHITESPACE
                  COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(text UNIX_COMMAND "${text}")
  set(${out} ${text} PARENT_SCOPE)
endfunction()
llvm_config(llvm_version --version)
if(NOT llvm_version MATCHES "^19\\.")
  message(FATAL_ERROR "frit needs LLVM 19, ${LLVM_CONFIG} is of ${llvm_version}")
endif()
llvm_config(FRIT_LLVM_INCLUDE --includedir)
llvm_config(llvm_libdir --libdir)
llvm_config(llvm_libs --link-static --libs orcjit native passes)
llvm_config(llvm_system --link-static --system-libs)

add_library(frit_llvm INTERFACE)
target_link_directories(frit_llvm INTERFACE ${llvm_libdir})
target_link_libraries(frit_llvm INTERFACE ${llvm_libs} ${llvm_system})
