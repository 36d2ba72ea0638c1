# exits.sh CODE COMMAND…: succeeds when the command's exit code is CODE.
wanted=$1
shift
"$@"
code=$?
[ "$code" = "$wanted" ] || { echo "exit code $code instead of $wanted: $*" >&2; exit 1; }
