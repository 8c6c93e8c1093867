// NVRTC: CUDA C++ to a cubin or PTX. Loaded when first needed.
#pragma once

#include <span>
#include <string>

#include "codegen/cuda.h"

namespace frit::codegen::cuda {

bool nvrtc_available();
std::string nvrtc_version();  // "13.0"; part of keys. Empty where there is none
// The newest capability up to sm (major*10 + minor) that it compiles for; 0: none.
int nvrtc_newest(int sm);

// Compiles the sources as one program: each launch gets the image, and what ptxas says of its kernel
// (nothing, where the image is PTX: GpuSpec::ptx). Throws Error with the log and the place of the source,
// which is kept in FRIT_DUMP's folder or else the one for temporary files.
void nvrtc_compile(std::span<CudaSource> sources, const GpuSpec& gpu);
// The sources as one program: what nvrtc_compile compiles.
std::string nvrtc_text(std::span<const CudaSource> sources);
// How long nvrtcCompileProgram takes on this text, with the options of nvrtc_compile and nothing around it.
double nvrtc_bare_ms(const std::string& text, const GpuSpec& gpu);
std::string nvrtc_ptx(const CudaSource& source, const GpuSpec& gpu);

}  // namespace frit::codegen::cuda
