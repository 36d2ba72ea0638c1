"""One peer in a process of its own.

    python worker.py PEER PREFIX THREADS INPUT.npy OUTPUT.npy

writes the peer's answer and the line "ready"; then, for each line with a number of seconds on
standard input, calls the peer for so long and answers with a line: the times of all calls in
microseconds. worker.cpp is the same for Hornet.
"""
import sys
import time

import numpy

from peers import PEERS


def time_calls(peer, seconds):
    clock, call, times = time.perf_counter_ns, peer.call, []
    end = clock() + int(seconds * 1e9)
    start = clock()
    while start < end:
        call()
        stop = clock()
        times.append((stop - start) / 1e3)
        start = stop
    return times


def main(name, prefix, threads, input_file, output_file):
    x = numpy.load(input_file)  # outlives the peer, which may keep its address alone
    peer = PEERS[name](prefix, int(threads), x)
    peer.call()
    numpy.save(output_file, peer.answer())
    print("ready", flush=True)
    for line in sys.stdin:
        print(*(f"{t:.2f}" for t in time_calls(peer, float(line))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
