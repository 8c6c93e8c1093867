#!/usr/bin/env python3
"""Frit's cases of `frit bench --device=gpu` under PyTorch, on the same GPU, in turns with Frit.

    gpu_torch.py [--frit PROGRAM] [--rounds N] [--modes A,B] [--numerics N] [--json FILE] [CASE...]

Eagerly, and through torch.compile (dynamic=False, fullgraph=True): default, max-autotune, and
max-autotune-no-cudagraphs, because copies into a graph's own inputs would slow large cases down. Each case has the
shapes, types, ranges of inputs and the accuracy of Frit's (no TF32 anywhere), written as a user of torch would
write it. Frit's numerics are those that `frit bench --list --json` names as compared_numerics: fast for rows of bf16
with exponentials, as compiled torch keeps f32 between operations there, strict elsewhere; --numerics strict or fast
makes them the same for all. Only one of the two programs works at a time: `frit bench --turns` waits for a line before each step of a
case, so Frit's round and the round of each of torch's modes follow each other, and change places from round to
round. Torch is measured by CUDA events around as many calls as take 4 ms, Frit by its own bench (wall time, the wait
included, of as many calls). Where the arrays of a case are smaller than twice the second-level cache, copies of the
inputs are used in turn, by the same rule as in Frit. A ratio is torch's time over Frit's in the same round, then the
median over the rounds; above 1 Frit is faster. `best` is the fastest compiled mode.

Exit status: 0; 1 where something failed; 2 without torch or without a GPU that torch can use.
"""
import argparse
import json
import math
import re
import subprocess
import sys
import time
from pathlib import Path

MODES = ("eager", "default", "max-autotune", "max-autotune-no-cudagraphs")
ROUND_US = 4000  # of repeated calls, as in bench/measure.cpp
MOST_COPIES = 256
BELOW = 0.95  # ratios under it are listed

# ---- What needs no torch: which program a case is, what goes in, what comes out. ----


class Range:
    """Uniform in [lo, hi); row: of the case's last axis alone; target: a row's index into its last axis; many: a list
    of tensors, whose shapes the case lists."""

    def __init__(self, lo, hi, row=False, target=False, many=False):
        self.lo, self.hi, self.row, self.target, self.many = lo, hi, row, target, many

    def shape(self, case):
        if self.target:
            return case["shape"][:1]
        return case["shape"][-1:] if self.row else case["shape"]


ONE = Range(-1, 1)
# The inputs of bench/cases.cpp and bench/gpu_cases.cpp, by program.
INPUTS = {
    "saxpy": [ONE, ONE],
    "gelu": [Range(-4, 4)],
    "black_scholes": [Range(20, 180), Range(20, 180), Range(0.1, 3)],
    "chain20": [ONE],
    "chain200": [ONE],
    "add_transpose": [ONE],
    "sum_all": [ONE],
    "sum_rows": [ONE],
    "sum_cols": [ONE],
    "softmax": [Range(-8, 8)],
    "swiglu": [Range(-4, 4), ONE],
    "layernorm": [Range(-3, 5), Range(0.5, 1.5, row=True), Range(-1, 1, row=True)],
    "layernorm_backward": [ONE, Range(-3, 5), Range(0.5, 1.5, row=True)],
    "residual_rms_norm": [Range(-3, 5), ONE, Range(0.5, 1.5, row=True)],
    "cross_entropy": [Range(-8, 8), Range(0, 0, target=True)],
    "adam": [ONE, Range(-0.1, 0.1), Range(0, 0.1), ONE],
    "adamw200": [Range(-1, 1, many=True), Range(-0.1, 0.1, many=True), Range(0, 0.1, many=True), Range(-1, 1, many=True)],
    "add": [ONE, ONE],
    "tiny": [ONE, ONE],
    "sum_axis0": [ONE],
    "sum_axis1": [ONE],
    "sum_axis2": [ONE],
    "product": [ONE, ONE],
    "linear_gelu": [ONE, ONE, Range(-1, 1, row=True)],
    "kernels20": [ONE],
}


def program_of(name):
    """The program of a case: softmax of softmax_bf16_256k, softmax_l2 and softmax. None if there is no such one."""
    if name in INPUTS:
        return name
    base = re.sub(r"(_(f32|bf16|f16))?(_(l2|\d+[km]?))?$", "", name)
    return base if base in INPUTS else None


def unknown(cases):
    return [c["name"] for c in cases if program_of(c["name"]) is None]


def bytes_of(case):
    """What a call moves at least; the rule of copies is that of bench/measure.cpp."""
    arrays = case["reads"] + (0 if case["in_place"] else case["writes"])
    return math.prod(case["shape"]) * {"f32": 4, "f64": 8, "f16": 2, "bf16": 2, "i32": 4}[case["dtype"]] * arrays


def copies(case, l2):
    if case["kind"] != "memory" or bytes_of(case) > 2 * l2:
        return 1
    return min(2 * l2 // max(bytes_of(case), 1) + 1, MOST_COPIES)


def median(values):
    v = sorted(values)
    return (v[(len(v) - 1) // 2] + v[len(v) // 2]) / 2 if v else None


def geometric_mean(values):
    return math.exp(sum(math.log(v) for v in values) / len(values)) if values else None


def merge(case, frit, torch_us, facts):
    """One case's result. frit: the lines of its rounds, which say their numerics; torch_us: mode -> microseconds of each round, None where the
    mode failed; facts: mode -> what else is known of it (compile_s, error)."""
    fused = [r["fused_us"] for r in frit]
    limit = [r["limit_us"] for r in frit if r["limit_us"] > 0]
    out = {k: case[k] for k in ("name", "shape", "dtype", "kind")}
    out.update(numerics=frit[0]["numerics"], frit_us=median(fused), limit_us=median(limit), torch={}, best=None, ratio=None)
    for mode, us in torch_us.items():
        one = dict(facts.get(mode, {}))
        if us:
            one["us"] = median(us)
            one["ratio"] = median([t / f for t, f in zip(us, fused)])
            if limit:
                one["of_limit"] = median([l / t for l, t in zip(limit, us)])
        out["torch"][mode] = one
    compiled = {m: t for m, t in out["torch"].items() if m != "eager" and "us" in t}
    if compiled:
        out["best"] = min(compiled, key=lambda m: compiled[m]["us"])
        out["ratio"] = compiled[out["best"]]["ratio"]
    return out


def summary(results):
    ratios = [r["ratio"] for r in results if r["ratio"] is not None]
    eager = [r["torch"]["eager"]["ratio"] for r in results if "ratio" in r["torch"].get("eager", {})]
    return {
        "compared": len(ratios),
        "geomean": geometric_mean(ratios),
        "geomean_eager": geometric_mean(eager),
        "below": [r["name"] for r in results if r["ratio"] is not None and r["ratio"] < BELOW],
        "failed": [f"{r['name']} {m}" for r in results for m, t in r["torch"].items() if "error" in t],
    }


def table(results):
    rows = [("case", "frit", "frit us", *(f"{m} us" for m in results[0]["torch"]), "best", "ratio")]
    number = lambda v: "-" if v is None else f"{v:.2f}" if v < 100 else f"{v:.0f}"
    for r in results:
        rows.append((r["name"], r["numerics"], number(r["frit_us"]), *(number(t.get("us")) for t in r["torch"].values()), r["best"] or "-", number(r["ratio"])))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    text = "\n".join("  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))) for row in rows)
    s = summary(results)
    if s["geomean"] is not None:
        text += f"\n{s['compared']} cases, geometric mean {s['geomean']:.2f}"
    if s["below"]:
        text += f"\nunder {BELOW}: " + ", ".join(s["below"])
    if s["failed"]:
        text += "\nfailed: " + ", ".join(s["failed"])
    return text


# ---- The programs in torch, as a user would write them. ----


def programs(torch):
    F = torch.nn.functional

    def chain(x, rounds):
        y = x
        for _ in range(rounds):
            y = torch.clamp_min(y * x + 0.25 - x, 0.25)
        return y

    def black_scholes(spot, strike, years):
        rate, volatility = 0.02, 0.3
        spread = volatility * torch.sqrt(years)
        d1 = (torch.log(spot / strike) + (rate + 0.5 * volatility * volatility) * years) / spread
        cdf = lambda d: 0.5 * (1.0 + torch.erf(0.70710678 * d))
        discounted = strike * torch.exp(-rate * years)
        call = spot * cdf(d1) - discounted * cdf(d1 - spread)
        return call, call - spot + discounted

    def layernorm_backward(dy, x, scale):
        g, w = dy.float() * scale.float(), x.float()
        centred = w - w.mean(1, keepdim=True)
        r = torch.rsqrt((centred * centred).mean(1, keepdim=True) + 1e-5)
        h = centred * r
        return (r * (g - g.mean(1, keepdim=True) - h * (g * h).mean(1, keepdim=True))).to(x.dtype)

    def residual_rms_norm(x, residual, scale):
        h = x + residual
        return h, F.rms_norm(h, h.shape[-1:], scale, 1e-6)

    def adam(w, m, v, g):  # in place, as the state is given away
        rate, beta1, beta2, eps = 1e-3, 0.9, 0.999, 1e-8
        m.mul_(beta1).add_(g, alpha=1 - beta1)
        v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
        w.addcdiv_(m, v.sqrt().add_(eps), value=-rate)
        return w, m, v

    def adamw(p, m, v, g):  # the tenth step, as torch.optim.AdamW does it, in place
        rate, beta1, beta2 = 1e-3, 0.9, 0.999
        torch._foreach_mul_(p, 1 - rate * 0.01)
        torch._foreach_lerp_(m, g, 1 - beta1)
        torch._foreach_mul_(v, beta2)
        torch._foreach_addcmul_(v, g, g, 1 - beta2)
        below = torch._foreach_sqrt(v)
        torch._foreach_div_(below, math.sqrt(1 - beta2**10))
        torch._foreach_add_(below, 1e-8)
        torch._foreach_addcdiv_(p, m, below, -rate / (1 - beta1**10))
        return p, m, v

    def kernels20(x):
        for _ in range(20):
            x = x.t() + x.sum(1, keepdim=True)
        return x

    return {
        "saxpy": lambda x, y: 2.5 * x + y,
        "gelu": lambda x: F.gelu(x, approximate="tanh"),
        "black_scholes": black_scholes,
        "chain20": lambda x: chain(x, 5),
        "chain200": lambda x: chain(x, 50),
        "add_transpose": lambda x: x + x.t(),
        "sum_all": lambda x: x.sum(),
        "sum_rows": lambda x: x.sum(1),
        "sum_cols": lambda x: x.sum(0),
        "softmax": lambda x: torch.softmax(x, -1),
        "swiglu": lambda gate, up: F.silu(gate) * up,
        "layernorm": lambda x, scale, bias: F.layer_norm(x, x.shape[-1:], scale, bias, 1e-5),
        "layernorm_backward": layernorm_backward,
        "residual_rms_norm": residual_rms_norm,
        "cross_entropy": lambda logits, target: F.cross_entropy(logits.float(), target, reduction="none"),
        "adam": adam,
        "adamw200": adamw,
        "add": lambda x, y: x + y,
        "tiny": lambda x, y: (x * y + x) - y,
        "sum_axis0": lambda x: x.sum(0),
        "sum_axis1": lambda x: x.sum(1),
        "sum_axis2": lambda x: x.sum(2),
        "product": lambda x, w: x @ w,
        "linear_gelu": lambda x, w, bias: F.gelu(x @ w + bias, approximate="tanh"),
        "kernels20": kernels20,
    }


def eager_programs(torch):
    """What torch has a kernel of its own for, which the compiler does not use."""

    steps = []

    def adamw(p, m, v, g):  # torch.optim.AdamW(fused=True), the tenth step
        if not steps:
            steps.extend(torch.full((), 10.0, device=x.device) for x in p)
        torch._fused_adamw_(p, g, m, v, [], steps, lr=1e-3, beta1=0.9, beta2=0.999, weight_decay=0.01, eps=1e-8, amsgrad=False, maximize=False)
        return p, m, v

    return {"adamw200": adamw}


def make_inputs(torch, case, generator, device):
    dtype = {"f32": torch.float32, "f64": torch.float64, "f16": torch.float16, "bf16": torch.bfloat16}[case["dtype"]]
    out = []
    for r in INPUTS[program_of(case["name"])]:
        values = lambda shape: (torch.rand(shape, generator=generator, device=device) * (r.hi - r.lo) + r.lo).to(dtype)
        if r.target:
            out.append(torch.randint(0, case["shape"][-1], r.shape(case), generator=generator, device=device))
        elif r.many:
            out.append([values(s) for s in case["tensors"]])
        else:
            out.append(values(r.shape(case)))
    return out


class Contestant:
    """A case under one of torch's modes, on inputs that take turns."""

    def __init__(self, torch, case, mode, rings, clock):
        self.torch, self.rings, self.clock, self.at, self.us, self.times = torch, rings, clock, 0, [], 1
        self.graphs = mode == "max-autotune"
        name = program_of(case["name"])
        self.call = programs(torch)[name]
        self.results = [None] * len(rings)
        self.facts = {}
        if mode == "eager":
            self.call = eager_programs(torch).get(name, self.call)
        else:
            kind = {} if mode == "default" else {"mode": mode}
            self.call = torch.compile(self.call, dynamic=False, fullgraph=True, **kind)
        start = time.perf_counter()
        self.run(1)
        clock.wait()
        if mode != "eager":
            self.facts["compile_s"] = time.perf_counter() - start
        self.run(3)  # graphs are recorded in the second and third call
        each = clock.time(lambda: self.run(1))
        while each * self.times < ROUND_US and self.times < 1 << 20:
            self.times = int(min(ROUND_US / max(each, 0.01) + 1, 8 * self.times + 1))
            each = clock.time(lambda: self.run(self.times)) / self.times

    def run(self, times):
        for _ in range(times):
            if self.graphs:  # its results live in the graph's memory until the next call
                self.torch.compiler.cudagraph_mark_step_begin()
                self.call(*self.rings[self.at])
            else:
                self.results[self.at] = self.call(*self.rings[self.at])
            self.at = (self.at + 1) % len(self.rings)

    def round(self):
        self.us.append(self.clock.time(lambda: self.run(self.times)) / self.times)


class Events:
    """Microseconds between two CUDA events."""

    def __init__(self, torch):
        self.torch = torch

    def wait(self):
        self.torch.cuda.synchronize()

    def time(self, work):
        start, end = (self.torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        work()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) * 1000


class Frit:
    """`frit bench --turns`: a line in, a step, a line out."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def step(self, case, name):
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # what it said stands on standard error
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"gpu_torch: frit bench ended at {case['name']} with status {self.process.wait()}")
        answer = json.loads(line)
        if (answer["case"], answer["step"]) != (case["name"], name):
            raise SystemExit(f"gpu_torch: frit is at {answer['case']} {answer['step']}, not at {case['name']} {name}")
        return answer


def compare(torch, case, frit, options, device, l2, clock):
    """Frit and all modes on a case, in turns."""
    frit.step(case, "ready")
    torch._dynamo.reset()
    generator = torch.Generator(device=device)
    contestants, torch_us, facts = {}, {}, {}
    for mode in options.modes:
        try:
            generator.manual_seed(1)
            rings = [make_inputs(torch, case, generator, device) for _ in range(copies(case, l2))]
            contestants[mode] = Contestant(torch, case, mode, rings, clock)
        except Exception as e:  # a mode that cannot run the case is a result too
            facts[mode] = {"error": f"{type(e).__name__}: {e}".split("\n")[0][:300]}
    rounds = []
    for k in range(options.rounds):
        order = list(contestants)
        order = order[k % len(order):] + order[:k % len(order)] if order else order
        if k % 2 == 0:
            rounds.append(frit.step(case, "round"))
        for mode in order:
            contestants[mode].round()
        if k % 2 == 1:
            rounds.append(frit.step(case, "round"))
    for mode in options.modes:
        c = contestants.get(mode)
        torch_us[mode] = c.us if c else None
        if c:
            facts[mode] = c.facts
    contestants.clear()
    frit.step(case, "end")
    return merge(case, rounds, torch_us, facts)


def parse(arguments):
    here = Path(__file__).resolve().parent
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("cases", nargs="*", metavar="CASE")
    p.add_argument("--frit", default=str(here / "frit" if (here / "lib" / "frit").exists() else here.parent / "build" / "bin" / "frit"))
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--numerics", choices=("compared", "strict", "fast"), default="compared", help="of Frit's jit; compared: as the bench lists for each case")
    p.add_argument("--modes", type=lambda s: s.split(","), default=list(MODES))
    p.add_argument("--json", metavar="FILE")
    options = p.parse_args(arguments)
    for m in options.modes:
        if m not in MODES:
            p.error(f"there is no mode '{m}': {', '.join(MODES)}")
    if options.rounds < 1:
        p.error("--rounds must be at least 1")
    return options


def main(arguments=None):
    options = parse(arguments)
    try:
        import torch
    except ImportError as e:
        print(f"gpu_torch: torch is not installed for this python3 ({e}); nothing was compared", file=sys.stderr)
        return 2
    if not torch.cuda.is_available():
        print(f"gpu_torch: torch {torch.__version__} has no GPU that it can use here; nothing was compared", file=sys.stderr)
        return 2
    listing = subprocess.run([options.frit, "bench", "--device=gpu", "--list", "--json", *options.cases], stdout=subprocess.PIPE, text=True)
    if listing.returncode != 0:
        return 1
    cases = json.loads(listing.stdout)
    if unknown(cases):
        print("gpu_torch: cases that are not written in torch: " + ", ".join(unknown(cases)), file=sys.stderr)
        return 1
    cases = [c for c in cases if c["kind"] != "compile"]

    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.set_float32_matmul_precision("highest")
    torch.set_grad_enabled(False)
    properties = torch.cuda.get_device_properties(0)
    l2 = getattr(properties, "L2_cache_size", 0) or 128 << 20
    command = [options.frit, "bench", "--device=gpu", "--turns", "--rounds", str(options.rounds), "--numerics", options.numerics, *(c["name"] for c in cases)]
    frit, results = Frit(command), []
    for case in cases:
        print(f"gpu_torch: {case['name']}", file=sys.stderr)
        results.append(compare(torch, case, frit, options, "cuda", l2, Events(torch)))
        torch.cuda.empty_cache()
    status = frit.process.wait()
    out = {"torch": torch.__version__, "cuda": torch.version.cuda, "gpu": properties.name, "rounds": options.rounds,
           "accuracy": "torch without TF32, f32 inside reductions of bf16; Frit's numerics stand at each case", "modes": options.modes,
           **summary(results), "cases": results}
    if options.json:
        Path(options.json).write_text(json.dumps(out, indent=2) + "\n")
    print(table(results))
    return 1 if status != 0 else 0


if __name__ == "__main__":
    sys.exit(main())
