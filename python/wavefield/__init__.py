"""Wave Field language models in PyTorch: the same files, names and numbers as the playground's engine.

    from wavefield import WaveField

    model = WaveField.from_pretrained("models/shakespeare")
    print(model.generate("ROMEO:", max_tokens=200, temperature=0.8, seed=1))

`python -m wavefield.train FOLDER/train.toml` trains one, on one process or, under torchrun, on many.
"""

from .config import ModelConfig
from .errors import CheckpointError, ConfigError, DataError, TokenizerError, WaveFieldError
from .generation import Decoder, Generation, Sampler
from .model import WaveField
from .tokenizer import Tokenizer

__all__ = [
    "CheckpointError",
    "ConfigError",
    "DataError",
    "Decoder",
    "Generation",
    "ModelConfig",
    "Sampler",
    "Tokenizer",
    "TokenizerError",
    "WaveField",
    "WaveFieldError",
]
