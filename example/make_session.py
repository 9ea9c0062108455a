"""
Make a session
==============

A session with a gap in it, made from a seed, and what was written.

Run it with a folder to keep the session there, or with nothing for a temporary folder::

    python example/make_session.py [ROOT]
"""

import sys
import tempfile

from mockrawio import SessionSpec, generate_session


def make_session(root):
    """Make one session of two segments, 6 s and 4 s, below `root` and list its files."""
    spec = SessionSpec(patient_id=1, session_nr=1, segments=(6.0, 4.0), n_channels=16, n_units=5, seed=2)
    folder = generate_session(spec, root, overwrite=True)
    print(spec)
    print(folder)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            print(f"{path.stat().st_size:>10,d}  {path.relative_to(folder)}")
    return folder


if __name__ == "__main__":
    if len(sys.argv) > 1:
        make_session(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as temporary:
            make_session(temporary)
