#!/bin/sh
# Evidence of where the vDSO of some processes is: writes a vdsowatch-bundle/1 directory, for hosts
# that run nothing but a shell. Needs sh, cat, dd, od, ls, mkdir, rm and uname, better date too; root sees most.
#
#   sh capture.sh -o DIR PID...      then, anywhere else:      vdsowatch analyze DIR
#
# It reads /proc and writes DIR. No process is stopped or changed; the bytes of vDSO-like mappings are
# read last, because that makes their pages present.
set -u
LC_ALL=C
export LC_ALL
umask 077

# The limits of vdsowatch itself; a test of it compares them. Reads of maps in a row that must agree where they
# show one [vdso], and where they do not; and how many at most.
usual_looks=2
odd_looks=10
most_looks=24
# Attempts at a process that keeps changing; mappings looked at, pages of each, and pages of their bytes.
most_rounds=4
most_mappings=256
most_pages=64
most_pages_of_bytes=8

say() { printf 'capture: %s\n' "$*" >&2; }
fail() { code=$1; shift; say "$*"; exit "$code"; }
usage='usage: sh capture.sh -o DIR PID...'

out=
if [ $# -ge 2 ] && [ "$1" = -o ]; then out=$2; shift 2; fi
if [ -z "$out" ] || [ $# -eq 0 ]; then fail 2 "$usage"; fi
for pid do
  case $pid in '' | 0* | *[!0-9]*) fail 2 "not a process id: $pid. $usage" ;; esac
done
case $out in /*) ;; *) out=./$out ;; esac
if [ -d "$out" ]; then
  for entry in "$out"/* "$out"/.[!.]*; do
    if [ -e "$entry" ]; then fail 3 "$out is not empty. Give a new or an empty directory."; fi
  done
else
  mkdir "$out" || fail 3 "$out cannot be made. Give a directory that can be written."
fi

# Page size: getconf, or what smaps says, or the usual one.
page=$(getconf PAGESIZE 2>/dev/null) || page=
case $page in
  '' | *[!0-9]*)
    page=4096
    while read -r key value unit; do
      if [ "$key" = KernelPageSize: ]; then page=$((value * 1024)); break; fi
    done 2>/dev/null </proc/self/smaps
    ;;
esac

# pagemap has the byte order of the machine, a bundle is little-endian.
swap=yes
for word in $(printf '\001\000' | od -An -d); do
  if [ "$word" -eq 1 ]; then swap=; fi
done

# A copy that failed is a process that ended or was refused, unless nothing can be written any more.
writable() {
  printf 'x' >"$out/.room" 2>/dev/null && [ -s "$out/.room" ] && rm -f "$out/.room" && return 0
  rm -f "$out/.room"
  fail 3 "$out cannot be written any more: is the disk full? What is there is not a whole bundle."
}
copy() { # FROM TO
  if cat "$1" >"$2" 2>/dev/null; then return 0; fi
  writable
  rm -f "$2"
  return 1
}

# COUNT words of 8 bytes from number FIRST on.
words() { # FROM TO FIRST COUNT
  dd if="$1" of="$2" bs=8 skip="$3" count="$4" 2>/dev/null
  if [ -s "$2" ]; then return 0; fi
  writable
  rm -f "$2"
  return 1
}
swapped() { # FILE, in place
  if [ -z "$swap" ]; then return 0; fi
  file=$1
  set -- $(od -An -v -b "$file")
  while [ $# -ge 8 ]; do
    printf "\\$8\\$7\\$6\\$5\\$4\\$3\\$2\\$1"
    shift 8
  done >"$file"
}

# Page frames of the words in a little-endian FILE, one a line; 0 where there is none or it is hidden.
frames() { # FILE
  set -- $(od -An -v -b "$1")
  while [ $# -ge 8 ]; do
    frame=0
    if [ "$8" -ge 200 ]; then
      frame=$((0$1 | 0$2 << 8 | 0$3 << 16 | 0$4 << 24 | 0$5 << 32 | 0$6 << 40 | (0$7 & 0177) << 48))
    fi
    echo "$frame"
    shift 8
  done
}

# The lines of a maps FILE that bear a name of the vDSO or its data; these must not change.
named() { # FILE
  while read -r range perms offset dev inode name; do
    case $dev$inode$name in '00:000[vdso]' | '00:000[vvar'*) echo "$range $perms $name" ;; esac
  done <"$1"
}

# One read of maps is no snapshot: the vDSO may be missing from it, or there twice. So it is read until enough
# reads in a row agree.
settle() { # PROC-FOLDER TO
  last=none agreed=0 looks=0
  while [ $looks -lt $most_looks ]; do
    looks=$((looks + 1))
    copy "$1/maps" "$2" || return 1
    seen=$(named "$2")
    if [ "$seen" = "$last" ]; then agreed=$((agreed + 1)); else agreed=1; fi
    last=$seen
    needed=$odd_looks
    case $seen in
      *'[vdso]'*'[vdso]'*) ;;
      *'[vdso]'*) needed=$usual_looks ;;
    esac
    if [ $agreed -ge $needed ]; then return 0; fi
  done
  return 1
}

# The mappings worth a look, "START FIRST-PAGE PAGES bytes|words" each: small, and with no file behind them.
chosen() { # MAPS-FILE
  number=0
  while read -r range perms offset dev inode name; do
    if [ "$inode" != 0 ] || [ "$dev" != 00:00 ]; then continue; fi
    start=${range%%-*} end=${range#*-}
    # From 2^63 on ([vsyscall]) is no memory of the process, and beyond the shell's numbers.
    case $start in [89a-f]???????????????) continue ;; esac
    while [ "${start#0?}" != "$start" ]; do start=${start#0}; done
    pages=$(((0x$end - 0x$start) / page))
    look=words
    case $name in
      '[vdso]') look=bytes ;;
      '[vvar'*) ;;
      '' | '[anon:'*)
        if [ $pages -gt $most_pages ]; then continue; fi
        case $perms in r-?p | r?xp) look=bytes ;; ???s) continue ;; esac
        ;;
      *) continue ;;
    esac
    number=$((number + 1))
    if [ $number -gt $most_mappings ]; then break; fi
    if [ $pages -gt $most_pages ]; then pages=$most_pages; fi
    echo "$start $((0x$start / page)) $pages $look" || return 1
  done <"$1"
}

link() { # PATH: where it leads; nothing before 3.8, where these were files
  text=$(ls -l "$1" 2>/dev/null) || return 1
  case $text in *' -> '*) printf '%s\n' "${text##* -> }" ;; *) return 1 ;; esac
}

field() { # PROC-FOLDER NAME: the first word of that line of its status
  while read -r name word rest; do
    if [ "$name" = "$2:" ]; then
      echo "$word"
      return
    fi
  done 2>/dev/null <"$1/status"
}

process() { # PID
  from=/proc/$1 to=$out/$1
  mkdir "$to" || writable
  for name in stat comm cmdline status; do copy "$from/$name" "$to/$name" || :; done
  # A main thread that has ended while others live has no memory; any of the others has it.
  case $(field "$from" State) in
    Z | X)
      for path in "$from"/task/*; do
        if [ "${path##*/}" != "$1" ] && [ -d "$path" ]; then from=$path; break; fi
      done
      ;;
  esac
  settle "$from" "$to/maps" || return 1
  copy "$from/auxv" "$to/auxv" || :
  for path in "$from"/ns/*; do
    name=${path##*/}
    text=$(link "$path") || continue
    if [ ! -d "$to/ns" ]; then mkdir "$to/ns" || writable; fi
    printf '%s' "$text" >"$to/ns/$name" || writable
  done
  chosen "$to/maps" 2>/dev/null >"$to/.chosen" || writable
  if [ -s "$to/.chosen" ]; then mkdir "$to/pagemap" || writable; fi
  while read -r start first pages look; do
    words "$from/pagemap" "$to/pagemap/$start.bin" "$first" "$pages" || break
    swapped "$to/pagemap/$start.bin"
  done <"$to/.chosen"
  if [ -r /proc/kpageflags ] && [ -d "$to/pagemap" ]; then flags "$to"; fi
  copy "$from/smaps" "$to/smaps" || :
  before=$(named "$to/maps")
  settle "$from" "$to/.again" || return 1
  after=$(named "$to/.again")
  rm -f "$to/.again"
  if [ "$before" != "$after" ]; then return 2; fi
  while read -r start first pages look; do
    if [ "$look" != bytes ]; then continue; fi
    if [ ! -d "$to/mem" ]; then mkdir "$to/mem" || writable; fi
    if [ "$pages" -gt $most_pages_of_bytes ]; then pages=$most_pages_of_bytes; fi
    dd if="$from/mem" of="$to/mem/$start.bin" bs="$page" skip="$first" count="$pages" 2>/dev/null
    # Before 2.6.39 only a debugger may read it: no file is better than an empty one.
    if [ ! -s "$to/mem/$start.bin" ]; then writable; rm -f "$to/mem/$start.bin"; fi
  done <"$to/.chosen"
  rm -f "$to/.chosen"
}

flags() { # FOLDER: /proc/kpageflags of the frames of what could be the vDSO
  mkdir "$1/kpageflags" || writable
  while read -r start first pages look; do
    if [ "$look" != bytes ] || [ ! -e "$1/pagemap/$start.bin" ]; then continue; fi
    target=$1/kpageflags/$start.bin
    for frame in $(frames "$1/pagemap/$start.bin"); do
      if [ "$frame" -eq 0 ] || ! dd if=/proc/kpageflags bs=8 skip="$frame" count=1 2>/dev/null; then
        printf '\000\000\000\000\000\000\000\000'
      fi
    done >"$target" || writable
    swapped "$target"
  done <"$1/.chosen"
}

# The frames of this shell's own vDSO, which every process of this boot with the same image has. Pages
# that nobody touched are touched first, by reading them; where that is refused the list is shorter.
own() {
  named /proc/$$/maps >"$out/.own"
  reference=
  while read -r range perms name; do
    if [ "$name" != '[vdso]' ]; then continue; fi
    start=${range%%-*} end=${range#*-}
    case $start in [89a-f]???????????????) continue ;; esac
    first=$((0x$start / page)) pages=$(((0x$end - 0x$start) / page))
    dd if=/proc/$$/mem of=/dev/null bs="$page" skip="$first" count="$pages" 2>/dev/null
    words /proc/$$/pagemap "$out/.words" "$first" "$pages" || continue
    swapped "$out/.words"
    for frame in $(frames "$out/.words"); do
      if [ "$frame" -eq 0 ]; then break; fi
      reference=$reference${reference:+, }\"$(printf '0x%x' "$frame")\"
    done
    rm -f "$out/.words"
  done <"$out/.own"
  rm -f "$out/.own"
}

# Which image that is: the ELF class and machine of this shell.
image() {
  set -- $(dd if=/proc/$$/exe bs=20 count=1 2>/dev/null | od -An -v -b)
  if [ $# -lt 20 ]; then echo unknown; return; fi
  case $5-$((0${19} | 0${20} << 8)) in
    002-62 | 002-15872) echo x86_64 ;;
    001-62) echo x32 ;;
    001-3) echo i386 ;;
    002-183) echo aarch64 ;;
    001-40) echo arm ;;
    *) plain "$(uname -m)" ;;
  esac
}
plain() { # TEXT, without what would need escaping in JSON
  rest=$1 text=
  while [ -n "$rest" ]; do
    first=${rest%"${rest#?}"}
    rest=${rest#?}
    case $first in [A-Za-z0-9._+~-]) text=$text$first ;; esac
  done
  printf '%s\n' "$text"
}

if [ "$((0x7fffffffffff))" != 140737488355327 ]; then
  fail 3 'this shell cannot count to 2^47. Run it with dash, bash or busybox sh.'
fi
# Now, by the boot clock and by the time of day: JSON, or nothing where /proc does not tell.
now() {
  read -r uptime rest 2>/dev/null </proc/uptime || uptime=
  case $uptime in '' | .* | *[!0-9.]*) return ;; esac
  time=$(date -u +%Y-%m-%dT%H:%M:%SZ 2>/dev/null) || time=
  case $time in
    [0-9]*T*Z) printf '{"uptime": "%s", "time": "%s"}' "$uptime" "$time" ;;
    *) printf '{"uptime": "%s"}' "$uptime" ;;
  esac
}

begun=$(now)
own
status=0 captured=0
for pid do
  if [ -d "$out/$pid" ]; then continue; fi
  if [ ! -d "/proc/$pid" ]; then say "There is no process $pid."; status=3; continue; fi
  # /proc answers for a thread too, whom no listing has.
  leader=$(field "/proc/$pid" Tgid)
  if [ "${leader:-$pid}" != "$pid" ]; then
    say "$pid is no process: it is a thread of process $leader. Give $leader."
    status=3
    continue
  fi
  tries=0
  while :; do
    tries=$((tries + 1))
    process "$pid"
    result=$?
    if [ $result -ne 2 ] || [ $tries -ge $most_rounds ]; then break; fi
    rm -rf "${out:?}/$pid"
  done
  if [ $result -eq 0 ]; then
    captured=$((captured + 1))
  else
    rm -rf "${out:?}/$pid"
    say "Process $pid could not be read: it ended, it kept changing, or this user may not."
    status=3
  fi
done
if [ $captured -eq 0 ]; then rmdir "$out" 2>/dev/null; exit 3; fi

ended=$(now)
boot=
read -r boot 2>/dev/null </proc/sys/kernel/random/boot_id || :
boot=$(plain "$boot")
{
  printf '{\n  "format": "vdsowatch-bundle/1",\n'
  printf '  "host": {"release": "%s", "machine": "%s", "pageSize": %s, "hintTest": "unknown"%s},\n' \
    "$(plain "$(uname -r)")" "$(plain "$(uname -m)")" "$page" "${boot:+, \"bootId\": \"$boot\"}"
  if [ -n "$begun" ] && [ -n "$ended" ]; then
    printf '  "taken": {"from": %s, "until": %s},\n' "$begun" "$ended"
  fi
  if [ -n "$reference" ]; then
    printf '  "reference": {"%s": [%s]},\n' "$(image)" "$reference"
  else
    printf '  "reference": {},\n'
  fi
  printf '  "note": "Read from /proc by capture.sh."\n}\n'
} >"$out/bundle.json" || writable
say "$captured captured in $out"
exit $status
