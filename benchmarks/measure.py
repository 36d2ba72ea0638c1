"""Interleaved measurement: each runtime in a process of its own, one slice of time a round."""
import dataclasses
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import numpy

from peers import environment

HERE = pathlib.Path(__file__).resolve().parent


TICKS = os.sysconf("SC_CLK_TCK")
PROCESSORS = os.cpu_count()


def busy_seconds():
    """Processor time that all processes of the machine have used, and that others took from it."""
    user, nice, system, _, _, irq, softirq, steal = map(
        int, pathlib.Path("/proc/stat").read_text().split(maxsplit=9)[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS


def seconds_of(process):
    """Processor time that one process has used, all its threads."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


@dataclasses.dataclass(frozen=True)
class Case:
    network: str
    batch: int
    threads: int


class Worker:
    """A runtime that is ready to be measured. Its process is stopped while it is not: no thread of
    it can spin while another one is measured."""

    def __init__(self, name, case, networks, hornet):
        folder = networks / case.network
        prefix = folder / f"b{case.batch}"
        self.name = name
        self.slices = []  # microseconds of every call
        self.others = []  # share of the machine that others used meanwhile
        self.output = tempfile.NamedTemporaryFile(suffix=".npy")
        command = [hornet, folder / "model.keras"] if name == "hornet" else [
            sys.executable, HERE / "worker.py", name, prefix]
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [*map(str, command), str(case.threads), f"{prefix}.input.npy", self.output.name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True,
            env=environment(case.threads))

    def start(self):
        """Waits until the model is loaded. Returns whether that worked."""
        line = self.process.stdout.readline()
        while line and line != "ready\n":  # some libraries print to standard output
            line = self.process.stdout.readline()
        if line:
            self.process.send_signal(signal.SIGSTOP)
            return True
        self.errors.seek(0)
        error = self.errors.read().strip().splitlines()
        print(f"  {self.name}: {error[-1] if error else 'no answer'}", file=sys.stderr)
        return False

    def error(self, exact):
        """The largest distance of its answer from `exact`, as a part of the largest exact value."""
        return float(numpy.abs(numpy.load(self.output.name) - exact).max() / numpy.abs(exact).max())

    def measure(self, seconds):
        """One slice, after a tenth of it to warm up: the microseconds of every call, and the share
        of the machine that others used meanwhile."""
        self.process.send_signal(signal.SIGCONT)
        self.call_for(seconds / 10)
        busy, own, start = busy_seconds(), seconds_of(self.process.pid), time.monotonic()
        times = self.call_for(seconds)
        others = busy_seconds() - busy - (seconds_of(self.process.pid) - own)
        share = max(0, others) / (time.monotonic() - start) / PROCESSORS
        self.process.send_signal(signal.SIGSTOP)
        return times, share

    def measure_undisturbed(self, seconds, threads, deadline):
        """Keeps one slice: the first during which others left enough processors alone, or the one
        that is measured when the deadline has passed."""
        allowed = max(0, 1 - threads / PROCESSORS) + 0.1
        while True:
            times, others = self.measure(seconds)
            if others <= allowed or time.monotonic() > deadline:
                break
            time.sleep(seconds)
        self.slices.append(times)
        self.others.append(others)

    def call_for(self, seconds):
        print(seconds, file=self.process.stdin, flush=True)
        return [float(time) for time in self.process.stdout.readline().split()]

    def close(self):
        self.process.kill()
        self.process.communicate()
        self.output.close()


def quartiles(values):
    return statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3


def summarize(worker, exact):
    """Medians of each round, and over the rounds."""
    slices = worker.slices
    medians = [statistics.median(times) for times in slices]
    low, middle, high = quartiles(medians)
    return {"median_us": middle, "quartiles_us": [low, high], "rounds_us": medians,
            "min_us": min(map(min, slices)), "calls": sum(map(len, slices)), "error": worker.error(exact),
            "others": statistics.mean(worker.others)}


def measure(case, names, networks, hornet, rounds, seconds, patience):
    """What each runtime needs for `case`, by its name; those that fail are left out. Spends
    `patience` seconds in all on repeating slices that other processes disturbed."""
    exact = numpy.load(networks / case.network / f"b{case.batch}.reference.npy")
    workers = [Worker(name, case, networks, hornet) for name in names]
    try:
        workers = [worker for worker in workers if worker.start() or worker.close()]
        undisturbed = rounds * len(workers) * seconds * 1.1
        deadline = time.monotonic() + undisturbed + patience
        for round in range(rounds):
            # Another one begins each round: what follows a slow one is not always the same.
            for i in range(len(workers)):
                worker = workers[(round + i) % len(workers)]
                worker.measure_undisturbed(seconds, case.threads, deadline)
        return {worker.name: summarize(worker, exact) for worker in workers}
    finally:
        for worker in workers:
            worker.close()
