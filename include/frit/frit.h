// Frit: array code in C++, eager or fused by jit, with the same bits. This is all a user includes.
#pragma once

#include "frit/config.h"
#include "frit/error.h"
#include "frit/jit.h"
#include "frit/log.h"
#include "frit/npy.h"
#include "frit/ops.h"
#include "frit/tensor.h"
#include "frit/types.h"
