"""What :mod:`tests.benchmarks.gpu` found, as a table for the documentation and in words."""

from __future__ import annotations

from typing import Any

from tests.benchmarks.gpu_ways import ROWS
from tests.rst import list_table

GOALS = {"pinned": 0.9, "kilosort": 2.0, "cpu_scale": 4.0}  # ours at least so many times
NO_GPU = "The device is the CPU: these figures show that the script runs; they say nothing of a GPU."


def rows(told: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return what was measured, how much it was, and what that is to something else."""
    rates = told["int16_gb_per_s"]
    found = [(ROWS[key], f"{rate:.2f} GB/s", f"{rate / rates['pinned']:.2f} x (c)") for key, rate in rates.items()]
    for out, (own, slots) in told["own_and_reused"].items():
        found.append((f"stream_scaled by {out}", f"{own:.2f} GB/s", f"{own / slots:.2f} x reuse=True"))
    if zoom := told.get("zoom"):
        seen = f"zoom of {zoom['seconds']:g} s x {zoom['channels']} channels, {zoom['pixels']} pixels"
        found.append((f"{seen}: the first view", f"{zoom['first_s']:.2f} s", f"{zoom['gb_per_s']:.2f} GB/s of int16"))
        found.append((f"{seen}: later views", f"{1e3 * zoom['later_s']:.1f} ms", f"{zoom['ratio']:.0f} x as fast"))
    if some := told.get("waveforms"):
        what = f"waveforms_to_device of {some['n']} waveforms of {some['samples']} samples"
        found.append((what, f"{some['ours_s']:.3f} s", f"{some['ratio']:.2f} x scaled on the CPU, then copied"))
    return found


def rst(told: dict[str, Any]) -> str:
    """Return the table as docs/gpu.rst has it."""
    title = f"{told['name']}, {told['torch']}, {told['cores']} CPU cores"
    return list_table([("what", "found", "against"), *rows(told)], title=title)


def in_words(told: dict[str, Any]) -> str:
    """Return all that was found, line by line."""
    lines = [f"device {told['device']}: {told['name']}, {told['torch']}; every value checked against the reader first"]
    lines += [f"  {what:66s} {found:>12s}  {against}" for what, found, against in rows(told)]
    on_gpu = not told["note"]
    for key, goal in GOALS.items():
        ratio = told["ours_to"][key]
        met = ("met" if ratio >= goal else "not met") if on_gpu else "no GPU, no verdict"
        lines.append(f"  ours / {ROWS[key][:3]} {ratio:6.2f}, goal {goal}: {met}")
    lines += [f"  FAILED {line}" for line in told["failed"]]
    for key in ("tests", "pipeline", "sanitizer"):
        lines += [f"{key}:", *(f"  {line}" for line in told.get(key, {}).get("lines", ["not run"]))]
    return "\n".join([*lines, f"all of it took {told['seconds']:.0f} s", *[told["note"]] * (not on_gpu)])
