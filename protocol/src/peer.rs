//! Identifies the process at the other end of a socket.

use std::io;
use std::os::fd::AsFd;

/// The effective user id of the process at the other end.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn uid<F: AsFd>(stream: &F) -> io::Result<u32> {
    use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
    Ok(getsockopt(&stream.as_fd(), PeerCredentials)?.uid())
}

/// The effective user id of the process at the other end.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn uid<F: AsFd>(stream: &F) -> io::Result<u32> {
    Ok(nix::unistd::getpeereid(stream.as_fd())?.0.as_raw())
}

/// The id of the process at the other end, only for messages: the process that listens now may be a
/// child of that one. `None` if the system does not say.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn pid<F: AsFd>(stream: &F) -> Option<i32> {
    use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
    getsockopt(&stream.as_fd(), PeerCredentials).ok().map(|peer| peer.pid()).filter(|&pid| pid > 0)
}

/// The id of the process at the other end, only for messages: the process that listens now may be a
/// child of that one. `None` if the system does not say.
#[cfg(target_vendor = "apple")]
pub fn pid<F: AsFd>(stream: &F) -> Option<i32> {
    use nix::sys::socket::{getsockopt, sockopt::LocalPeerPid};
    getsockopt(&stream.as_fd(), LocalPeerPid).ok().filter(|&pid| pid > 0)
}

/// The id of the process at the other end, only for messages. `None`, because the system does not
/// say.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
pub fn pid<F: AsFd>(_stream: &F) -> Option<i32> {
    None
}

/// Refuses a peer of another user: only its owner may talk to a daemon, and a client talks only to
/// its owner's daemon.
pub fn check<F: AsFd>(stream: &F) -> io::Result<()> {
    let (theirs, ours) = (uid(stream)?, nix::unistd::geteuid().as_raw());
    if theirs == ours {
        return Ok(());
    }
    let message = format!("the other end of the socket belongs to user {theirs}, not to user {ours}");
    Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_socket_between_ourselves_is_ours() {
        let (one, other) = UnixStream::pair().unwrap();
        assert_eq!(uid(&one).unwrap(), nix::unistd::geteuid().as_raw());
        check(&other).unwrap();
        assert_eq!(pid(&one), Some(std::process::id() as i32));
    }
}
