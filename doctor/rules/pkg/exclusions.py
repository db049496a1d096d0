"""Which versions of a package ask for which of another: what pip will not install together.

Each row was read from the packages' own metadata (`pip install --dry-run --no-deps --report - NAME==VERSION`),
at both ends of its range and in between. Ranges that are open at the top hold for what is out today; their
lower bounds have only ever risen. Versions that no row speaks of are not judged.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Needs:
    """`package`, in all of `versions`, can only be installed with `needs` of `other`. Names as pip writes them."""

    package: str
    versions: str
    other: str
    needs: str


NEEDS = (
    # 4.28.0, 4.37.0, 4.45.0, 4.51.3, 4.55.0, 4.57.6: huggingface-hub <1.0
    Needs("transformers", ">=4.28,<5", "huggingface-hub", "<1"),
    # 5.0.0, 5.1.0: >=1.3.0; 5.10.0: >=1.5.0; 5.20.0, 5.23.0: >=1.31.0
    Needs("transformers", ">=5", "huggingface-hub", ">=1.3"),
    Needs("transformers", ">=5,<=5.10", "huggingface-hub", "<2"),
    Needs("transformers", ">=5.20", "huggingface-hub", ">=1.31"),
    # 4.51.3, 4.55.0: tokenizers >=0.21,<0.22
    Needs("transformers", ">=4.51.3,<=4.55", "tokenizers", ">=0.21,<0.22"),
    # 4.57.6, 5.0.0, 5.1.0, 5.10.0: tokenizers >=0.22.0,<=0.23.0
    Needs("transformers", ">=4.57.6,<=5.10", "tokenizers", ">=0.22,<=0.23"),
    Needs("transformers", ">=4.57.6", "tokenizers", ">=0.22"),
    # 5.20.0, 5.23.0: tokenizers >=0.23.1
    Needs("transformers", ">=5.20", "tokenizers", ">=0.23.1"),
    # 0.20.0, 0.21.0: huggingface-hub <1.0
    Needs("tokenizers", ">=0.20,<=0.21.0", "huggingface-hub", "<1"),
    # Each is built for one torch: 0.15.2, 0.18.1, 0.21.0, 0.22.0, 0.24.0; torchaudio 2.6.0, 2.8.0
    Needs("torchvision", "==0.15.2", "torch", "==2.0.1"),
    Needs("torchvision", "==0.18.1", "torch", "==2.3.1"),
    Needs("torchvision", "==0.21.0", "torch", "==2.6.0"),
    Needs("torchvision", "==0.22.0", "torch", "==2.7.0"),
    Needs("torchvision", "==0.24.0", "torch", "==2.9.0"),
    Needs("torchaudio", "==2.6.0", "torch", "==2.6.0"),
    Needs("torchaudio", "==2.8.0", "torch", "==2.8.0"),
)
