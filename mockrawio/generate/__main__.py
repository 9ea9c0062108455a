"""``python -m mockrawio.generate`` makes the demo data, as the module of Epiphyte's generator does when run."""

from .demo import run_data_generation

if __name__ == "__main__":
    run_data_generation()
