"""What the command says to do is done with its own options, and it goes through."""

from __future__ import annotations

import re

import numpy as np
import pytest
from click.testing import CliRunner

from mockrawio import SessionSpec, generate_session
from mockrawio.cli import main
from mockrawio.rasters import Raster, write_sonata, write_spikes_csv
from tests.handmade import T0
from tests.hybrid.test_sorters import phy
from tests.remedies.test_session_files import RAMP, link_out

pytestmark = pytest.mark.usefixtures("quick_figures")


def run(*words):
    """Run the command; return its exit code and what it says on stderr."""
    result = CliRunner().invoke(main, [str(word) for word in words])
    return result.exit_code, result.stderr


def refused(remedy, *words):
    """Check that the command fails, says what to do, and names no parameter of Python's."""
    code, said = run(*words)
    assert code in (1, 2), said
    assert remedy in said
    assert not re.findall(r"\b\w+=(?!\S*-)", said)


def done(*words):
    """Check that the command goes through."""
    code, said = run(*words)
    assert code == 0, said


@pytest.fixture
def folder(tmp_path):
    """A small session."""
    return generate_session(SessionSpec.tiny(), tmp_path / "root")


@pytest.mark.slow
def test_what_is_there(folder, tmp_path):
    """What is there already is replaced with --overwrite, by every command that writes."""
    spikes, figure = tmp_path / "a.h5", tmp_path / "a.png"
    for command in (
        ("generate", tmp_path / "root", "--segments", "6", "--channels", 4, "--units", 2, "--seed", 1),
        ("raster", "--from", folder, "-o", spikes),
        ("plot", folder, "-o", figure, "--what", "daq"),
    ):
        if command[0] != "generate":
            done(*command)
        refused("--overwrite", *command)
        done(*command, "--overwrite")


def test_a_folder_above(folder, tmp_path):
    """The session that is meant instead of the folder above it is named."""
    refused(f"Did you mean {folder}?", "plot", folder.parents[2], "-o", tmp_path / "a.png", "--what", "daq")
    done("plot", folder, "-o", tmp_path / "a.png", "--what", "daq")


def test_fields_of_a_spec(tmp_path):
    """A probe says how many channels it can have; spikes of a file say to leave the number of units out."""
    small = ("generate", tmp_path, "--segments", "6", "--channels", 4, "--seed", 1)
    refused("Change it, or leave it out.", *small, "--probe", "tetrodes", "--channels", 5)
    done(*small, "--probe", "tetrodes")
    refused("Leave it out.", *small, "--overwrite", "--epiphyte", "--sampling-rate", 30_000)
    done(*small, "--overwrite", "--epiphyte")
    spikes = write_sonata(tmp_path / "a.h5", Raster(np.array([9.0]), np.array([3]), 10.0))
    refused("Leave it out.", *small, "--spikes", spikes, "--units", 3, "--overwrite")
    done(*small, "--spikes", spikes, "--overwrite")


def test_spikes_of_text(tmp_path):
    """A csv of two populations is refused, and one of them in a file of its own is taken."""
    small = ("generate", tmp_path / "root", "--segments", "6", "--channels", 4, "--seed", 1, "--spikes")
    (tmp_path / "two.csv").write_text("1 a 1\n2 b 1\n")
    refused("Write the one you mean to a file of its own.", *small, tmp_path / "two.csv")
    raster = Raster(np.array([9.0]), np.array([3]), 10.0)
    done(*small, write_spikes_csv(tmp_path / "one.csv", raster, population="a"))
    refused("Give the path of a SONATA or .csv file", *small, tmp_path / "none.csv", "--overwrite")


def test_a_link_out(handmade):
    """A link out of the session is followed with --follow-symlinks."""
    handmade.all()
    link_out(handmade)
    refused("read with --follow-symlinks", "info", handmade.folder)
    done("info", handmade.folder, "--follow-symlinks")


def test_annotations(handmade, tmp_path):
    """Annotations without a watchlog are left out by leaving --labels out."""
    handmade.lfp()
    refused("Read without --labels.", "info", handmade.folder, "--labels", tmp_path)
    done("info", handmade.folder)


def test_samples_that_are_not_finite(handmade):
    """Samples that are not finite are to be repaired: the command has no other way to read them."""
    handmade.lfp(1, np.where(RAMP == 9, np.nan, RAMP * 0.5), T0 + np.arange(500))
    result = CliRunner().invoke(main, ["verify", str(handmade.folder)])
    assert result.exit_code == 1
    assert "found nan at index 9" in result.output
    assert "raw_dtype" not in result.output
    handmade.lfp(1, RAMP * 0.5, T0 + np.arange(500))
    done("verify", handmade.folder)


@pytest.mark.slow
def test_names_of_figures(folder, tmp_path):
    """A figure or page of a kind that is not written is given an ending that is named."""
    refused("Give one.", "plot", folder, "-o", tmp_path / "a.bmp2")
    done("plot", folder, "-o", tmp_path / "a.png", "--what", "daq")
    refused("Give one.", "report", folder, "-o", tmp_path / "a.txt")
    done("report", folder, "-o", tmp_path / "a.html", "--no-verify")


def test_the_base_of_phy(tmp_path):
    """A base that cannot be is said in the command's words."""
    from dataclasses import replace

    from mockrawio.hybrid import HybridParams, generate_hybrid
    from tests.hybrid.samples import HYBRID

    params = replace(HybridParams.load(HYBRID / "params_phy.py"), output_directory=tmp_path / "run", phy_base=1)
    run_folder = generate_hybrid(params).folder
    sorter = phy(tmp_path / "sorter", times=[0, 5, 6, 7])
    command = ("hybrid", "validate", run_folder, sorter, "--no-figures", "--phy-base")
    refused("Give --phy-base 0 if", *command, 1)
    done(*command, 0)
