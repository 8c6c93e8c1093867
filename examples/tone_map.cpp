// Tone mapping and glow on a photograph: tone_map IN.png OUT.png [EXPOSURE]
//
// The picture is made linear, exposed, given a glow (a Gaussian blur of its bright parts), brought back
// into range by a filmic curve and encoded again; all in one jitted function from bytes to bytes.
#include <frit/frit.h>
#include <png.h>

#include <cmath>
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

using frit::DType;
using frit::Tensor;

Tensor read_png(const char* file) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_file(&png, file)) throw std::runtime_error(std::string(file) + ": " + png.message);
  png.format = PNG_FORMAT_RGB;
  std::vector<uint8_t> pixels(PNG_IMAGE_SIZE(png));
  if (!png_image_finish_read(&png, nullptr, pixels.data(), 0, nullptr))
    throw std::runtime_error(std::string(file) + ": " + png.message);
  return Tensor::copy(pixels, {png.height, png.width, 3});
}

void write_png(const char* file, const Tensor& pixels) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.format = PNG_FORMAT_RGB;
  png.height = static_cast<png_uint_32>(pixels.shape()[0]);
  png.width = static_cast<png_uint_32>(pixels.shape()[1]);
  if (!png_image_write_to_file(&png, file, 0, pixels.span<uint8_t>().data(), 0, nullptr))
    throw std::runtime_error(std::string(file) + ": " + png.message);
}

// The sRGB curve and back.
Tensor to_linear(Tensor v) { return where(v <= 0.04045f, v / 12.92f, pow((v + 0.055f) / 1.055f, 2.4f)); }
Tensor to_srgb(Tensor v) { return where(v <= 0.0031308f, v * 12.92f, 1.055f * pow(v, 1 / 2.4f) - 0.055f); }

// A Gaussian along an axis: a weighted sum of shifted pictures. What lies outside is black.
Tensor blur(Tensor x, int axis, int radius) {
  std::vector<int64_t> border(static_cast<size_t>(x.rank()), 0);
  border[static_cast<size_t>(axis)] = radius;
  const Tensor padded = pad(x, border, border);
  const int64_t n = x.shape()[axis];
  const float sigma = static_cast<float>(radius) / 2;
  float total = 0;
  for (int k = -radius; k <= radius; ++k) total += std::exp(-0.5f * float(k * k) / (sigma * sigma));
  Tensor out;
  for (int k = -radius; k <= radius; ++k) {
    const Tensor part = slice_axis(padded, axis, frit::slice(k + radius, k + radius + n)) *
                        (std::exp(-0.5f * float(k * k) / (sigma * sigma)) / total);
    out = out.has_value() ? out + part : part;
  }
  return out;
}

// Narkowicz's fit of the ACES film curve.
Tensor film(Tensor x) { return clamp(x * (2.51f * x + 0.03f) / (x * (2.43f * x + 0.59f) + 0.14f), 0, 1); }

// Inside, the three colours are planes: arrays are worked on along their last axis, so that should be a long one.
Tensor tone_map(Tensor pixels, Tensor exposure) {
  Tensor light = to_linear(permute(pixels, {2, 0, 1}).to(DType::f32) / 255) * exposure;
  Tensor luminance = 0.2126f * light(0) + 0.7152f * light(1) + 0.0722f * light(2);
  Tensor glow = blur(blur(where(luminance > 0.8f, light, 0), 1, 5), 2, 5);
  return permute(round(to_srgb(film(light + 0.6f * glow)) * 255).to(DType::u8), {1, 2, 0});
}

int main(int argc, char** argv) try {
  if (argc < 3 || argc > 4) {
    std::cerr << "usage: tone_map IN.png OUT.png [EXPOSURE]\n";
    return 2;
  }
  const Tensor picture = read_png(argv[1]);
  const Tensor exposure = argc > 3 ? std::stof(argv[3]) : 1.6f;

  auto fast = frit::jit(tone_map, {.name = "tone_map"});
  const Tensor result = fast(picture, exposure);
  write_png(argv[2], result);

  const frit::Comparison c = fast.compare(picture, exposure);
  std::cout << argv[1] << ": " << picture.shape()[1] << " x " << picture.shape()[0] << " pixels, written to " << argv[2] << "\n"
            << c.text;
  return c.same_bits ? 0 : 1;
} catch (const std::exception& e) {
  std::cerr << e.what() << "\n";
  return 1;
}
