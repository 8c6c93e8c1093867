// Polynomials of ir/math_*.h, lowest power first. Written by scripts/minimax.py: change it there.
#pragma once

#include <array>

namespace frit::ir::math {

// Coefficients for the type T.
template <class T>
inline constexpr int exp_q = 0;
template <class T>
inline constexpr int expm1_q = 0;
template <class T>
inline constexpr int log_q = 0;
template <class T>
inline constexpr int tanh_p = 0;
template <class T>
inline constexpr int tanh_g = 0;
template <class T>
inline constexpr int exp2_near = 0;
template <class T>
inline constexpr int erf_p = 0;
template <class T>
inline constexpr int erf_far = 0;
template <class T>
inline constexpr int sin_p = 0;
template <class T>
inline constexpr int sin_short = 0;
template <class T>
inline constexpr int log2_short = 0;
template <class T>
inline constexpr int exp2_short = 0;
template <class T>
inline constexpr int exp_short = 0;

// The centre of erf_far, where erf is nearly a number of the type.
template <class T>
inline constexpr T erf_mid = T{};
template <>
inline constexpr float erf_mid<float> = 0x1.3b00ep+1f;
template <>
inline constexpr double erf_mid<double> = 0x1.bb00000006aap+1;

// (exp(r) - 1 - r) / r^2, |r| <= ln 2 / 2. Error 2^-28.2.
template <>
inline constexpr std::array<float, 5> exp_q<float> = {
    0x1.fffffcp-2f,  // 0.49999994
    0x1.55548cp-3f,  // 0.166665167
    0x1.555858p-5f,  // 0.0416681021
    0x1.123ddcp-7f,  // 0.00836919062
    0x1.6ac6e2p-10f,  // 0.001383884
};

// (exp(r) - 1 - r) / r^2, |r| <= ln 2 / 2. Error 2^-60.3.
template <>
inline constexpr std::array<double, 11> exp_q<double> = {
    0x1p-1,  // 0.5
    0x1.555555555555bp-3,  // 0.166666667
    0x1.5555555555503p-5,  // 0.0416666667
    0x1.111111110ec5ep-7,  // 0.00833333333
    0x1.6c16c16c30493p-10,  // 0.00138888889
    0x1.a01a01b37e2ccp-13,  // 0.000198412699
    0x1.a01a01368ccb7p-16,  // 2.48015869e-05
    0x1.71ddf020df448p-19,  // 2.75572349e-06
    0x1.27e5b44cb042bp-22,  // 2.75575819e-07
    0x1.af6be7d3e76ep-26,  // 2.51120367e-08
    0x1.1e3d22a15ec8cp-29,  // 2.08266145e-09
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

// (exp(r) - 1 - r) / r^2, -ln 4/3 <= r <= ln 3/2. Error 2^-59.4.
template <>
inline constexpr std::array<double, 12> expm1_q<double> = {
    0x1p-1,  // 0.5
    0x1.5555555555555p-3,  // 0.166666667
    0x1.5555555555542p-5,  // 0.0416666667
    0x1.1111111111131p-7,  // 0.00833333333
    0x1.6c16c16c1fd3ep-10,  // 0.00138888889
    0x1.a01a019fd1983p-13,  // 0.000198412698
    0x1.a01a016929b1cp-16,  // 2.48015871e-05
    0x1.71de3d051257fp-19,  // 2.75573223e-06
    0x1.27e58ab56212ap-22,  // 2.75575228e-07
    0x1.ae50fc6341b0ap-26,  // 2.50477083e-08
    0x1.1e0408cbfeb74p-29,  // 2.08103854e-09
    0x1.90a2248132b67p-33,  // 1.82186963e-10
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

// (tanh(a)/a - 1) / z, z = a^2, a <= 1. Error 2^-27.7.
template <>
inline constexpr std::array<float, 7> tanh_p<float> = {
    -0x1.55553cp-2f,  // -0.333332956
    0x1.110be4p-3f,  // 0.133323461
    -0x1.b9623ap-5f,  // -0.0538798459
    0x1.6009a2p-6f,  // 0.0214866716
    -0x1.045fdp-7f,  // -0.00794599205
    0x1.2d9f4ep-9f,  // 0.0023011954
    -0x1.77ca4cp-12f,  // -0.000358381483
};

// (tanh(a)/a - 1) / z, z = a^2, a <= 1. Error 2^-54.2.
template <>
inline constexpr std::array<double, 15> tanh_p<double> = {
    -0x1.555555555550fp-2,  // -0.333333333
    0x1.111111110d81ep-3,  // 0.133333333
    -0x1.ba1ba1b811e63p-5,  // -0.053968254
    0x1.664f4836cafc6p-6,  // 0.0218694883
    -0x1.226e2ec218e27p-7,  // -0.00886323245
    0x1.d6d3103343456p-9,  // 0.00359210561
    -0x1.7d9bcdead769fp-10,  // -0.00145572132
    0x1.3521477d5c275p-11,  // 0.000589618677
    -0x1.f336d0e1664dep-13,  // -0.000238043845
    0x1.8d7c83b78c2bcp-14,  // 9.47681391e-05
    -0x1.2eb75b8a8c85p-15,  // -3.6086588e-05
    0x1.9e1affea76833p-17,  // 1.23413046e-05
    -0x1.cafae823ae8d6p-19,  // -3.41966826e-06
    0x1.5f60c15bc5b71p-21,  // 6.54492435e-07
    -0x1.0d437b2d01e0ep-24,  // -6.26928169e-08
};

// 2 / (1 + e), e <= exp(-2). Error 2^-27.8.
template <>
inline constexpr std::array<float, 5> tanh_g<float> = {
    0x1.ffffe8p+0f,  // 1.99999857
    -0x1.fff5d2p+0f,  // -1.99984467
    0x1.fe98fap+0f,  // 1.99452174
    -0x1.ea21fp+0f,  // -1.91458035
    0x1.5f0844p+0f,  // 1.37121987
};

// 2 / (1 + e), e <= exp(-2). Error 2^-55.7.
template <>
inline constexpr std::array<double, 11> tanh_g<double> = {
    0x1.fffffffffffe7p+0,  // 2
    -0x1.fffffffffd50ep+0,  // -2
    0x1.fffffffe6bc48p+0,  // 2
    -0x1.ffffff893e6fep+0,  // -1.99999997
    0x1.ffffebaf98ee4p+0,  // 1.99999879
    -0x1.fffdcec17575ep+0,  // -1.99996655
    0x1.ffd81b80e7fa9p+0,  // 1.99939129
    -0x1.fe18ff8208c46p+0,  // -1.99256894
    0x1.f07379b0a0c8cp+0,  // 1.93926201
    -0x1.acf4c453e322p+0,  // -1.67560985
    0x1.dae8d710b98b1p-1,  // 0.927557679
};

// 2^r, |r| <= 1/2. Error 2^-27.5.
template <>
inline constexpr std::array<float, 7> exp2_near<float> = {
    0x1p+0f,  // 1
    0x1.62e432p-1f,  // 0.693147242
    0x1.ebfbe6p-3f,  // 0.240226552
    0x1.c6ada8p-5f,  // 0.0555027276
    0x1.3b21ccp-7f,  // 0.00961706601
    0x1.5fbdeep-10f,  // 0.00134178891
    0x1.4bc35p-13f,  // 0.000158196897
};

// 2^r, |r| <= 1/2. Error 2^-54.7.
template <>
inline constexpr std::array<double, 12> exp2_near<double> = {
    0x1p+0,  // 1
    0x1.62e42fefa39efp-1,  // 0.693147181
    0x1.ebfbdff82c5adp-3,  // 0.240226507
    0x1.c6b08d7049fdp-5,  // 0.0555041087
    0x1.3b2ab6fb9f4p-7,  // 0.00961812911
    0x1.5d87fe78cf304p-10,  // 0.00133335581
    0x1.43091310c3403p-13,  // 0.000154035305
    0x1.ffcbfba79979bp-17,  // 1.52527335e-05
    0x1.62bfc3b7e4f3bp-20,  // 1.32154331e-06
    0x1.b52678b17f46ap-24,  // 1.01781981e-07
    0x1.e6210d1d6690ep-28,  // 7.07410955e-09
    0x1.e7a9fa7447944p-32,  // 4.43527804e-10
};

// erf(a)/a - 1, z = a^2, a <= 1. Error 2^-29.4.
template <>
inline constexpr std::array<float, 7> erf_p<float> = {
    0x1.06eba8p-3f,  // 0.128379166
    -0x1.81273ep-2f,  // -0.37612626
    0x1.ce2ce6p-4f,  // 0.112835787
    -0x1.b7f71ap-6f,  // -0.0268533472
    0x1.53f224p-8f,  // 0.0051871622
    -0x1.a3515ep-11f,  // -0.00079978531
    0x1.4771fcp-14f,  // 7.80690316e-05
};

// erf(a)/a - 1, z = a^2, a <= 1. Error 2^-56.3.
template <>
inline constexpr std::array<double, 13> erf_p<double> = {
    0x1.06eba8214db69p-3,  // 0.128379167
    -0x1.812746b0379e6p-2,  // -0.376126389
    0x1.ce2f21a042b2p-4,  // 0.112837917
    -0x1.b82ce3128499bp-6,  // -0.0268661706
    0x1.565bcd0db02c2p-8,  // 0.00522397762
    -0x1.c02db3d8ecce9p-11,  // -0.000854832698
    0x1.f9a321a1153abp-14,  // 0.00012055331
    -0x1.f4d1df38bb187p-17,  // -1.49255935e-05
    0x1.b9def197aa35dp-20,  // 1.64609728e-06
    -0x1.5f1d369430b69p-23,  // -1.6350025e-07
    0x1.f7a4108440bf2p-27,  // 1.46578787e-08
    -0x1.386abc613ddddp-30,  // -1.1365662e-09
    0x1.0579a0aa6e47dp-34,  // 5.94525563e-11
};

// erf(0x1.3b00e00000000p+1 + t), |t| <= 1.47. Error 2^-29.2.
template <>
inline constexpr std::array<float, 16> erf_far<float> = {
    0x1.ffbe5cp-1f,  // 0.999499202
    0x1.5a84d2p-9f,  // 0.00264372886
    -0x1.aa631ap-8f,  // -0.00650615105
    0x1.40e6a8p-7f,  // 0.00979312137
    -0x1.43ca6ap-7f,  // -0.00988130737
    0x1.bce3fap-8f,  // 0.00678849081
    -0x1.80a04ap-9f,  // -0.00293446449
    0x1.d68edp-12f,  // 0.000448758947
    0x1.730b94p-12f,  // 0.000353856303
    -0x1.2959bp-12f,  // -0.000283575384
    0x1.3d7f9p-14f,  // 7.56974914e-05
    0x1.fa350cp-17f,  // 1.50861506e-05
    -0x1.207868p-16f,  // -1.7194172e-05
    0x1.9a7a98p-19f,  // 3.05830599e-06
    0x1.20c28p-20f,  // 1.07571395e-06
    -0x1.8c2a8p-22f,  // -3.68958354e-07
};

// erf(0x1.bb00000006aa0p+1 + t), |t| <= 2.47. Error 2^-56.7.
template <>
inline constexpr std::array<double, 38> erf_far<double> = {
    0x1.ffffdeee4f811p-1,  // 0.999999014
    0x1.db92b52088a29p-18,  // 7.08659107e-06
    -0x1.9b7b6fb796c8ep-16,  // -2.45262488e-05
    0x1.c6e39f55ccc6cp-15,  // 5.42270124e-05
    -0x1.674ba90ddff41p-14,  // -8.56627341e-05
    0x1.ad2a99559356p-14,  // 0.000102321244
    -0x1.8f4b3c11097bp-14,  // -9.51990808e-05
    0x1.24a7ae510cfb2p-14,  // 6.97743901e-05
    -0x1.4f4dec70412a1p-15,  // -3.9971398e-05
    0x1.20248de2d6badp-16,  // 1.71746486e-05
    -0x1.40eaffc188d02p-18,  // -4.78205033e-06
    0x1.aad6d1beb8ac7p-23,  // 1.98762462e-07
    0x1.47703b39b4becp-21,  // 6.09901554e-07
    -0x1.7ac9be015871dp-22,  // -3.52773867e-07
    0x1.93b206dffd227p-24,  // 9.39926639e-08
    0x1.4d3caa61c0d8ep-32,  // 3.03077263e-10
    -0x1.7d506e5947626p-27,  // -1.10977034e-08
    0x1.34388d0dcf049p-28,  // 4.48520444e-09
    -0x1.35ebaf3747c0ap-31,  // -5.63742364e-10
    -0x1.0872c213ec9cbp-32,  // -2.40514304e-10
    0x1.2bf8251182a2p-33,  // 1.36410252e-10
    -0x1.983a79f712bd8p-36,  // -2.32050993e-11
    -0x1.3725255bc3419p-38,  // -4.42163783e-12
    0x1.ca87c040a2423p-39,  // 3.25805358e-12
    -0x1.589e972359768p-41,  // -6.12167195e-13
    -0x1.6b31bfe59bbb7p-44,  // -8.06453425e-14
    0x1.44d55ce71373bp-44,  // 7.21275148e-14
    -0x1.c878c62113274p-47,  // -1.26696368e-14
    -0x1.8a2a37a74189bp-49,  // -2.7350685e-15
    0x1.ab54b0dba486fp-50,  // 1.48260162e-15
    -0x1.ee33b22764056p-55,  // -5.35814814e-17
    -0x1.6bfefa5e75fd7p-54,  // -7.89290525e-17
    0x1.79329482e0937p-57,  // 1.02239609e-17
    0x1.5adeda2322007p-59,  // 2.35048604e-18
    -0x1.05e283176ef53p-61,  // -4.4365013e-19
    -0x1.434ada829312fp-65,  // -3.4229914e-20
    0x1.17c4e6b4c0ba7p-67,  // 7.40542762e-21
    0x1.fa253fc881d6cp-74,  // 1.04668437e-22
};

// sin(2 pi h)/h, z = h^2, |h| <= 1/4. Error 2^-53.4.
template <>
inline constexpr std::array<double, 10> sin_p<double> = {
    0x1.921fb54442d18p+2,  // 6.28318531
    -0x1.4abbce625be53p+5,  // -41.3417022
    0x1.466bc6775aae2p+6,  // 81.6052493
    -0x1.32d2cce62bd51p+6,  // -76.7058598
    0x1.50783487ebdf6p+5,  // 42.0586939
    -0x1.e3074fdc28538p+3,  // -15.0946426
    0x1.e8f4337c6e673p+1,  // 3.81995243
    -0x1.6fad4435e7dd7p-1,  // -0.718118793
    0x1.aababdf5ca626p-4,  // 0.104181997
    -0x1.7eb454bc1a771p-7,  // -0.011679212
};

// sin(2 pi h)/h, z = h^2, |h| <= 1/4, for f32. Error 2^-35.5.
template <>
inline constexpr std::array<double, 6> sin_short<double> = {
    0x1.921fb5441e44bp+2,  // 6.28318531
    -0x1.4abbce4f17d49p+5,  // -41.3417021
    0x1.466bbfc1a5c3bp+6,  // 81.6052237
    -0x1.32d111e08dc09p+6,  // -76.7041698
    0x1.500ff2b8fff4ap+5,  // 42.0077872
    -0x1.cc33c83b7f4b4p+3,  // -14.3813211
};

// log2(1 + f)/f, sqrt(1/2) <= 1 + f <= sqrt(2), for f32. Error 2^-41.1.
template <>
inline constexpr std::array<double, 15> log2_short<double> = {
    0x1.71547652b89e6p+0,  // 1.44269504
    -0x1.715476528d164p-1,  // -0.72134752
    0x1.ec709dbd1efcap-2,  // 0.480898347
    -0x1.715476b4a5dd4p-2,  // -0.360673766
    0x1.2776c94374dbcp-2,  // 0.288539071
    -0x1.ec7061a9ec81p-3,  // -0.240448726
    0x1.a615454dcb399p-3,  // 0.206095258
    -0x1.715b935fd1e38p-3,  // -0.180350448
    0x1.488d22bd9f99cp-3,  // 0.160425445
    -0x1.272b5a9a8d0a2p-3,  // -0.14412566
    0x1.087b58d6e5cc6p-3,  // 0.129141516
    -0x1.e9fea3c1c2535p-4,  // -0.119627609
    0x1.02541a38625dcp-3,  // 0.126136975
    -0x1.f9f3268563d26p-4,  // -0.123522902
    0x1.02ba6ea057565p-4,  // 0.0631660768
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

}  // namespace frit::ir::math
