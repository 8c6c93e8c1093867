// The functions that cases of the CPU and of GPUs share, as a user would write them.
#pragma once

#include "frit/frit.h"

namespace frit::bench {

inline Tensor softmax_rows(Tensor x) { return softmax(x); }

inline Tensor layernorm(Tensor x, Tensor scale, Tensor bias) { return layer_norm(x, scale, bias); }

inline Tensor swiglu(Tensor gate, Tensor up) { return silu(gate) * up; }

}  // namespace frit::bench
