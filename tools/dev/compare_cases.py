# SPDX-License-Identifier: MIT
"""The commands that compare-versions runs with both programs, in groups.

A command is a line for sh. `telar` is the program, in/NAME an input, $KEEP a name for a kept segment. The command runs
in an empty directory of its own, and every file that it leaves there is compared.
"""
from compare_inputs import DAMAGED, PICTURES, PLUGINS

PARAMETERS = {"blur": "blur:sigma=1.5", "gamma": "gamma:gamma=1.8", "threshold": "threshold:level=0.4"}
WAYS = ["-e serial", "-e threads -j 2", "-e gil -j 2", "-i shared -j 2", "-i guarded -j 2", "-i sandboxed -j 2"]
FOUR = [way for way in WAYS if "gil" not in way and "serial" not in way]
SHAPES = ["galaxy.png", "65x63-16-6i.png", "300x400-8-3.png", "3000x60-16-0.png"]
PIPELINES = [
    "-t invert -t gray", "-t blur -t sobel", "-t blur:sigma=0.5 -t blur:sigma=3 -t invert", "-t equalize",
    "-t sobel -t equalize", "-t equalize -t blur", "-t invert -t equalize -t gamma", "-t gray -t threshold -t blur",
    "-t equalize -t invert -t equalize", "-t blur:sigma=20", "-t copy -t copy -t copy -t copy -t copy",
]
COMMANDS = ["run", "info", "transforms", "galaxy", "bench", "demo-faults", "doctor"]

# Options and operands of `telar run` that are wrong.
WRONG = """
|-t invret in/galaxy.png out.png|-t mine.so in/galaxy.png out.png|-t invert:x=1 in/galaxy.png out.png
-t '' in/galaxy.png out.png|-t copy|-t copy in/galaxy.png|-t copy in/galaxy.png out.png out.png
-t blur:sigma in/galaxy.png out.png|-t blur:sigma=0 in/galaxy.png out.png|-t blur:sigma=301 in/galaxy.png out.png
-t blur:sigma=nan in/galaxy.png out.png|-t blur:sigma=1,sigma=2 in/galaxy.png out.png|-t blur, in/galaxy.png out.png
-t threshold:level=2 in/galaxy.png out.png|-t gamma:gamma=x in/galaxy.png out.png
--grid=2x2 --bands=3 -t copy in/galaxy.png out.png|--bands=0 -t copy in/galaxy.png out.png
--roi=0:501,0:800 -t copy in/galaxy.png out.png|--roi=0:500,900:901 -t copy in/galaxy.png out.png
-e fork -t copy in/galaxy.png out.png|-i none -t copy in/galaxy.png out.png
-e threads -i guarded -t copy in/galaxy.png out.png|-e serial -j 2 -t copy in/galaxy.png out.png
-e serial --on-crash=retry -t copy in/galaxy.png out.png|--on-crash=wait -t copy in/galaxy.png out.png
--retries=-1 -t copy in/galaxy.png out.png|--retries=1001 -t copy in/galaxy.png out.png
--keep-shm=a/b -t copy in/galaxy.png out.png|--keep-shm= -t copy in/galaxy.png out.png
--progress=yes -t copy in/galaxy.png out.png|--json -t copy in/galaxy.png -|--timeuot=1 -t copy in/galaxy.png out.png
--compression=best -t copy in/galaxy.png out.png|--start=pool -t copy in/galaxy.png out.png|in/galaxy.png out.png -t
--max-pixels=399999 -t copy in/galaxy.png out.png|--max-memory=100K -t copy in/galaxy.png out.png
-t copy in/none.png out.png|-t copy in out.png|-t copy in/galaxy.png no/out.png|-t copy in/galaxy.png in
-t copy in/galaxy.png /proc/out.png|-t copy in/galaxy.png /dev/full|-t copy - out.png|-t ./none.so in/galaxy.png out.png
-t in/text.so in/galaxy.png out.png|-e threads -t in/starter.so in/galaxy.png out.png
-t in/starter.so:by=300 in/galaxy.png out.png|-t in/starter.so:bye=3 in/galaxy.png out.png
-t in/starter.so in/galaxy16.png out.png|-t in/starter.so in/257x255-8-6.png out.png
""".strip("\n").replace("\n", "|").split("|")
VALUES = {
    "-j": "0 257 100000 -1 1.5 x 2x 99999999999999999999",
    "--grid": "0x2 2x0 2 x 2x 2x2x2 -1x2 4294967297x1 2x2.",
    "--roi": "0:0,0:1 5:4,0:1 0:1 0:1,0 0:1,0:1, -1:2,0:1 0:1,0:99999999999 a:b,c:d",
    "--timeout": "-1 x 1s 1e3 . 1.2.3 99999999999",
    "--max-memory": "0 -1 K 1KK 1T 99999999999G",
    "--max-pixels": "0 -5 x",
}


def spelt(transform):
    return PARAMETERS.get(transform, transform)


def products(pictures, transforms):
    """Every picture by every transform on every engine and at every isolation."""
    return [f"telar run {way} -t {spelt(t)} in/{p} out.png" for p in pictures for t in transforms for way in WAYS]


def regions(transforms):
    cuts = ["-g 1x1", "-g 2x2", "-g 3x5", "-g 1x7", "-g 99x99", "--bands=1", "--bands=3", "--bands=17",
            "-r 0:1,0:1", "-r 10:50,5:40", "-r 60:63,0:60 -g 2x2", "-r 0:60,59:60 --bands=4"]
    return [f"telar run {way} {cut} -t {spelt(t)} in/{p} out.png"
            for p in SHAPES for t in ("invert", "blur", "sobel", "equalize") if t in transforms
            for cut in cuts for way in FOUR]


def pipelines():
    counts = ["-j 1", "-j 2", "-j 3", "-j 7"]
    lines = [f"telar run {way.replace('-j 2', j)} {p} in/{picture} out.png" for p in PIPELINES
             for picture in SHAPES[:3] for way in FOUR for j in counts]
    lines += [f"telar run -j {j} {more} {p} in/{picture} out.png" for j in (1, 2, 16) for p in PIPELINES[:4]
              for more in ("--compression=small", "--no-restart", "-g 4x3", "--max-memory=64M")
              for picture in ("large.png", "own-rgba.png")]
    return lines


def pipes():
    lines = []
    for picture in ("galaxy.png", "own-plain.png", "65x63-16-6i.png", "chunks.png", "cut-0.5-galaxy.png"):
        for way in WAYS:
            run = f"telar run {way} -t blur -t invert"
            lines += [f"{run} - - <in/{picture} >out.png", f"cat in/{picture} | {run} - out.png",
                      f"{{ {run} in/{picture} -; echo $? >status; }} | cat >out.png",
                      f"cp in/{picture} out.png && {run} out.png out.png"]
    lines += [f"{c} {to}" for to in (">&-", ">/dev/full") for c in (
        "telar run -t copy in/galaxy.png -", "telar transforms", "telar info in/galaxy.png", "telar galaxy -")]
    return lines + ["telar info - <in/galaxy.png", "telar info --json - <in/galaxy.png", "telar run -t copy - - <&- >out.png",
                    "ulimit -f 1; telar run -t copy in/galaxy.png out.png",
                    "ulimit -n 6; telar run -t copy in/galaxy.png out.png"]


def kept():
    """With one worker a kept segment has the same bytes each time. With two only its size is the same."""
    ran = "telar run {} --keep-shm=$KEEP {} in/{} out.png; status=$?; mv /dev/shm/$KEEP segment; {}exit $status"
    size = "wc -c <segment >size; rm segment; "
    ways = [("-e serial", ""), ("-i shared -j 1", ""), ("-i guarded -j 1", ""), ("-i sandboxed -j 1", ""),
            ("-e threads -j 2", size), ("-i guarded -j 2", size), ("-i sandboxed -j 2", size)]
    lines = [ran.format(way, p, picture, more) for way, more in ways for picture in SHAPES for p in PIPELINES[:6]]
    lines += [ran.format(way, "-g 3x2 " + p, "galaxy.png", more) for way, more in ways for p in PIPELINES[:4]]
    return lines + [
        ran.format("-j 1", "-t copy", "cut-0.5-galaxy.png", ""),
        "telar run --keep-shm=$KEEP -t copy in/galaxy.png a.png; telar run --keep-shm=$KEEP -t copy in/galaxy.png b.png"]


def plugins():
    lines = [f"telar run {way} {cut} -t in/starter.so{by} in/galaxy.png out.png"
             for way in WAYS[3:] + ["--trust " + way for way in WAYS[:3]] for cut in ("", "-g 3x2", "-r 1:9,2:80")
             for by in ("", ":by=-40")]
    for name in PLUGINS:
        for rung in ("guarded", "sandboxed"):
            if "fork" in name and rung == "guarded":
                continue  # the child of a guarded worker would run the same tasks, and which of the two is first is chance
            lines.append(f"echo old >out.png; telar run -i {rung} -j 1 --timeout=1 -g 2x1 -t in/{name}.so in/galaxy.png out.png")
            lines.append(f"telar transforms -i {rung} --timeout=1 in/{name}.so >/dev/null")
    # Two workers, and one region that fails: with more, the order of the messages is chance.
    failing = [(name, 1, rule) for name in ("segv", "segv-once", "exit", "hangs", "wild", "kills")
               for rule in ("--on-crash=fail", "--on-crash=skip", "--retries=0", "--retries=4 --json")]
    failing += [(name, 2, rule) for name in ("segv", "exit", "hangs")
                for rule in ("--on-crash=fail", "--on-crash=skip", "--retries=0", "--retries=1")]
    lines += [f"echo old >out.png; telar run -i {rung} -j {j} -g 2x1 --timeout=1 {rule} -t in/{name}.so -t invert in/galaxy.png out.png"
              for name, j, rule in failing for rung in ("shared", "guarded", "sandboxed")]
    return lines + ["telar transforms in/cut.so", "telar transforms in/text.so", "telar transforms --json in/starter.so"]


def reports():
    lines = [f"telar run --json {way} {cut} {p} in/{picture} out.png" for way in WAYS for cut in ("", "-g 3x2", "-r 5:20,6:50")
             for p in PIPELINES[:5] for picture in SHAPES[:2]]
    lines += [f"telar run -v {way} {p} in/{picture} out.png" for way in WAYS for p in PIPELINES[:5]
              for picture in SHAPES + ["chunks.png", "animated.png"]]
    lines += [f"telar run --json -j 2 -t blur in/{picture} out.png" for picture in PICTURES + DAMAGED[::5]]
    return lines


def words(pngsuite, transforms):
    """What tells about files, transforms, options and the host. Only names and numbers of their text are compared."""
    lines = [f"telar info {json} in/{p}" for p in pngsuite + PICTURES + DAMAGED for json in ("", "--json")]
    lines += ["telar transforms | cut -d' ' -f1", "telar transforms --json", "telar transforms invrt", "telar doctor >/dev/null",
              "telar doctor --json >/dev/null", "telar doctor in", "telar --version", "telar", "telar rnu", "telar info",
              "telar info in/none.png in/galaxy.png", "telar info --max-pixels=5 in/galaxy.png", "telar galaxy",
              "telar galaxy --size=0x1 out.png", "telar galaxy --depth=9 out.png", "telar bench --rounds=1",
              "telar bench -e fork", "telar demo-faults x", "telar demo-faults >/dev/null"]
    for t in transforms:
        lines += [f"telar transforms {t} | grep '^  [a-z]*=' >parameters", f"telar transforms --json {t}"]
    options = "grep -oE -e '(^|[ [])--?[a-zA-Z][-a-z]*' help | tr -d ' [' | sort -u >options; rm help; exit $status"
    lines += [f"telar {c} --help >help; status=$?; {options}" for c in COMMANDS]
    return lines + [f"telar galaxy --size={size} --seed={seed} --depth={depth} out.png"
                    for size in ("1x1", "30x40", "201x99") for seed in (1, 77) for depth in (8, 16)]


def wrong():
    run = "echo old >out.png; telar run "
    lines = [run + line for line in WRONG]
    return lines + [f"{run}{option} '{value}' -t copy in/galaxy.png out.png" if option == "-j" else
                    f"{run}{option}='{value}' -t copy in/galaxy.png out.png"
                    for option, values in VALUES.items() for value in values.split(" ") + [""]]


def broken():
    return [f"echo old >out.png; telar run {way} -t {t} in/{name} out.png" for name in DAMAGED
            for way in WAYS for t in ("copy", "blur", "equalize")]


def groups(pngsuite, transforms):
    """Returns pairs of a name and a list of commands."""
    return [
        ("PngSuite", products(pngsuite, transforms)), ("other geometry", products(PICTURES, transforms)),
        ("grids, bands, rois", regions(transforms)), ("pipelines", pipelines()), ("pipes", pipes()),
        ("kept segments", kept()), ("plug-ins", plugins()), ("reports", reports()),
        ("info and the like", words(pngsuite, transforms)), ("wrong options", wrong()), ("damaged files", broken()),
    ]
