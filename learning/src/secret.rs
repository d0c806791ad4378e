//! Lines that are never kept: those that may hold a secret, and those that the person does not want kept.

use wildmatch::WildMatch;

/// Words that stand next to a secret, in lower case without separators.
const WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "apikey",
    "credential",
    "bearer",
    "privatekey",
    "accesskey",
    "authorization",
    "sshpass",
    "htpasswd",
    "chpasswd",
    "pgpassword",
    "otp",
    "mfa",
];
/// The beginnings of keys that services issue.
const PREFIXES: &[&str] = &[
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "sk-",
    "sk_live_",
    "sk_test_",
    "pk_live_",
    "rk_live_",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xoxr-",
    "xapp-",
    "akia",
    "asia",
    "aiza",
    "ya29.",
    "eyj",
    "hf_",
    "npm_",
    "pypi-",
    "dop_v1_",
    "shpat_",
    "sq0",
    "-----begin",
    "age-secret-key-",
];
/// Shortest run of letters and digits that is checked for randomness, in characters, and the entropy above which it
/// counts as random, in bits per character. Hand-chosen, 2026-11-28: names of files and hosts stay below.
const RANDOM_CHARS: usize = 20;
const RANDOM_BITS: f32 = 3.7;
/// Longest run of digits that cannot be the number of a card or an account.
const MAX_DIGITS: usize = 11;

/// The reason why a line is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ignored {
    /// It begins with white space, which keeps it out of the shell's history too.
    LeadingSpace,
    /// It may hold a secret.
    Secret,
    /// One of the person's patterns matches it.
    Pattern,
}

/// The reason why none of these lines, which belong together, may be kept; `None` if all may. `ran` is the one that was
/// run, and `globs` are patterns of whole lines.
pub fn ignored(heard: &str, answer: &str, ran: &str, globs: &[String]) -> Option<Ignored> {
    if ran.starts_with(char::is_whitespace) {
        return Some(Ignored::LeadingSpace);
    }
    let lines = [heard, answer, ran];
    let is_ignored = |glob: &String| {
        let pattern = WildMatch::new(glob);
        lines.iter().any(|line| pattern.matches(line.trim()))
    };
    match () {
        () if lines.iter().any(|line| may_hold_secret(line)) => Some(Ignored::Secret),
        () if globs.iter().any(is_ignored) => Some(Ignored::Pattern),
        () => None,
    }
}

/// Whether a line may hold a secret. If in doubt, it does.
pub fn may_hold_secret(line: &str) -> bool {
    let lower = line.to_lowercase();
    let joined: String = lower.chars().filter(|c| !matches!(c, ' ' | '-' | '_' | '.')).collect();
    // Short words only by themselves: "otp" is part of "hotplug".
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    let names = |word: &&str| if word.len() > 3 { joined.contains(*word) } else { words.contains(word) };
    WORDS.iter().any(names)
        || lower.split(|c: char| c.is_whitespace() || "'\"=:".contains(c)).any(begins_key)
        || holds_user_info(&lower)
        || names_value_of_password(line)
        || line.split(|c: char| !(c.is_ascii_alphanumeric() || "+/_-".contains(c))).any(is_random)
        || line.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() > MAX_DIGITS)
}

fn begins_key(word: &str) -> bool {
    PREFIXES.iter().any(|prefix| word.starts_with(prefix) && word.len() >= prefix.len() + 8)
}

/// `https://user:password@host`.
fn holds_user_info(line: &str) -> bool {
    line.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', ' ']).next().unwrap_or_default();
        authority.split_once('@').is_some_and(|(user, _)| user.contains(':'))
    })
}

/// `-u user:password` of curl, and `-ppassword` of MySQL's programs.
fn names_value_of_password(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let after = |flag: &str| words.iter().position(|word| *word == flag).and_then(|at| words.get(at + 1));
    let of_mysql = words.iter().any(|word| word.starts_with("mysql") || word.starts_with("mariadb"));
    ["-u", "--user"].into_iter().filter_map(after).any(|user| user.contains(':'))
        || (of_mysql && words.iter().any(|word| word.starts_with("-p") && word.len() > 2))
}

/// Whether a word looks randomly generated: it is long, and its characters vary more than those of a name.
fn is_random(word: &str) -> bool {
    let length = word.chars().count();
    let has = |is: fn(&char) -> bool| word.chars().any(|c| is(&c));
    // Paths and names of several parts are long too, and have no digit among their letters, or separators.
    let parts = word.split(['/', '-', '_']).map(|part| part.chars().count()).max().unwrap_or(0);
    if parts < RANDOM_CHARS || !has(char::is_ascii_digit) || !has(|c| c.is_ascii_alphabetic()) {
        return false;
    }
    let is_hex = word.chars().all(|c| c.is_ascii_hexdigit());
    is_hex || entropy(word, length) >= RANDOM_BITS
}

/// Shannon entropy of a word's characters, in bits a character.
fn entropy(word: &str, length: usize) -> f32 {
    let mut counts = std::collections::HashMap::new();
    word.chars().for_each(|c| *counts.entry(c).or_insert(0_u32) += 1);
    let share = |count: &u32| *count as f32 / length as f32;
    counts.values().map(|count| -share(count) * share(count).log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_secrets_are_known() {
        for line in [
            "mysql -u root -phunter2 shop",
            "curl -u ada:lovelace https://example.org",
            "curl https://ada:lovelace@example.org/x",
            "export API_KEY=abc",
            "the pass phrase is hunter two",
            "gh auth login with token x",
            "git clone https://x@github.com/a/b ghp_abcdefghijkl",
            "aws configure set aws_access_key_id AKIAIOSFODNN7EXAMPLE",
            "echo 4f2a9c81d7e64b02a1c35d9e8f70b614",
            "echo Zx9Qw3Er7Ty1Ui5Op2As8D",
            "pay 4111111111111111",
            "sshpass -f file ssh host",
            "openssl enc -k x -in private_key.pem",
        ] {
            assert!(may_hold_secret(line), "{line}");
        }
    }

    #[test]
    fn plain_lines_are_kept() {
        for line in [
            "git commit -m \"fix login bug\"",
            "kubectl get pods -n kube-system",
            "docker run --rm -it -p 8080:80 nginx:1.25.3-alpine",
            "rsync -avz build/release/artifacts-2024-01-15 deploy@web1.example.org:/srv/www",
            "tar -xzf node-v20.11.1-linux-x64.tar.gz",
            "cat /usr/share/doc/libreoffice-common/changelog.Debian.gz",
            "chown -R www-data:www-data /var/www",
            "modprobe acpi_hotplug",
        ] {
            assert!(!may_hold_secret(line), "{line}");
        }
    }

    #[test]
    fn a_space_before_the_line_and_the_persons_patterns_keep_it_out() {
        let globs = ["ssh *".to_owned(), "*example?org*".to_owned()];
        let check = |ran: &str, why| assert_eq!(ignored("heard", "answer", ran, &globs), why, "{ran}");
        check(" git status", Some(Ignored::LeadingSpace));
        check("ssh web", Some(Ignored::Pattern));
        check("curl example.org", Some(Ignored::Pattern));
        check("export PASSWORD=x", Some(Ignored::Secret));
        check("git status", None);
        assert_eq!(ignored("my secret", "x", "y", &globs), Some(Ignored::Secret));
    }
}
