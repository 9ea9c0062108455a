import numpy as np
from hybridfactory.probes import custom_probe

data_directory = r"sort_phy"
raw_source_file = r"raw/bench_g0_t0.imec.ap.bin"
data_type = np.int16
sample_rate = 30000
ground_truth_units = [6, 9]
start_time = 0

channel_map = np.arange(32)
connected = np.ones(32, dtype=bool)
xcoords = 20.0 * (np.arange(32) % 2)
ycoords = 20.0 * (np.arange(32) // 2)
channel_positions = np.hstack((xcoords[:, np.newaxis], ycoords[:, np.newaxis]))
probe = custom_probe(channel_map, connected, channel_positions, "bench32")

session_name = "bench"
random_seed = 10191
output_directory = r"hybrid_phy"
output_type = "phy"
num_singular_values = 6
channel_shift = None
synthetic_rate = []
jitter_factor = 100
amplitude_scale_min = 1.0
amplitude_scale_max = 1.0
samples_before = 40
samples_after = 40
copy = True
