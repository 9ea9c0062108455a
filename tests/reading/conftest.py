"""A session with a gap, and files of rigs, written byte by byte."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mockrawio import SessionSpec, generate_session

SPEC = SessionSpec.broadband(segments=(2.0, 1.5), gap_s=1.0, n_channels=4, n_units=3, n_lfp_channels=2, seed=5)


@pytest.fixture(scope="session")
def gap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session of 2 s, a gap of a second, and 1.5 s."""
    return generate_session(SPEC, tmp_path_factory.mktemp("gap"))


def write_neuralynx(folder: Path, n_records: int = 4) -> Path:
    """Write one channel as Neuralynx's Cheetah does: a header of 16 kB and records of 512 samples, 32 kHz."""
    header = (
        "######## Neuralynx Data File Header\r\n## File Name C:\\CSC1.ncs\r\n## Time Opened (m/d/y): 1/1/2020  "
        "(h:m:s.ms) 10:0:0.0\r\n## Time Closed (m/d/y): 1/1/2020  (h:m:s.ms) 10:1:0.0\r\n-CheetahRev 5.6.0\r\n"
        "-AcqEntName CSC1\r\n-FileType CSC\r\n-RecordSize 1044\r\n-ADChannel 0\r\n-NumADChannels 1\r\n"
        "-SamplingFrequency 32000\r\n-ADBitVolts 0.000000061\r\n-ADMaxValue 32767\r\n-InputRange 2000\r\n"
        "-InputInverted False\r\n"
    )
    kind = [("stamp", "<u8"), ("channel", "<u4"), ("rate", "<u4"), ("valid", "<u4"), ("samples", "<i2", 512)]
    records = np.zeros(n_records, kind)
    records["stamp"] = 1_000_000 + np.arange(n_records) * 16_000
    records["rate"], records["valid"] = 32_000, 512
    records["samples"] = np.arange(n_records * 512).reshape(-1, 512)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "CSC1.ncs").write_bytes(header.encode("ascii").ljust(16_384, b"\0") + records.tobytes())
    return folder
