//! Matrix products.

use super::Encoder;
use crate::backend::gpu::program::Dispatch;
use crate::backend::{Matrix, Op, Then, View};
use crate::kernels::dropout::DropoutSite;

const SHADER: &str = "matrix_product";
/// Products below this many tiles are cut into smaller ones, so that there is work for all cores.
const FEW_TILES: usize = 128;

impl Encoder<'_> {
    pub(super) fn matrix(&mut self, op: &Op) {
        match op {
            Op::MatrixProduct {
                a,
                b,
                c,
                bias,
                accumulate,
                then,
            } => self.matrix_product([a, b, c], bias.as_ref(), *accumulate, then),
            Op::WeightGradient {
                dy,
                x,
                dweight,
                dbias,
            } => self.weight_gradient(dy, x, dweight, dbias.as_ref()),
            _ => unreachable!("not a matrix product"),
        }
    }

    fn matrix_product(
        &mut self,
        [a, b, c]: [&Matrix; 3],
        bias: Option<&View>,
        accumulate: bool,
        then: &Then,
    ) {
        let (entry, x, y, dropout) = match then {
            Then::Nothing => ("matrix_product", None, None, None),
            Then::Gelu { y, dropout } => ("gelu_of_product", None, Some(y), *dropout),
            Then::GeluBackward { x, dropout } => {
                ("gelu_backward_of_product", Some(x), None, *dropout)
            }
            Then::Residual { x, out, dropout } => {
                ("residual_of_product", Some(x), Some(out), *dropout)
            }
        };
        if entry != "matrix_product" {
            assert_eq!(c.shape.stride, c.shape.columns, "what follows is dense");
        }
        let call = Call {
            entry,
            operands: [a, b, c],
            bias,
            accumulate,
            slices: (1, 0),
            x,
            y,
            dropout,
        };
        let (dispatch, tiles) = call.begin();
        let mut dispatch = dispatch
            .buffer(2, a.view.tensor, a.view.len())
            .buffer(3, b.view.tensor, b.view.len())
            .buffer(4, c.view.tensor, c.view.len())
            .buffer(5, bias.unwrap_or(&b.view).tensor, bias.map_or(0, View::len));
        for (binding, view) in [(6, x), (7, y)] {
            if let Some(view) = view {
                dispatch = dispatch.buffer(binding, view.tensor, view.len());
            }
        }
        if !matches!(then, Then::Nothing) {
            dispatch = dispatch.step();
        }
        let [columns, rows] = tiles;
        self.push(dispatch.workgroups(columns, rows, 1));
    }

    fn weight_gradient(&mut self, dy: &Matrix, x: &Matrix, dweight: &Matrix, dbias: Option<&View>) {
        let transposed = Matrix {
            view: dy.view.clone(),
            shape: dy.shape.transpose(),
        };
        let (parts, len) = self.parts(dweight.view.tensor);
        if let Some(dbias) = dbias {
            assert_eq!(
                dbias.tensor, dweight.view.tensor,
                "gradients lie in one tensor"
            );
        }
        let call = Call {
            entry: "weight_gradient",
            operands: [&transposed, x, dweight],
            bias: dbias,
            accumulate: true,
            slices: (parts, len),
            x: None,
            y: None,
            dropout: None,
        };
        let (dispatch, [columns, rows]) = call.begin();
        let written = dweight.view.len() + dbias.map_or(0, View::len);
        let dispatch = dispatch
            .buffer(2, dy.view.tensor, dy.view.len())
            .buffer(3, x.view.tensor, x.view.len())
            .buffer(4, dweight.view.tensor, 2 * parts * written);
        self.push(dispatch.workgroups(columns, rows, parts));
    }
}

/// The arguments that all entries share.
struct Call<'a> {
    entry: &'static str,
    operands: [&'a Matrix; 3],
    bias: Option<&'a View>,
    accumulate: bool,
    /// How many slices the products are cut into, and how far apart their sums are.
    slices: (usize, usize),
    x: Option<&'a View>,
    y: Option<&'a View>,
    dropout: Option<DropoutSite>,
}

impl Call<'_> {
    /// The dispatch but for its buffers, and the tiles across and down.
    fn begin(&self) -> (Dispatch, [usize; 2]) {
        let [a, b, c] = self.operands;
        let (rows, columns, inner) = (c.shape.rows, c.shape.columns, a.shape.columns);
        let tiles = |tile: usize| [columns.div_ceil(tile), rows.div_ceil(tile)];
        let many = tiles(64).iter().product::<usize>() * self.slices.0 >= FEW_TILES;
        let tile = if many { 64 } else { 32 };
        let start = |view: Option<&View>| view.map_or(0, |view| view.range.start);
        let mut dispatch = Dispatch::new(SHADER, self.entry)
            .constant("TILE_ROWS", tile)
            .constant("TILE_COLUMNS", tile)
            .constant("A_BY_ROWS", u32::from(!a.shape.transposed))
            .constant("B_BY_ROWS", u32::from(!b.shape.transposed));
        for value in [
            rows,
            columns,
            inner,
            a.view.range.start,
            a.shape.stride,
            b.view.range.start,
            b.shape.stride,
            c.view.range.start,
            c.shape.stride,
            start(self.bias),
            usize::from(self.bias.is_some()),
            usize::from(self.accumulate),
            inner.div_ceil(self.slices.0),
            self.slices.1,
            start(self.x),
            start(self.y),
        ] {
            dispatch = dispatch.arg(value);
        }
        dispatch = dispatch.arg_dropout(self.dropout);
        // A row of tiles reads all of A for each of its tiles, and a column of them all of B.
        let [across, down] = tiles(tile as usize);
        dispatch.read_again = 4 * (inner * ((across - 1) * rows + (down - 1) * columns)) as u64;
        (dispatch, [across, down])
    }
}
