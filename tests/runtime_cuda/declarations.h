// A function pointer of ours against a function of NVIDIA's headers.
#pragma once

#include <type_traits>

namespace frit::rt::cuda {

// A parameter has the size and kind of the header's, whatever it is called.
template <class A, class B>
constexpr bool same_kind = sizeof(A) == sizeof(B) && std::is_pointer_v<A> == std::is_pointer_v<B>;
// Status: what the header's functions return.
template <class Status, class Ours, class Theirs>
struct Same : std::false_type {};
template <class Status, class... A, class... B>
  requires(sizeof...(A) == sizeof...(B))
struct Same<Status, int (*)(A...), Status (*)(B...)> : std::bool_constant<(same_kind<A, B> && ...)> {};

}  // namespace frit::rt::cuda
