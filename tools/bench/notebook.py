# SPDX-License-Identifier: MIT
# The notebook's experiment for `telar bench --python`: every pixel inverted in a Python loop, by one thread, by several,
# and by processes over shared memory; with numpy too if it is installed. The build puts this file into the program.
# Arguments: the file of the pixels, rows, bytes of a row, workers, seed. Prints "version TEXT", "lock TEXT" and
# "numpy TEXT", then "row MILLISECONDS NAME" for each way, in random order. Seed 0: only the first three.
import sys, time, random, threading, multiprocessing
from multiprocessing import shared_memory
try:
    import numpy
except ImportError:
    numpy = None
enabled = getattr(sys, '_is_gil_enabled', None)
lock = 'on: only one thread computes at a time' if enabled is None or enabled() else 'off: threads compute at once'
print('version', sys.version.split()[0])
print('numpy', numpy.__version__ if numpy else 'not there')
print('lock', lock)
rows, row_bytes, workers, seed = map(int, sys.argv[2:6])
pixels = open(sys.argv[1], 'rb').read(rows * row_bytes)
expected = bytes(255 - x for x in pixels)
bands = [(i * rows // workers, (i + 1) * rows // workers) for i in range(workers)]

def invert(image, r0, r1):
    for r in range(r0, r1):
        for i in range(r * row_bytes, (r + 1) * row_bytes):
            image[i] = 255 - image[i]

def invert_shared(name, r0, r1):
    memory = shared_memory.SharedMemory(name)
    invert(memory.buf, r0, r1)
    memory.close()

def join(workers):
    for w in workers: w.start()
    for w in workers: w.join()

def one():
    image = bytearray(pixels)
    begin = time.perf_counter()
    invert(image, 0, rows)
    return time.perf_counter() - begin, image

def threads():
    image = bytearray(pixels)
    begin = time.perf_counter()
    join([threading.Thread(target=invert, args=(image, *band)) for band in bands])
    return time.perf_counter() - begin, image

def processes():
    fork = multiprocessing.get_context('fork')
    memory = shared_memory.SharedMemory(create=True, size=len(pixels))
    memory.buf[:len(pixels)] = pixels
    begin = time.perf_counter()
    join([fork.Process(target=invert_shared, args=(memory.name, *band)) for band in bands])
    spent, image = time.perf_counter() - begin, bytes(memory.buf[:len(pixels)])
    memory.close()
    memory.unlink()
    return spent, image

def whole():
    image = numpy.frombuffer(bytearray(pixels), numpy.uint8)
    begin = time.perf_counter()
    numpy.subtract(255, image, out=image)
    return time.perf_counter() - begin, image.tobytes()

ways = [(one, 'python loop, 1 thread'), (threads, 'python loop, %d threads' % workers),
        (processes, 'python loop, %d processes' % workers)]
if numpy:
    ways.append((whole, 'numpy, 1 thread'))
random.seed(seed)
for way, name in random.sample(ways, len(ways)) if seed else []:
    spent, image = way()
    if image == expected:
        print('row', spent * 1e3, name)
