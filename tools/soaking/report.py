# SPDX-License-Identifier: MIT
"""The judgement of a soak run, its table and its plot.

The rule. The median of the last quarter of the run is compared with that of the second quarter (the first fills caches):

    memory          at most 5 % and 4 MiB more        descriptors   at most 4 more
    shared memory   at most 5 % and 1 MiB more        threads       at most 2 more
    p50             at most twice as long and 1 ms    p99           at most three times as long and 20 ms

While a fault lasts, threads and descriptors may differ: the medians pass over that. A run is flat if all of it holds; it
has passed if it is flat, no answer was wrong, both processes lived to the end, and the evidence is whole."""

import statistics

RULES = {  # column: (factor, what more, unit)
    "memory_kib": (1.05, 4096, "KiB"), "shared_kib": (1.05, 1024, "KiB"), "descriptors": (1.0, 4, ""),
    "threads": (1.0, 2, ""), "p50_ms": (2.0, 1.0, "ms"), "p99_ms": (3.0, 20.0, "ms")}
ENOUGH = 12  # samples in a quarter; with fewer nothing is said of flatness


def column(rows, side, name):
    return [(row["seconds"], row[name]) for row in rows if row["side"] == side and row[name] is not None]


def quarters(rows, side, name):
    """(second, last, maximum) or None."""
    points = column(rows, side, name)
    if len(points) < 4:
        return None
    end = points[-1][0]
    second = [value for at, value in points if end * 0.25 <= at < end * 0.5]
    last = [value for at, value in points if at >= end * 0.75]
    if not second or not last:
        return None
    return statistics.median(second), statistics.median(last), max(value for _, value in points)


def judge(rows, sides):
    """(flat or None where the run was too short to say, lines of the table)."""
    lines = ["| side | what | second quarter | last quarter | most | limit | |", "|---|---|---:|---:|---:|---:|---|"]
    flat = True
    enough = all(len(column(rows, side, "memory_kib")) >= 4 * ENOUGH for side in sides)
    for side in sides:
        for name, (factor, more, unit) in RULES.items():
            found = quarters(rows, side, name)
            if found is None or (name == "shared_kib" and found[2] == 0):
                continue
            limit = found[0] * factor + more
            good = found[1] <= limit
            flat = flat and good
            cells = [f"{value:,.1f}" if unit == "ms" else f"{value:,.0f}" for value in (*found, limit)]
            lines.append(f"| {side} | {name.rsplit('_', 1)[0]} {f'({unit})' if unit else ''} | " + " | ".join(cells) +
                         f" | {('flat' if good else 'NOT FLAT') if enough else '-'} |")
    return (flat if enough else None), lines


def fault_table(log, begin):
    lines = ["| fault | begun after s | lasted s | over after s | seen |", "|---|---:|---:|---:|---|"]
    for name, at, lasted, recovered, seen in log:
        lines.append(f"| {name} | {at - begin:,.0f} | {lasted:.0f} | {recovered:.0f} | {seen} |")
    return lines


def answer_table(sides):
    lines = ["| side | calls by kind | answers by reason |", "|---|---|---|"]
    for side in sides:
        write = lambda counter: ", ".join(f"{name} {count:,}" for name, count in counter.most_common())
        lines.append(f"| {side.name} | {write(side.kinds)} | {write(side.answers)} |")
    return lines


# --- The plot

PANELS = [("memory_kib", "memory, MiB", 1 / 1024), ("descriptors", "descriptors", 1), ("threads", "threads", 1),
          ("answered", "answers per second", None), ("p50_ms", "latency p50, ms", 1), ("p99_ms", "latency p99, ms", 1)]
COLOURS = {"service": "#1f6fb4", "plugin": "#c4561c"}
WIDTH, HEIGHT, LEFT, TOP, GAP = 900, 130, 70, 50, 46


def escape(text):
    return str(text).replace("&", "&amp;").replace("<", "&lt;")


def nice(value):
    """The next of 1, 2, 5 times a power of ten."""
    power = 1.0
    while power * 10 <= value:
        power *= 10
    while power > value:
        power /= 10
    return next((power * step for step in (1, 2, 5, 10) if power * step >= value), value) if value > 0 else 1.0


def panel(rows, sides, number, name, title, factor, end, log, begin, every):
    top = TOP + number * (HEIGHT + GAP)
    series = {side: [(at, value * (factor or 1 / every)) for at, value in column(rows, side, name)] for side in sides}
    values = sorted(value for points in series.values() for _, value in points) or [1]
    # A few samples during faults would flatten all others.
    most = nice(max(values[int(len(values) * 0.98)] * 1.15, 1e-9))
    x = lambda at: LEFT + at / end * WIDTH
    y = lambda value: top + HEIGHT - min(value / most, 1) * HEIGHT
    out = [f'<text x="{LEFT}" y="{top - 8}" font-weight="bold">{escape(title)}</text>']
    for _, at, lasted, recovered, _ in log:
        out.append(f'<rect x="{x(at - begin):.1f}" y="{top}" width="{max((lasted + max(recovered, 0)) / end * WIDTH, 1):.1f}" '
                   f'height="{HEIGHT}" fill="#eee8d8"/>')
    for part in (0, 0.5, 1):
        out.append(f'<line x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{y(most * part):.1f}" y2="{y(most * part):.1f}" stroke="#ccc"/>')
        out.append(f'<text x="{LEFT - 6}" y="{y(most * part) + 4:.1f}" text-anchor="end">{most * part:g}</text>')
    for side, points in series.items():
        line = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in points)
        out.append(f'<polyline points="{line}" fill="none" stroke="{COLOURS[side]}" stroke-width="1.2"/>')
    return out


def plot(rows, sides, log, begin, every, title):
    end = max((row["seconds"] for row in rows), default=1)
    height = TOP + len(PANELS) * (HEIGHT + GAP) + 20
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 30}" height="{height}" font-family="sans-serif" '
           'font-size="12">', '<rect width="100%" height="100%" fill="white"/>',
           f'<text x="{LEFT}" y="20" font-size="14">{escape(title)}</text>']
    for number, side in enumerate(sides):
        out.append(f'<text x="{LEFT + WIDTH - 160 + number * 80}" y="20" fill="{COLOURS[side]}">{side}</text>')
    for number, (name, label, factor) in enumerate(PANELS):
        out += panel(rows, sides, number, name, label, factor, end, log, begin, every)
    bottom = TOP + len(PANELS) * (HEIGHT + GAP) - GAP + 16
    for part in range(7):
        out.append(f'<text x="{LEFT + part / 6 * WIDTH:.1f}" y="{bottom}" text-anchor="middle">{end * part / 6 / 60:.0f} min</text>')
    out.append("</svg>")
    return "\n".join(out) + "\n"
