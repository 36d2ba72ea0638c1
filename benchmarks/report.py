"""What the comparison writes: the processor, tables and a plot."""
import importlib.metadata
import json
import pathlib
import re
import statistics
import subprocess

from networks import NETWORKS
from peers import PEERS, TITLES

EPSILON = 2.0**-24  # rounding the exact answer to float32 errs by that much
FLAGS = ("avx2", "fma", "avx512f", "avx512_bf16", "amx_tile")


def first(pattern, text):
    match = re.search(pattern, text, re.MULTILINE)
    return match.group(1) if match else ""


def caches():
    """Level and type of each cache of the first processor: "L1 Data": "48K"."""
    sizes = {}
    for folder in sorted(pathlib.Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        read = lambda name: (folder / name).read_text().strip()
        sizes[f"L{read('level')} {read('type')}"] = read("size")
    return sizes


def ask(hornet, command, *arguments):
    """What a command of the tool answers as JSON."""
    answer = subprocess.run([hornet, command, "--json", *map(str, arguments)], check=True,
                            capture_output=True)
    return json.loads(answer.stdout)


def peak(hornet, model, threads):
    """GFLOP/s that this processor can do with so many threads, as `hornet bench` measures it."""
    return ask(hornet, "bench", model, "--seconds", 0.1, "--threads", threads)["peak_gflops"]


def processor():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    flags = first(r"^flags\s*:(.*)$", text).split()
    return {"model": first(r"^model name\s*: (.*)$", text),
            "family": first(r"^cpu family\s*: (.*)$", text),
            "processors": len(re.findall(r"^processor", text, re.MULTILINE)),
            "flags": [flag for flag in FLAGS if flag in flags], "caches": caches()}


def versions(names):
    return {name: importlib.metadata.version(PEERS[name].package) for name in names
            if name in PEERS}


def rate(row, peak_gflops):
    """Adds to a row of results how near Hornet comes to the peak, which peer is fastest, and
    Hornet's time as a part of that peer's."""
    if "hornet" in row["runtimes"]:
        row["share_of_peak"] = (2 * row["multiply_adds"] / row["runtimes"]["hornet"]["median_us"]
                                / 1e3 / peak_gflops)
    peers = {name: times["median_us"] for name, times in row["runtimes"].items()
             if name != "hornet"}
    if peers and "hornet" in row["runtimes"]:
        row["fastest_peer"] = min(peers, key=peers.get)
        row["ratio"] = row["runtimes"]["hornet"]["median_us"] / peers[row["fastest_peer"]]
        row["ratio_of_fastest_calls"] = row["runtimes"]["hornet"]["min_us"] / min(
            row["runtimes"][name]["min_us"] for name in peers)
        row["ratio_of_errors"] = row["runtimes"]["hornet"]["error"] / max(
            [row["runtimes"][name]["error"] for name in peers] + [EPSILON])
    row["others"] = max(times["others"] for times in row["runtimes"].values())


def table(heading, rows):
    lines = [heading, ["---"] + ["---:"] * (len(heading) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def time_cell(times):
    low, high = times["quartiles_us"]
    spread = (high - low) / times["median_us"] * 100
    digits = 1 if times["median_us"] < 100 else 0
    return f"{times['median_us']:,.{digits}f} ± {spread / 2:.0f} %"


def cells(row, names, cell):
    return [cell(row["runtimes"][name]) if name in row["runtimes"] else "failed" for name in names]


def name_of(row):
    return f"{row['network']}, batch {row['batch']}, {row['threads']} thread" + (
        "s" if row["threads"] > 1 else "")


def ratio_cell(row, name):
    return f"**{row[name]:.2f}**" if name in row else ""


def processor_text(processor):
    peaks = ", ".join(f"{gflops:.0f} GFLOP/s with {threads} thread{'s' if threads > 1 else ''}"
                      for threads, gflops in processor["peak_gflops"].items())
    sizes = ", ".join(f"{name} {size}" for name, size in processor["caches"].items())
    return (f"{processor['model']} (family {processor['family']}), {processor['processors']} "
            f"processors, {' '.join(processor['flags'])}; {sizes}; measured peak {peaks}.")


def markdown(report):
    names = report["names"]
    titles = [TITLES[name] for name in names]
    rows = [[name_of(row), *cells(row, names, time_cell), ratio_cell(row, "ratio"),
             ratio_cell(row, "ratio_of_fastest_calls"), f"{row.get('share_of_peak', 0):.0%}",
             f"{row['others']:.0%}"]
            for row in report["results"]]
    errors = [[name_of(row), *cells(row, names, lambda times: f"{times['error']:.1e}"),
               ratio_cell(row, "ratio_of_errors")]
              for row in report["results"] if row["threads"] == report["results"][0]["threads"]]
    mean = report.get("geometric_mean")
    return "\n\n".join([
        f"Median microseconds a call ± half the distance of the quartiles, over {report['rounds']} "
        f"interleaved rounds of {report['slice_s']} s each; Hornet's time as a part of the fastest "
        "peer's (below 1: Hornet is faster), of the medians and of the fastest calls; how much of the "
        "processor's peak Hornet reaches (multiplications and additions of the layers); and how much "
        "of the machine other processes used meanwhile: where that is more than a little, nothing is "
        "proven.",
        table(["", *titles, "ratio", "of fastest calls", "of peak", "others"], rows),
        f"Geometric mean of the ratios: **{mean:.2f}**" if mean else "",
        "Largest distance from Keras's answer in float64, as a part of its largest value; Hornet's "
        "as a part of that of the peer that is furthest away.",
        table(["", *titles, "ratio"], errors),
        processor_text(report["processor"]),
        ", ".join(f"{TITLES[name]} {version}" for name, version in report["versions"].items())
        + "."]) + "\n"


def plot(report, file):
    import matplotlib
    matplotlib.use("svg")
    from matplotlib import pyplot

    rows = [row for row in reversed(report["results"]) if "ratio" in row]
    figure, axes = pyplot.subplots(figsize=(9, 1.2 + 0.26 * len(rows)), layout="constrained")
    for name in reversed(report["names"]):
        points = [(row["runtimes"][name]["median_us"] /
                   row["runtimes"][row["fastest_peer"]]["median_us"], y)
                  for y, row in enumerate(rows) if name in row["runtimes"]]
        axes.plot(*zip(*points), "D" if name == "hornet" else "o", label=TITLES[name],
                  markersize=8 if name == "hornet" else 5)
    axes.set_yticks(range(len(rows)), [name_of(row) for row in rows])
    axes.axvline(1, color="gray", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xlabel("time, as a part of the fastest peer's")
    axes.grid(axis="both", linewidth=0.3)
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.06), ncols=5, frameon=False)
    figure.savefig(file)
    pyplot.close(figure)


def write(report, folder):
    ratios = [row["ratio"] for row in report["results"]
              if "ratio" in row and NETWORKS[row["network"]].rated]
    if ratios:
        report["geometric_mean"] = statistics.geometric_mean(ratios)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(report, indent=1) + "\n")
    (folder / "results.md").write_text(markdown(report))
    if ratios:
        plot(report, folder / "results.svg")
