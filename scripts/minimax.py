#!/usr/bin/env python3
"""Computes the polynomials of ir/math_*.h and writes them to ir/math_polynomials.h.

Each row of JOBS asks for the polynomial sum c[k] * x**powers[k] that comes closest to f on
[lo, hi] in the weighted maximum norm: Remez' exchange in high precision, after which the
coefficients are rounded to the type one at a time, lowest power first, the rest being fitted
again after each. Needs mpmath (pip install mpmath).

  scripts/minimax.py            prints the header
  scripts/minimax.py NAME...    prints the named rows only
"""

import struct
import sys

from mpmath import mp, mpf

mp.prec = 160

LN2 = mp.log(2)


def chebyshev_points(lo, hi, n):
    return [(lo + hi) / 2 - (hi - lo) / 2 * mp.cos(mp.pi * k / (n - 1)) for k in range(n)]


def remez(f, w, lo, hi, powers, grid=600, rounds=30):
    """Coefficients for `powers` and the weighted maximum error."""
    n = len(powers)
    xs = chebyshev_points(lo, hi, grid)
    # The ends may be removable singularities: step inside a little.
    xs[0] = lo + (hi - lo) * mpf(2) ** -40
    xs[-1] = hi - (hi - lo) * mpf(2) ** -40
    xs = [x for x in xs if x != 0]
    if n == 0:
        return [], max(abs(w(x) * f(x)) for x in xs)
    fs = [f(x) for x in xs]
    ws = [w(x) for x in xs]
    pw = [[x ** p for p in powers] for x in xs]
    m = len(xs)
    ref = [round((m - 1) * (1 - mp.cos(mp.pi * k / n)) / 2) for k in range(n + 1)]
    ref = [int(r) for r in ref]
    best = None
    for _ in range(rounds):
        a = mp.matrix(n + 1, n + 1)
        b = mp.matrix(n + 1, 1)
        for i, r in enumerate(ref):
            for j in range(n):
                a[i, j] = pw[r][j]
            a[i, n] = (-1) ** i / ws[r]
            b[i] = fs[r]
        try:
            sol = mp.lu_solve(a, b)
        except ZeroDivisionError:
            break
        c = [sol[j] for j in range(n)]
        err = [ws[i] * (fs[i] - sum(c[j] * pw[i][j] for j in range(n))) for i in range(m)]
        worst = max(abs(e) for e in err)
        if best is None or worst < best[1]:
            best = (c, worst)
        # The extrema between sign changes.
        ext = []
        for i in range(m):
            if not ext or (err[i] > 0) != (err[ext[-1]] > 0):
                ext.append(i)
            elif abs(err[i]) > abs(err[ext[-1]]):
                ext[-1] = i
        while len(ext) > n + 1:
            ext.pop(0 if abs(err[ext[0]]) < abs(err[ext[-1]]) else -1)
        if len(ext) < n + 1 or worst <= abs(sol[n]) * mpf('1.0005'):
            break
        ref = ext
    return best or ([mpf(0)] * n, max(abs(a * b) for a, b in zip(ws, fs)))


def round_to(value, kind):
    fmt = 'f' if kind == 'f32' else 'd'
    if kind == 'f64':
        return mpf(float(value))
    # mpmath rounds to 24 bits once; float() of that is exact.
    old = mp.prec
    mp.prec = 24
    r = +value
    mp.prec = old
    return mpf(struct.unpack(fmt, struct.pack(fmt, float(r)))[0])


def fit(f, w, lo, hi, powers, kind, greedy):
    lo, hi = mpf(lo), mpf(hi)
    error = lambda cs: remez(lambda x: f(x) - sum(c * x ** p for p, c in cs), w, lo, hi, [])[1]
    powers = list(powers)
    rest, _ = remez(f, w, lo, hi, powers)
    rest = list(zip(powers, rest))
    fixed = []
    while rest:
        take = 1 if greedy else len(rest)
        fixed += [(p, round_to(c, kind)) for p, c in rest[:take]]
        rest = rest[take:]
        if rest:
            # Without the constant the exchange need not succeed: keep the better of new and old.
            g = lambda x: f(x) - sum(c * x ** p for p, c in fixed)
            c, _ = remez(g, w, lo, hi, [p for p, _ in rest])
            again = list(zip([p for p, _ in rest], c))
            if error(fixed + again) < error(fixed + rest):
                rest = again
    return fixed, error(fixed)


def hexa(c, kind):
    s = float(c).hex()
    if '.' in s and 'p' in s:
        head, exp = s.split('p')
        head = head.rstrip('0').rstrip('.')
        s = head + 'p' + exp
    return s + ('f' if kind == 'f32' else '')


# name, type, f, weight, lo, hi, number of coefficients, comment
JOBS = []


def job(name, kind, f, w, lo, hi, count, note):
    JOBS.append((name, kind, f, w, lo, hi, range(count), note, count <= 20))


S2 = mp.sqrt(mpf(1) / 2)
SLACK = mpf('1.0001')  # for arguments that rounding put just outside

one = lambda x: mpf(1)

# exp(r) = 1 + (r + r^2 q(r))
exp_q = lambda r: (mp.expm1(r) - r) / r ** 2
exp_w = lambda r: r ** 2 / mp.exp(r)
job('exp_q', 'f64', exp_q, exp_w, -LN2 / 2 * SLACK, LN2 / 2 * SLACK, 11, '(exp(r) - 1 - r) / r^2, |r| <= ln 2 / 2')


def good_first_power():
    """The number c of f32, within 2^-15 of 1, for which the numbers c 2^(j/16) are closest to numbers of f32. Further
    from 1 there are better ones, but 1/c - 1 would have the polynomial's small values rounded to coarser steps than
    the argument's, and exp would not ascend everywhere."""
    steps = [2.0 ** (j / 16) for j in range(16)]
    best = (1.0, 1.0)
    for n in range(2 ** 24 - 2 ** 9, 2 ** 24 + 2 ** 9):
        c = n / 2 ** 24
        if c >= 1 and n % 2:
            continue
        worst = 0.0
        for step in steps:
            y = c * step
            units = y * (2 ** 24 if y < 1 else 2 ** 23)
            worst = max(worst, abs(units - round(units)))
            if worst >= best[0]:
                break
        else:
            best = (worst, c)
    return mpf(best[1])


# f32: exp(r) 2^(j/16) = c 2^(j/16) (1 + p(r)). c, some number near 1, is what makes the table exact to 0.29 units.
EXP_FIRST = good_first_power()
job('exp_near', 'f32', lambda r: mp.exp(r) / EXP_FIRST - 1, lambda r: EXP_FIRST / mp.exp(r), -LN2 / 32 * SLACK, LN2 / 32 * SLACK, 4,
    f'exp(r)/c - 1, c = {hexa(EXP_FIRST, "f64")}, |r| <= ln 2 / 32')

# expm1(r) = r + r^2 q(r)
for kind, count in ('f32', 6), ('f64', 12):
    job('expm1_q', kind, exp_q, lambda r: r ** 2 / mp.expm1(r), -mp.log(mpf(4) / 3) * SLACK, mp.log(mpf(3) / 2) * SLACK,
        count, '(exp(r) - 1 - r) / r^2, -ln 4/3 <= r <= ln 3/2')

# log(1 + f) = f + f^2 q(f)
log_q = lambda f: (mp.log1p(f) - f) / f ** 2
for kind, count in ('f32', 10), ('f64', 22):
    job('log_q', kind, log_q, lambda f: f ** 2 / mp.log1p(f), -SLACK / 4, SLACK / 2, count,
        '(log(1 + f) - f) / f^2, -1/4 <= f <= 1/2')
job('log_near', 'f32', log_q, lambda f: f ** 2 / mp.log1p(f), S2 / SLACK - 1, mp.sqrt(mpf(2)) * SLACK - 1, 9,
    '(log(1 + f) - f) / f^2, sqrt(1/2) <= 1 + f <= sqrt(2)')

tanh_ratio = lambda z: mp.tanh(mp.sqrt(z)) / mp.sqrt(z)
# f64: tanh(a) = a + a z p(z), z = a^2, up to 1; above with exp2
job('tanh_p', 'f64', lambda z: (tanh_ratio(z) - 1) / z, lambda z: z / tanh_ratio(z), 0, 1, 15,
    '(tanh(a)/a - 1) / z, z = a^2, a <= 1')
job('exp2_near', 'f64', lambda r: mpf(2) ** r, lambda r: mpf(2) ** -r, -SLACK / 2, SLACK / 2, 12, '2^r, |r| <= 1/2')


# erf(a) = a + a p(z), z = a^2, up to the end below. Above, f64: a polynomial around the middle of what is left.
ERF_END = mpf(1)
ERF_ONE = {'f32': mpf('3.93'), 'f64': mpf('6')}  # erf rounds to 1 from here on


def erf_middle():
    """A number about the middle where erf is within 1/64 of a unit in the last place of one of the type."""
    m = round_to((ERF_END + ERF_ONE['f64']) / 2, 'f32')
    while True:
        e = mp.erf(m)
        if abs(e - round_to(e, 'f64')) < mpf(2) ** -60:
            return m
        m += mpf(2) ** -48


ERF_MIDDLE = erf_middle()
erf_p = lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1
erf_w = lambda z: mp.sqrt(z) / mp.erf(mp.sqrt(z))
job('erf_near', 'f64', erf_p, erf_w, 0, ERF_END ** 2, 13, 'erf(a)/a - 1, z = a^2, a <= 1')
job('erf_far', 'f64', lambda t: mp.erf(t + ERF_MIDDLE), one, ERF_END - ERF_MIDDLE, ERF_ONE['f64'] - ERF_MIDDLE, 39,
    f'erf(a), t = a - {float(ERF_MIDDLE).hex()}, 1 <= a <= 6')

# sin(2 pi h) = h p(h^2), |h| <= 1/4
sin_p = lambda z: mp.sin(2 * mp.pi * mp.sqrt(z)) / mp.sqrt(z)
job('sin_short', 'f64', sin_p, lambda z: 1 / sin_p(z), 0, SLACK / 16, 6, 'sin(2 pi h)/h, z = h^2, |h| <= 1/4, for f32')
# sin(r) = r + r z q(z), cos(r) = 1 - z/2 + z^2 q(z), z = r^2, |r| <= pi/4
EIGHTH = (mp.pi / 4) ** 2 * SLACK
job('sin_q', 'f64', lambda z: (mp.sin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, lambda z: z * mp.sqrt(z) / mp.sin(mp.sqrt(z)), 0,
    EIGHTH, 7, '(sin(r)/r - 1)/z, z = r^2, |r| <= pi/4')
job('cos_q', 'f64', lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z ** 2, lambda z: z * z, 0, EIGHTH, 7,
    '(cos(r) - 1 + z/2)/z^2, z = r^2, |r| <= pi/4')
# atanh(s) = s + s z (1/3 + z q(z)), z = s^2, |s| <= 1/5
job('atanh_q', 'f64', lambda z: ((mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 1) / z - mpf(1) / 3) / z, lambda z: z * z, 0, SLACK / 25, 9,
    '((atanh(s)/s - 1)/z - 1/3)/z, z = s^2, |s| <= 1/5')
# log2(1 + f) = f q(f), and 2^r, to single precision, for pow
job('log2_short', 'f64', lambda f: mp.log1p(f) / f / LN2, lambda f: f * LN2 / mp.log1p(f), S2 / SLACK - 1, mp.sqrt(mpf(2)) * SLACK - 1, 15,
    'log2(1 + f)/f, sqrt(1/2) <= 1 + f <= sqrt(2), for f32')
job('exp2_short', 'f64', lambda r: mpf(2) ** r, lambda r: mpf(2) ** -r, -SLACK / 2, SLACK / 2, 7, '2^r, |r| <= 1/2, for f32')
job('exp_short', 'f64', mp.exp, lambda r: mp.exp(-r), -LN2 / 2 * SLACK, LN2 / 2 * SLACK, 7, 'exp(r), |r| <= ln 2 / 2, for f32')

# Numerics::fast (ir/math_fast.h): exp(r) = 1 + r + r^2 q(r)
job('exp_fast_q', 'f32', exp_q, exp_w, -LN2 / 2 * SLACK, LN2 / 2 * SLACK, 4, '(exp(r) - 1 - r) / r^2, |r| <= ln 2 / 2')


def quotient(f, lo, hi, above, below, points=240, rounds=12):
    """f = p / q, q[0] = 1, with the least squares of the relative error at Chebyshev's points, where it is nearly
    the smallest maximum; each round divides by the denominator of the last one."""
    xs = [(lo + hi) / 2 - (hi - lo) / 2 * mp.cos(mp.pi * (2 * k + 1) / (2 * points)) for k in range(points)]
    q = [mpf(1)] * points
    for _ in range(rounds):
        a, b = mp.matrix(points, above + below - 1), mp.matrix(points, 1)
        for i, x in enumerate(xs):
            for k in range(above):
                a[i, k] = x ** k / f(x) / q[i]
            for k in range(1, below):
                a[i, above + k - 1] = -(x ** k) / q[i]
            b[i] = 1 / q[i]
        c = mp.qr_solve(a, b)[0]
        p, d = [c[k] for k in range(above)], [mpf(1)] + [c[above + k] for k in range(below - 1)]
        q = [mp.polyval(d[::-1], x) for x in xs]
    p, d = [round_to(v, 'f32') for v in p], [round_to(v, 'f32') for v in d]
    return p, d, max(abs(mp.polyval(p[::-1], x) / mp.polyval(d[::-1], x) / f(x) - 1) for x in xs)


# tanh(a) = a num(z) / over(z), z = a^2, up to 9, where it rounds to 1
QUOTIENTS = [('tanh_fast', tanh_ratio, mpf(0), mpf('81.5'), 5, 5, 'tanh(a)/a as num(z) / over(z), z = a^2, a <= 9.03')]


# Functions of a >= 0 in segments: where the top bits of a + 0.625 agree, which its exponent and two bits of its
# fraction are, f is c[0] + r p(r), r = a - node, nodes being chosen so that c[0] is f(node) to a hundredth of a unit.
SEGMENT_SHIFT = mpf('0.625')
SEGMENT_COEFFICIENTS = 7
# name, f, where it rounds to its last value, what p leaves to f in the first segment, where node is 0, comment
TANH_ONE = mpf('9.02')
SEGMENTS = [('tanh_segments', mp.tanh, TANH_ONE, lambda a: mpf(0), 'tanh(a)'),
            ('erf_segments', mp.erf, ERF_ONE['f32'], lambda a: a, 'erf(a), in the first segment erf(a) - a')]


def bits_of(x):
    return struct.unpack('I', struct.pack('f', float(x)))[0]


def good_node(f, lo, hi):
    """A number of f32 near the middle whose f is one too, or nearly."""
    middle, best = bits_of((lo + hi) / 2), None
    step = max(1, (bits_of(hi) - bits_of((lo + hi) / 2)) // 20000)
    for n in range(3000):
        x = mpf(struct.unpack('f', struct.pack('I', middle + (n // 2 if n % 2 else -(n // 2)) * step))[0])
        y = f(x)
        off = abs(y - round_to(y, 'f32')) * mpf(2) ** (23 - mp.floor(mp.log(y, 2)))
        if best is None or off < best[0]:
            best = (off, x)
        if off < mpf('0.01'):
            break
    return best[1]


def segments(f, end, base):
    """Rows of 16: the nodes, then the coefficients, lowest first; and the worst error beside f."""
    rows = [[mpf(0)] * 16 for _ in range(SEGMENT_COEFFICIENTS + 1)]
    lo, worst, slack = mpf(0), mpf(0), mpf(2) ** -20
    while lo < end:
        t = lo + SEGMENT_SHIFT
        step = mpf(2) ** (mp.floor(mp.log(t, 2)) - 2)
        hi = min((mp.floor(t / step) + 1) * step - SEGMENT_SHIFT, end)
        node = good_node(f, lo, hi) if lo else mpf(0)
        c0 = round_to(f(node), 'f32') if lo else mpf(0)
        g = lambda r: (f(node + r) - c0 - (mpf(0) if lo else base(r))) / r if r else mp.diff(f, node)
        rest, error = fit(g, lambda r: r / f(node + r), lo - (slack if lo else 0) - node, hi + slack - node, range(SEGMENT_COEFFICIENTS - 1), 'f32', True)
        for row, c in zip(rows, [node, c0] + [c for _, c in rest]):
            row[(bits_of(t) >> 21) % 16] = c
        worst = max(worst, error)
        lo = hi
    return rows, worst


def powers():
    rows = [[round_to(EXP_FIRST * mpf(2) ** (mpf(j) / 16), 'f32') for j in range(16)]]
    return rows, max(abs(y / EXP_FIRST * mpf(2) ** (-mpf(j) / 16) - 1) for j, y in enumerate(rows[0]))


# name, what makes the rows of 16 and tells their error, comment
ROWS = [(name, lambda f=f, end=end, base=base: segments(f, end, base), f'{note}, a <= {float(end)}, in segments: nodes, then coefficients')
        for name, f, end, base, note in SEGMENTS]
ROWS.append(('exp_powers', powers, 'c 2^(j/16), c as of exp_near'))


def main():
    wanted = sys.argv[1:]
    out = []
    if not wanted:
        out.append('// Polynomials of ir/math_*.h, lowest power first. Written by scripts/minimax.py: change it there.\n'
                   '#pragma once\n\n#include <array>\n\nnamespace frit::ir::math {\n\n'
                   '// Coefficients for the type T.')
        for name in dict.fromkeys(j[0] for j in JOBS):
            out.append(f'template <class T>\ninline constexpr int {name} = 0;')
        for name, *_ in QUOTIENTS:
            out.append(f'template <class T>\ninline constexpr int {name}_num = 0;\ntemplate <class T>\ninline constexpr int {name}_over = 0;')
        for name, *_ in ROWS:
            out.append(f'template <class T>\ninline constexpr int {name} = 0;')
        out.append('// Where the functions round to 1; where erf in f64 changes from one polynomial to the other.')
        out.append(f'inline constexpr float tanh_one = {hexa(round_to(TANH_ONE, "f32"), "f32")};')
        out.append(f'inline constexpr double erf_end = {hexa(ERF_END, "f64")};')
        for name, values in (('erf_one', ERF_ONE),):
            out.append(f'template <class T>\ninline constexpr T {name} = T({hexa(values["f64"], "f64")});\n'
                       f'template <>\ninline constexpr float {name}<float> = {hexa(round_to(values["f32"], "f32"), "f32")};')
        out.append(f'template <class T>\ninline constexpr T erf_middle = T({hexa(ERF_MIDDLE, "f64")});')
    for name, kind, f, w, lo, hi, powers, note, greedy in JOBS:
        if wanted and name not in wanted:
            continue
        mp.prec = 160
        fixed, err = fit(f, w, lo, hi, powers, kind, greedy)
        t = 'float' if kind == 'f32' else 'double'
        e = mp.log(err, 2) if err else mpf(-999)
        out.append(f'\n// {note}. Error 2^{float(e):.1f}.')
        out.append(f'template <>\ninline constexpr std::array<{t}, {len(fixed)}> {name}<{t}> = {{')
        for _, c in fixed:
            out.append(f'    {hexa(c, kind)},  // {float(c):.9g}')
        out.append('};')
        print(f'{name} {kind}: 2^{float(e):.2f}', file=sys.stderr, flush=True)
    for name, f, lo, hi, above, below, note in QUOTIENTS:
        if wanted and name not in wanted:
            continue
        p, d, err = quotient(f, lo, hi, above, below)
        out.append(f'\n// {note}. Error 2^{float(mp.log(err, 2)):.1f}.')
        for part, values in ('num', p), ('over', d):
            out.append(f'template <>\ninline constexpr std::array<float, {len(values)}> {name}_{part}<float> = {{')
            out += [f'    {hexa(c, "f32")},  // {float(c):.9g}' for c in values]
            out.append('};')
    for name, make, note in ROWS:
        if wanted and name not in wanted:
            continue
        mp.prec = 160
        rows, err = make()
        out.append(f'\n// {note}. Error 2^{float(mp.log(err, 2)):.1f}.')
        out.append(f'template <>\ninline constexpr std::array<std::array<float, 16>, {len(rows)}> {name}<float> = {{{{')
        for row in rows:
            values = [hexa(v, 'f32') for v in row]
            out.append('    {{' + ', '.join(values[:8]) + ',\n      ' + ', '.join(values[8:]) + '}},')
        out.append('}};')
        print(f'{name}: 2^{float(mp.log(err, 2)):.2f}', file=sys.stderr, flush=True)
    if not wanted:
        out.append('\n}  // namespace frit::ir::math')
    print('\n'.join(out))


if __name__ == '__main__':
    main()
