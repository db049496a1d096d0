"""What the process that `tests.train.forks` forks from imports once."""

import os
import warnings

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
warnings.simplefilter("ignore")

import torch  # noqa: E402

import qtune.train.methods.sft  # noqa: E402
import qtune.train.recipe  # noqa: E402, F401

torch.set_num_threads(1)
