"""Test a pipeline on damaged sessions, and a reader on another format."""

import shutil

import pytest

from mockrawio import BadFileError, MockSessionRawIO
from mockrawio.testing import SESSION_FAULTS, assert_rawio_compliant, plant_fault


def readable(folder):
    """Return whether a session can be opened; any other error is a bug."""
    try:
        MockSessionRawIO(folder).parse_header()
    except BadFileError:
        return False
    return True


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", SESSION_FAULTS)
def test_bad_sessions(name, mock_session, tmp_path):
    """The pipeline handles every kind of damage."""
    folder = shutil.copytree(mock_session(), tmp_path / "session_1")
    plant_fault(folder, name)
    assert readable(folder) in (True, False)


def test_rig_files(mock_rig_files):
    """Neo reads the same session in another format."""
    assert_rawio_compliant(mock_rig_files("brainvision").open())
