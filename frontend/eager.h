// Ops run at once: one plan an op with its attributes, types and shapes, kept and bounded.
#pragma once

#include "frit/config.h"
#include "frontend/request.h"

namespace frit {

Tensor perform_eagerly(const Request& r);
void clear_eager_cache();

}  // namespace frit
