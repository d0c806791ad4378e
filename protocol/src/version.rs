//! Which programs fit together: the version of the protocol decides. Versions of programs decide which is newer.

use semver::Version;

/// Version of the protocol that this crate speaks. It is raised when an old reader would misread a new message. A client
/// and a daemon of the same number understand each other, whatever their own versions are.
pub const VERSION: u32 = 1;

/// Whether the program version `ours` is newer than `theirs`, by the rules of semantic versioning: 0.2.0 is newer than
/// 0.2.0-rc.1, and what follows a `+` does not count. A version that cannot be read is neither newer nor older, so that
/// no daemon is replaced on a doubt.
pub fn is_newer(ours: &str, theirs: &str) -> bool {
    match (Version::parse(ours), Version::parse(theirs)) {
        (Ok(ours), Ok(theirs)) => ours.cmp_precedence(&theirs).is_gt(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_is_decided_by_semantic_versioning_and_never_on_a_doubt() {
        let cases = [
            ("0.1.1", "0.1.0", true),
            ("0.10.0", "0.9.9", true),
            ("1.0.0", "0.99.99", true),
            ("0.1.0", "0.1.0", false),
            ("0.1.0", "0.1.1", false),
            ("0.2.0-rc.1", "0.1.0", true),
            ("0.2.0", "0.2.0-rc.1", true),
            ("0.2.0-rc.1", "0.2.0", false),
            ("0.2.0-rc.10", "0.2.0-rc.9", true),
            ("0.2.0+build.2", "0.2.0+build.1", false),
            ("0.2.0", "nightly", false),
            ("", "0.1.0", false),
            ("1.2.3.4", "0.1.0", false),
        ];
        for (ours, theirs, newer) in cases {
            assert_eq!(is_newer(ours, theirs), newer, "{ours} {theirs}");
        }
    }
}
