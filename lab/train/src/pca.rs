//! Principal components (Pearson 1901): the directions in which points differ most.

/// Directions of the largest variance.
#[derive(Debug)]
pub(super) struct Components {
    /// The mean of all points.
    mean: Vec<f64>,
    /// Directions of length 1, the largest variance first.
    directions: Vec<Vec<f64>>,
    /// Share of the total variance that lies in them.
    pub explained: f64,
}

impl Components {
    /// The first `count` components of points of the same width. There must be at least one point.
    pub(super) fn of(points: &[Vec<f32>], count: usize) -> Components {
        let (width, all) = (points.first().map_or(0, Vec::len), points.len() as f64);
        let mut mean = vec![0f64; width];
        for point in points {
            mean.iter_mut().zip(point).for_each(|(mean, value)| *mean += f64::from(*value) / all);
        }
        let mut covariance = vec![vec![0f64; width]; width];
        for point in points {
            let centred: Vec<f64> =
                point.iter().zip(&mean).map(|(value, mean)| f64::from(*value) - mean).collect();
            for (row, a) in covariance.iter_mut().zip(&centred) {
                row.iter_mut().zip(&centred).for_each(|(sum, b)| *sum += a * b / all);
            }
        }
        let mut found = eigenvectors(covariance);
        found.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let sum = |found: &[(f64, Vec<f64>)]| found.iter().map(|(variance, _)| variance).sum::<f64>();
        let variance = sum(&found);
        found.truncate(count);
        let explained = if variance > 0.0 { sum(&found) / variance } else { 1.0 };
        Components {
            mean,
            directions: found.into_iter().map(|(_, direction)| direction).collect(),
            explained,
        }
    }

    /// The coordinates of a point along each of them.
    pub(super) fn project(&self, point: &[f32]) -> Vec<f32> {
        let along = |direction: &Vec<f64>| {
            let products = point.iter().zip(&self.mean).zip(direction);
            products.map(|((value, mean), part)| (f64::from(*value) - mean) * part).sum::<f64>() as f32
        };
        self.directions.iter().map(along).collect()
    }
}

/// Most rounds of rotations: a matrix of a hundred rows takes about ten. Hand-chosen, 2026-11-28.
const ROUNDS: usize = 50;

/// The eigenvalues and eigenvectors of a symmetric matrix, by rotations (Jacobi 1846). The largest element of each
/// vector is positive.
fn eigenvectors(mut matrix: Vec<Vec<f64>>) -> Vec<(f64, Vec<f64>)> {
    let width = matrix.len();
    // The axes after the rotations so far, row by row.
    let mut axes: Vec<Vec<f64>> =
        (0..width).map(|row| (0..width).map(|column| f64::from(u8::from(row == column))).collect()).collect();
    let trace: f64 = (0..width).map(|at| matrix[at][at].abs()).sum();
    for _ in 0..ROUNDS {
        let outside = (0..width).flat_map(|p| (0..p).map(move |q| (p, q)));
        if outside.map(|(p, q)| matrix[p][q].abs()).sum::<f64>() <= trace * 1e-12 {
            break;
        }
        for p in 0..width {
            for q in p + 1..width {
                if matrix[p][q] == 0.0 {
                    continue;
                }
                let ratio = (matrix[q][q] - matrix[p][p]) / (2.0 * matrix[p][q]);
                let tangent = ratio.signum() / (ratio.abs() + (ratio * ratio + 1.0).sqrt());
                let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
                let sine = tangent * cosine;
                for row in &mut matrix {
                    (row[p], row[q]) = (cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]);
                }
                for rows in [&mut matrix, &mut axes] {
                    // p is less than q.
                    let (before, from_q) = rows.split_at_mut(q);
                    for (a, b) in before[p].iter_mut().zip(&mut from_q[0]) {
                        (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
                    }
                }
            }
        }
    }
    let signed = |axis: Vec<f64>| {
        let largest = axis.iter().copied().fold(0f64, |a, b| if b.abs() > a.abs() { b } else { a });
        axis.into_iter().map(|part| part * largest.signum()).collect()
    };
    axes.into_iter().enumerate().map(|(at, axis)| (matrix[at][at], signed(axis))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_on_a_line_have_one_component() {
        let points: Vec<Vec<f32>> =
            (-4..=4).map(|at| vec![1.0 + at as f32 * 3.0, 2.0 + at as f32 * 4.0]).collect();
        let components = Components::of(&points, 1);
        assert!((components.explained - 1.0).abs() < 1e-9);
        for (at, point) in (-4..=4).zip(&points) {
            let along = components.project(point);
            assert!(along.len() == 1 && (along[0] - at as f32 * 5.0).abs() < 1e-4, "{along:?}");
        }
    }

    #[test]
    fn eigenvectors_are_turned_into_multiples_of_themselves() {
        let matrix = vec![vec![4.0, 1.0, -2.0], vec![1.0, 3.0, 0.5], vec![-2.0, 0.5, 5.0]];
        for (value, vector) in eigenvectors(matrix.clone()) {
            for (row, part) in matrix.iter().zip(&vector) {
                let product: f64 = row.iter().zip(&vector).map(|(a, b)| a * b).sum();
                assert!((product - value * part).abs() < 1e-9, "{value} {vector:?}");
            }
        }
    }
}
