//! How far honest adapters are off: what is allowed follows from it.

/// So many times what was measured is allowed: other adapters round differently.
pub const FACTOR: f64 = 8.0;

/// No adapter is taken to be better than this: some units in the last place.
const LEAST: f64 = 2.5e-7;

/// The worst error of a check that was seen on an honest adapter.
pub fn honest(what: &str) -> f64 {
    let known = HONEST.iter().find(|(name, _)| *name == what);
    known.map_or(LEAST, |(_, error)| error.max(LEAST))
}

const HONEST: &[(&str, f64)] = &[
    ("waves: gradient of token_embedding.weight", 2.0e-6),
    ("waves: gradient of layers.0.norm1.weight", 2.0e-6),
    ("waves: gradient of layers.0.norm1.bias", 2.0e-6),
    (
        "waves: gradient of layers.0.attention.qkv_proj.weight",
        3.2e-6,
    ),
    (
        "waves: gradient of layers.0.attention.qkv_proj.bias",
        2.0e-6,
    ),
    (
        "waves: gradient of layers.0.attention.gate_proj.weight",
        3.4e-6,
    ),
    (
        "waves: gradient of layers.0.attention.gate_proj.bias",
        2.0e-6,
    ),
    (
        "waves: gradient of layers.0.attention.out_proj.weight",
        3.0e-6,
    ),
    (
        "waves: gradient of layers.0.attention.out_proj.bias",
        2.0e-6,
    ),
    (
        "waves: gradient of layers.0.attention.wave_frequency",
        2.0e-6,
    ),
    ("waves: gradient of layers.0.attention.wave_damping", 2.0e-6),
    ("waves: gradient of layers.0.attention.wave_phase", 2.0e-6),
    (
        "waves: gradient of layers.0.attention.field_coupling",
        2.0e-6,
    ),
    ("waves: gradient of layers.0.norm2.weight", 2.0e-6),
    ("waves: gradient of layers.0.norm2.bias", 2.0e-6),
    ("waves: gradient of layers.0.ffn.0.weight", 3.2e-6),
    ("waves: gradient of layers.0.ffn.0.bias", 2.0e-6),
    ("waves: gradient of layers.0.ffn.3.weight", 2.2e-6),
    ("waves: gradient of layers.0.ffn.3.bias", 2.0e-6),
    ("waves: gradient of layers.1.norm1.weight", 2.0e-6),
    ("waves: gradient of layers.1.norm1.bias", 2.0e-6),
    (
        "waves: gradient of layers.1.attention.qkv_proj.weight",
        4.6e-6,
    ),
    (
        "waves: gradient of layers.1.attention.qkv_proj.bias",
        2.2e-6,
    ),
    (
        "waves: gradient of layers.1.attention.gate_proj.weight",
        2.2e-6,
    ),
    (
        "waves: gradient of layers.1.attention.gate_proj.bias",
        2.0e-6,
    ),
    (
        "waves: gradient of layers.1.attention.out_proj.weight",
        2.8e-6,
    ),
    (
        "waves: gradient of layers.1.attention.out_proj.bias",
        2.0e-6,
    ),
    (
        "waves: gradient of layers.1.attention.wave_frequency",
        4.6e-6,
    ),
    ("waves: gradient of layers.1.attention.wave_damping", 2.0e-6),
    ("waves: gradient of layers.1.attention.wave_phase", 2.0e-6),
    (
        "waves: gradient of layers.1.attention.field_coupling",
        4.4e-6,
    ),
    ("waves: gradient of layers.1.norm2.weight", 2.4e-6),
    ("waves: gradient of layers.1.norm2.bias", 2.0e-6),
    ("waves: gradient of layers.1.ffn.0.weight", 2.0e-6),
    ("waves: gradient of layers.1.ffn.0.bias", 2.0e-6),
    ("waves: gradient of layers.1.ffn.3.weight", 2.4e-6),
    ("waves: gradient of layers.1.ffn.3.bias", 2.0e-6),
    (
        "waves: gradient of interference_modules.0.compress.weight",
        3.2e-6,
    ),
    (
        "waves: gradient of interference_modules.0.compress.bias",
        2.0e-6,
    ),
    (
        "waves: gradient of interference_modules.0.expand.weight",
        2.0e-6,
    ),
    (
        "waves: gradient of interference_modules.0.expand.bias",
        2.0e-6,
    ),
    (
        "waves: gradient of interference_modules.0.local_phase_proj.weight",
        3.6e-6,
    ),
    (
        "waves: gradient of interference_modules.0.local_phase_proj.bias",
        2.4e-6,
    ),
    (
        "waves: gradient of interference_modules.0.global_phase_proj.weight",
        2.4e-6,
    ),
    (
        "waves: gradient of interference_modules.0.global_phase_proj.bias",
        2.0e-6,
    ),
    (
        "waves: gradient of interference_modules.0.interference_gate.weight",
        3.4e-6,
    ),
    (
        "waves: gradient of interference_modules.0.interference_gate.bias",
        2.0e-6,
    ),
    (
        "waves: gradient of interference_modules.0.interference_temperature",
        2.0e-6,
    ),
    ("waves: gradient of norm.weight", 2.0e-6),
    ("waves: gradient of norm.bias", 2.0e-6),
    ("standard: gradient of token_embedding.weight", 2.0e-6),
    ("standard: gradient of positional_embedding.weight", 3.8e-6),
    (
        "standard: gradient of transformer.layers.0.norm1.weight",
        2.0e-6,
    ),
    (
        "standard: gradient of transformer.layers.0.norm1.bias",
        2.0e-6,
    ),
    (
        "standard: gradient of transformer.layers.0.self_attn.in_proj_weight",
        5.0e-6,
    ),
    (
        "standard: gradient of transformer.layers.0.self_attn.in_proj_bias",
        3.2e-6,
    ),
    (
        "standard: gradient of transformer.layers.0.self_attn.out_proj.weight",
        2.6e-6,
    ),
    (
        "standard: gradient of transformer.layers.0.self_attn.out_proj.bias",
        2.0e-6,
    ),
    (
        "standard: gradient of transformer.layers.0.norm2.weight",
        2.2e-6,
    ),
    (
        "standard: gradient of transformer.layers.0.norm2.bias",
        2.0e-6,
    ),
    (
        "standard: gradient of transformer.layers.0.linear1.weight",
        2.0e-6,
    ),
    (
        "standard: gradient of transformer.layers.0.linear1.bias",
        2.0e-6,
    ),
    (
        "standard: gradient of transformer.layers.0.linear2.weight",
        3.0e-6,
    ),
    (
        "standard: gradient of transformer.layers.0.linear2.bias",
        2.0e-6,
    ),
    (
        "standard: gradient of transformer.layers.1.norm1.weight",
        2.0e-6,
    ),
    (
        "standard: gradient of transformer.layers.1.norm1.bias",
        2.0e-6,
    ),
    (
        "standard: gradient of transformer.layers.1.self_attn.in_proj_weight",
        2.8e-6,
    ),
    (
        "standard: gradient of transformer.layers.1.self_attn.in_proj_bias",
        2.0e-6,
    ),
    (
        "standard: gradient of transformer.layers.1.self_attn.out_proj.weight",
        2.0e-6,
    ),
    (
        "standard: gradient of transformer.layers.1.self_attn.out_proj.bias",
        2.0e-6,
    ),
    (
        "standard: gradient of transformer.layers.1.norm2.weight",
        2.0e-6,
    ),
    (
        "standard: gradient of transformer.layers.1.norm2.bias",
        2.0e-6,
    ),
    (
        "standard: gradient of transformer.layers.1.linear1.weight",
        2.0e-6,
    ),
    (
        "standard: gradient of transformer.layers.1.linear1.bias",
        2.0e-6,
    ),
    (
        "standard: gradient of transformer.layers.1.linear2.weight",
        2.8e-6,
    ),
    (
        "standard: gradient of transformer.layers.1.linear2.bias",
        2.0e-6,
    ),
    ("standard: gradient of norm.weight", 2.0e-6),
    ("standard: gradient of norm.bias", 2.0e-6),
    ("matrix product with bias", 3.1e-7),
    ("matrix product added to what was there", 3.8e-7),
    ("GELU", 6.0e-7),
    ("what the GELU is of", 3.4e-7),
    ("GELU with dropout", 9.0e-7),
    ("gradient of the GELU", 3.5e-7),
    ("gradient of the GELU with dropout", 3.4e-7),
    ("residual connection with dropout", 3.5e-7),
    ("gradient of a weight", 6.6e-7),
    ("large matrix product", 3.5e-7),
    ("large product, other way", 3.3e-7),
    ("layer norm", 2.9e-7),
    ("gradient of the layer norm's weight", 3.6e-7),
    ("gradient of the layer norm's bias", 2.7e-7),
    ("gradient of the embedding", 4.9e-7),
    ("gradient of the phase", 3.5e-7),
    ("gradient of the phase, some cells", 8.3e-7),
    ("convolution without transforms", 6.4e-7),
    ("coupling and gate", 3.5e-7),
    ("gradient of what was gathered", 3.5e-7),
    ("gradient of the gate", 6.5e-7),
    ("gradient of the coupling", 4.5e-7),
    ("gradient of the mean so far", 3.1e-7),
    ("gradient of the token's direction", 5.1e-7),
    ("gradient of the text's direction", 5.5e-7),
    ("gradient of the interference's gate", 7.0e-7),
    ("attention", 3.0e-6),
    ("attention's sums", 3.0e-6),
    ("gradient of queries, keys and values", 3.0e-6),
    ("field", 7.7e-7),
    ("gradient of the deposits", 6.6e-7),
    ("gradient of the kernels", 5.1e-7),
    ("field between cells", 6.1e-7),
    ("gradient of the deposits between cells", 8.5e-7),
    ("gradient of the kernels between cells", 5.6e-7),
    ("length of all gradients", 3.5e-7),
];
