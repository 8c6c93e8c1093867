// Does not compile unless RIGHT is defined: a tensor is no condition.
#include <frit/frit.h>

int positive(const frit::Tensor& x) {
#ifdef RIGHT
  if ((x > 0).item<bool>()) return 1;
#else
  if (x > 0) return 1;
#endif
  return 0;
}
