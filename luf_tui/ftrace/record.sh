#!/bin/sh
# shellcheck disable=SC2016,SC2329
# Records what luf-tui replays. As root:
#     luf-tui record > record.sh; sh record.sh [COMMAND [ARGUMENT]...]
# It records while the command runs, for 30 seconds without one, and writes luf.trace.gz here.
# BUFFER_KB=n sets the size of each CPU's buffer, PROBES=no leaves the kprobes out.
set -eu
[ $# -gt 0 ] || set -- sleep 30

T=${TRACEFS:-/sys/kernel/tracing}
I=$T/instances/luf                   # ring buffers of their own: other tracing is not disturbed
F=$T/instances/luf_faults
PROC=${LUF_PROC:-/proc}
KERNEL=${LUF_KERNEL:-$(uname -r)}
LOCK=${LUF_LOCK:-/run/luf-record.pid}
readers='' work='' mine='' whole=''

say() { printf 'record: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 2
}

# stop SIGNAL WHOM: ends a process, or with a minus the group of one, in at most ten seconds.
stop() {
    kill -s "$1" -- "$2" 2>/dev/null || return 0
    tries=0
    while kill -s 0 -- "$2" 2>/dev/null; do
        tries=$((tries + 1))
        if [ "$tries" -gt 100 ]; then
            kill -s KILL -- "$2" 2>/dev/null || true
            return 0
        fi
        sleep 0.1
    done
}
# Removes probes and buffers, of this run or of an earlier one that was killed.
remove() {
    for e in "$T"/events/luf/*/enable "$I"/events/luf/*/enable; do
        [ ! -e "$e" ] || echo 0 > "$e" || true
    done
    for i in "$I" "$F"; do
        [ -d "$i" ] || continue
        echo 0 > "$i/tracing_on" || true
        # A reader whose shell was killed waits there for ever.
        open=$(find "$PROC"/[0-9]*/fd -lname "$i/trace_pipe" 2>/dev/null) || true
        for p in $open; do
            p=${p#"$PROC"/}
            stop TERM "${p%%/*}"
        done
        rmdir "$i" || say "$i cannot be removed: does somebody read it?"
    done
    [ -e "$T/kprobe_events" ] || return 0
    there=$(sed -n 's|^[pr][0-9]*:luf/\([^ ]*\) .*|\1|p' "$T/kprobe_events")
    for p in $there; do
        echo "-:luf/$p" >> "$T/kprobe_events" || say "the probe luf/$p cannot be removed"
    done
}
clean() {
    rc=$?
    trap - EXIT
    trap '' INT TERM HUP
    set +e
    [ -z "$work" ] || stop "$END" "-$work"
    for i in "$I" "$F"; do
        [ ! -e "$i/tracing_on" ] || [ -z "$mine" ] || echo 0 > "$i/tracing_on"
    done
    [ -z "$readers" ] || sleep 1         # cat writes what it has
    for p in $readers; do
        stop TERM "$p"
    done
    if [ -n "$mine" ]; then
        remove
        rm -f "$LOCK"
        [ -n "$whole" ] || [ ! -s luf.trace ] ||
            say 'this did not come to its end; what was recorded until then is in luf.trace'
    fi
    exit "$rc"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

for f in luf.trace luf.trace.gz luf.faults luf.dat; do
    [ ! -e $f ] || die "$f is there already; record in another folder, or move it"
done
[ "$(uname -m)" = x86_64 ] ||
    die "$(uname -m) is not known here: tlb:tlb_flush and the probes are those of x86-64"
#: trace-cmd
END=INT                              # trace-cmd writes its file then
command -v trace-cmd > /dev/null ||
    die 'trace-cmd is not installed; what luf-tui record prints without --variant needs no tool'
#: tracefs
END=TERM
#: all
[ -e "$T/trace" ] || mount -t tracefs nodev "$T" ||
    die "no tracefs at $T: run this as root, on a kernel with CONFIG_FTRACE"
[ -w "$T/instances" ] || die "$T/instances cannot be written: run this as root"
if [ -e "$LOCK" ] && kill -s 0 -- "$(cat "$LOCK")" 2>/dev/null; then
    die "process $(cat "$LOCK") records already; if that is something else, remove $LOCK"
fi
echo $$ > "$LOCK" || die "$LOCK cannot be written"
mine=1
remove

# Kprobes on entry of the functions that clear a PTE for reclaim and for migration, and of those
# that tell what is otherwise inferred: which address space a CPU loads, what is unmapped and not
# flushed yet, whom a batch asks, and which addresses are flushed.
#   p:GROUP/NAME FUNCTION FIELD=WHAT:TYPE ...    $arg1 is the first argument, x64 prints it in hex
#   +16($arg2) reads memory: where vm_mm and vm_flags lie in vm_area_struct differs by version;
#   vma->vm_mm asks the kernel's own description of its types (BTF), from 6.6 on.
version=$(echo "$KERNEL" | awk -F '[^0-9]+' '{ print $1 * 1000 + $2 }')
probes=''

# The name a function has here: a compiler may have renamed it (.isra.0, .constprop.0).
symbol() {
    if ! names=$(cut -d ' ' -f 1 "$T/available_filter_functions" 2>/dev/null); then
        names=$(cut -d ' ' -f 3 "$PROC/kallsyms" 2>/dev/null) || names=''
    fi
    echo "$names" | awk -v f="$1" '
        $1 == f { name = f }
        name == "" && index($1, f ".") == 1 && $1 ~ /[.](isra|constprop)[.][0-9]+$/ { name = $1 }
        END { print name }'
}
# probe NAME FUNCTION FIELDS
probe() {
    f=$(symbol "$2")
    [ -n "$f" ] || return 1
    { echo "p:luf/$1 $f $3" >> "$T/kprobe_events"; } 2>/dev/null || return 1
    probes="$probes $1"
}
# unmaps NAME FUNCTION: by BTF where there is any, else by the offsets of this version.
unmaps() {
    if [ -z "$(symbol "$2")" ]; then
        say "no function $2 to probe: its unmaps are not told"
        return 0
    fi
    if grep -q -e '->field' "$T/README" 2>/dev/null; then
        for at in 'vm_flags=vma->vm_flags:x64 mm=vma->vm_mm:x64' 'mm=vma->vm_mm:x64'; do
            probe "$1" "$2" "folio=\$arg1:x64 $at addr=\$arg3:x64" && return 0
        done
    fi
    if [ "$version" -le 6000 ]; then
        at='vm_flags=+80($arg2):x64 mm=+64($arg2):x64'
    elif [ "$version" -le 6018 ]; then
        at='vm_flags=+32($arg2):x64 mm=+16($arg2):x64'
    else
        die "where vm_area_struct of $KERNEL keeps vm_mm is not known, and the kernel does not" \
            'tell (CONFIG_PROBE_EVENTS_BTF_ARGS): PROBES=no records without'
    fi
    probe "$1" "$2" "folio=\$arg1:x64 $at addr=\$arg3:x64" ||
        say "$2 cannot be probed: its unmaps are not told"
}
cpus=0
for c in "$T"/per_cpu/cpu*; do
    [ ! -e "$c" ] || cpus=$((cpus + 1))
done
[ "$cpus" -gt 0 ] || die "$T/per_cpu names no CPU"
if [ "${PROBES:-}" = no ] || [ ! -e "$T/kprobe_events" ]; then
    say 'no kprobes (CONFIG_KPROBE_EVENTS): the trace will not say which address space is' \
        'unmapped, nor anything of reclaim without migration'
else
    [ "$version" -ge 5015 ] || die "kernels before 5.15, as $KERNEL, are not known here"
    unmaps unmap_one try_to_unmap_one
    unmaps migrate_one try_to_migrate_one
    probe switch_mm switch_mm_irqs_off 'next=$arg2:x64' ||
        say 'which address space a CPU loads is inferred: switch_mm_irqs_off cannot be probed'
    if [ "$version" -ge 6005 ]; then
        pte='pte=%si:x64'
    else
        pte='writable=%si:x64'           # a bool there
    fi
    # The one version between may have either.
    [ "$version" -eq 6004 ] || probe unmap_pte set_tlb_ubc_flush_pending "mm=%di:x64 $pte" ||
        say 'which PTEs could be written is inferred: set_tlb_ubc_flush_pending cannot be probed'
    words=x64
    [ "$cpus" -le 64 ] || words="x64[$((cpus > 1024 ? 16 : (cpus + 63) / 64))]"
    probe batch arch_tlbbatch_flush "mask=+0(\$arg1):$words" ||
        say 'whom a batch asks is inferred: arch_tlbbatch_flush cannot be probed'
    probe flush_range flush_tlb_mm_range 'mm=$arg1:x64 start=$arg2:x64 end=$arg3:x64' ||
        say 'which addresses are flushed is not told: flush_tlb_mm_range cannot be probed'
fi

# Buffers: at most 64 MiB a CPU, and an eighth of the memory that is free. A busy CPU writes 2 to
# 6 MB a second, and the buffer is emptied while it fills.
free=$(awk '$1 == "MemAvailable:" { print $2; exit }' "$PROC/meminfo")
size=$((free / 8 / cpus))
[ "$size" -le 65536 ] || size=65536
[ "$size" -ge 512 ] || size=512
size=${BUFFER_KB:-$size}
say "buffers of $size KiB for each of $cpus CPUs: $((cpus * size / 1024)) MiB of" \
    "$((free / 1024)) MiB free (BUFFER_KB=n changes it)"

# buffer WHERE SIZE: an instance, with buffers as large as the kernel grants.
buffer() {
    mkdir -p "$1"
    echo 0 > "$1/tracing_on"
    granted=$2
    until { echo "$granted" > "$1/buffer_size_kb"; } 2>/dev/null; do
        granted=$((granted / 2))
        [ "$granted" -ge 128 ] || die 'the kernel has no memory for buffers'
        say "the kernel does not grant that; $granted KiB a CPU?"
    done
    echo mono > "$1/trace_clock"         # one order over all CPUs
    echo 1 > "$1/options/record-tgid"    # threads of one process share an address space
}
# on WHERE EVENT [WHAT IS NOT KNOWN WITHOUT IT]
on() {
    if [ -e "$1/events/$2/enable" ] && echo 1 > "$1/events/$2/enable"; then
        return 0
    fi
    [ $# -gt 2 ] || die "this kernel has no event $2, without which nothing can be replayed"
    say "no event $2 in this kernel: $3"
}
# What the trace says of its recording; luf-tui sets the tasks apart that are named here.
header() {
    echo "# luf-tui record: kernel $KERNEL"
    echo "# luf-tui record: probes${probes:- none}"
    echo "# luf-tui record: recorder $$"
}
# reading WHERE FILE: what is printed there goes to the end of a file, until it is stopped.
reading() {
    # The inner shell names its own process, and cat takes its place.
    sh -c 'echo "# luf-tui record: recorder $$"; exec cat "$1"' sh "$1/trace_pipe" >> "$2" &
    readers="$readers $!"
}
# counted WHERE PATTERN: a figure of the buffers of all CPUs.
counted() {
    cat "$1"/per_cpu/cpu*/stats | awk -v what="$2" '$0 ~ what { n += $NF } END { print n + 0 }'
}
# drain WHERE PROCESS: waits until all that was printed is in the file.
drain() {
    echo 0 > "$1/tracing_on"
    waited=0
    while [ "$(counted "$1" '^entries:')" -gt 0 ]; do
        waited=$((waited + 1))
        if [ "$waited" -gt 300 ]; then
            say 'the buffers are not empty after a minute; the end of the trace is missing'
            break
        fi
        sleep 0.2
    done
    sleep 1                              # cat writes what it has
    stop TERM "$2"
    full=0
    wait "$2" || full=$?
    [ "$full" -eq 0 ] || [ "$full" -gt 128 ] || die 'luf.trace cannot be written: is the disk full?'
}
# play COMMAND...: in a session of its own, so that all of it can be ended; its status is in rc.
play() {
    exec 3<&0
    setsid "$@" <&3 3<&- &
    work=$!
    exec 3<&-
    rc=0
    wait "$work" || rc=$?
    work=''
}
#: tracefs

buffer "$I" "$size"
@EVENTS@
for p in $probes; do
    on "$I" "luf/$p" 'it does not take the probe'
done
#: narrow

# Page faults are recorded of @WHOM@ only, in a buffer of their own, and of the threads
# and processes that it starts. The rest stays unfiltered on purpose: kswapd unmaps its pages, and
# whoever allocates such a page next pays the flush that was put off, whichever task that is.
threads=$(@THREADS@) || die @MISSING@
buffer "$F" $((size / 4 < 128 ? 128 : size / 4))
echo 1 > "$F/options/event-fork"
: > "$F/set_event_pid"
for p in $threads; do
    echo "$p" >> "$F/set_event_pid" 2>/dev/null || true    # it may have ended
done
on "$F" @FAULTS@
: > luf.faults
reading "$F" luf.faults
faults=$!
echo 1 > "$F/tracing_on"
#: tracefs

header > luf.trace
reading "$I" luf.trace
all=$!
echo 1 > "$I/tracing_on"
play "$@"
drain "$I" "$all"
gone=$(counted "$I" 'overrun:|dropped events:')
#: trace-cmd

# -b is the buffer of each CPU in KiB; -C mono is one clock for all CPUs.
flags=''
for e in @NAMES@; do
    [ ! -e "$T/events/$e/enable" ] || flags="$flags -e $(echo "$e" | tr / :)"
done
for p in $probes; do
    flags="$flags -e luf:$p"
done
# shellcheck disable=SC2086
play trace-cmd record -b "$size" -C mono -o luf.dat $flags "$@"
[ -s luf.dat ] || die "trace-cmd did not record; it ended with $rc"
{
    header
    echo '# luf-tui record: tool trace-cmd'
    trace-cmd report -i luf.dat
} > luf.trace
gone=$(trace-cmd report --stat -i luf.dat |
    awk '/overrun:|dropped events:/ { n += $NF } END { print n + 0 }')
#: narrow
drain "$F" "$faults"
gone=$((gone + $(counted "$F" 'overrun:|dropped events:')))
# Both buffers have one clock. A line without a time belongs to the one above it.
awk -v other=luf.faults '
    function when(line) {
        if (!match(line, / [0-9]+[.][0-9]+: /)) return -1
        return substr(line, RSTART + 1, RLENGTH - 3) + 0
    }
    function following() {
        more = (getline held < other) > 0
        if (more) at = when(held)
    }
    BEGIN { following() }
    {
        now = when($0)
        while (more && (at < 0 || (now >= 0 && at <= now))) { print held; following() }
        print
    }
    END { while (more) { print held; following() } }' luf.trace > luf.both
mv luf.both luf.trace
rm luf.faults
#: all
readers=''

whole=1
if [ "$gone" -gt 0 ]; then
    say "$gone events were lost: record again with a larger BUFFER_KB, or for a shorter time"
else
    say "$(wc -l < luf.trace) lines, nothing was lost"
fi
gzip luf.trace
[ "$rc" -eq 0 ] || say "the command ended with $rc; what happened until then is recorded"
say 'now: luf-tui replay luf.trace.gz'
exit "$rc"
