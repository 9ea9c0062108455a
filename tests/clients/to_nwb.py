"""What writes a session as NWB with neuroconv, as docs/clients.rst shows it; apart, as its import takes long."""

from __future__ import annotations

from neuroconv import ConverterPipe
from neuroconv.datainterfaces.ecephys.baserecordingextractorinterface import BaseRecordingExtractorInterface
from neuroconv.datainterfaces.ecephys.basesortingextractorinterface import BaseSortingExtractorInterface

from mockrawio import MockSessionIO
from mockrawio.interop.spikeinterface import MockSessionRecordingExtractor, MockSessionSortingExtractor


class Recording(BaseRecordingExtractorInterface):
    """A stream of a session as a neuroconv interface."""

    @classmethod
    def get_extractor_class(cls):
        return MockSessionRecordingExtractor


class Sorting(BaseSortingExtractorInterface):
    """The units of a session as a neuroconv interface."""

    @classmethod
    def get_extractor_class(cls):
        return MockSessionSortingExtractor


def convert(folder, path):
    """Write a broadband session as NWB, with its metadata."""
    block = MockSessionIO(folder).read_block(lazy=True)
    recording = Recording(folder=str(folder), stream_name="broadband")
    converter = ConverterPipe([recording, Sorting(folder=str(folder))])
    metadata = converter.get_metadata()
    metadata["NWBFile"].update(
        session_start_time=block.annotations["session_start_time"],
        session_description="A mock session.",
    )
    metadata["Subject"] = {
        "subject_id": str(block.annotations["patient_id"]),
        "species": "Homo sapiens",
        "sex": "U",
        "age": "P30Y",
    }
    converter.run_conversion(nwbfile_path=path, metadata=metadata)
