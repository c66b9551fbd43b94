//! Many tests at once: what chance alone would find if one only looks often enough.

/// Holm's correction: each p-value as it counts within its family, in the order given.
pub fn holm(ps: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..ps.len()).collect();
    order.sort_by(|&a, &b| ps[a].total_cmp(&ps[b]).then(a.cmp(&b)));
    let mut corrected = vec![1.0; ps.len()];
    let mut largest = 0.0_f64;
    for (rank, &index) in order.iter().enumerate() {
        let times = (ps.len() - rank) as f64;
        largest = largest.max((ps[index] * times).min(1.0));
        corrected[index] = largest;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::holm;

    #[test]
    fn the_smallest_counts_for_all_and_none_overtakes_another() {
        let corrected = holm(&[0.01, 0.04, 0.03, 0.005]);
        let known = [0.03, 0.06, 0.06, 0.02];
        for (value, known) in corrected.iter().zip(known) {
            assert!((value - known).abs() < 1e-12, "{corrected:?}");
        }
        assert_eq!(holm(&[0.7, 0.9]), [1.0, 1.0]);
        assert_eq!(holm(&[]), Vec::<f64>::new());
    }
}
