#!/usr/bin/env bash
# Prints the Homebrew formula of a release: `scripts/formula.sh FOLDER`, FOLDER holding the tarballs of all four systems with
# their checksums, as scripts/release.sh writes them.
set -euo pipefail
cd "$(dirname "$0")/.."
dist=${1:?'name the folder with the tarballs'}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
repository=$(sed -n 's/^repository = "\(.*\)"/\1/p' Cargo.toml)

# source TARGET: where the tarball of a system is, and its checksum.
source_of() {
    local name=sayso-$version-$1.tar.gz sum
    sum=$(sed -n '1s/ .*//p' "$dist/$name.sha256")
    [[ $sum =~ ^[0-9a-f]{64}$ ]] || { echo "$dist/$name.sha256 holds no checksum" >&2; exit 1; }
    printf '      url "%s/releases/download/v%s/%s"\n      sha256 "%s"\n' "$repository" "$version" "$name" "$sum"
}
mac_arm=$(source_of aarch64-apple-darwin)
mac_intel=$(source_of x86_64-apple-darwin)
linux_arm=$(source_of aarch64-unknown-linux-gnu)
linux_intel=$(source_of x86_64-unknown-linux-gnu)

cat <<FORMULA
class Sayso < Formula
  desc "Turn dictated text into the shell command you meant, with one key"
  homepage "$repository"
  version "$version"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
$mac_arm
    end
    on_intel do
$mac_intel
    end
  end

  on_linux do
    on_arm do
$linux_arm
    end
    on_intel do
$linux_intel
    end
  end

  def install
    bin.install Dir["bin/*"]
    man1.install Dir["share/man/man1/*"]
    doc.install Dir["share/doc/sayso/*"]
    pkgshare.install Dir["share/sayso/*"]
    zsh_completion.install "share/zsh/site-functions/_sayso"
    bash_completion.install "share/bash-completion/completions/sayso"
    fish_completion.install "share/fish/vendor_completions.d/sayso.fish"
  end

  def caveats
    <<~EOS
      Add one line to the start file of your shell:
        zsh   eval "\$(sayso init zsh)"
        bash  eval "\$(sayso init bash)"
        fish  sayso init fish | source
      Then dictate a command and press Ctrl-X Ctrl-V.
    EOS
  end

  test do
    assert_equal "ls -la", shell_output("#{bin}/sayso convert --no-daemon 'ls dash l a'").strip
  end
end
FORMULA
