"""Whatever befalls a writer, what it was to make is whole or absent, and the next run makes it."""

from __future__ import annotations

import os
from typing import Any

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.at_length,
    pytest.mark.skipif(os.name != "posix", reason="processes are forked and killed as POSIX has it"),
]
if os.name == "posix":
    from tests.faults.scenarios import SCENARIOS
    from tests.length import rounds

Outcomes = dict[str, Any]
NAMES = list(SCENARIOS) if os.name == "posix" else []


def check_whole(name: str, outcome: Outcomes) -> None:
    """Old, new or absent, and new after the next run, which leaves what an undisturbed one does and nothing else."""
    scenario, state = SCENARIOS[name], outcome["state"]
    assert state in ("absent", "new", *(["old"] if scenario.old else [])), outcome
    refused = state == "new" and not scenario.replaces
    assert outcome["again"] == ("SessionExistsError" if refused else None), outcome
    assert outcome["then"] == ("both" if state == "new" and scenario.adds else "new"), outcome
    assert outcome["left"] == [], outcome
    assert outcome["odd"] == [], outcome


@pytest.mark.parametrize("name", NAMES)
def test_killed(name: str, outcomes: Outcomes) -> None:
    """SIGKILL at any step leaves the old or the new one whole, or none; the next run cleans up and succeeds."""
    for outcome in outcomes[name]["kill"]:
        assert outcome["error"] == "SIGKILL"
        check_whole(name, outcome)


def test_killed_often_enough(outcomes: Outcomes) -> None:
    """That was so at many points, at each kind of step; at some the old was there, at some the new, at some none."""
    killed = [outcome for found in outcomes.values() for outcome in found["kill"]]
    assert len(killed) >= rounds(40, 300)
    assert {outcome["step"] for outcome in killed} == {"make", "write", "sync", "move", "remove"}
    assert {outcome["state"] for outcome in killed} == {"absent", "old", "new"}


@pytest.mark.parametrize("kind", ["full", "denied", "broken", "interrupt", "read-only"])
@pytest.mark.parametrize("name", NAMES)
def test_failed(name: str, kind: str, outcomes: Outcomes) -> None:
    """A full disk, a refused rename, a failed sync, Ctrl-C, a disk that is read-only all at once: the same."""
    assert outcomes[name][kind]
    for outcome in outcomes[name][kind]:
        check_whole(name, outcome)
        if outcome["error"] == "NotWrittenError":
            assert "/place" in outcome["text"], outcome
            assert ".partial-" not in outcome["text"], outcome
        else:  # nothing but cleaning up was left to be done when the fault struck
            assert outcome["error"] == ("KeyboardInterrupt" if kind == "interrupt" else None), outcome
            assert kind == "interrupt" or outcome["state"] == "new", outcome


@pytest.mark.parametrize("kind", ["full", "broken"])
@pytest.mark.parametrize("name", NAMES)
def test_failed_leaves_nothing(name: str, kind: str, outcomes: Outcomes) -> None:
    """Where the disk lets us, nothing is left beside the target by a writer that failed."""
    assert [outcome["staged"] for outcome in outcomes[name][kind]] == [[]] * len(outcomes[name][kind])


@pytest.mark.parametrize("name", NAMES)
def test_limit_of_file_size(name: str, outcomes: Outcomes) -> None:
    """Where the system itself writes half a block and refuses the rest, the error says so; nothing is left."""
    before = "old" if SCENARIOS[name].old else "absent"
    for outcome in outcomes[name]["limit"]:
        assert (outcome["error"], outcome["state"], outcome["staged"]) == ("NotWrittenError", before, [])
        assert "found File too large. Free some space" in outcome["text"]


@pytest.mark.parametrize("name", NAMES)
def test_two_at_once(name: str, outcomes: Outcomes) -> None:
    """Of two processes at one target one lands and the other is told, or one lands after the other."""
    scenario = SCENARIOS[name]
    for outcome in outcomes[name]["two"]:
        errors = sorted(str(ended["error"]) for ended in outcome["ended"])
        assert errors == (["None", "None"] if scenario.replaces else ["None", "SessionExistsError"]), outcome
        assert outcome["state"] in (["both"] if scenario.adds else ["new", "other"]), outcome
        assert outcome["left"] == []
