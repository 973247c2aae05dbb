//! Sharing rows among threads natively; in the browser the same code runs on one.
//!
//! Where a sum runs over rows, how they are cut never depends on the number of threads, so that
//! results do not either.

/// Calls `work(first_row, pieces)` for blocks of at most `block` rows, where each piece is the same
/// rows of one output. Every output is given with its row's width; blocks may run at once.
///
/// # Panics
/// When an output does not hold exactly `rows` rows.
pub fn for_each_block<T: Send, const K: usize>(
    rows: usize,
    block: usize,
    outputs: [(&mut [T], usize); K],
    work: impl Fn(usize, [&mut [T]; K]) + Sync,
) {
    for (output, width) in &outputs {
        assert_eq!(
            output.len(),
            rows * width,
            "an output does not hold {rows} rows of {width}"
        );
    }
    let mut rest = outputs;
    let mut pieces = Vec::with_capacity(rows.div_ceil(block));
    for first in (0..rows).step_by(block) {
        let count = block.min(rows - first);
        let piece = rest.each_mut().map(|(output, width)| {
            let (head, tail) = std::mem::take(output).split_at_mut(count * *width);
            *output = tail;
            head
        });
        pieces.push((first, piece));
    }
    each(pieces, |(first, piece)| work(first, piece));
}

/// How many threads share the work.
#[cfg(not(target_arch = "wasm32"))]
pub fn threads() -> usize {
    rayon::current_num_threads()
}

/// How many threads share the work.
#[cfg(target_arch = "wasm32")]
pub fn threads() -> usize {
    1
}

#[cfg(not(target_arch = "wasm32"))]
fn each<P: Send>(pieces: Vec<P>, work: impl Fn(P) + Sync) {
    use rayon::prelude::*;
    if pieces.len() == 1 {
        pieces.into_iter().for_each(work);
    } else {
        pieces.into_par_iter().for_each(&work);
    }
}

#[cfg(target_arch = "wasm32")]
fn each<P>(pieces: Vec<P>, work: impl Fn(P)) {
    pieces.into_iter().for_each(work);
}

/// Sums `partial(first_row, count, sum)` over blocks of rows into `total`, in the blocks' order.
/// Each call adds its rows to a `sum` that starts at zero.
pub fn reduce_blocks<T: crate::kernels::Real>(
    rows: usize,
    block: usize,
    total: &mut [T],
    partial: impl Fn(usize, usize, &mut [T]) + Sync,
) {
    let width = total.len();
    let blocks = rows.div_ceil(block);
    let mut sums = vec![T::zero(); blocks * width];
    for_each_block(blocks, 1, [(&mut sums, width)], |index, [sum]| {
        let first = index * block;
        partial(first, block.min(rows - first), sum);
    });
    for sum in sums.chunks_exact(width) {
        for (total, sum) in total.iter_mut().zip(sum) {
            *total += *sum;
        }
    }
}
