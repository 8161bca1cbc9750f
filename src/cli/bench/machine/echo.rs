//! Frames echoed over loopback by two threads without other work.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::per_second;

/// Bytes of a transfer request, without its 2-byte length.
const MESSAGE: usize = 297;

/// Bytes of the read buffer.
const READ_BUFFER: usize = 64 * 1024;

/// Returns round trips a second with `in_flight` frames in flight.
pub(super) fn frames(in_flight: u32, time: Duration) -> io::Result<f64> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut stream = TcpStream::connect(listener.local_addr()?)?;
    stream.set_nodelay(true)?;
    let echo = thread::spawn(move || echo(&listener));
    let frame = [&(u16::try_from(MESSAGE).unwrap_or_default().to_be_bytes())[..], &[0x30; MESSAGE]]
        .concat();
    let (mut unread, mut room) = (Vec::new(), vec![0; READ_BUFFER]);
    let (mut missing, mut count) = (in_flight as usize, 0);
    let started = Instant::now();
    while started.elapsed() < time {
        stream.write_all(&frame.repeat(missing))?;
        missing = read_frames(&mut stream, &mut room, &mut unread, |_| ())?;
        count += missing as u64;
    }
    let rate = per_second(count, started.elapsed());
    drop(stream);
    echo.join().map_err(|_| io::Error::other("the echo thread panicked"))??;
    Ok(rate)
}

fn echo(listener: &TcpListener) -> io::Result<()> {
    let (mut stream, _) = listener.accept()?;
    stream.set_nodelay(true)?;
    let (mut unread, mut room) = (Vec::new(), vec![0; READ_BUFFER]);
    let mut response = Vec::new();
    loop {
        // Closing with unread frames resets the connection, which is also the end.
        match read_frames(&mut stream, &mut room, &mut unread, |frame| {
            response.extend_from_slice(frame);
        }) {
            Ok(0) | Err(_) => return Ok(()),
            Ok(_) => {}
        }
        if stream.write_all(&response).is_err() {
            return Ok(());
        }
        response.clear();
    }
}

/// Reads until at least one frame is complete; returns their number, 0 at the end.
fn read_frames(
    stream: &mut TcpStream,
    room: &mut [u8],
    unread: &mut Vec<u8>,
    mut with: impl FnMut(&[u8]),
) -> io::Result<usize> {
    loop {
        let read = stream.read(room)?;
        if read == 0 {
            return Ok(0);
        }
        unread.extend_from_slice(room.get(..read).unwrap_or_default());
        let (mut count, mut taken) = (0, 0);
        while let Some(frame) = first(unread.get(taken..).unwrap_or_default()) {
            with(frame);
            count += 1;
            taken += frame.len();
        }
        unread.drain(..taken);
        if count > 0 {
            return Ok(count);
        }
    }
}

/// Returns the first frame with its length, if it is complete.
fn first(bytes: &[u8]) -> Option<&[u8]> {
    let length = u16::from_be_bytes(*bytes.first_chunk()?);
    bytes.get(..usize::from(length) + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back() {
        assert!(frames(64, Duration::from_millis(50)).unwrap() > 100.0);
    }

    #[test]
    fn a_frame_is_complete_with_its_last_byte() {
        assert_eq!(first(&[0, 2, 1]), None);
        assert_eq!(first(&[0, 2, 1, 2, 3]), Some(&[0, 2, 1, 2][..]));
    }
}
