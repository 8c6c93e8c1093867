# cmake --install: include/frit, libfrit, the frit command and the package that find_package(frit) reads.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS frit EXPORT frit-targets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/frit DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(TARGET frit_command)
  install(TARGETS frit_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  set_target_properties(frit_command PROPERTIES INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
endif()

# A static libfrit is linked with what it stands on by whoever uses it.
set(FRIT_LINK_LIBRARIES)
if(NOT FRIT_SHARED)
  set(FRIT_LINK_LIBRARIES -L${llvm_libdir} ${llvm_libs} ${llvm_system})
endif()
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/frit)
install(EXPORT frit-targets NAMESPACE frit:: DESTINATION ${package_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/frit-config.cmake.in
                              ${PROJECT_BINARY_DIR}/frit-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/frit-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/frit-config.cmake ${PROJECT_BINARY_DIR}/frit-config-version.cmake
        DESTINATION ${package_dir})
