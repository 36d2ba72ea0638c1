"""Compares Hornet with other runtimes; "./x bench" runs it.

Every network, batch and number of threads is measured in interleaved rounds: each runtime in turn
for a slice of time, again and again. Results appear in the output folder after each case, as JSON,
as a table in Markdown, and as a plot.
"""
import argparse
import pathlib
import signal
import sys

import networks
import report
from measure import Case, measure
from peers import PEERS

ROOT = pathlib.Path(__file__).resolve().parent.parent


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--networks", nargs="+", choices=networks.NETWORKS, default=list(networks.NETWORKS))
    add("--batches", nargs="+", type=int, help="of those that each network is made for")
    add("--threads", nargs="+", type=int, default=[1, 2])
    add("--rounds", type=int, default=7)
    add("--slice", type=float, default=0.3, metavar="SECONDS")
    add("--patience", type=float, default=60, metavar="SECONDS",
        help="to spend, for each case, on repeating slices that other processes disturbed")
    add("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    add("--output", type=pathlib.Path, default=ROOT / "build/bench", metavar="FOLDER")
    add("--build", type=pathlib.Path, default=ROOT / "build/release", metavar="FOLDER",
        help="with bin/hornet and bin/hornet-worker")
    add("--models", type=pathlib.Path, default=ROOT / "build/bench/networks", metavar="FOLDER",
        help="where the networks are kept; made when they are missing")
    return parser.parse_args()


def cases(options):
    for name in options.networks:
        for batch in networks.NETWORKS[name].batches:
            for threads in options.threads:
                if not options.batches or batch in options.batches:
                    yield Case(name, batch, threads)


def main():
    # By way of an exception, so that no stopped worker is left behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    options = arguments()
    networks.make_missing(options.models, options.networks)
    names = ["hornet", *options.peers]
    hornet, worker = options.build / "bin/hornet", options.build / "bin/hornet-worker"
    model = lambda network: options.models / network / "model.keras"
    peaks = {threads: report.peak(hornet, model(options.networks[0]), threads)
             for threads in options.threads}
    results = {"processor": report.processor() | {"peak_gflops": peaks},
               "versions": report.versions(names), "names": names, "rounds": options.rounds,
               "slice_s": options.slice, "results": []}
    for case in cases(options):
        work = report.ask(hornet, "summary", model(case.network))["multiply_adds"]
        row = vars(case) | {"multiply_adds": work * case.batch}
        row["runtimes"] = measure(case, names, options.models, worker, options.rounds,
                                  options.slice, options.patience)
        report.rate(row, peaks[case.threads])
        results["results"].append(row)
        report.write(results, options.output)
        times = {name: round(times["median_us"], 1) for name, times in row["runtimes"].items()}
        print(f"{report.name_of(row)}: {times}, ratio {row.get('ratio', 0):.2f} (of the fastest "
              f"calls {row.get('ratio_of_fastest_calls', 0):.2f}), others used "
              f"{row['others'] * 100:.0f} % of the machine", file=sys.stderr)
    print(report.markdown(results))


if __name__ == "__main__":
    main()
