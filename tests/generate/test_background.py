"""The background of the broadband stream: the fast way is the slow one, and the noise is what it claims to be."""

from __future__ import annotations

import numpy as np
import pytest

from mockrawio.generate import SessionSpec
from mockrawio.generate.background import Background
from mockrawio.generate.parts.bits import SUM_SD
from mockrawio.generate.parts.part import BOUND, CHUNK
from mockrawio.generate.parts.pink import PINK_SD


def noise_of(n_chunks, **fields):
    """Return whole chunks of background in counts, float64, and what made them."""
    spec = SessionSpec.broadband(n_units=0, seed=5, **fields)
    background = Background(spec, 5)
    out = np.empty((n_chunks, CHUNK, spec.n_channels), "<i2")
    for chunk, part in enumerate(out):
        background.fill(part, 0, chunk)
    return out.reshape(-1, spec.n_channels).astype(float), background


def slow_noise(seed, background, seg_index, chunk):
    """Make a chunk of background from the same bits in plain arithmetic of 64 bits, line by line."""

    def bits_of(number):
        return np.random.SFC64(np.random.SeedSequence(seed, spawn_key=(16, seg_index, number)))

    def octets(bits, n):
        return bits.random_raw(-(-n // 8)).astype("<u8").view(np.uint8)[:n] - 127.5

    def sums(bits, n):
        lanes = bits.random_raw(n // 4).astype("<u8").view("<u2").astype(np.int64)
        return lanes % 128 + lanes // 128 % 32 * 4 + lanes // 4096 * 8

    width = background.total_uV.size
    bits, following = bits_of(chunk), bits_of(chunk + 1)
    first, last = (octets(b, 10 * width).reshape(10, width) for b in (bits, following))
    knots = np.zeros((513, width))
    for octave in reversed(range(10)):
        n = 1 << (9 - octave)
        own = np.vstack([first[octave], octets(bits, (n - 1) * width).reshape(n - 1, width), last[octave]])
        knots += np.stack([np.interp(np.arange(513), np.arange(n + 1) << octave, column) for column in own.T], axis=1)
    knots = np.rint(knots.astype(np.float32) * background.noises["pink"].factors).astype(np.int64)
    common = sums(bits, CHUNK // 4) * background.noises["common"].factor - 371 * background.noises["common"].factor // 2
    white = sums(bits, CHUNK * width).reshape(CHUNK, width) * background.noises["white"].factors.astype(np.int64)
    white += 16 - 371 * background.noises["white"].factors.astype(np.int64) // 2
    frame = np.arange(CHUNK)
    knot, step = frame // 32, (frame % 32 // 4 * 4)[:, None]
    lines = knots[knot] * 32 + (knots[knot + 1] - knots[knot]) * step
    return (lines + white + common[frame // 4][:, None]) >> 5


@pytest.mark.parametrize(
    "fields",
    [{}, {"n_channels": 1}, {"pink_share": 1.0, "common_share": 0.0}, {"pink_share": 0.5, "common_share": 0.5}],
    ids=str,
)
@pytest.mark.parametrize("noise_uV", [10.0, 12.99])
def test_the_fast_noise_is_the_slow_one(fields, noise_uV):
    """Arithmetic modulo 2**16 on four lanes at once gives what 64 bits a value give, within the bound."""
    background = Background(SessionSpec.broadband(**{"n_channels": 11, "seed": 4, "noise_uV": noise_uV, **fields}), 4)
    fast = np.empty((CHUNK, background.total_uV.size), "<i2")
    background.fill(fast, 1, 2)
    assert np.array_equal(fast, slow_noise(4, background, 1, 2))
    assert 40 < background.total_uV.min() / background.gain <= background.total_uV.max() / background.gain < 127


def test_no_level_leads_out_of_the_bound():
    """The largest values of all parts together are within 1023 counts, for any noise and any shares."""
    for noise_uV in 2.0 ** np.linspace(-3, 3, 25):
        for pink_share in (0.0, 0.3, 0.6, 0.8, 0.9, 1.0):
            for common_share in (0.0, 0.1, 0.5):
                shares = {"pink_share": pink_share, "common_share": common_share, "noise_uV": noise_uV}
                background = Background(SessionSpec.broadband(n_channels=64, seed=0, **shares), 0)
                white, pink, common = (background.noises[name] for name in ("white", "pink", "common"))
                most = 185.5 / 32 * (white.factors + common.factor) + 1275.0 * pink.factors + 2
                assert most.max() <= BOUND


def test_each_channel_has_the_noise_it_says():
    """Over 31 s each channel's SD is what the truth says, within 4 %; background lie within a fifth of the mean."""
    counts, background = noise_of(60, n_channels=16, noise_uV=7.0)
    found = counts.std(axis=0) * background.gain
    # The slowest octave has 3 % of the variance and 60 knots: 0.5 % of the SD, the others together as much again.
    assert abs(found / background.total_uV - 1).max() < 0.04
    assert abs(background.total_uV / 7 - 1).max() < 0.21
    assert background.total_uV.std() / 7 > 0.05
    assert abs(counts.mean(axis=0)).max() < 10


def test_shares_are_shares_of_the_variance():
    """White, coloured and common parts are as large as asked for, to the resolution of their factors."""
    background = Background(SessionSpec.broadband(n_channels=200, pink_share=0.4, common_share=0.2, seed=1), 1)
    own = background.total_uV**2 - background.noises["common"].sd_uV ** 2
    assert abs(background.noises["pink"].sd_uV ** 2 / own - 0.4).max() < 0.03
    assert abs(background.noises["common"].sd_uV ** 2 / 10**2 - 0.2) < 0.02
    assert abs(background.total_uV.mean() - 10) < 5 * 2 / np.sqrt(3 * 200)


def test_white_noise_is_white_and_near_normal():
    """Without the other parts the spectrum is flat, neighbours and channels are uncorrelated, tails end at 2.9 SD."""
    counts, background = noise_of(8, n_channels=3, pink_share=0.0, common_share=0.0)
    n = len(counts)
    values = counts / (background.noises["white"].factors * (SUM_SD / 32))
    assert abs(values.mean(axis=0)).max() < 5 / np.sqrt(n)
    assert abs(values.std(axis=0) - 1).max() < 5 / np.sqrt(2 * n)
    assert abs((values[1:] * values[:-1]).mean(axis=0)).max() < 5 / np.sqrt(n)
    assert abs((values[:, :-1] * values[:, 1:]).mean(axis=0)).max() < 5 / np.sqrt(n)
    assert abs((values**4).mean(axis=0) - 2.6).max() < 0.05  # 3 - 1.2 / 3, about
    assert abs(values).max() < 2.95
    power = (abs(np.fft.rfft(values, axis=0)) ** 2)[1:].reshape(64, -1, 3).mean(axis=1) / n
    assert abs(power - 1).max() < 5 / np.sqrt(n / 128)


def test_coloured_noise_has_the_same_power_in_every_octave():
    """From 2 to 256 Hz the spectrum falls as 1/f, its exponent within 0.15 of -1."""
    counts, background = noise_of(80, n_channels=4, pink_share=1.0, common_share=0.0)
    assert (background.noises["white"].factors == 0).all()
    power = (abs(np.fft.rfft(counts, axis=0)) ** 2).mean(axis=1)
    frequency = np.fft.rfftfreq(len(counts), 1 / 32_000)
    edges = 2.0 ** np.arange(1, 9)
    density = [power[(frequency >= low) & (frequency < 2 * low)].mean() for low in edges[:-1]]
    slope = np.polyfit(np.log(edges[:-1]), np.log(density), 1)[0]
    assert abs(slope + 1) < 0.15


def test_chunks_meet_without_a_step():
    """Between two chunks the coloured noise moves no more than within one."""
    counts, background = noise_of(30, n_channels=8, pink_share=1.0, common_share=0.0)
    moves = abs(np.diff(counts, axis=0))
    pink = background.noises["pink"].factors
    most = 2 * 255 * pink / 8 + 1  # all octaves' knots from one end to the other, over 8 steps
    assert (moves <= most).all()
    edges = moves[CHUNK - 1 :: CHUNK]
    assert edges.max() <= moves.max()
    assert PINK_SD * pink.max() > 50


def test_the_common_part_is_on_all_channels():
    """Two channels are correlated as much as their common part is of their noise; without one, not at all."""
    for share in (0.3, 0.0):
        counts, background = noise_of(60, n_channels=6, pink_share=0.1, common_share=share)
        found = np.corrcoef(counts.T)
        expected = background.noises["common"].sd_uV ** 2 / np.outer(background.total_uV, background.total_uV)
        apart = ~np.eye(6, dtype=bool)
        assert abs(found - expected)[apart].max() < 0.03
