// The frit command with one more word: `frit test-gpu [options of GoogleTest and tests/gpu]`.
#include <string_view>

int frit_command_main(int argc, char** argv);
int frit_gpu_tests_main(int argc, char** argv);

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "test-gpu") return frit_gpu_tests_main(argc - 1, argv + 1);
  return frit_command_main(argc, argv);
}
