// Polynomials of ir/math_*.h, lowest power first. Written by scripts/minimax.py: change it there.
#pragma once

#include <array>

namespace frit::ir::math {

// Coefficients for the type T.
template <class T>
inline constexpr int exp_q = 0;
template <class T>
inline constexpr int exp_near = 0;
template <class T>
inline constexpr int expm1_q = 0;
template <class T>
inline constexpr int log_q = 0;
template <class T>
inline constexpr int log_near = 0;
template <class T>
inline constexpr int tanh_p = 0;
template <class T>
inline constexpr int exp2_near = 0;
template <class T>
inline constexpr int erf_near = 0;
template <class T>
inline constexpr int erf_far = 0;
template <class T>
inline constexpr int sin_short = 0;
template <class T>
inline constexpr int sin_q = 0;
template <class T>
inline constexpr int cos_q = 0;
template <class T>
inline constexpr int atanh_q = 0;
template <class T>
inline constexpr int log2_short = 0;
template <class T>
inline constexpr int exp2_short = 0;
template <class T>
inline constexpr int exp_short = 0;
template <class T>
inline constexpr int exp_fast_q = 0;
template <class T>
inline constexpr int tanh_fast_num = 0;
template <class T>
inline constexpr int tanh_fast_over = 0;
template <class T>
inline constexpr int tanh_segments = 0;
template <class T>
inline constexpr int erf_segments = 0;
template <class T>
inline constexpr int exp_powers = 0;
// Where the functions round to 1; where erf in f64 changes from one polynomial to the other.
inline constexpr float tanh_one = 0x1.20a3d8p+3f;
inline constexpr double erf_end = 0x1p+0;
template <class T>
inline constexpr T erf_one = T(0x1.8p+2);
template <>
inline constexpr float erf_one<float> = 0x1.f70a3ep+1f;
template <class T>
inline constexpr T erf_middle = T(0x1.c000000006298p+1);

// (exp(r) - 1 - r) / r^2, |r| <= ln 2 / 2. Error 2^-63.6.
template <>
inline constexpr std::array<double, 11> exp_q<double> = {
    0x1p-1,  // 0.5
    0x1.555555555555dp-3,  // 0.166666667
    0x1.555555555556cp-5,  // 0.0416666667
    0x1.111111110e549p-7,  // 0.00833333333
    0x1.6c16c16c0a3f9p-10,  // 0.00138888889
    0x1.a01a01b5f553dp-13,  // 0.000198412699
    0x1.a01a01e8caebcp-16,  // 2.48015876e-05
    0x1.71ddeaa84f099p-19,  // 2.75572286e-06
    0x1.27e449de58e3cp-22,  // 2.75570668e-07
    0x1.af7456864ca54p-26,  // 2.5113954e-08
    0x1.20525b6b6136ep-29,  // 2.09781652e-09
};

// exp(r)/c - 1, c = 0x1.fffc58p-1, |r| <= ln 2 / 32. Error 2^-29.6.
template <>
inline constexpr std::array<float, 4> exp_near<float> = {
    0x1.d3fe6ap-16f,  // 2.78946045e-05
    0x1.0001d4p+0f,  // 1.00002789
    0x1.000464p-1f,  // 0.500033498
    0x1.555ca4p-3f,  // 0.166680604
};

// (exp(r) - 1 - r) / r^2, -ln 4/3 <= r <= ln 3/2. Error 2^-31.3.
template <>
inline constexpr std::array<float, 6> expm1_q<float> = {
    0x1p-1f,  // 0.5
    0x1.55555ap-3f,  // 0.166666701
    0x1.555524p-5f,  // 0.0416665748
    0x1.110592p-7f,  // 0.00833196286
    0x1.6cdee6p-10f,  // 0.00139187125
    0x1.b88426p-13f,  // 0.000210054495
};

// (exp(r) - 1 - r) / r^2, -ln 4/3 <= r <= ln 3/2. Error 2^-62.9.
template <>
inline constexpr std::array<double, 12> expm1_q<double> = {
    0x1p-1,  // 0.5
    0x1.5555555555555p-3,  // 0.166666667
    0x1.555555555557fp-5,  // 0.0416666667
    0x1.11111111113ddp-7,  // 0.00833333333
    0x1.6c16c16bfac09p-10,  // 0.00138888889
    0x1.a01a019eccce3p-13,  // 0.000198412698
    0x1.a01a026eb1348p-16,  // 2.4801588e-05
    0x1.71de3b5d7a191p-19,  // 2.75573204e-06
    0x1.27e2782615d9bp-22,  // 2.7556405e-07
    0x1.ae800460d199fp-26,  // 2.50584019e-08
    0x1.24b5bbd25ff31p-29,  // 2.12974481e-09
    0x1.de090a8cd3cc5p-34,  // 1.08692647e-10
};

// (log(1 + f) - f) / f^2, -1/4 <= f <= 1/2. Error 2^-29.8.
template <>
inline constexpr std::array<float, 10> log_q<float> = {
    -0x1.fffffep-2f,  // -0.49999997
    0x1.555554p-2f,  // 0.333333313
    -0x1.00010cp-2f,  // -0.250003994
    0x1.999bd4p-3f,  // 0.20000425
    -0x1.5501ep-3f,  // -0.166507483
    0x1.23f21p-3f,  // 0.142551541
    -0x1.04e26cp-3f,  // -0.12738499
    0x1.e5b314p-4f,  // 0.118578985
    -0x1.7f1ab8p-4f,  // -0.0935313404
    0x1.3cd95p-5f,  // 0.0386778414
};

// (log(1 + f) - f) / f^2, -1/4 <= f <= 1/2. Error 2^-55.5.
template <>
inline constexpr std::array<double, 22> log_q<double> = {
    -0x1.0000000000001p-1,  // -0.5
    0x1.5555555555558p-2,  // 0.333333333
    -0x1.ffffffffff462p-3,  // -0.25
    0x1.9999999998361p-3,  // 0.2
    -0x1.55555555dd133p-3,  // -0.166666667
    0x1.2492492617794p-3,  // 0.142857143
    -0x1.ffffffa846e56p-4,  // -0.124999999
    0x1.c71c70721143fp-4,  // 0.111111106
    -0x1.9999a7e92eb43p-4,  // -0.100000053
    0x1.745d61977651p-4,  // 0.0909093678
    -0x1.5554320d6f2b9p-4,  // -0.0833322482
    0x1.3b0af0e1d163dp-4,  // 0.076914731
    -0x1.24982bb1e2023p-4,  // -0.0714341838
    0x1.119e9a44a9312p-4,  // 0.0668016459
    -0x1.00b2ec3697aeap-4,  // -0.062670634
    0x1.d9af1256eaff7p-5,  // 0.0578227385
    -0x1.ade97a43e7a19p-5,  // -0.0524794949
    0x1.b41019282ed8ep-5,  // 0.0532303325
    -0x1.0b3d9bbd44455p-4,  // -0.0652443012
    0x1.26d84eae49c4cp-4,  // 0.0719836305
    -0x1.9c9c1da0bc59ap-5,  // -0.0503674105
    0x1.fe9f4aec83d99p-7,  // 0.015582954
};

// (log(1 + f) - f) / f^2, sqrt(1/2) <= 1 + f <= sqrt(2). Error 2^-27.5.
template <>
inline constexpr std::array<float, 9> log_near<float> = {
    -0x1.fffff8p-2f,  // -0.499999881
    0x1.55555p-2f,  // 0.333333254
    -0x1.000418p-2f,  // -0.250015616
    0x1.99a20ap-3f,  // 0.200016096
    -0x1.5427eap-3f,  // -0.166091755
    0x1.22a794p-3f,  // 0.141921192
    -0x1.0f7cf2p-3f,  // -0.132562533
    0x1.06dabcp-3f,  // 0.12834689
    -0x1.32e26p-4f,  // -0.0749229193
};

// (tanh(a)/a - 1) / z, z = a^2, a <= 1. Error 2^-56.2.
template <>
inline constexpr std::array<double, 15> tanh_p<double> = {
    -0x1.555555555550fp-2,  // -0.333333333
    0x1.111111110d7dfp-3,  // 0.133333333
    -0x1.ba1ba1b80fd93p-5,  // -0.053968254
    0x1.664f483685b48p-6,  // 0.0218694883
    -0x1.226e2ebcb0a87p-7,  // -0.00886323244
    0x1.d6d30fa7b8e6p-9,  // 0.00359210554
    -0x1.7d9bc9210b1b6p-10,  // -0.00145572105
    0x1.352129ede6c97p-11,  // 0.000589617817
    -0x1.f335cbfc5373fp-13,  // -0.000238041946
    0x1.8d7948f840017p-14,  // 9.47651314e-05
    -0x1.2eb0119e04661p-15,  // -3.60831939e-05
    0x1.9e042342aee08p-17,  // 1.23386432e-05
    -0x1.cacb9084e1ccfp-19,  // -3.41829042e-06
    0x1.5f26935dabba2p-21,  // 6.54069122e-07
    -0x1.0d033a21012bfp-24,  // -6.26343781e-08
};

// 2^r, |r| <= 1/2. Error 2^-57.6.
template <>
inline constexpr std::array<double, 12> exp2_near<double> = {
    0x1p+0,  // 1
    0x1.62e42fefa39efp-1,  // 0.693147181
    0x1.ebfbdff82c59cp-3,  // 0.240226507
    0x1.c6b08d704a0d4p-5,  // 0.0555041087
    0x1.3b2ab6fba1269p-7,  // 0.00961812911
    0x1.5d87fe78b3f5bp-10,  // 0.00133335581
    0x1.4309130bda902p-13,  // 0.000154035304
    0x1.ffcbfbf658da5p-17,  // 1.52527336e-05
    0x1.62bfce59294d4p-20,  // 1.32154391e-06
    0x1.b52615946599bp-24,  // 1.01781629e-07
    0x1.e610afd6ba822p-28,  // 7.07317934e-09
    0x1.e7fe96893b40dp-32,  // 4.43828398e-10
};

// erf(a)/a - 1, z = a^2, a <= 1. Error 2^-56.3.
template <>
inline constexpr std::array<double, 13> erf_near<double> = {
    0x1.06eba8214db69p-3,  // 0.128379167
    -0x1.812746b037a25p-2,  // -0.376126389
    0x1.ce2f21a0458d7p-4,  // 0.112837917
    -0x1.b82ce31354c3fp-6,  // -0.0268661706
    0x1.565bcd2c60561p-8,  // 0.00522397765
    -0x1.c02db93273295p-11,  // -0.000854832854
    0x1.f9a3b93b101d6p-14,  // 0.000120553862
    -0x1.f4dcef3391b0fp-17,  // -1.49268813e-05
    0x1.ba68f56642f1ep-20,  // 1.64810566e-06
    -0x1.638fa30aa7cc7p-23,  // -1.65571031e-07
    0x1.131a15f85b734p-26,  // 1.6013038e-08
    -0x1.c48eea95f7e91p-30,  // -1.64639738e-09
    0x1.3b638b6cec89dp-33,  // 1.43422242e-10
};

// erf(a), t = a - 0x1.c000000006298p+1, 1 <= a <= 6. Error 2^-57.1.
template <>
inline constexpr std::array<double, 39> erf_far<double> = {
    0x1.ffffe710d565fp-1,  // 0.999999257
    0x1.6a59721932ab6p-18,  // 5.39942678e-06
    -0x1.3d0e43d60da36p-16,  // -1.88979937e-05
    0x1.62ccea634b75fp-15,  // 4.22955098e-05
    -0x1.1c07721a74de7p-14,  // -6.77178108e-05
    0x1.586bafc9cb157p-14,  // 8.21162822e-05
    -0x1.46153fb93988bp-14,  // -7.77442464e-05
    0x1.e827faf52648ep-15,  // 5.81927506e-05
    -0x1.1f6304ddc1e1dp-15,  // -3.42591754e-05
    0x1.013526196b866p-16,  // 1.53307684e-05
    -0x1.377413c17beb7p-18,  // -4.64101771e-06
    0x1.dd7f2985fd6a3p-22,  // 4.44703481e-07
    0x1.dc7faab3e367bp-22,  // 4.43773995e-07
    -0x1.43ea46a4238f7p-22,  // -3.01669483e-07
    0x1.8c7db6bdd38bbp-24,  // 9.2315271e-08
    -0x1.89d947cc7eb3dp-28,  // -5.73125365e-09
    -0x1.1be8d1b50fbeap-27,  // -8.26285249e-09
    0x1.1543e71db6f3p-28,  // 4.03474035e-09
    -0x1.83812aa8fba8bp-31,  // -7.04866683e-10
    -0x1.3756638a5348ep-33,  // -1.41579884e-10
    0x1.ff5f26356affep-34,  // 1.16272458e-10
    -0x1.c74a66c9d0e23p-36,  // -2.5880276e-11
    -0x1.fd35874b54bdep-40,  // -1.80907412e-12
    0x1.78918a334bba6p-39,  // 2.67568023e-12
    -0x1.6a41e9b79897dp-41,  // -6.43498539e-13
    -0x1.53ac4b4d53292p-46,  // -1.88556406e-14
    0x1.e9de813e139e7p-45,  // 5.4386402e-14
    -0x1.f87cc01f38c73p-47,  // -1.40023356e-14
    -0x1.4f1dace072bc7p-51,  // -5.81333452e-16
    0x1.6cd301f74385cp-50,  // 1.26573838e-15
    -0x1.dfaa015e0eb2dp-53,  // -2.08021136e-16
    -0x1.f85201c66d804p-55,  // -5.46785208e-17
    0x1.5f5b10a2c9746p-56,  // 1.90470319e-17
    0x1.439574323c266p-60,  // 1.09634457e-18
    -0x1.013cb955225a6p-60,  // -8.71553545e-19
    0x1.f56b7440fee4ap-70,  // 1.65905876e-21
    0x1.a817ffc932d68p-66,  // 2.2451336e-20
    -0x1.b2885a574445bp-72,  // -3.59436966e-22
    -0x1.3e5b0f9c8a3b3p-72,  // -2.63337669e-22
};

// sin(2 pi h)/h, z = h^2, |h| <= 1/4, for f32. Error 2^-35.5.
template <>
inline constexpr std::array<double, 6> sin_short<double> = {
    0x1.921fb5441e44bp+2,  // 6.28318531
    -0x1.4abbce4f17d49p+5,  // -41.3417021
    0x1.466bbfc1a5c3bp+6,  // 81.6052237
    -0x1.32d111e08dc09p+6,  // -76.7041698
    0x1.500ff2b8fff4ap+5,  // 42.0077872
    -0x1.cc33c83717cdfp+3,  // -14.3813211
};

// (sin(r)/r - 1)/z, z = r^2, |r| <= pi/4. Error 2^-63.2.
template <>
inline constexpr std::array<double, 7> sin_q<double> = {
    -0x1.5555555555555p-3,  // -0.166666667
    0x1.1111111111069p-7,  // 0.00833333333
    -0x1.a01a019ffe523p-13,  // -0.000198412698
    0x1.71de3a33a57c6p-19,  // 2.75573191e-06
    -0x1.ae642c51a7584p-26,  // -2.50520709e-08
    0x1.6109bd6f41b56p-33,  // 1.60543117e-10
    -0x1.9ffd7613b547bp-41,  // -7.38946829e-13
};

// (cos(r) - 1 + z/2)/z^2, z = r^2, |r| <= pi/4. Error 2^-69.1.
template <>
inline constexpr std::array<double, 7> cos_q<double> = {
    0x1.5555555555555p-5,  // 0.0416666667
    -0x1.6c16c16c16b2ap-10,  // -0.00138888889
    0x1.a01a019ffb54fp-16,  // 2.48015873e-05
    -0x1.27e4fb5837c16p-22,  // -2.75573191e-07
    0x1.1eed6d04c3047p-29,  // 2.08767193e-09
    -0x1.93713c63e513p-37,  // -1.14665206e-11
    0x1.9c33543c9a075p-45,  // 4.5763449e-14
};

// ((atanh(s)/s - 1)/z - 1/3)/z, z = s^2, |s| <= 1/5. Error 2^-75.6.
template <>
inline constexpr std::array<double, 9> atanh_q<double> = {
    0x1.999999999999ap-3,  // 0.2
    0x1.2492492492359p-3,  // 0.142857143
    0x1.c71c71c747ccap-4,  // 0.111111111
    0x1.745d172d659cdp-4,  // 0.0909090906
    0x1.3b13b939455d2p-4,  // 0.0769231067
    0x1.110f74d3f340cp-4,  // 0.066665131
    0x1.e24980018f881p-5,  // 0.0588729382
    0x1.a744fad7e2f42p-5,  // 0.0516686343
    0x1.da5599c720cdfp-5,  // 0.0579021457
};

// log2(1 + f)/f, sqrt(1/2) <= 1 + f <= sqrt(2), for f32. Error 2^-41.1.
template <>
inline constexpr std::array<double, 15> log2_short<double> = {
    0x1.71547652b89e6p+0,  // 1.44269504
    -0x1.715476528d164p-1,  // -0.72134752
    0x1.ec709dbd1ef49p-2,  // 0.480898347
    -0x1.715476b4a5dcbp-2,  // -0.360673766
    0x1.2776c943793ffp-2,  // 0.288539071
    -0x1.ec7061a9f927ap-3,  // -0.240448726
    0x1.a615454c1333p-3,  // 0.206095258
    -0x1.715b935bdfd93p-3,  // -0.180350448
    0x1.488d22e315a6p-3,  // 0.160425446
    -0x1.272b5b0d874b3p-3,  // -0.144125663
    0x1.087b5788062b3p-3,  // 0.129141506
    -0x1.e9fe989ed88b3p-4,  // -0.119627567
    0x1.02541be75a4b3p-3,  // 0.126136988
    -0x1.f9f3582f46594p-4,  // -0.123523087
    0x1.02ba9ee75c6eep-4,  // 0.0631662566
};

// 2^r, |r| <= 1/2, for f32. Error 2^-29.0.
template <>
inline constexpr std::array<double, 7> exp2_short<double> = {
    0x1.0000000261698p+0,  // 1
    0x1.62e430c80f5fdp-1,  // 0.693147206
    0x1.ebfbdadc1ae45p-3,  // 0.240226469
    0x1.c6aed48853178p-5,  // 0.0555032874
    0x1.3b2dbbff696ap-7,  // 0.00961848907
    0x1.5f4582bd27686p-10,  // 0.00133999453
    0x1.41d32b07af3ep-13,  // 0.000153458059
};

// exp(r), |r| <= ln 2 / 2, for f32. Error 2^-29.0.
template <>
inline constexpr std::array<double, 7> exp_short<double> = {
    0x1.0000000261698p+0,  // 1
    0x1.0000009c1d5c3p+0,  // 1.00000004
    0x1.fffffaaeb6b6dp-2,  // 0.499999921
    0x1.55540a58e4d43p-3,  // 0.166664201
    0x1.55589a86e88b9p-5,  // 0.0416682261
    0x1.126d1ee5fc2c5p-7,  // 0.00837482461
    0x1.6ab976f480e8bp-10,  // 0.00138368405
};

// (exp(r) - 1 - r) / r^2, |r| <= ln 2 / 2. Error 2^-23.2.
template <>
inline constexpr std::array<float, 4> exp_fast_q<float> = {
    0x1.fffdfcp-2f,  // 0.499992311
    0x1.5557aep-3f,  // 0.166671142
    0x1.572a24p-5f,  // 0.0418902114
    0x1.10630cp-7f,  // 0.00831258856
};

// tanh(a)/a as num(z) / over(z), z = a^2, a <= 9.03. Error 2^-23.9.
template <>
inline constexpr std::array<float, 5> tanh_fast_num<float> = {
    0x1p+0f,  // 1
    0x1.11eeaap-3f,  // 0.133755997
    0x1.c955f2p-9f,  // 0.00348919467
    0x1.5809acp-16f,  // 2.05062497e-05
    0x1.c623e6p-27f,  // 1.32172202e-08
};
template <>
inline constexpr std::array<float, 5> tanh_fast_over<float> = {
    0x1p+0f,  // 1
    0x1.de4c9cp-2f,  // 0.467089117
    0x1.a79156p-6f,  // 0.0258525219
    0x1.57701p-12f,  // 0.000327527756
    0x1.9e6cp-21f,  // 7.71920895e-07
};

// tanh(a), a <= 9.02, in segments: nodes, then coefficients. Error 2^-26.9.
template <>
inline constexpr std::array<std::array<float, 16>, 8> tanh_segments<float> = {{
    {{0x1.9ffbfp+0f, 0x1.100618p+1f, 0x1.4fff3p+1f, 0x1.901cd8p+1f, 0x1.effefcp+1f, 0x1.37fb88p+2f, 0x1.77f778p+2f, 0x1.b7da38p+2f,
      0x1.045a5ap+3f, 0x0p+0f, 0x1.806d66p-3f, 0x1.400ddp-2f, 0x1.00263p-1f, 0x1.80111p-1f, 0x1.00145p+0f, 0x1.4002d8p+0f}},
    {{0x1.d9c5dp-1f, 0x1.f19aa8p-1f, 0x1.faa782p-1f, 0x1.fe07cep-1f, 0x1.ff8f2p-1f, 0x1.fff0b6p-1f, 0x1.fffdeep-1f, 0x1.ffffb8p-1f,
      0x1.fffffap-1f, 0x0p+0f, 0x1.7bf99cp-3f, 0x1.360616p-2f, 0x1.d9714cp-2f, 0x1.453c6cp-1f, 0x1.8600bap-1f, 0x1.b253d4p-1f}},
    {{0x1.2666cep-3f, 0x1.c6310cp-5f, 0x1.54564cp-6f, 0x1.f739cap-8f, 0x1.c35116p-10f, 0x1.e93c2ep-13f, 0x1.0900dap-15f, 0x1.1fef18p-18f,
      0x1.54af2cp-22f, 0x1p+0f, 0x1.ee6018p-1f, 0x1.d111a8p-1f, 0x1.928d86p-1f, 0x1.3166c4p-1f, 0x1.add9cap-2f, 0x1.1f1faap-2f}},
    {{-0x1.106bb4p-3f, -0x1.b96bfp-5f, -0x1.50c826p-6f, -0x1.f5474ap-8f, -0x1.c2e874p-10f, -0x1.e92338p-13f, -0x1.08d41cp-15f, -0x1.1f0de4p-18f,
      -0x1.37726cp-23f, -0x1.4ed668p-25f, -0x1.6ee506p-3f, -0x1.199b5cp-2f, -0x1.743cbcp-2f, -0x1.83ff88p-2f, -0x1.476d56p-2f, -0x1.e721fap-3f}},
    {{0x1.33efa2p-4f, 0x1.159f78p-5f, 0x1.b7a0bap-7f, 0x1.4b9842p-8f, 0x1.2bc0fp-10f, 0x1.459fbap-13f, 0x1.60ce3cp-16f, 0x1.7fa7a8p-19f,
      0x1.d08024p-22f, -0x1.55542cp-2f, -0x1.278e1p-2f, -0x1.c18dc2p-3f, -0x1.811f08p-4f, 0x1.56e4a2p-5f, 0x1.a87d46p-4f, 0x1.bba1p-4f}},
    {{-0x1.9d4c0ap-6f, -0x1.ea9c88p-7f, -0x1.a56094p-8f, -0x1.4773ep-9f, -0x1.2b377ap-11f, -0x1.466de8p-14f, -0x1.680f6ap-17f, -0x1.964168p-20f,
      -0x1.ef0768p-21f, -0x1.57a77ep-13f, 0x1.cf48f2p-4f, 0x1.448476p-3f, 0x1.5102d4p-3f, 0x1.9867d2p-4f, 0x1.c3370cp-6f, -0x1.99f08ap-7f}},
    {{0x1.2e2144p-10f, 0x1.23cb4ep-8f, 0x1.355208p-9f, 0x1.ff42cep-11f, 0x1.ef8d8ep-13f, 0x1.1058b2p-15f, 0x1.2828a6p-18f, 0x1.3e794ap-21f,
      -0x1.1636a4p-22f, 0x1.167e64p-3f, 0x1.91783ep-4f, 0x1.62b7aap-5f, -0x1.ac8442p-6f, -0x1.03fb4ep-4f, -0x1.790d7p-5f, -0x1.3ac5dcp-6f}},
    {{0x1.16ce64p-8f, -0x1.28a6b8p-11f, -0x1.32c282p-11f, -0x1.d63fdep-13f, -0x1.39d0c2p-14f, -0x1.54805cp-17f, -0x1.df1dc6p-21f, -0x1.1d3362p-27f,
      0x1.bc0182p-21f, -0x1.3fd444p-6f, -0x1.0e0432p-5f, -0x1.f88b66p-4f, -0x1.78cf48p-5f, -0x1.3f9bc8p-10f, 0x1.766b06p-6f, 0x1.890dc6p-7f}},
}};

// erf(a), in the first segment erf(a) - a, a <= 3.93, in segments: nodes, then coefficients. Error 2^-27.2.
template <>
inline constexpr std::array<std::array<float, 16>, 8> erf_segments<float> = {{
    {{0x1.a005bp+0f, 0x1.100478p+1f, 0x1.500478p+1f, 0x1.900138p+1f, 0x1.d3956ep+1f, 0x0p+0f, 0x0p+0f, 0x0p+0f,
      0x0p+0f, 0x0p+0f, 0x1.7fdf58p-3f, 0x1.3ffa5p-2f, 0x1.fffa5p-2f, 0x1.80041p-1f, 0x1.fff368p-1f, 0x1.4000dp+0f}},
    {{0x1.f4f77ep-1f, 0x1.fea45ap-1f, 0x1.ffe51ap-1f, 0x1.fffeb4p-1f, 0x1.fffff8p-1f, 0x0p+0f, 0x0p+0f, 0x0p+0f,
      0x0p+0f, 0x0p+0f, 0x1.ac225p-3f, 0x1.5da422p-2f, 0x1.0a7c76p-1f, 0x1.6c1f34p-1f, 0x1.af714p-1f, 0x1.d886cp-1f}},
    {{0x1.49854ep-4f, 0x1.9425dep-7f, 0x1.2cb314p-10f, 0x1.0f9738p-14f, 0x1.e5c9cap-20f, 0x0p+0f, 0x0p+0f, 0x0p+0f,
      0x0p+0f, 0x1.06eba8p-3f, 0x1.16e482p+0f, 0x1.05fe28p+0f, 0x1.c1f24ap-1f, 0x1.492a58p-1f, 0x1.a926dap-2f, 0x1.e46158p-3f}},
    {{-0x1.0bc00ap-3f, -0x1.ad6f64p-6f, -0x1.8ab356p-9f, -0x1.a846c2p-13f, -0x1.c46daep-18f, 0x0p+0f, 0x0p+0f, 0x0p+0f,
      0x0p+0f, 0x1.8e71bep-22f, -0x1.a232dap-3f, -0x1.4777bp-2f, -0x1.c1ed52p-2f, -0x1.edc4dep-2f, -0x1.a91c44p-2f, -0x1.2ebdb8p-2f}},
    {{0x1.d66724p-4f, 0x1.0e945p-5f, 0x1.402036p-8f, 0x1.a247a2p-12f, 0x1.0076cep-16f, 0x0p+0f, 0x0p+0f, 0x0p+0f,
      0x0p+0f, -0x1.812d32p-2f, -0x1.59bc68p-2f, -0x1.19216ep-2f, -0x1.2bfda6p-3f, 0x1.b72c86p-6f, 0x1.1b52fcp-3f, 0x1.571c6cp-3f}},
    {{-0x1.975752p-5f, -0x1.afdf44p-6f, -0x1.622c0cp-8f, -0x1.24981p-11f, -0x1.6304b8p-16f, 0x0p+0f, 0x0p+0f, 0x0p+0f,
      0x0p+0f, 0x1.ec10a6p-12f, 0x1.96b334p-4f, 0x1.314488p-3f, 0x1.76f98ep-3f, 0x1.34bd7ap-3f, 0x1.1b3caep-4f, -0x1.8f20dcp-8f}},
    {{-0x1.6e92dcp-9f, 0x1.928e5ep-7f, 0x1.19859cp-8f, 0x1.3eb9e8p-11f, 0x1.3bf7d6p-15f, 0x0p+0f, 0x0p+0f, 0x0p+0f,
      0x0p+0f, 0x1.bf1a4ep-4f, 0x1.86c918p-4f, 0x1.19051p-4f, 0x1.e6d6c6p-8f, -0x1.b0d57ap-5f, -0x1.1a4b98p-4f, -0x1.81ae66p-5f}},
    {{0x1.d82974p-7f, -0x1.af61bep-10f, -0x1.30c6f8p-9f, -0x1.d9eb1ep-12f, -0x1.472344p-14f, 0x0p+0f, 0x0p+0f, 0x0p+0f,
      0x0p+0f, 0x1.94e4cap-8f, 0x1.265842p-5f, 0x1.5dda7ap-6f, -0x1.9cc13p-5f, -0x1.e5ca0cp-6f, 0x1.cbcd38p-8f, 0x1.297b3ep-6f}},
}};

// c 2^(j/16), c as of exp_near. Error 2^-24.9.
template <>
inline constexpr std::array<std::array<float, 16>, 1> exp_powers<float> = {{
    {{0x1.fffc58p-1f, 0x1.0b539ep+0f, 0x1.172986p+0f, 0x1.238592p+0f, 0x1.306db4p+0f, 0x1.3de82p+0f, 0x1.4bfb4ep+0f, 0x1.5aae04p+0f,
      0x1.6a075p+0f, 0x1.7a0e94p+0f, 0x1.8acb82p+0f, 0x1.9c4626p+0f, 0x1.ae86e6p+0f, 0x1.c19688p+0f, 0x1.d57e34p+0f, 0x1.ea477ap+0f}},
}};

}  // namespace frit::ir::math
