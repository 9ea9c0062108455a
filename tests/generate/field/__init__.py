"""Tests of the field and of the LFP made of it."""
