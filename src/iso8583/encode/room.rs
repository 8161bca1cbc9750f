//! Room for a message in its buffer.

use bytes::BytesMut;

/// The number of bytes by which the buffer grows. Most messages fit.
pub(super) const ROOM: usize = 512;

/// Returns the `length` bytes of a buffer from `at` on. A buffer that is too short grows by more than that,
/// so growing is rare.
pub(super) fn room(buffer: &mut BytesMut, at: usize, length: usize) -> &mut [u8] {
    let end = at + length;
    if end > buffer.len() {
        buffer.resize(end + ROOM, 0);
    }
    buffer.get_mut(at..end).unwrap_or_default()
}
