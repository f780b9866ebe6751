# SPDX-License-Identifier: MIT
"""The pictures, damaged files and plug-ins that compare-versions gives to both programs.

`RECIPES` maps the name of each file to a function. The function gets the class `Maker` below and returns the bytes of
the file. A file is made when the first command that names it is about to run.
"""
import os
import random
import shlex
import shutil
import struct
import subprocess
import threading
import zlib

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def filtered_rows(rows, columns, bits, interlaced, dice):
    """Returns the rows of every pass. All five PNG filters occur, and the bytes under them are arbitrary."""
    out = bytearray()
    for row0, column0, row_step, column_step in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        pass_rows = -(-(rows - row0) // row_step)
        pass_columns = -(-(columns - column0) // column_step)
        if pass_rows <= 0 or pass_columns <= 0:
            continue
        length = (pass_columns * bits + 7) // 8
        noise, ramp = dice.randbytes(length), (bytes(range(256)) * (length // 256 + 2))
        for row in range(pass_rows):
            out.append(row % 5)
            out += noise if row % 7 == 0 else ramp[row % 251:row % 251 + length]
    return bytes(out)


def png(rows, columns, depth, colour, interlaced=False, level=6, idat=8192, before=b"", behind=b""):
    """Returns a PNG file with the given geometry. `before` and `behind` are chunks around the IDAT chunks."""
    dice = random.Random(f"{rows} {columns} {depth} {colour}")
    header = struct.pack(">IIBBBBB", columns, rows, depth, colour, 0, 0, interlaced)
    palette = chunk(b"PLTE", dice.randbytes(3 << depth)) if colour == PALETTE else b""
    packed = zlib.compress(filtered_rows(rows, columns, depth * CHANNELS[colour], interlaced, dice), level)
    data = b"".join(chunk(b"IDAT", packed[i:i + idat]) for i in range(0, len(packed), idat))
    return SIGNATURE + chunk(b"IHDR", header) + palette + before + data + behind + chunk(b"IEND", b"")


GEOMETRY = [  # rows, columns, depth, colour, interlaced
    (1, 1, 8, GREY, 0), (1, 1, 16, RGBA, 0), (1, 1, 1, PALETTE, 1), (1, 300, 8, RGB, 0), (1, 300, 16, GREY_ALPHA, 0),
    (300, 1, 8, RGBA, 0), (300, 1, 2, GREY, 1), (1, 5000, 8, GREY, 0), (5000, 1, 8, RGB, 0), (2, 2, 8, RGB, 1),
    (3, 3, 16, RGB, 0), (7, 5, 4, PALETTE, 0), (5, 7, 8, PALETTE, 1), (17, 31, 1, GREY, 0), (31, 17, 2, PALETTE, 0),
    (64, 64, 8, GREY_ALPHA, 0), (64, 64, 16, GREY, 0), (65, 63, 16, RGBA, 1), (40, 2000, 8, RGB, 0),
    (2000, 40, 8, RGB, 0), (60, 3000, 8, RGBA, 0), (3000, 60, 16, GREY, 0), (255, 257, 8, GREY, 1),
    (256, 256, 8, RGB, 0), (257, 255, 8, RGBA, 0), (128, 512, 16, RGB, 0), (511, 127, 16, GREY_ALPHA, 1),
    (300, 400, 8, PALETTE, 0), (400, 300, 4, GREY, 0), (700, 500, 8, RGB, 0),
]
TEXT = chunk(b"gAMA", struct.pack(">I", 45455)) + chunk(b"tEXt", b"Title\0a picture")
LATE = chunk(b"tIME", bytes([7, 234, 1, 2, 3, 4, 5])) + chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"behind the data"))
ANIMATED = chunk(b"acTL", struct.pack(">II", 1, 0))
RECIPES = {}
PICTURES = []  # names of the pictures of other geometry than PngSuite's


def picture(name, recipe):
    RECIPES[name] = recipe
    PICTURES.append(name)


for g in GEOMETRY:
    picture("{}x{}-{}-{}{}.png".format(*g[:4], "i" if g[4] else ""), lambda maker, g=g: png(*g))
picture("stored.png", lambda maker: png(90, 110, 8, RGB, level=0, idat=1000))
picture("small-idat.png", lambda maker: png(50, 60, 8, RGBA, level=9, idat=7))
picture("one-idat.png", lambda maker: png(400, 500, 16, RGB, level=1, idat=1 << 30))
picture("chunks.png", lambda maker: png(60, 50, 8, RGB, before=TEXT, behind=LATE))
picture("animated.png", lambda maker: png(60, 50, 8, RGB, before=ANIMATED + TEXT))
picture("trns-grey.png", lambda maker: png(33, 44, 8, GREY, before=chunk(b"tRNS", b"\0\7")))
picture("trns-rgb.png", lambda maker: png(33, 44, 16, RGB, before=chunk(b"tRNS", b"\0\1\2\3\4\5")))
picture("trns-palette.png", lambda maker: png(33, 44, 4, PALETTE, before=chunk(b"tRNS", bytes(range(0, 160, 10)))))
picture("galaxy.png", lambda maker: maker.telar("galaxy", "--size=500x800", "OUT"))
picture("galaxy16.png", lambda maker: maker.telar("galaxy", "--size=200x300", "--depth=16", "OUT"))
picture("large.png", lambda maker: maker.telar("galaxy", "--size=900x1100", "OUT"))
picture("own-rgba.png", lambda maker: maker.telar("run", "-q", "-t", "copy", maker.need("257x255-8-6.png"), "OUT"))
picture("own-tall.png", lambda maker: maker.telar("run", "-q", "-t", "copy", maker.need("5000x1-8-2.png"), "OUT"))
picture("own-deep.png", lambda maker: maker.telar("run", "-q", "-t", "copy", maker.need("128x512-16-2.png"), "OUT"))
picture("own-small.png", lambda maker: maker.telar("run", "-q", "-t", "copy", "--compression=small",
                                                   maker.need("700x500-8-2.png"), "OUT"))
picture("own-plain.png", lambda maker: maker.telar("run", "-q", "-t", "copy", "--no-restart",
                                                   maker.need("galaxy.png"), "OUT"))
if shutil.which("gm"):
    picture("gm-rgb.png", lambda maker: maker.program("gm", "convert", maker.need("galaxy.png"), "OUT"))
    picture("gm-grey.png", lambda maker: maker.program(
        "gm", "convert", maker.need("galaxy.png"), "-colorspace", "gray", "-resize", "150x90", "OUT"))
if shutil.which("vips"):
    picture("vips-rgb.png", lambda maker: maker.program("vips", "invert", maker.need("galaxy.png"), "OUT"))
    picture("vips-interlaced.png", lambda maker: maker.program(
        "vips", "invert", maker.need("galaxy16.png"), "OUT[interlace,compression=9]"))


def forged_bands(data):
    """Returns the file with another number in its first teLR chunk, under a correct checksum."""
    at = data.index(b"teLR")
    length = struct.unpack(">I", data[at - 4:at])[0]
    body = bytearray(data[at + 4:at + 4 + length])
    body[-1] ^= 1
    return data[:at - 4] + chunk(b"teLR", bytes(body)) + data[at + 8 + length:]


DAMAGED = []


def damaged(name, recipe):
    RECIPES[name] = recipe
    DAMAGED.append(name)


def flipped(maker, name, fraction):
    data = bytearray(maker.bytes(name))
    data[int(len(data) * fraction)] ^= 4
    return bytes(data)


def cut(maker, name, fraction):
    data = maker.bytes(name)
    return data[:int(len(data) * fraction)]


def huge(rows, columns):
    """Returns a file that claims more pixels than it has."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, RGB, 0, 0, 0))
    return SIGNATURE + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


for name in ("galaxy.png", "own-deep.png", "256x256-8-2.png", "65x63-16-6i.png", "300x400-8-3.png"):
    for f in (0, 0.0005, 0.02, 0.4, 0.9, 0.9999):
        damaged(f"flip-{f}-{name}", lambda maker, n=name, f=f: flipped(maker, n, f))
    for f in (0.0001, 0.01, 0.5, 0.999):
        damaged(f"cut-{f}-{name}", lambda maker, n=name, f=f: cut(maker, n, f))
damaged("empty.png", lambda maker: b"")
damaged("photo.png", lambda maker: b"\377\330\377\340\000\020JFIF\000\001")
damaged("forged.png", lambda maker: forged_bands(maker.bytes("galaxy.png")))
damaged("huge.png", lambda maker: huge(30000, 40000))
damaged("short-of-rows.png", lambda maker: huge(300, 400))
damaged("trailing.png", lambda maker: maker.bytes("256x256-8-2.png") + b"after the end")
damaged("no-end.png", lambda maker: maker.bytes("256x256-8-2.png")[:-12])

PLUGINS = {  # odd plug-ins, by the definitions that make plugin_odd.c odd
    "copies": [], "symbol": ["SYMBOL=another"], "unresolved": ["UNRESOLVED"], "capitals": ['NAME="ODD"'],
    "no-name": ["NAME=NULL"], "escape": [r'SUMMARY="\033[2J"'], "not-utf8": [r'SUMMARY="\xff"'],
    "endless-summary": ['SUMMARY="' + "x" * 500 + '"'], "default": ["INITIAL=10"],
    "abi": ["HEAD=.abi=77,.struct_size=sizeof(struct telar_transform)"],
    "size": ["HEAD=.abi=TELAR_TRANSFORM_ABI,.struct_size=8"], "gather": ["MORE=.partial_bytes=(void*)1"],
    "halo": ["HALO=5000"], "halo-9": ["HALO=9"], "depths": ["MORE=.depths=8"], "channels": ["MORE=.channels=1u<<1"],
    "segv-load": ["CONSTRUCTOR=raise(SIGSEGV)"], "kill-load": ["CONSTRUCTOR=raise(SIGKILL)"],
    "exit-load": ["CONSTRUCTOR=exit(0)"], "exit-9-load": ["CONSTRUCTOR=_exit(9)"],
    "fork-load": ["CONSTRUCTOR=fork()"], "unlink-load": ['CONSTRUCTOR=unlink("absent")'],
    "endless-load": ["CONSTRUCTOR=for(;;)pause()"], "segv-halo": ["HALO=(uint32_t)raise(SIGSEGV)"],
    "exit-halo": ["HALO=(_exit(3),0)"], "endless-halo": ["HALO=(uint32_t)pause()"],
    "segv": ["DEED=if(region->r0==0)raise(SIGSEGV)"], "segv-once": ["DEED=if(times_loaded()==1)raise(SIGSEGV)"],
    "exit": ["DEED=if(region->r0==0)_exit(7)"], "hangs": ["DEED=if(region->r0==0)for(;;)pause()"],
    "wild": ["DEED=*(volatile int*)16=1"], "trap": ["DEED=__builtin_trap()"],
    "writes-source": ["DEED=*(unsigned char*)telar_source_at(source,pixel_bytes,region->r0,region->c0)=0"],
    "forks": ["DEED=fork()"], "kills": ["DEED=kill(getppid(),0)"],
}
for name, definitions in PLUGINS.items():
    RECIPES[f"{name}.so"] = lambda maker, d=definitions: maker.compiled("tests/support/plugin_odd.c", d)
RECIPES["starter.so"] = lambda maker: maker.compiled("doc/starter.c", [])
RECIPES["text.so"] = lambda maker: b"this is no shared object\n"
RECIPES["cut.so"] = lambda maker: maker.bytes("starter.so")[:2000]


class Maker:
    """Makes the files under `directory`. Several threads may call need()."""

    def __init__(self, directory, pngsuite, old, trees):
        self.directory, self.pngsuite, self.old, self.trees = directory, pngsuite, old, trees
        self.lock = threading.RLock()

    def need(self, name):
        """Returns the path of a file, which is made now if it is not there."""
        path = os.path.join(self.directory, name)
        with self.lock:
            if not os.path.exists(path):
                data = RECIPES[name](self) if name in RECIPES else self.bytes_of(os.path.join(self.pngsuite, name))
                with open(path, "wb") as file:
                    file.write(data)
        return path

    @staticmethod
    def bytes_of(path):
        with open(path, "rb") as file:
            return file.read()

    def bytes(self, name):
        return self.bytes_of(self.need(name))

    def program(self, *words):
        """Runs a program that writes the file OUT, and returns the bytes of OUT."""
        out = os.path.join(self.directory, "making.png")
        subprocess.run([word.replace("OUT", out) if word.startswith("OUT") else word for word in words], check=True,
                       stdin=subprocess.DEVNULL)
        data = self.bytes_of(out)
        os.remove(out)
        return data

    def telar(self, *words):
        return self.program(self.old, *words)

    def compiled(self, source, definitions):
        """Returns a plug-in, made from the first of the trees that has the source and the headers."""
        tree = next(t for t in self.trees if os.path.exists(os.path.join(t, source)))
        return self.program(*shlex.split(os.environ.get("CC") or "cc"), "-O1", "-shared", "-fPIC", f"-I{tree}/include",
                            *("-D" + d for d in definitions), "-o", "OUT", os.path.join(tree, source))
