//! Which of two builds is the newer one.

/// `major.minor.patch`; what follows (`-rc.1`, `+build`) is ignored. None where it is not such a version.
fn numbers(version: &str) -> Option<[u64; 3]> {
    let core = version.split(['-', '+']).next()?;
    let mut parts = core.split('.').map(|part| part.parse().ok());
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(numbers)
}

/// Whether `ours` is newer than `theirs`. A version that cannot be read is never newer and never older, so that
/// nothing is restarted on a doubt.
pub fn is_newer(ours: &str, theirs: &str) -> bool {
    matches!((numbers(ours), numbers(theirs)), (Some(ours), Some(theirs)) if ours > theirs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_is_decided_by_numbers_and_never_on_a_doubt() {
        let cases = [
            ("0.1.1", "0.1.0", true),
            ("0.10.0", "0.9.9", true),
            ("1.0.0", "0.99.99", true),
            ("0.1.0", "0.1.0", false),
            ("0.1.0", "0.1.1", false),
            ("0.2.0-rc.1", "0.1.0", true),
            ("0.2.0", "nightly", false),
            ("", "0.1.0", false),
            ("1.2.3.4", "0.1.0", false),
        ];
        for (ours, theirs, newer) in cases {
            assert_eq!(is_newer(ours, theirs), newer, "{ours} {theirs}");
        }
    }
}
