# Cuts the fenced blocks of a Markdown file into files OUT/NNN.{cpp,output,sh}; lists them in OUT/list as
# "NNN line kind". A ```cpp block is a program, or the inside of main() if it has none. What it prints is
# the next ```text block after <!-- output -->. A ```sh block after <!-- run --> is run.
function finish(file) { close(file); }
BEGIN { n = 0; open = 0; mark = ""; program = "" }
/^```/ {
  if (open) { open = 0; if (file != "") finish(file); file = ""; mark = ""; next }
  open = 1; file = ""
  kind = substr($0, 4)
  if (kind == "cpp" && mark != "skip") {
    program = sprintf("%03d", ++n); file = OUT "/" program ".cpp"; print program, FNR, "cpp" > (OUT "/list")
  } else if (kind == "text" && mark == "output" && program != "") {
    file = OUT "/" program ".output"
  } else if (kind == "sh" && mark == "run") {
    program = sprintf("%03d", ++n); file = OUT "/" program ".sh"; print program, FNR, "sh" > (OUT "/list")
  }
  if (file != "") printf "" > file
  next
}
open { if (file != "") print > file; next }
/^<!-- output -->$/ { mark = "output"; next }
/^<!-- run -->$/ { mark = "run"; next }
END { printf "" > (OUT "/list") }
