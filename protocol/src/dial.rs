//! The asking end of the wire, on the standard library alone: its streams have the time-outs that this needs, and a
//! client that starts for every key press is smaller and sooner up without a runtime.

use crate::line::Splitter;
use crate::{Fault, MAX_FRAME_BYTES, Place, Reply, Request, frame, peer};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, setsockopt, socket, sockopt};
use nix::sys::time::{TimeVal, TimeValLike};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// Nobody listens: no socket, or one that a dead daemon left.
    #[error("no daemon listens on the socket")]
    Absent,
    /// The time was up first.
    #[error("the daemon did not answer in time")]
    TimedOut,
    /// The daemon closed the connection without an answer.
    #[error("the daemon closed the connection without an answer")]
    Closed,
    /// The daemon answered, but not in this protocol.
    #[error("{0}")]
    Garbled(Fault),
    /// Anything else, such as a socket of another user.
    #[error("{0}")]
    Io(io::Error),
}

impl From<io::Error> for DialError {
    fn from(error: io::Error) -> DialError {
        use io::ErrorKind::{BrokenPipe, ConnectionReset, TimedOut, WouldBlock};
        match error.kind() {
            WouldBlock | TimedOut => DialError::TimedOut,
            BrokenPipe | ConnectionReset => DialError::Closed,
            _ => DialError::Io(error),
        }
    }
}

/// An open connection to the daemon of this user.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    splitter: Splitter,
}

impl Connection {
    /// Connects to the daemon at `place`, whose folder the caller has checked, and makes sure that it is ours.
    ///
    /// # Errors
    /// [`DialError::Absent`] where nobody listens; [`DialError::TimedOut`] where the daemon accepts nobody until
    /// `deadline`; [`DialError::Io`] where the listener is another user's, or for any other reason.
    pub fn open(place: &Place, deadline: Instant) -> Result<Connection, DialError> {
        use nix::errno::Errno;
        let stream = UnixStream::from(close_on_exec_socket()?);
        // A connection to a daemon that accepts nobody waits in the kernel as long as sending may wait.
        let patience = i64::try_from(remaining(deadline)?.as_micros()).unwrap_or(i64::MAX);
        setsockopt(&stream, sockopt::SendTimeout, &TimeVal::microseconds(patience))
            .map_err(io::Error::from)?;
        let address = UnixAddr::new(&place.socket).map_err(io::Error::from)?;
        match connect(stream.as_raw_fd(), &address) {
            Ok(()) => {}
            Err(Errno::ENOENT | Errno::ECONNREFUSED) => return Err(DialError::Absent),
            Err(errno) => return Err(io::Error::from(errno).into()),
        }
        peer::check(&stream)?;
        Ok(Connection { stream, splitter: Splitter::new(MAX_FRAME_BYTES) })
    }

    /// Sends one frame, its newline included.
    ///
    /// # Errors
    /// [`DialError::TimedOut`] where the daemon does not take it until `deadline`, [`DialError::Closed`] where it
    /// has gone.
    pub fn send(&mut self, frame: &[u8], deadline: Instant) -> Result<(), DialError> {
        let mut left = frame;
        while !left.is_empty() {
            settled(self.stream.set_write_timeout(Some(remaining(deadline)?)))?;
            match self.stream.write(left) {
                Ok(0) => return Err(DialError::Closed),
                Ok(sent) => left = &left[sent..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Waits for the next reply.
    ///
    /// # Errors
    /// [`DialError::TimedOut`] at `deadline`, [`DialError::Closed`] where the daemon has gone,
    /// [`DialError::Garbled`] where it speaks something else.
    pub fn receive(&mut self, deadline: Instant) -> Result<Reply, DialError> {
        let mut chunk = [0; 16 * 1024];
        loop {
            if let Some(line) = self.splitter.next_line() {
                let frame = line.map_err(|_| DialError::Garbled(frame::frame_too_long()))?;
                return frame::decode_reply(frame).map_err(DialError::Garbled);
            }
            settled(self.stream.set_read_timeout(Some(remaining(deadline)?)))?;
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(DialError::Closed),
                Ok(read) => self.splitter.push(&chunk[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Sends one request and waits for its reply; replies to other requests are dropped.
    ///
    /// # Errors
    /// As [`Connection::send`] and [`Connection::receive`]; [`DialError::Garbled`] where the request is too long.
    pub fn ask(&mut self, request: &Request, deadline: Instant) -> Result<Reply, DialError> {
        self.send(&frame::encode(request).map_err(DialError::Garbled)?, deadline)?;
        loop {
            let reply = self.receive(deadline)?;
            // 0 answers a request that could not be read, and there is no other that it could mean.
            if reply.id == request.id || reply.id == 0 {
                return Ok(reply);
            }
        }
    }
}

/// Time left until `deadline`; never zero, which sockets take for "for ever".
fn remaining(deadline: Instant) -> Result<Duration, DialError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(DialError::TimedOut) } else { Ok(left.max(Duration::from_micros(1))) }
}

/// macOS refuses to set a time-out on a socket whose other end is closed, with EINVAL.
fn settled(result: io::Result<()>) -> Result<(), DialError> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Err(DialError::Closed),
        other => Ok(other?),
    }
}

/// A stream socket that a child process does not inherit.
#[cfg(not(target_vendor = "apple"))]
fn close_on_exec_socket() -> io::Result<OwnedFd> {
    Ok(socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?)
}

/// A stream socket that a child process does not inherit.
#[cfg(target_vendor = "apple")]
fn close_on_exec_socket() -> io::Result<OwnedFd> {
    use nix::fcntl::{FcntlArg, FdFlag, fcntl};
    let socket = socket(AddressFamily::Unix, SockType::Stream, SockFlag::empty(), None)?;
    fcntl(&socket, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    // The standard library does the same, so that a closed peer is an error and no signal.
    setsockopt(&socket, sockopt::NoSigPipe, &true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Code, Op, Outcome};
    use std::io::{BufRead, BufReader};
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;
    use std::thread;

    fn place(folder: &std::path::Path) -> Place {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
        let socket = folder.join("sayso.sock");
        Place { folder: folder.into(), lock: socket.clone(), start: socket.clone(), socket }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(100)
    }

    fn patient() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[test]
    fn nobody_listening_is_told_apart_from_everything_else() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        assert!(matches!(Connection::open(&place, patient()), Err(DialError::Absent)));
        drop(UnixListener::bind(&place.socket).unwrap());
        assert!(place.socket.exists());
        assert!(matches!(Connection::open(&place, patient()), Err(DialError::Absent)));
    }

    #[test]
    fn a_daemon_that_never_answers_is_left_at_the_deadline() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let _listener = UnixListener::bind(&place.socket).unwrap();
        let mut connection = Connection::open(&place, patient()).unwrap();
        let reply = connection.ask(&Request::new(1, Op::Status), soon());
        assert!(matches!(reply, Err(DialError::TimedOut)), "{reply:?}");
    }

    #[test]
    fn what_the_daemon_says_is_read_or_named() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let listener = UnixListener::bind(&place.socket).unwrap();
        let answers: [&[u8]; 4] = [
            b"{\"v\":1,\"id\":6,\"daemon\":\"0\",\"result\":{}}\n{\"v\":1,\"id\":7,\"daemon\":\"0\",\"result\":{}}\n",
            b"HTTP/1.1 400 Bad Request\r\n",
            b"{\"v\":9,\"id\":7}\n",
            b"{\"v\":1,\"id\":7,\"dae",
        ];
        let daemon = thread::spawn(move || {
            for answer in answers {
                let (stream, _) = listener.accept().unwrap();
                BufReader::new(&stream).read_line(&mut String::new()).unwrap();
                (&stream).write_all(answer).unwrap();
            }
        });
        let ask = || Connection::open(&place, patient())?.ask(&Request::new(7, Op::Shutdown), patient());
        assert!(matches!(ask(), Ok(Reply { id: 7, outcome: Outcome::Result(_), .. })));
        assert!(matches!(ask(), Err(DialError::Garbled(fault)) if fault.code == Code::Internal));
        assert!(matches!(ask(), Err(DialError::Garbled(fault)) if fault.code == Code::UnsupportedVersion));
        assert!(matches!(ask(), Err(DialError::Closed)));
        daemon.join().unwrap();
    }

    #[test]
    fn a_full_queue_does_not_hold_the_asker() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let listener = close_on_exec_socket().unwrap();
        nix::sys::socket::bind(listener.as_raw_fd(), &UnixAddr::new(&place.socket).unwrap()).unwrap();
        nix::sys::socket::listen(&listener, nix::sys::socket::Backlog::new(1).unwrap()).unwrap();
        let mut waiting = Vec::new();
        let refused = loop {
            match Connection::open(&place, soon()) {
                Ok(connection) => waiting.push(connection),
                Err(error) => break error,
            }
            assert!(waiting.len() < 100, "the queue never filled");
        };
        // Linux lets the asker wait, macOS turns it away.
        assert!(matches!(refused, DialError::TimedOut | DialError::Absent), "{refused:?}");
    }
}
