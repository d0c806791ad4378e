//! The asking end of the wire, on the standard library alone: its streams have the time-outs that this needs, and a
//! client that starts for every key press is smaller and sooner up without a runtime.

use crate::error_reply::{Code, ErrorReply};
use crate::frame::{self, DecodeError, MAX_FRAME_BYTES};
use crate::line::Splitter;
use crate::message::Request;
use crate::peer;
use crate::reply::Reply;
use crate::socket_paths::SocketPaths;
use crate::version::VERSION;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, setsockopt, socket, sockopt};
use nix::sys::time::{TimeVal, TimeValLike};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionError {
    /// Nobody listens: no socket, or one that a dead daemon left.
    #[error("no daemon listens on the socket")]
    Absent,
    /// The time was up first.
    #[error("the daemon did not answer in time")]
    TimedOut,
    /// The daemon closed the connection without an answer.
    #[error("the daemon closed the connection without an answer")]
    Closed,
    /// The daemon speaks this other version of the protocol.
    #[error("the daemon speaks version {0} of the protocol and this client version {VERSION}")]
    OtherVersion(u32),
    /// The daemon answered, but not in this protocol.
    #[error("{0}")]
    Garbled(ErrorReply),
    /// Anything else, such as a socket of another user.
    #[error("{0}")]
    Io(io::Error),
}

impl From<io::Error> for ConnectionError {
    fn from(error: io::Error) -> ConnectionError {
        use ErrorKind::{BrokenPipe, ConnectionReset, TimedOut, WouldBlock};
        match error.kind() {
            WouldBlock | TimedOut => ConnectionError::TimedOut,
            BrokenPipe | ConnectionReset => ConnectionError::Closed,
            _ => ConnectionError::Io(error),
        }
    }
}

impl From<DecodeError> for ConnectionError {
    fn from(error: DecodeError) -> ConnectionError {
        match error {
            DecodeError::OtherVersion(version) => ConnectionError::OtherVersion(version),
            DecodeError::Malformed(_) => {
                ConnectionError::Garbled(ErrorReply::new(Code::Internal, error.to_string()))
            }
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
    /// [`ConnectionError::Absent`] where nobody listens; [`ConnectionError::TimedOut`] where the daemon accepts nobody until
    /// `deadline`; [`ConnectionError::Io`] where the listener is another user's, or for any other reason.
    pub fn open(paths: &SocketPaths, deadline: Instant) -> Result<Connection, ConnectionError> {
        let stream = UnixStream::from(close_on_exec_socket()?);
        // A connection to a daemon that accepts nobody waits in the kernel as long as sending may wait.
        let patience = i64::try_from(remaining(deadline)?.as_micros()).unwrap_or(i64::MAX);
        setsockopt(&stream, sockopt::SendTimeout, &TimeVal::microseconds(patience))
            .map_err(io::Error::from)?;
        let address = UnixAddr::new(&paths.socket).map_err(io::Error::from)?;
        match connect(stream.as_raw_fd(), &address) {
            Ok(()) => {}
            Err(Errno::ENOENT | Errno::ECONNREFUSED) => return Err(ConnectionError::Absent),
            Err(errno) => return Err(io::Error::from(errno).into()),
        }
        peer::check(&stream)?;
        Ok(Connection { stream, splitter: Splitter::new(MAX_FRAME_BYTES) })
    }

    /// The process that listens, as far as the system knows.
    pub fn peer(&self) -> Option<i32> {
        peer::pid(&self.stream)
    }

    /// Sends one frame, its newline included.
    ///
    /// # Errors
    /// [`ConnectionError::TimedOut`] where the daemon does not take it until `deadline`, [`ConnectionError::Closed`] where it
    /// has gone.
    pub fn send(&mut self, frame: &[u8], deadline: Instant) -> Result<(), ConnectionError> {
        let mut left = frame;
        while !left.is_empty() {
            settled(self.stream.set_write_timeout(Some(remaining(deadline)?)))?;
            match self.stream.write(left) {
                Ok(0) => return Err(ConnectionError::Closed),
                Ok(sent) => left = &left[sent..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Waits for the next reply.
    ///
    /// # Errors
    /// [`ConnectionError::TimedOut`] at `deadline`, [`ConnectionError::Closed`] where the daemon has gone,
    /// [`ConnectionError::Garbled`] where it speaks something else.
    pub fn receive(&mut self, deadline: Instant) -> Result<Reply, ConnectionError> {
        let mut chunk = [0; 16 * 1024];
        loop {
            if let Some(reply) = self.next_reply() {
                return reply;
            }
            settled(self.stream.set_read_timeout(Some(remaining(deadline)?)))?;
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(ConnectionError::Closed),
                Ok(read) => self.splitter.push(&chunk[..read]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The next reply among what has been read.
    fn next_reply(&mut self) -> Option<Result<Reply, ConnectionError>> {
        let Ok(frame) = self.splitter.next_line()? else {
            return Some(Err(ConnectionError::Garbled(frame::frame_too_long())));
        };
        Some(frame::decode_reply(frame).map_err(ConnectionError::from))
    }

    /// Sends many frames and hands every reply to `take`, which says whether more are to come. Reads while it writes,
    /// so that neither end can wait for the other for ever.
    ///
    /// # Errors
    /// [`ConnectionError::TimedOut`] where nothing moves for `patience`; else as [`Connection::send`] and
    /// [`Connection::receive`].
    pub fn exchange(
        &mut self,
        mut frames: &[u8],
        patience: Duration,
        mut take: impl FnMut(Reply) -> bool,
    ) -> Result<(), ConnectionError> {
        let mut chunk = [0; 16 * 1024];
        self.stream.set_nonblocking(true)?;
        let mut deadline = Instant::now() + patience;
        loop {
            while let Some(reply) = self.next_reply() {
                if !take(reply?) {
                    self.stream.set_nonblocking(false)?;
                    return Ok(());
                }
            }
            let mut wanted = PollFlags::POLLIN;
            wanted.set(PollFlags::POLLOUT, !frames.is_empty());
            let left =
                PollTimeout::try_from(remaining(deadline)?.as_millis() + 1).unwrap_or(PollTimeout::MAX);
            match poll(&mut [PollFd::new(self.stream.as_fd(), wanted)], left) {
                Ok(0) | Err(Errno::EINTR) => continue,
                Ok(_) => {}
                Err(errno) => return Err(io::Error::from(errno).into()),
            }
            let moved = |result: io::Result<usize>| match result {
                Ok(0) => Err(ConnectionError::Closed),
                Ok(bytes) => Ok(bytes),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(0),
                Err(error) => Err(error.into()),
            };
            let read = moved(self.stream.read(&mut chunk))?;
            self.splitter.push(&chunk[..read]);
            let sent = if frames.is_empty() { 0 } else { moved(self.stream.write(frames))? };
            frames = &frames[sent..];
            if read + sent > 0 {
                deadline = Instant::now() + patience;
            }
        }
    }

    /// Sends one request and waits for its reply; replies to other requests are dropped.
    ///
    /// # Errors
    /// As [`Connection::send`] and [`Connection::receive`]; [`ConnectionError::Garbled`] where the request is too long.
    pub fn ask(&mut self, request: &Request, deadline: Instant) -> Result<Reply, ConnectionError> {
        self.send(&frame::encode(request).map_err(ConnectionError::Garbled)?, deadline)?;
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
fn remaining(deadline: Instant) -> Result<Duration, ConnectionError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ConnectionError::TimedOut) } else { Ok(left.max(Duration::from_micros(1))) }
}

/// macOS refuses to set a time-out on a socket whose other end is closed, with EINVAL.
fn settled(result: io::Result<()>) -> Result<(), ConnectionError> {
    match result {
        Err(error) if error.kind() == ErrorKind::InvalidInput => Err(ConnectionError::Closed),
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
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::Form;
    use crate::message::Op;
    use crate::reply::Outcome;
    use std::io::{BufRead, BufReader};
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;
    use std::thread;

    fn place(folder: &std::path::Path) -> SocketPaths {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
        let socket = folder.join("sayso.sock");
        SocketPaths { folder: folder.into(), lock: socket.clone(), start: socket.clone(), socket }
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
        assert!(matches!(Connection::open(&place, patient()), Err(ConnectionError::Absent)));
        drop(UnixListener::bind(&place.socket).unwrap());
        assert!(place.socket.exists());
        assert!(matches!(Connection::open(&place, patient()), Err(ConnectionError::Absent)));
    }

    #[test]
    fn a_daemon_that_never_answers_is_left_at_the_deadline() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let _listener = UnixListener::bind(&place.socket).unwrap();
        let mut connection = Connection::open(&place, patient()).unwrap();
        let reply = connection.ask(&Request::new(1, Op::Status), soon());
        assert!(matches!(reply, Err(ConnectionError::TimedOut)), "{reply:?}");
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
        assert!(matches!(ask(), Err(ConnectionError::Garbled(fault)) if fault.code == Code::Internal));
        assert!(matches!(ask(), Err(ConnectionError::OtherVersion(9))));
        assert!(matches!(ask(), Err(ConnectionError::Closed)));
        daemon.join().unwrap();
    }

    #[test]
    fn many_requests_and_long_replies_cross_without_waiting_for_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let listener = UnixListener::bind(&place.socket).unwrap();
        let requests = 200;
        // Answers as it reads, and reads no further while an answer is not taken: as much either way as no kernel
        // buffers.
        let daemon = thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let fault = ErrorReply::new(Code::Empty, "x".repeat(100_000));
            for line in BufReader::new(&stream).lines().take(requests) {
                let request = frame::decode(line.unwrap().as_bytes()).unwrap();
                let reply = Reply::new(request.id, "0", Outcome::Error(fault.clone()));
                (&stream).write_all(&frame::encode_reply(reply, Form::Json)).unwrap();
            }
        });
        let text = "y".repeat(100_000);
        let frames: Vec<u8> = (0..requests as u64)
            .flat_map(|id| {
                frame::encode(&Request { text: text.clone(), ..Request::new(id, Op::Convert) }).unwrap()
            })
            .collect();
        let mut ids = Vec::new();
        let mut connection = Connection::open(&place, patient()).unwrap();
        let done = connection.exchange(&frames, Duration::from_secs(60), |reply| {
            ids.push(reply.id);
            ids.len() < requests
        });
        done.unwrap();
        assert_eq!(ids, (0..requests as u64).collect::<Vec<_>>());
        daemon.join().unwrap();
        let nobody = connection.exchange(b"", Duration::from_millis(50), |_| true);
        assert!(matches!(nobody, Err(ConnectionError::Closed | ConnectionError::TimedOut)), "{nobody:?}");
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
        assert!(matches!(refused, ConnectionError::TimedOut | ConnectionError::Absent), "{refused:?}");
    }
}
