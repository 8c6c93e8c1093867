# Whether the output (second file) is the expected text (first file). In expected lines ... stands for any
# characters; a line of ... alone for any number of lines. Exits 1, naming the first line that differs.
function pattern(s,   i, c, out, parts, k) {
  k = split(s, parts, /\.\.\./)
  out = "^"
  for (i = 1; i <= k; ++i) {
    gsub(/[][\\.^$*+?(){}|]/, "\\\\&", parts[i])
    out = out parts[i] (i < k ? ".*" : "$")
  }
  return out
}
function from(i, j,   t) {  # expected lines i.. match output lines j..
  while (i <= e) {
    if (expected[i] == "...") {
      for (t = j; t <= o + 1; ++t) if (from(i + 1, t)) return 1
      return 0
    }
    if (j > o || output[j] !~ pattern(expected[i])) { if (i > worst) { worst = i; at = j } return 0 }
    ++i; ++j
  }
  return j > o
}
FNR == NR { sub(/[ \t]+$/, ""); expected[++e] = $0; next }
{ sub(/[ \t]+$/, ""); output[++o] = $0 }
END {
  if (from(1, 1)) exit 0
  if (worst) print "expected: " expected[worst] "\ngot:      " (at <= o ? output[at] : "(nothing more)")
  else print "more output than expected"
  exit 1
}
