//! What stands around the waves, and softmax attention.

use super::Cpu;
use crate::backend::Op;
use crate::kernels::{Real, attention as softmax, couple_gate as couple, deposit as waves, rotary};

impl<T: Real> Cpu<T> {
    /// Softmax attention.
    pub(super) fn softmax_attention(&self, op: &Op) {
        match op {
            Op::Attention {
                qkv,
                y,
                stats,
                seq_len,
                heads,
            } => softmax::attention(
                &self.view(qkv),
                &mut self.view_mut(y),
                &mut self.view_mut(stats),
                *seq_len,
                *heads,
            ),
            Op::AttentionBackward {
                qkv,
                y,
                stats,
                dy,
                dqkv,
                seq_len,
                heads,
            } => softmax::attention_backward(
                &self.view(qkv),
                &self.view(y),
                &self.view(stats),
                &self.view(dy),
                &mut self.view_mut(dqkv),
                *seq_len,
                *heads,
            ),
            Op::Rotary {
                qkv,
                turns,
                seq_len,
                heads,
                back,
            } => rotary::rotary(
                &mut self.view_mut(qkv),
                &self.view(turns),
                *seq_len,
                *heads,
                *back,
            ),
            _ => unreachable!("not a part of softmax attention"),
        }
    }

    /// What stands around a layer's waves.
    pub(super) fn attention(&self, op: &Op) {
        match op {
            Op::Deposit {
                keys_values,
                deposits,
                dim,
                head_dim,
            } => waves::deposit(
                &self.view(keys_values),
                &mut self.view_mut(deposits),
                *dim,
                *head_dim,
            ),
            Op::DepositBackward {
                keys_values,
                ddeposits,
                dkeys_values,
                dim,
                head_dim,
            } => {
                waves::deposit_backward(
                    &self.view(keys_values),
                    &self.view(ddeposits),
                    &mut self.view_mut(dkeys_values),
                    *dim,
                    *head_dim,
                );
            }
            Op::CoupleGate {
                gathered,
                gate,
                coupling,
                y,
                heads,
                head_dim,
            } => couple::couple_gate(
                &self.view(gathered),
                &self.view(gate),
                &self.view(coupling),
                &mut self.view_mut(y),
                *heads,
                *head_dim,
            ),
            Op::CoupleGateBackward {
                gathered,
                gate,
                coupling,
                dy,
                dgathered,
                dgate,
                dcoupling,
                heads,
                head_dim,
            } => couple::couple_gate_backward(
                &self.view(gathered),
                &self.view(gate),
                &self.view(coupling),
                &self.view(dy),
                &mut self.view_mut(dgathered),
                &mut self.view_mut(dgate),
                &mut self.view_mut(dcoupling),
                *heads,
                *head_dim,
            ),
            _ => unreachable!("not a part of wave attention"),
        }
    }
}
