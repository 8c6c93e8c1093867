// See segments.h.
#include "lowering/segments.h"

#include <algorithm>
#include <map>

#include "codegen/key.h"

namespace frit::lower {

namespace {

constexpr size_t kMostSegments = 1024;  // of a launch: the search for an item's segment stays short

// Calls visit(expression) for each index expression whose numbers may be parameters, always in one order.
template <class F>
void for_each_free(ir::Func& f, const std::vector<OpId>& ops, F&& visit) {
  for (OpId id : ops) {
    const Op op = f.op(id).op;
    if (op != Op::lanes && op != Op::cols && op != Op::product && op != Op::loop && op != Op::local && op != Op::tile)
      for (IndexExpr& e : f.op(id).index) visit(e);
    for (const ir::Region& r : f.op(id).regions) for_each_free(f, r.ops, visit);
  }
}

bool is_free(const IndexExpr::Term& t) { return t.scale == kNone && (t.coeff < -1 || t.coeff > 1); }

Kernel joined(const std::vector<Kernel>& all, const std::vector<size_t>& which, const ir::Func& func, const std::vector<std::vector<int64_t>>& params) {
  Kernel out = all[which[0]];
  out.func = func;
  for (OpId id : out.func.body.ops)
    if (out.func.op(id).op == Op::work) out.func.op(id).set(ir::AttrName::segments, static_cast<int64_t>(which.size()));
  for (size_t i = 1; i < which.size(); ++i) {
    const Kernel& k = all[which[i]];
    out.tensors.insert(out.tensors.end(), k.tensors.begin(), k.tensors.end());
    out.in_place.insert(out.in_place.end(), k.in_place.begin(), k.in_place.end());
    out.bytes_read = ir::checked_add(out.bytes_read, k.bytes_read);
    out.bytes_written = ir::checked_add(out.bytes_written, k.bytes_written);
    out.flops = ir::checked_add(out.flops, k.flops);
    out.wide |= k.wide;
  }
  out.params.clear();
  out.work = 0;
  for (size_t i : which) {
    out.starts.push_back(out.work);
    out.work = ir::checked_add(out.work, all[i].work);
    for (const auto& column : params) out.params.push_back(column[i]);
  }
  out.why += "; " + std::to_string(which.size()) + " such kernels, over arrays of their own, in one launch";
  return out;
}

}  // namespace

Form form_of(const ir::Func& kernel) {
  Form form;
  ir::Func f = kernel;
  for_each_free(f, f.body.ops, [&](IndexExpr& e) {
    form.numbers.push_back(e.constant);
    e.constant = 0;
    for (IndexExpr::Term& t : e.terms)
      if (is_free(t)) {
        form.numbers.push_back(t.coeff);
        t.coeff = 2;
      }
  });
  form.key = codegen::kernel_key(f, codegen::Isa::avx2);
  return form;
}

std::vector<Kernel> with_segments(std::vector<Kernel> kernels, const std::vector<Form>& forms, int64_t argument_bytes) {
  ir::Func f = kernels[0].func;
  std::vector<std::vector<int64_t>> params;  // the values of each, by kernel
  std::map<std::vector<int64_t>, ValueId> known;
  size_t at = 0;
  // The parameter for the next number; kNone where all kernels have the same one.
  auto parameter = [&] {
    std::vector<int64_t> column;
    for (const Form& form : forms) column.push_back(form.numbers[at]);
    ++at;
    if (std::all_of(column.begin(), column.end(), [&](int64_t v) { return v == column[0]; })) return kNone;
    auto [it, fresh] = known.emplace(column, kNone);
    if (fresh) {
      it->second = f.add_param(ir::Type::index(), "n");
      params.push_back(std::move(column));
    }
    return it->second;
  };
  for_each_free(f, f.body.ops, [&](IndexExpr& e) {
    IndexExpr out(e.constant);
    if (const ValueId p = parameter(); p != kNone) out = IndexExpr::of(p);
    for (const IndexExpr::Term& t : e.terms) {
      const ValueId p = is_free(t) ? parameter() : kNone;
      if (p != kNone) out.add_term(t.var, 1, p);
      else out.add_term(t.var, t.coeff, t.scale);
    }
    e = std::move(out);
  });
  f.compact();

  const auto each = static_cast<int64_t>(sizeof(int64_t) * (kernels[0].tensors.size() + params.size() + 1));
  const size_t most = std::clamp<size_t>(static_cast<size_t>(argument_bytes / each), 1, kMostSegments);
  const size_t launches = (kernels.size() + most - 1) / most;
  std::vector<Kernel> out;
  for (size_t l = 0; l < launches; ++l) {
    std::vector<size_t> which;
    for (size_t i = kernels.size() * l / launches; i < kernels.size() * (l + 1) / launches; ++i) which.push_back(i);
    out.push_back(joined(kernels, which, f, params));
  }
  return out;
}

}  // namespace frit::lower
