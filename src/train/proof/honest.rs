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
    ("matrix product with bias", 2.9e-7),
    ("matrix product added to what was there", 3.1e-7),
    ("GELU", 5.1e-7),
    ("what the GELU is of", 3.3e-7),
    ("GELU with dropout", 6.9e-7),
    ("gradient of the GELU", 2.7e-7),
    ("gradient of the GELU with dropout", 2.6e-7),
    ("residual connection with dropout", 2.8e-7),
    ("gradient of a weight", 5.1e-7),
    ("gradient of a narrow weight", 4.3e-7),
    ("gradient of the layer norm's weight", 2.8e-7),
    ("gradient of the embedding", 4.1e-7),
    ("gradient of the phase", 4.6e-7),
    ("gradient of the phase, some cells", 6.4e-7),
    ("gradient of the damping, by rotation", 4.2e-7),
    ("recurrence", 2.8e-6),
    ("gradient of the deposits, recurrent", 3.5e-6),
    ("recurrence between cells", 4.3e-6),
    ("gradient of the deposits, recurrent between cells", 4.8e-6),
    ("gradient of the turns", 5.7e-7),
    ("gradient of the turns by cells", 1.3e-6),
    ("gradient of the turns between cells", 8.3e-7),
    ("gradient of the turns between cells by cells", 1.0e-6),
    ("interference", 2.7e-7),
    ("waves: gradient of norm.bias", 2.8e-7),
    ("coupling and gate", 4.4e-7),
    ("gradient of what was gathered", 3.9e-7),
    ("gradient of the gate", 5.3e-7),
    ("gradient of the coupling", 5.5e-7),
    ("gradient of the token's direction", 4.0e-7),
    ("gradient of the text's direction", 4.4e-7),
    ("gradient of the interference's gate", 5.4e-7),
    ("attention", 1.1e-6),
    ("gradient of queries, keys and values", 2.5e-6),
    ("field", 5.9e-7),
    ("field between cells", 6.2e-7),
    ("gradient of the deposits", 5.9e-7),
    ("gradient of the kernels", 5.7e-7),
    ("gradient of the deposits between cells", 6.5e-7),
    ("gradient of the kernels between cells", 4.3e-7),
    ("length of all gradients", 3.7e-7),
    ("waves: gradient of token_embedding.weight", 2.1e-6),
    ("waves: gradient of layers.0.norm1.weight", 1.0e-6),
    ("waves: gradient of layers.0.norm1.bias", 8.6e-7),
    (
        "waves: gradient of layers.0.attention.qkv_proj.weight",
        3.0e-6,
    ),
    (
        "waves: gradient of layers.0.attention.qkv_proj.bias",
        1.5e-6,
    ),
    (
        "waves: gradient of layers.0.attention.gate_proj.weight",
        3.2e-6,
    ),
    (
        "waves: gradient of layers.0.attention.gate_proj.bias",
        1.7e-6,
    ),
    (
        "waves: gradient of layers.0.attention.out_proj.weight",
        1.5e-6,
    ),
    (
        "waves: gradient of layers.0.attention.out_proj.bias",
        6.9e-7,
    ),
    (
        "waves: gradient of layers.0.attention.wave_frequency",
        2.1e-6,
    ),
    ("waves: gradient of layers.0.attention.wave_damping", 8.7e-7),
    ("waves: gradient of layers.0.attention.wave_phase", 8.6e-7),
    (
        "waves: gradient of layers.0.attention.field_coupling",
        4.5e-7,
    ),
    ("waves: gradient of layers.0.norm2.weight", 8.4e-7),
    ("waves: gradient of layers.0.norm2.bias", 8.5e-7),
    ("waves: gradient of layers.0.ffn.0.weight", 2.0e-6),
    ("waves: gradient of layers.0.ffn.0.bias", 8.8e-7),
    ("waves: gradient of layers.0.ffn.3.weight", 2.4e-6),
    ("waves: gradient of layers.0.ffn.3.bias", 1.2e-6),
    ("waves: gradient of layers.1.norm1.weight", 8.8e-7),
    ("waves: gradient of layers.1.norm1.bias", 9.6e-7),
    (
        "waves: gradient of layers.1.attention.qkv_proj.weight",
        3.7e-6,
    ),
    (
        "waves: gradient of layers.1.attention.qkv_proj.bias",
        1.2e-6,
    ),
    (
        "waves: gradient of layers.1.attention.gate_proj.weight",
        2.3e-6,
    ),
    (
        "waves: gradient of layers.1.attention.gate_proj.bias",
        1.2e-6,
    ),
    (
        "waves: gradient of layers.1.attention.out_proj.weight",
        2.6e-6,
    ),
    (
        "waves: gradient of layers.1.attention.out_proj.bias",
        5.4e-7,
    ),
    (
        "waves: gradient of layers.1.attention.wave_frequency",
        2.3e-6,
    ),
    ("waves: gradient of layers.1.attention.wave_damping", 3.3e-7),
    ("waves: gradient of layers.1.attention.wave_phase", 6.3e-7),
    (
        "waves: gradient of layers.1.attention.field_coupling",
        2.2e-6,
    ),
    ("waves: gradient of layers.1.norm2.weight", 1.6e-6),
    ("waves: gradient of layers.1.norm2.bias", 8.6e-7),
    ("waves: gradient of layers.1.ffn.0.weight", 2.8e-6),
    ("waves: gradient of layers.1.ffn.0.bias", 9.3e-7),
    ("waves: gradient of layers.1.ffn.3.weight", 2.3e-6),
    ("waves: gradient of layers.1.ffn.3.bias", 4.7e-7),
    (
        "waves: gradient of interference_modules.0.compress.weight",
        1.6e-6,
    ),
    (
        "waves: gradient of interference_modules.0.compress.bias",
        3.9e-7,
    ),
    (
        "waves: gradient of interference_modules.0.expand.weight",
        1.3e-6,
    ),
    (
        "waves: gradient of interference_modules.0.expand.bias",
        5.1e-7,
    ),
    (
        "waves: gradient of interference_modules.0.local_phase_proj.weight",
        1.8e-6,
    ),
    (
        "waves: gradient of interference_modules.0.local_phase_proj.bias",
        1.2e-6,
    ),
    (
        "waves: gradient of interference_modules.0.global_phase_proj.weight",
        1.6e-6,
    ),
    (
        "waves: gradient of interference_modules.0.global_phase_proj.bias",
        7.8e-7,
    ),
    (
        "waves: gradient of interference_modules.0.interference_gate.weight",
        3.7e-6,
    ),
    (
        "waves: gradient of interference_modules.0.interference_gate.bias",
        7.5e-7,
    ),
    (
        "waves: gradient of interference_modules.0.interference_temperature",
        3.1e-7,
    ),
    ("waves: gradient of norm.weight", 6.3e-7),
    ("standard: gradient of token_embedding.weight", 1.1e-6),
    ("standard: gradient of positional_embedding.weight", 1.9e-6),
    (
        "standard: gradient of transformer.layers.0.norm1.weight",
        1.5e-6,
    ),
    (
        "standard: gradient of transformer.layers.0.norm1.bias",
        9.1e-7,
    ),
    (
        "standard: gradient of transformer.layers.0.self_attn.in_proj_weight",
        3.1e-6,
    ),
    (
        "standard: gradient of transformer.layers.0.self_attn.in_proj_bias",
        1.6e-6,
    ),
    (
        "standard: gradient of transformer.layers.0.self_attn.out_proj.weight",
        1.3e-6,
    ),
    (
        "standard: gradient of transformer.layers.0.self_attn.out_proj.bias",
        5.5e-7,
    ),
    (
        "standard: gradient of transformer.layers.0.norm2.weight",
        1.1e-6,
    ),
    (
        "standard: gradient of transformer.layers.0.norm2.bias",
        7.4e-7,
    ),
    (
        "standard: gradient of transformer.layers.0.linear1.weight",
        1.9e-6,
    ),
    (
        "standard: gradient of transformer.layers.0.linear1.bias",
        5.5e-7,
    ),
    (
        "standard: gradient of transformer.layers.0.linear2.weight",
        1.5e-6,
    ),
    (
        "standard: gradient of transformer.layers.0.linear2.bias",
        7.6e-7,
    ),
    (
        "standard: gradient of transformer.layers.1.norm1.weight",
        4.6e-7,
    ),
    (
        "standard: gradient of transformer.layers.1.norm1.bias",
        5.3e-7,
    ),
    (
        "standard: gradient of transformer.layers.1.self_attn.in_proj_weight",
        1.8e-6,
    ),
    (
        "standard: gradient of transformer.layers.1.self_attn.in_proj_bias",
        6.6e-7,
    ),
    (
        "standard: gradient of transformer.layers.1.self_attn.out_proj.weight",
        9.2e-7,
    ),
    (
        "standard: gradient of transformer.layers.1.self_attn.out_proj.bias",
        4.7e-7,
    ),
    (
        "standard: gradient of transformer.layers.1.norm2.weight",
        9.1e-7,
    ),
    (
        "standard: gradient of transformer.layers.1.norm2.bias",
        6.9e-7,
    ),
    (
        "standard: gradient of transformer.layers.1.linear1.weight",
        1.8e-6,
    ),
    (
        "standard: gradient of transformer.layers.1.linear1.bias",
        6.9e-7,
    ),
    (
        "standard: gradient of transformer.layers.1.linear2.weight",
        1.4e-6,
    ),
    (
        "standard: gradient of transformer.layers.1.linear2.bias",
        3.1e-7,
    ),
    ("standard: gradient of norm.weight", 4.4e-7),
    ("standard: gradient of norm.bias", 3.6e-7),
    ("large matrix product", 2.7e-7),
    ("convolution without transforms", 4.9e-7),
];
