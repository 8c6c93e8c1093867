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
inline constexpr int exp_near = 0;
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

// (exp(r) - 1 - r) / r^2, |r| <= ln 2. Error 2^-26.0.
template <>
inline constexpr std::array<float, 6> exp_q<float> = {
    0x1.00000cp-1f,  // 0.500000358
    0x1.555512p-3f,  // 0.166666165
    0x1.5549cep-5f,  // 0.0416611694
    0x1.1126acp-7f,  // 0.00833590887
    0x1.71c8e6p-10f,  // 0.00141061691
    0x1.9bf6fcp-13f,  // 0.000196440116
};

// (exp(r) - 1 - r) / r^2, |r| <= ln 2. Error 2^-55.4.
template <>
inline constexpr std::array<double, 13> exp_q<double> = {
    0x1p-1,  // 0.5
    0x1.555555555555p-3,  // 0.166666667
    0x1.55555555555abp-5,  // 0.0416666667
    0x1.1111111111b38p-7,  // 0.00833333333
    0x1.6c16c16c0d427p-10,  // 0.00138888889
    0x1.a01a019e34d89p-13,  // 0.000198412698
    0x1.a01a01af011cbp-16,  // 2.48015874e-05
    0x1.71de3d082bdacp-19,  // 2.75573223e-06
    0x1.27e4f008f9a1dp-22,  // 2.7557303e-07
    0x1.ae605e700f5cbp-26,  // 2.50512059e-08
    0x1.1ef5a31f98639p-29,  // 2.08790531e-09
    0x1.640d98a4bb7c1p-33,  // 1.61914209e-10
    0x1.90561458d33f7p-37,  // 1.13782405e-11
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

// (log(1 + f) - f) / f^2, |f| <= 1/3. Error 2^-30.0.
template <>
inline constexpr std::array<float, 10> log_q<float> = {
    -0x1p-1f,  // -0.5
    0x1.555556p-2f,  // 0.333333343
    -0x1.ffff02p-3f,  // -0.249998108
    0x1.99985ep-3f,  // 0.199997649
    -0x1.559baep-3f,  // -0.166800842
    0x1.24d7bap-3f,  // 0.142989591
    -0x1.f33786p-4f,  // -0.121879123
    0x1.bb4342p-4f,  // 0.108218439
    -0x1.07d4p-3f,  // -0.128822327
    0x1.e074f8p-4f,  // 0.11729905
};

// (log(1 + f) - f) / f^2, |f| <= 1/3. Error 2^-56.9.
template <>
inline constexpr std::array<double, 22> log_q<double> = {
    -0x1p-1,  // -0.5
    0x1.5555555555555p-2,  // 0.333333333
    -0x1.ffffffffffe49p-3,  // -0.25
    0x1.99999999998a4p-3,  // 0.2
    -0x1.555555556df3cp-3,  // -0.166666667
    0x1.24924924a103p-3,  // 0.142857143
    -0x1.ffffffeb9dec2p-4,  // -0.125
    0x1.c71c71ba2101fp-4,  // 0.111111111
    -0x1.99999e47b4ae1p-4,  // -0.100000017
    0x1.745d1a6f45582p-4,  // 0.0909091027
    -0x1.5554adafaeccbp-4,  // -0.0833327088
    0x1.3b13397dd3b32p-4,  // 0.0769226309
    -0x1.24a14b2d54df8p-4,  // -0.0714428841
    0x1.111c5d4c48b6p-4,  // 0.0666774411
    -0x1.fe3fd806264cbp-5,  // -0.0622863025
    0x1.e07f3f5ed6bd7p-5,  // 0.0586544264
    -0x1.d7f8720fb8a1ep-5,  // -0.0576135853
    0x1.bd268f1246ec1p-5,  // 0.0543396754
    -0x1.35d4b005899cp-5,  // -0.0378211439
    0x1.2f639cce747f4p-5,  // 0.0370348036
    -0x1.595e2c5a441ccp-4,  // -0.0843183262
    0x1.42e7b09580a6cp-4,  // 0.0788342378
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

// exp(r), |r| <= ln 2 / 2. Error 2^-28.2.
template <>
inline constexpr std::array<float, 7> exp_near<float> = {
    0x1p+0f,  // 1
    0x1p+0f,  // 1
    0x1.fffffcp-2f,  // 0.49999994
    0x1.55548cp-3f,  // 0.166665167
    0x1.555858p-5f,  // 0.0416681021
    0x1.123ddcp-7f,  // 0.00836919062
    0x1.6ac6e2p-10f,  // 0.001383884
};

// exp(r), |r| <= ln 2 / 2. Error 2^-55.3.
template <>
inline constexpr std::array<double, 12> exp_near<double> = {
    0x1p+0,  // 1
    0x1p+0,  // 1
    0x1.000000000001p-1,  // 0.5
    0x1.55555555554a2p-3,  // 0.166666667
    0x1.555555554f35bp-5,  // 0.0416666667
    0x1.1111111130e4cp-7,  // 0.00833333333
    0x1.6c16c18785624p-10,  // 0.0013888889
    0x1.a01a01103e203p-13,  // 0.000198412694
    0x1.a01992c5689f4p-16,  // 2.48014865e-05
    0x1.71df454070452p-19,  // 2.75576227e-06
    0x1.28b31c8ac829dp-22,  // 2.76323086e-07
    0x1.ad660b1ec129cp-26,  // 2.49942885e-08
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

// sin(pi h)/h, z = h^2, |h| <= 1/2. Error 2^-53.4.
template <>
inline constexpr std::array<double, 10> sin_p<double> = {
    0x1.921fb54442d18p+1,  // 3.14159265
    -0x1.4abbce625be53p+2,  // -5.16771278
    0x1.466bc6775aae2p+1,  // 2.55016404
    -0x1.32d2cce62bd51p-1,  // -0.599264529
    0x1.50783487ebdf6p-4,  // 0.0821458866
    -0x1.e3074fdc28538p-8,  // -0.00737043094
    0x1.e8f4337c6e673p-12,  // 0.000466302786
    -0x1.6fad4435e7dd7p-16,  // -2.19152464e-05
    0x1.aababdf5ca626p-21,  // 7.94845561e-07
    -0x1.7eb454bc1a771p-26,  // -2.2276329e-08
};

// sin(pi h)/h, z = h^2, |h| <= 1/2, for f32. Error 2^-35.5.
template <>
inline constexpr std::array<double, 6> sin_short<double> = {
    0x1.921fb5441e44bp+1,  // 3.14159265
    -0x1.4abbce4f17d49p+2,  // -5.16771276
    0x1.466bbfc1a5c3bp+1,  // 2.55016324
    -0x1.32d111e08dc09p-1,  // -0.599251326
    0x1.500ff2b8fff4ap-4,  // 0.0820464593
    -0x1.cc33c83b7f4b4p-8,  // -0.00702212943
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
