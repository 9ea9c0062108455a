"""Work that threads do one after another."""

from __future__ import annotations

import os
import threading

import pytest

from mockrawio.ground.turns import Turns


def test_one_thread_at_a_time():
    """A second thread waits until the first has left; the first may enter again."""
    turns, inside, seen = Turns(), threading.Event(), []

    def other():
        inside.set()
        with turns:
            seen.append("other")

    with turns, turns:
        thread = threading.Thread(target=other)
        thread.start()
        inside.wait()
        seen.append("first")
    thread.join()
    assert seen == ["first", "other"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_has_its_own():
    """A process that is forked while another thread is inside does not wait for that thread, which it has not."""
    turns, inside, done = Turns(), threading.Event(), threading.Event()

    def hold():
        with turns:
            inside.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait()
    child = os.fork()
    if not child:
        with turns:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    done.set()
    thread.join()
