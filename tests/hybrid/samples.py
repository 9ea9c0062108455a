"""Where the sample recording and its sortings are."""

from pathlib import Path

HYBRID = Path(__file__).parents[1] / "data" / "hybrid"
RAW = HYBRID / "raw" / "bench_g0_t0.imec.ap.bin"
