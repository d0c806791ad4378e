//! Matrices in slices.

/// A matrix in a slice, perhaps transposed or a part of a wider one.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) data: &'a [f32],
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) row_stride: usize,
    pub(super) column_stride: usize,
}

impl<'a> View<'a> {
    /// (rows, columns), rows one after the other.
    pub(super) fn new(data: &'a [f32], rows: usize, columns: usize) -> View<'a> {
        View::part(data, rows, columns, columns)
    }

    /// The first `columns` of rows that are `stride` apart.
    pub(super) fn part(data: &'a [f32], rows: usize, columns: usize, stride: usize) -> View<'a> {
        assert!(columns <= stride && data.len() >= needed(rows, columns, stride), "a matrix is too short");
        View { data, rows, columns, row_stride: stride, column_stride: 1 }
    }

    /// The transposed matrix.
    pub(super) fn t(self) -> View<'a> {
        View {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

/// What becomes of what stands in the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Into {
    /// It is replaced.
    Replace,
    /// The product is added to it.
    Add,
}

/// Numbers from the first to the last one of a matrix.
pub(super) fn needed(rows: usize, columns: usize, stride: usize) -> usize {
    if rows == 0 { 0 } else { (rows - 1) * stride + columns }
}
