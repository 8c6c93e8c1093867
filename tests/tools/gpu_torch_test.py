"""The parts of scripts/gpu_torch.py that need neither torch nor a GPU: gpu_torch_test.py SCRIPT FRIT"""
import importlib.util
import inspect
import io
import json
import subprocess
import sys
import types
import unittest
from contextlib import redirect_stderr
from unittest import mock

SCRIPT, FRIT = sys.argv[1:3]
spec = importlib.util.spec_from_file_location("gpu_torch", SCRIPT)
g = importlib.util.module_from_spec(spec)
sys.dont_write_bytecode = True
spec.loader.exec_module(g)


def listed():
    return json.loads(subprocess.run([FRIT, "bench", "--device=gpu", "--list", "--json"], stdout=subprocess.PIPE, check=True).stdout)


class Made:
    """In the place of a tensor: its shape, whatever is done to its numbers."""

    def __init__(self, shape, generator=None, device=None):
        self.shape = shape

    def __mul__(self, other):
        return self

    __add__ = __mul__

    def to(self, dtype):
        return self


class Cases(unittest.TestCase):
    def test_every_case_of_the_bench_is_written_in_torch(self):
        cases = listed()
        self.assertGreater(len(cases), 80)
        self.assertEqual(g.unknown(cases), [])
        used = {g.program_of(c["name"]) for c in cases}
        self.assertEqual(set(g.INPUTS) - used - {"adamw200"}, set())  # nothing is left over; AdamW is listed where the bench has it

    def test_names(self):
        for name, program in {"softmax": "softmax", "softmax_l2": "softmax", "softmax_bf16": "softmax", "softmax_f32_256k": "softmax",
                              "layernorm_backward_bf16_32k": "layernorm_backward", "swiglu_bf16_14336": "swiglu", "chain20_l2": "chain20",
                              "sum_axis0": "sum_axis0", "adamw200_100m": "adamw200", "nosuch_f32_1k": None, "softmax_f33": None}.items():
            self.assertEqual(g.program_of(name), program, name)
        self.assertEqual(g.unknown([{"name": "saxpy"}, {"name": "nosuch"}]), ["nosuch"])

    def test_programs_take_the_inputs_that_are_made(self):
        names = types.SimpleNamespace(nn=types.SimpleNamespace(functional=None))
        programs = g.programs(names)
        self.assertEqual(set(programs), set(g.INPUTS))
        for name, function in programs.items():
            self.assertEqual(len(inspect.signature(function).parameters), len(g.INPUTS[name]), name)
        for name, function in g.eager_programs(names).items():
            self.assertEqual(len(inspect.signature(function).parameters), len(g.INPUTS[name]), name)

    def test_shapes_of_inputs(self):
        case = {"name": "x", "shape": [6, 7]}
        self.assertEqual(g.ONE.shape(case), [6, 7])
        self.assertEqual(g.Range(0, 1, row=True).shape(case), [7])
        self.assertEqual(g.Range(0, 0, target=True).shape(case), [6])

    def test_the_tensors_of_a_case_are_those_that_the_bench_lists(self):
        case = next(c for c in listed() if c["name"] == "adamw200_100m")
        torch = types.SimpleNamespace(float32="f32", float64="f64", float16="f16", bfloat16="bf16", rand=Made)
        inputs = g.make_inputs(torch, case, None, "cpu")
        self.assertEqual(len(inputs), 4)
        for tensors in inputs:
            self.assertEqual(len(tensors), 200)
            self.assertEqual(sum(g.math.prod(t.shape) for t in tensors), 10**8)
            self.assertEqual([t.shape for t in tensors], case["tensors"])

    def test_a_case_has_its_numerics(self):
        fast = {g.program_of(c["name"]) for c in listed() if c["compared_numerics"] == "fast"}
        self.assertEqual(fast, {"softmax", "swiglu", "cross_entropy"})
        self.assertTrue(all(c["dtype"] == "bf16" for c in listed() if c["compared_numerics"] == "fast"))
        self.assertEqual(g.parse([]).numerics, "compared")

    def test_copies_go_beyond_the_cache(self):
        case = {"kind": "memory", "shape": [1000], "dtype": "f32", "reads": 2, "writes": 1, "in_place": False}
        self.assertEqual(g.bytes_of(case), 12000)
        self.assertEqual(g.copies(case, 5999), 1)     # 12000 > 2 * 5999
        self.assertEqual(g.copies(case, 6000), 2)
        self.assertEqual(g.copies(case, 60000), 11)   # together larger than twice the cache
        self.assertEqual(g.copies(case, 1 << 40), g.MOST_COPIES)
        self.assertEqual(g.copies({**case, "kind": "call"}, 60000), 1)
        self.assertEqual(g.bytes_of({**case, "in_place": True, "dtype": "bf16"}), 4000)


class Merging(unittest.TestCase):
    case = {"name": "a", "shape": [2], "dtype": "f32", "kind": "memory", "reads": 1, "writes": 1, "in_place": False}

    def test_middles(self):
        self.assertEqual(g.median([3, 1, 2]), 2)
        self.assertEqual(g.median([4, 1, 2, 3]), 2.5)
        self.assertIsNone(g.median([]))
        self.assertAlmostEqual(g.geometric_mean([2, 8]), 4)
        self.assertIsNone(g.geometric_mean([]))

    def test_ratios_are_those_of_the_rounds(self):
        frit = [{"numerics": "fast", "fused_us": 10, "limit_us": 9}, {"fused_us": 20, "limit_us": 16}, {"fused_us": 10, "limit_us": 9}]
        r = g.merge(self.case, frit, {"eager": [40, 60, 50], "default": [11, 24, 12], "max-autotune": [9, 18, 9.5], "max-autotune-no-cudagraphs": None},
                    {"default": {"compile_s": 2.5}, "max-autotune-no-cudagraphs": {"error": "RuntimeError: no"}})
        self.assertEqual((r["numerics"], r["frit_us"], r["limit_us"]), ("fast", 10, 9))
        self.assertEqual(r["torch"]["eager"]["ratio"], 4)
        self.assertEqual(r["torch"]["default"], {"compile_s": 2.5, "us": 12, "ratio": 1.2, "of_limit": 0.75})
        self.assertEqual(r["torch"]["max-autotune-no-cudagraphs"], {"error": "RuntimeError: no"})
        self.assertEqual((r["best"], r["ratio"]), ("max-autotune", 0.9))  # eager is no compiled mode

    def test_a_case_that_torch_cannot_run(self):
        r = g.merge(self.case, [{"numerics": "strict", "fused_us": 10, "limit_us": 0}], {"eager": None, "default": None}, {"eager": {"error": "e"}, "default": {"error": "e"}})
        self.assertEqual((r["limit_us"], r["best"], r["ratio"]), (None, None, None))
        s = g.summary([r])
        self.assertEqual((s["compared"], s["geomean"], s["failed"]), (0, None, ["a eager", "a default"]))
        self.assertIn("failed: a eager", g.table([r]))

    def test_summary(self):
        results = [g.merge({**self.case, "name": n}, [{"numerics": "strict", "fused_us": 10, "limit_us": 5}], {"eager": [80], "default": [us]}, {}) for n, us in (("a", 5), ("b", 20))]
        s = g.summary(results)
        self.assertAlmostEqual(s["geomean"], 1)
        self.assertAlmostEqual(s["geomean_eager"], 8)
        self.assertEqual((s["compared"], s["below"], s["failed"]), (2, ["a"], []))
        self.assertIn("2 cases, geometric mean 1.00", g.table(results))


class Running(unittest.TestCase):
    def main(self, torch, arguments=()):
        err = io.StringIO()
        with mock.patch.dict(sys.modules, {"torch": torch}), redirect_stderr(err):
            try:
                code = g.main(list(arguments))
            except SystemExit as e:
                code = e.code
        return code, err.getvalue()

    def test_without_torch(self):
        code, err = self.main(None)
        self.assertEqual(code, 2)
        self.assertIn("torch is not installed", err)

    def test_without_a_gpu(self):
        code, err = self.main(types.SimpleNamespace(__version__="9.9", cuda=types.SimpleNamespace(is_available=lambda: False)))
        self.assertEqual(code, 2)
        self.assertIn("torch 9.9 has no GPU", err)

    def test_usage(self):
        for words in (["--rounds", "0"], ["--modes", "eager,fast"], ["--nosuch"]):
            self.assertEqual(self.main(None, words)[0], 2, words)

    def test_turns_with_the_bench(self):
        """The protocol against the program itself (on the CPU), with a mode that is ours: torch only counts its calls."""
        case = next(c for c in listed() if c["name"] == "tiny")
        order = []

        class Mode:
            def __init__(self, torch, case, mode, rings, clock):
                if mode == "max-autotune":
                    raise RuntimeError("cannot\nat all")
                self.mode, self.us, self.facts = mode, [], {}

            def round(self):
                order.append(self.mode)
                self.us.append(1e6)

        torch = types.SimpleNamespace(_dynamo=types.SimpleNamespace(reset=lambda: None),
                                      Generator=lambda device: types.SimpleNamespace(manual_seed=lambda n: None))
        options = types.SimpleNamespace(modes=["eager", "default", "max-autotune"], rounds=3)
        frit = g.Frit([FRIT, "bench", "tiny", "--threads=1", "--rounds=3", "--turns", "--numerics=compared"])
        steps = []
        step = frit.step
        frit.step = lambda c, name: (steps.append(name), order.append("frit"), step(c, name))[2]
        with mock.patch.object(g, "Contestant", Mode), mock.patch.object(g, "make_inputs", lambda *a: []):
            r = g.compare(torch, case, frit, options, "cpu", 1 << 20, None)
        self.assertEqual(frit.process.wait(), 0)
        frit.process.stdin.close()
        frit.process.stdout.close()
        self.assertEqual(steps, ["ready", "round", "round", "round", "end"])
        self.assertEqual(order, ["frit", "frit", "eager", "default", "default", "eager", "frit", "frit", "eager", "default", "frit"])
        self.assertGreater(r["frit_us"], 0)
        self.assertEqual(r["numerics"], "strict")
        self.assertGreater(r["torch"]["default"]["ratio"], 1)
        self.assertEqual(r["torch"]["max-autotune"], {"error": "RuntimeError: cannot"})
        self.assertEqual(r["best"], "default")

    def test_a_bench_that_ends_early(self):
        frit = g.Frit([FRIT, "bench", "nosuch", "--turns"])
        with self.assertRaises(SystemExit) as e:
            frit.step({"name": "tiny"}, "ready")
        self.assertIn("ended at tiny with status 2", str(e.exception))
        frit.process.stdout.close()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
