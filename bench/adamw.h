// A case over many tensors: a step of AdamW over the parameters of a transformer.
#pragma once

#include <vector>

#include "bench/cases.h"

namespace frit::bench {

// The shapes of a transformer of 16 layers with 200 tensors of together about n elements: embeddings,
// and a layer's projections, biases and norms.
std::vector<Shape> transformer_shapes(int64_t n);

// How the case is made for a shape of one axis: the number of parameters.
Maker adamw_runner();

}  // namespace frit::bench
