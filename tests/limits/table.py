"""Every limit that has a name: what it is, what the pages say of it, and what happens beyond it.

A page's sentence is a format string for the value, so that it cannot say another number than the code. What is of the
limit's size is read, and what is just beyond it is refused, in each of `uses`; or the tests that are named hold that.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import uses
from .uses import Use


def after(value: int) -> int:
    """Return the next whole number."""
    return value + 1


def before(value: int) -> int:
    """Return the whole number before."""
    return value - 1


def same(value: float) -> float:
    """Return it."""
    return value


def up(value: float) -> float:
    """Return the next float64 away from 0."""
    return math.nextafter(value, math.copysign(math.inf, value))


def down(value: float) -> float:
    """Return the next float64 towards 0."""
    return math.nextafter(value, 0.0)


@dataclass(frozen=True)
class Limit:
    """One limit."""

    constant: str  # below `mockrawio`: the module, and a name or a field in it
    value: float  # what it is
    pages: tuple[tuple[str, str], ...] = ()  # page and sentence
    uses: tuple[Use, ...] = ()  # what is refused beyond it
    held: str = ""  # or where a test is that holds what happens beyond it
    most: Callable[[Any], Any] = same  # what is taken, from the value
    beyond: Callable[[Any], Any] = after  # what is not
    said: Callable[[Any], Any] = same  # what a page says, from the value


def _mib(value: int) -> int:
    return value >> 20


def _short(value: float) -> str:
    """Return a power of ten as pages write it."""
    return f"{value:g}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")


SECURITY = "security.rst"
LEFT_OUT = "tests/report/test_html.py::test_what_is_left_out_is_said"
COSTLY = "tests/hybrid/test_params.py::test_what_costs_too_much_is_refused"
LIMITS = (
    # Dict files.
    Limit(
        "formats.symbolic.MAX_OPCODES",
        50_000,
        ((SECURITY, "More than {:,} opcodes,"),),
        (uses.opcodes_in_all,),
    ),
    Limit("formats.symbolic.MAX_DEPTH", 64, ((SECURITY, "opcodes, {} open marks,"),), (uses.open_marks,)),
    Limit(
        "formats.symbolic.MAX_SPELLED", 1 << 20, ((SECURITY, "{} MiB of short text."),), (uses.short_text,), said=_mib
    ),
    Limit("formats.reductions.MAX_SCALAR", 256, (), (uses.scalar_bytes,)),
    Limit("formats.reductions.MAX_ALIGNMENT", 64, (), (uses.alignment,)),
    Limit("formats.reductions.MAX_TEXT", 4096, held="tests/fuzz/test_finds.py::test_planted"),
    # Plain files, text and json.
    Limit("formats.npy.MAX_HEADER", 10_000, ((SECURITY, "Headers above {:,} bytes."),), (uses.npy_header,)),
    Limit(
        "ground.places.MAX_TEXT_FILE",
        64 << 20,
        (
            (SECURITY, "UTF-8, one object, {} MiB and"),
            (SECURITY, "a file above {} MiB."),
            ("faults.rst", "JSON of at most {} MiB,"),
        ),
        (uses.text_file,),
        said=_mib,
    ),
    # What lies elsewhere.
    Limit(
        "formats.npy.MOST_WHOLE",
        4 << 30,
        (("remote.rst", "may have {} GiB."),),
        held="tests/remote/test_bounds.py::test_an_array_that_is_too_large",
        said=lambda value: value >> 30,
    ),
    Limit(
        "ground.remote.reading.MOST_AHEAD",
        16 << 20,
        (("remote.rst", "fetched meanwhile, up to {} MiB."),),
        held="tests/remote/test_bounds.py::test_what_is_fetched_ahead",
        said=_mib,
    ),
    Limit(
        "ground.remote.store.MOST_WAIT_S",
        15.0,
        (("remote.rst", "as long as the server says, up to {} s."),),
        held="tests/remote/test_bounds.py::test_a_server_that_asks_for_patience",
        said=int,
    ),
    Limit(
        "ground.remote.folder.MOST_NAMES",
        1 << 18,
        (("remote.rst", "at most {:,} names in total"),),
        held="tests/remote/test_hostile.py::test_folders_without_end",
    ),
    Limit(
        "ground.remote.folder.MOST_DEEP",
        8,
        (("remote.rst", "at most {} folders deep"),),
        held="tests/remote/test_hostile.py::test_folders_without_end",
    ),
    Limit(
        "ground.remote.reading.MOST_FIRST",
        1 << 12,
        (("remote.rst", "only the first {:,} are read ahead"),),
        held="tests/remote/test_bounds.py::test_beginnings_that_are_read",
    ),
    Limit(
        "ground.remote.zipped.MOST_READ",
        64 << 20,
        (("remote.rst", "The zip's directory may have {} MiB."),),
        held="tests/remote/test_zip.py::test_a_list_of_members_that_is_too_large",
        said=_mib,
    ),
    Limit("session.indexing.MOST_TEXT", 1 << 18, held="tests/remote/test_bounds.py::test_texts_in_the_index"),
    Limit(
        "session.indexing.MOST_STEPS",
        50_000,
        (("remote.rst", "stores up to {} such places"),),
        held="tests/remote/test_gaps.py::test_more_gaps_than_an_index_takes",
        said="{:,}".format,
    ),
    Limit("ground.jsontext.MAX_DEPTH", 32, ((SECURITY, "MiB and {} levels."),), (uses.json_levels,)),
    Limit("ground.tomltext.MAX_BYTES", 16 << 20, (), (uses.toml_file,)),
    Limit("ground.fields.MAX_FIELD", 64, ((SECURITY, "fields of more than {} characters,"),), (uses.log_field,)),
    Limit("session.logs.MAX_PTS", 1e9, (), (uses.movie_time,), beyond=up),
    Limit(
        "session.files.MAX_NAME",
        64,
        (
            (SECURITY, "Names of no or of more than {} characters,"),
            (SECURITY, "have 1 to {} printable characters,"),
        ),
        (uses.channel_name, uses.units_of_unit, uses.stream_id),
    ),
    # Numbers.
    Limit(
        "session.keys.GAINS.low",
        1e-15,
        ((SECURITY, "gains of {} to"),),
        (uses.gain_of_lfp, uses.gain_of_stream),
        beyond=down,
        said=_short,
    ),
    Limit(
        "session.keys.GAINS.high",
        1e15,
        ((SECURITY, "gains of 1e-15 to {}, offsets"),),
        (uses.gain_of_lfp, uses.gain_of_stream),
        beyond=up,
        said=_short,
    ),
    Limit(
        "session.keys.OFFSETS.high",
        1e15,
        ((SECURITY, "offsets and float samples within {}"), ("readers.rst", "Offsets lie within {}")),
        (uses.offset_of_unit, uses.offset_of_stream),
        beyond=up,
        said=_short,
    ),
    Limit("session.keys.OFFSETS.low", -1e15, (), (uses.offset_of_unit, uses.offset_of_stream), beyond=up),
    Limit(
        "rawio.scaling.LARGEST",
        1e15,
        ((SECURITY, "offsets and float samples within {}"),),
        (uses.float_sample,),
        beyond=up,
        said=_short,
    ),
    Limit(
        "session.keys.RATES.low",
        1e-6,
        ((SECURITY, "sampling rates of {} to"),),
        (uses.rate_of_lfp, uses.rate_of_stream),
        beyond=down,
        said=_short,
    ),
    Limit(
        "session.keys.RATES.high",
        1e9,
        ((SECURITY, "to {} Hz, stamps"),),
        (uses.rate_of_lfp, uses.rate_of_stream),
        beyond=up,
        said=_short,
    ),
    Limit(
        "session.clock.FARTHEST",
        2**62,
        ((SECURITY, r"stamps below 2\ :sup:`{}`,"),),
        (uses.stamp,),
        most=before,
        beyond=same,
        said=lambda value: value.bit_length() - 1,
    ),
    Limit("session.clock.EARLIEST_MS", 631_152_000_000, (), (uses.stamp_early,), beyond=before),
    Limit("session.clock.LATEST_MS", 4_102_444_800_000, (), (uses.stamp_late,)),
    Limit(
        "session.clock.MAX_RUNS",
        10_000,
        ((SECURITY, "{:,} segments."),),
        (uses.segments_of_lfp, uses.segments_of_stream),
    ),
    Limit(
        "session.clock.MAX_DRIFT",
        2e-3,
        (("readers.rst", "A clock that is up to {:.1f} % slow or fast"),),
        (uses.slow_clock, uses.fast_clock),
        most=lambda value: 0.99 * value,
        beyond=lambda value: 1.01 * value,
        said=lambda value: 100 * value,
    ),
    Limit("rawio.open_session.MAX_PIECES", 1_000_000, held="tests/limits/test_limits.py::test_pieces_of_streams"),
    Limit("session.own.MAX_DEPTH", 20, held="tests/limits/test_limits.py::test_paths_within_objects"),
    Limit(
        "rawio.spikes.OPEN_MAPS",
        64,
        (("readers.rst", "those of the last {} units used;"),),
        held="tests/rawio/test_spikes.py::test_more_units_than_open_maps",
    ),
    # Probes, templates, parameters, spikes.
    Limit("session.probe_form.MAX_PROBES", 1024, (), (uses.probes,)),
    Limit("session.probe_form.MAX_CONTACTS", 1 << 17, (), (uses.wiring,)),
    Limit("hybrid.raw_probe.MAX_BYTES", 64 << 20, (), (uses.probe_npz,)),
    Limit(
        "formats.templates.stored.MOST_VALUES",
        1 << 26,
        (("templates.rst", "none may have more than {} MiB of values."),),
        (uses.values_of_templates,),
        beyond=lambda value: value + (1 << 10),  # templates of a prime number of values have too many units first
        said=lambda value: 4 * value >> 20,
    ),
    Limit("formats.templates.stored.MOST_CHANNELS", 1 << 13, (), (uses.channels_of_templates,)),
    Limit("formats.templates.stored.MOST_SAMPLES", 1 << 13, (), (uses.samples_of_template,)),
    Limit("formats.templates.stored.MOST_UNITS", 1 << 17, (), (uses.units_of_templates,)),
    Limit(
        "formats.sorters.phy.MOST_CHANNELS",
        1 << 16,
        held="tests/hybrid/test_phy_exports.py::test_lists_that_do_not_fit",
    ),
    Limit("formats.spikes.csv.MOST_LINE", 1 << 24, held="tests/rasters/test_spikes_csv.py::test_no_text"),
    Limit("formats.spikes.sonata.MOST_PACKED", 1100, held="tests/rasters/test_sonata.py::test_well_packed_spikes"),
    Limit("hybrid.original.params_py.MAX_BYTES", 1 << 20, (), (uses.py_bytes,)),
    Limit("hybrid.original.params_py.MAX_DEPTH", 100, (), (uses.py_depth,)),
    Limit("hybrid.original.params_py.MAX_CHAIN", 2000, (), (uses.py_chain,)),
    Limit("hybrid.original.params_py.MAX_FSTRING", 1024, held=COSTLY),
    Limit("hybrid.original.params_calls.MAX_ITEMS", 1_000_000, (), (uses.py_items,)),
    Limit("hybrid.original.params_calls.MAX_WORK", 20_000_000, held=COSTLY),
    Limit("hybrid.original.params_calls.MAX_TEXT", 1 << 16, (), (uses.py_text,)),
    Limit("hybrid.original.params_calls.MAX_WHOLE", 1 << 63, (), (uses.py_whole,), most=before, beyond=same),
    Limit(
        "hybrid.original.arithmetic.LEGACY_CAP",
        25_000,
        (
            ("hybridfactory.rst", "at most {:,} events"),
            ("hybridfactory.rst", "at most {:,} are drawn,"),
            ("hybridfactory.rst", "replaces the {:,}"),
        ),
        held="tests/hybrid/test_compat.py::test_the_hidden_cap",
    ),
    Limit(
        "hybrid.times.ROUNDS",
        24,
        (("hybridfactory.rst", "with more jitter each time, {} times at most;"),),
        held="tests/hybrid/test_times.py::test_a_time_is_drawn_so_many_times",
    ),
    # What is drawn, and what takes memory.
    Limit(
        "device.envelope.MAX_BYTES",
        256 << 20,
        (("gpu.rst", "It takes at most {} MiB of memory"),),
        held="tests/device/test_zoom.py::test_memory_is_bounded",
        said=_mib,
    ),
    Limit(
        "device.pyramid.SMALLEST_BIN",
        64,
        (
            ("gpu.rst", "of every {} samples, of every 512,"),
            ("gpu.rst", "the {} samples in which each pixel's edge lies"),
        ),
        held="tests/device/test_zoom.py::test_memory_is_bounded",
    ),
    Limit("interop.dask.MOST_TIMES", 1 << 27, held="tests/interop/test_dask.py::test_xarray_times_as_a_range"),
    Limit(
        "rasters.figure.MAX_SPIKES",
        20_000,
        (("rasters.rst", "More than {:,} spikes are thinned,"),),
        held="tests/rasters/test_figure.py::test_the_most_spikes_of_a_figure",
    ),
    Limit(
        "rasters.figure._FEWEST_UNITS",
        20,
        (("rasters.rst", "of small groups at least {} units;"),),
        held="tests/rasters/test_figure.py::test_small_groups_keep_their_units",
    ),
    Limit(
        "report.page_traces.BINS",
        16_384,
        (("report.rst", "the lowest and the highest value of {:,} stretches,"),),
        held="tests/report/test_html.py::test_size_is_bounded",
    ),
    Limit(
        "report.page_traces.EXCERPT",
        16_384,
        (("report.rst", "every sample of an excerpt of {:,}"),),
        held="tests/report/test_html.py::test_channels_lie_one_after_another",
    ),
    Limit(
        "report.page_figures.MOST_SPIKES",
        8000,
        (("report.rst", "of more than {:,} spikes the raster has every k-th"),),
        held=LEFT_OUT,
    ),
    Limit(
        "report.page_figures.MOST_POINTS",
        3000,
        (("report.rst", "of more than {:,} points of a curve"),),
        held=LEFT_OUT,
    ),
    Limit(
        "report.page_figures.MOST_UNITS",
        400,
        (("report.rst", "18 KB each for the first {})"),),
        held=LEFT_OUT,
    ),
    Limit(
        "report.page_spectra.MOST_COLUMNS",
        160,
        (("report.rst", "a spectrogram has {} columns of two windows,"),),
        held="tests/report/test_html.py::test_size_is_bounded",
    ),
    Limit(
        "report.spectra.power_spectrum(max_windows)",
        100,
        (("report.rst", "spectra are of {} windows at most,"),),
        held="tests/report/test_spectra.py::test_power_of_a_sine",
    ),
    Limit(
        "report.waveform_stats.waveform_stats(max_spikes)",
        2000,
        (("report.rst", "averaged over at most {:,} spikes of a unit;"),),
        held="tests/report/test_measures.py::test_some_waveforms",
    ),
    Limit(
        "ground.writing.SYNC_BYTES",
        16 << 20,
        (("faults.rst", "a large file every {} MiB of"),),
        held="tests/session/test_writer.py::test_a_large_file_begins_to_be_synced_early",
        said=_mib,
    ),
)
