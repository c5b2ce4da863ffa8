# Looks whether a target can be reached: gate open|closed HOST PORT. The same words in both roles, so that the first,
# in a pod without rules, shows that they work; the second runs before the sandbox, in its network. A failure may be
# chance: two in a row are asked for.
wanted=$1 host=$2 port=$3
if command -v nc >/dev/null; then
  case $(nc -h 2>&1) in
    *"-e PROG"*) reach() { nc -w 1 "$host" "$port" -e true </dev/null >/dev/null 2>&1; } ;;
    *) reach() { nc -z -w 1 "$host" "$port" </dev/null >/dev/null 2>&1; } ;;
  esac
elif command -v python3 >/dev/null; then
  look='import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)'
  reach() { python3 -c "$look" "$host" "$port" 2>/dev/null; }
elif command -v bash >/dev/null; then
  reach() { timeout 1 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$host" "$port" 2>/dev/null; }
else
  echo "the image has none of nc, python3 and bash to look with"
  exit 1
fi
began=$(date +%s)
refused=0
while test "$refused" -lt 2; do
  if reach; then
    test "$wanted" = closed || exit 0
    refused=0
  else
    refused=$((refused + 1))
  fi
  if test "$(($(date +%s) - began))" -ge 10; then break; fi
done
if test "$wanted" = closed && test "$refused" -ge 2; then exit 0; fi
if test "$wanted" = open; then echo "$host:$port cannot be reached"; else echo "$host:$port can still be reached"; fi
exit 1
