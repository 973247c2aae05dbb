"""What a configuration may say, and that whatever else it says is refused by name."""

from __future__ import annotations

import unittest

from wavefield import ConfigError, ModelConfig, WaveField

from .helpers import KINDS, small


class Config(unittest.TestCase):
    def refused(self, name: str, **options: object) -> str:
        with self.assertRaises(ConfigError) as caught:
            small(13, **options)
        self.assertEqual(caught.exception.field, name)
        return str(caught.exception)

    def test_the_causality_law(self) -> None:
        for cells, allowed in (
            (33, True),
            (34, False),
            (64, False),
            (65, True),
            (100, True),
            (20, False),
        ):
            if allowed:
                small(13, field_size=cells)
            else:
                said = self.refused("field_size", field_size=cells)
                self.assertIn("use 33 cells (stride 1) or at least 65", said)

    def test_what_is_not_known_is_named(self) -> None:
        self.assertIn("near_feild", self.refused("near_feild", near_feild=4))
        self.assertIn('"layer" or "rms", found "batch"', self.refused("norm", norm="batch"))
        self.refused("feed_forward", feed_forward="relu")
        self.refused("architecture", architecture="mamba")
        self.refused("positions", positions="alibi", architecture="standard", field_size=0)
        self.refused("norm", norm=1)
        self.refused("near_field", near_field=3)
        self.refused("embedding_dim", embedding_dim="16")
        self.refused("embedding_dim", embedding_dim=16.5)
        self.refused("embedding_dim", embedding_dim=18, num_heads=3)
        self.refused("num_heads", num_heads=5)
        self.refused("window", window=-1)
        self.refused("position_scale", position_scale=float("nan"))
        self.refused("interference_interval", interference_interval=0)

    def test_options_that_do_not_go_together(self) -> None:
        standard = {"architecture": "standard", "field_size": 0}
        for name, value in (
            ("field_size", 33),
            ("near_field", 4),
            ("window", 3),
            ("keyed_layers", 1),
        ):
            self.refused(name, **{**standard, name: value})
        self.refused("positions", positions="rotary")
        self.refused("positions", **standard, positions="rotary", num_heads=16)
        self.refused("key_dim", keyed_layers=1)
        self.refused("key_dim", key_dim=4)
        self.refused("keyed_layers", keyed_layers=4, key_dim=4)
        self.refused("keyed_layers", keyed_layers=3, key_dim=4, window=4)

    def test_configurations_come_back(self) -> None:
        for kind, options in KINDS.items():
            config = small(13, **options)
            self.assertEqual(ModelConfig.from_json(config.to_json()), config, kind)
        # Other programs write whole numbers so.
        values = {**small(13).to_dict(), "ffn_dim": 24.0}
        self.assertEqual(ModelConfig.from_dict(values), small(13))
        self.assertNotIn("norm", small(13).to_dict())
        missing = small(13).to_dict()
        del missing["num_heads"]
        with self.assertRaises(ConfigError) as caught:
            ModelConfig.from_dict(missing)
        self.assertEqual(caught.exception.field, "num_heads")

    def test_the_table_has_every_parameter(self) -> None:
        for kind, options in KINDS.items():
            model = WaveField(small(13, **options))
            own = {name: tuple(p.shape) or (1,) for name, p in model.named_parameters()}
            table = {spec.name: spec.shape or (1,) for spec in model.specs()}
            self.assertEqual(table, own, kind)

    def test_a_text_longer_than_the_context_is_refused(self) -> None:
        import torch

        with self.assertRaisesRegex(ValueError, "34 tokens, but the context is 33"):
            WaveField(small(13))(torch.zeros(1, 34, dtype=torch.long))


if __name__ == "__main__":
    unittest.main()
