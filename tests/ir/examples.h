// Programs of the three levels that the tests of text and verifier start from.
#pragma once

#include <string>
#include <vector>

#include "ir/text.h"

namespace frit::ir::test {

// Printed text: reads back byte for byte. Together they hold every op that is not a row of the
// elementwise or reduction tables.
inline const std::vector<std::string>& examples() {
  static const std::vector<std::string> list = {
      R"(frit 1
func @tensor(%x: f32[4,6], %y: f32[4,6] strides=[1,4] captured, %k: i64[3], %s: f32, %b: bool[4,6]) -> (f32[4,6], i64) {
  %mul = mul %x, %y : f32[4,6] @1
  %mul.1 = mul %mul, %s : f32[4,6] @2
  %add = add %mul.1, -0.0 : f32[4,6] @3
  %where = where %b, %add, nan : f32[4,6]
  %where.1 = where true, 1.0, %where : f32[4,6]
  %lt = lt %x, 0.5 : bool[4,6]
  %cast = cast %lt to=i64 : i64[4,6]
  %cast.1 = cast 3:u8 to=f64 : f64
  %full = full 7 : u32[2,0]
  %full.1 = full %s : f32[5]
  %iota = iota axis=1 : i32[2,3]
  %broadcast = broadcast %s : f32[7,n]
  %reshape = reshape %x : f32[2,12]
  %permute = permute %x order=[1,0] : f32[6,4]
  %slice = slice %x start=[0,1] limit=[4,6] step=[2,3] : f32[2,2]
  %pad = pad %x, inf low=[0,1] high=[2,0] : f32[6,7]
  %concat = concat %x, %y axis=0 : f32[8,6]
  %reverse = reverse %x axes=[1] : f32[4,6]
  %gather = gather %x, %k axis=1 : f32[4,3]
  %dot = dot %x, %y lhs=[1] rhs=[1] batch_lhs=[] batch_rhs=[] : f32[4,4]
  %sum = reduce.sum %cast axes=[1,0] : i64[1,1]
  %reshape.1 = reshape %sum : i64
  return %where.1, %reshape.1 @3
}
@1 = "demo.cpp":12:11
@2 = "other \"quoted\"\\name.cpp":40:5
@3 = "frontend/nn.h":7:0 from @2
)",
      R"(frit 1
fused func @softmax(%x: f32[128,n], %k: i64[128]) -> (f32[128,n], f32[128,1], f32[2]) {
  %r, %m.1, %z = fused %x, %k over [i:128, j:n, h:2] schedule="row" : f32[128,n], f32[128,1], f32[2] @1 {
    %a = read %x[i, j] : f32 @1
    %m = reduce.max %a over j : f32
    %d = read %k[127 - i] : i64
    %g = read %x[i - 1, 2*j + %d], %d guard=-inf:f32 : f32
    %e = sub %a, %m : f32
    %ix = index [3*i - 2*j + 5] : i64
    %c = cast %ix to=f32 : f32
    %p = mul %c, %g : f32
    %q = add %p, 1.0 : f32
    %t = reduce.dot %e, %q over j : f32
    %u = add %t, 0.0 : f32
    %w = reduce.sum %u over i : f32
    %ww = reduce.sum 1.0:f32 over j : f32
    yield %q[i, j], %m[i, 0], 2.0:f32[h]
  }
  %scale = mul %r, 2.0 : f32[128,n]
  return %scale, %m.1, %z
}
@1 = "demo.cpp":3:1
)",
      R"(frit 1
fused func @number(%x: f64) -> f64 {
  %r = fused %x over [] : f64 {
    %a = read %x : f64
    %b = neg %a : f64
    yield %b
  }
  return %r
}
)",
      R"(frit 1
kernel @rows(%x: buf f32, %y: buf f32, %n: index, %m: index) {
  %local = local [1024] : buf f32
  %local.1 = local [2*%n + 8] : buf f32
  %div = index.div [%n, 4] : index
  work [4*%n*%m] schedule="row" { (r)
    %rem = index.rem [r, %m] : index
    %min = index.min [%rem, %div] : index
    %max = index.max [%rem - 1, 0] : index
    %max.1 = lanes [0, %n] reduce=[reduce.max] unroll=4 : f32 { (j)
      %a = load %x[r*%n + %min + 1024*j - 9223372036854775808] : f32
      %p = lt %a, 0.0 : bool
      %g = load %x[r + j], %p, inf : f32
      %abs = abs %g : f32
      store %local[j], %abs
      yield %abs
    }
    %i = index [%max + 1] : i64
    %sum, %argmax = lanes [0, 8] reduce=[reduce.sum, reduce.argmax] tree=1 : f32, i64 { (j.1)
      %b = load %local[%i + j.1] : f32
      yield %b, %b
    }
    cols [0, %m, 0, 8] %local.1 reduce=[reduce.sum] { (k, j.2)
      %c = load %x[k*%m + j.2] : f32
      yield %c
    }
    product [0, %m, 2, 4, 0, 4] %local size=4 { (k.1, i.1, j.3)
      %d = load %x[k.1 + 8*i.1] : f32
      %h = load %x[k.1 + j.3] : f32
      yield %d, %h
    }
    loop [0, 16] step=2 { (k.2)
      prefetch %x[k.2 + 64]
      lanes [0, 4] { (j.4)
        store %y[r + k.2 + j.4], 1.0 stream=1
      }
    }
    tile %x[0, %n, 4, 4], %local size=4
    store %y[%argmax], %sum
  }
  finish {
    %e = load %y[0] : f32
    store %y[0], %e
  }
}
)"};
  return list;
}

// The pieces of a function that compact() keeps, spelled out; equal for equal functions.
std::string spelled(Func f);

}  // namespace frit::ir::test
