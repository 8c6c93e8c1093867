// The tour of scripts/demo: one function eagerly and jitted, its IR before and after fusion, its kernels
// explained, the same bits checked, and a mistake as its author sees it.
#include <frit/frit.h>

#include <iostream>

using frit::Tensor;

// Plain array code: weights from scores, with a temperature, as in attention.
Tensor weights(Tensor scores, Tensor bias, Tensor temperature) {
  Tensor logits = (scores + bias) / temperature;
  return softmax(logits);
}

void title(const char* text) { std::cout << "\n== " << text << " ==\n"; }

int main() {
  const Tensor x = reshape(frit::sin(frit::linspace(0.0f, 40.0f, 4096 * 1024)), {4096, 1024});
  const Tensor bias = frit::linspace(-1.0f, 1.0f, 1024);

  title("Eagerly: every operation runs at once, as a kernel of its own");
  frit::reset_run_counters();
  Tensor y = weights(x, bias, 0.5f);
  std::cout << "the first of 4096 rows: " << y(0, frit::slice(0, 4)) << "...\n";
  std::cout << "kernels: " << frit::run_counters().launches << ", bytes moved: " << frit::run_counters().bytes() << "\n";

  title("Jitted: traced, fused, compiled; the next call only runs");
  auto fast = frit::jit(weights, {.name = "weights"});
  frit::reset_run_counters();
  Tensor z = fast(x, bias, 0.5f);
  std::cout << "kernels: " << frit::run_counters().launches << ", bytes moved: " << frit::run_counters().bytes() << "\n";

  title("What was traced: tensor IR, with the place of every operation");
  std::cout << fast.ir(frit::Level::tensor, x, bias, 0.5f);

  title("What became of it: fused IR");
  std::cout << fast.ir(frit::Level::fused, x, bias, 0.5f);

  title("Its kernels explained");
  std::cout << fast.explain(x, bias, 0.5f).text;

  title("Eager against fused");
  const frit::Comparison c = fast.compare(x, bias, 0.5f);
  std::cout << c.text;

  title("A mistake, as its author sees it");
  try {
    fast(x, frit::linspace(-1.0f, 1.0f, 1000), 0.5f);
    std::cout << "no error: that is a bug of Frit\n";
    return 1;
  } catch (const frit::Error& e) {
    std::cout << e.what() << "\n";
  }
  return c.same_bits ? 0 : 1;
}
