//! One connection of a bank: its bytes are messages here, and nothing of them is understood.

use std::fmt;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::codec::{Decoder, Encoder};

use super::codec::Codec;
use super::desk::Heard;
use super::lines::{Outgoing, Tally};
use crate::iso8583::{Frame, FrameCodec, FrameError, Framing, Mti, OutgoingFrame};
use crate::switch::{Header, Wire};

/// Batches that may wait to be written. A bank that lets more wait doesn't read, and its line is cut.
pub(super) const WAITING: usize = 1024;

/// Bytes that a bank may leave unread before its line is cut.
const UNREAD_MAX: usize = 8 << 20;

/// Room that is made for a read.
const READ: usize = 64 << 10;

/// How long a connection may say nothing at first.
const FIRST_WITHIN: Duration = Duration::from_secs(30);

/// How long the last words may take.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A connection.
pub(super) struct Line {
    pub(super) stream: TcpStream,
    pub(super) speech: Speech,
    pub(super) desk: mpsc::Sender<Heard>,
    pub(super) outgoing: mpsc::Receiver<Vec<Outgoing>>,
}

/// Why a connection ended.
#[derive(Debug)]
enum End {
    Closed,
    Failed(io::Error),
    Framing(FrameError),
    Silent,
    Unread,
    /// The switch has cut it, or stops.
    Cut,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the bank closed it"),
            Self::Failed(error) => write!(f, "it broke: {error}"),
            Self::Framing(error) => write!(f, "the bank broke the framing: {error}"),
            Self::Silent => f.write_str("the bank said nothing"),
            Self::Unread => f.write_str("the bank does not read"),
            Self::Cut => f.write_str("the switch cut it"),
        }
    }
}

impl Line {
    /// Reads and writes until it ends, and says that it has.
    pub(super) async fn run(self) {
        let (id, desk) = (self.speech.line, self.desk.clone());
        let end = match self.talk().await {
            Ok(()) => End::Closed,
            Err(end) => end,
        };
        tracing::info!(line = id, "closed: {end}");
        // Where the desk is gone, nobody wants to know.
        let _ = desk.send(Heard::Closed(id)).await;
    }

    async fn talk(mut self) -> Result<(), End> {
        self.stream.set_nodelay(true).map_err(End::Failed)?;
        let (mut reader, mut writer) = self.stream.split();
        let (mut incoming, mut unwritten) = (BytesMut::new(), BytesMut::new());
        let mut silence = pin!(sleep(FIRST_WITHIN));
        let mut spoke = false;
        loop {
            if incoming.capacity() - incoming.len() < READ / 16 {
                incoming.reserve(READ);
            }
            tokio::select! {
                read = reader.read_buf(&mut incoming) => {
                    if read.map_err(End::Failed)? == 0 {
                        return Ok(());
                    }
                    let wires = self.speech.hear(&mut incoming, &mut unwritten)?;
                    if !wires.is_empty() {
                        spoke = true;
                        let heard = Heard::Messages(self.speech.line, wires);
                        self.desk.send(heard).await.map_err(|_| End::Cut)?;
                    }
                }
                written = writer.write_buf(&mut unwritten), if !unwritten.is_empty() => {
                    written.map_err(End::Failed)?;
                }
                batch = self.outgoing.recv() => {
                    let Some(batch) = batch else {
                        let _ = timeout(LAST_WORDS, writer.write_all_buf(&mut unwritten)).await;
                        return Err(End::Cut);
                    };
                    self.speech.say_all(batch, &mut self.outgoing, &mut unwritten)?;
                }
                () = &mut silence, if !spoke => return Err(End::Silent),
            }
        }
    }
}

/// Messages and frames of a network.
#[derive(Clone)]
pub(super) struct Speech {
    /// The number of the connection that it is for.
    line: u64,
    codec: Codec,
    frames: FrameCodec,
    header: Header,
    tally: Arc<Tally>,
    /// A message is written here before it is framed.
    scratch: BytesMut,
}

impl Speech {
    pub(super) fn new(codec: Codec, framing: &Framing, header: Header, tally: &Arc<Tally>) -> Self {
        let (frames, tally) = (FrameCodec::new(framing.clone()), Arc::clone(tally));
        Self { line: 0, codec, frames, header, tally, scratch: BytesMut::new() }
    }

    /// The same on a new connection.
    pub(super) fn on_line(&self, line: u64) -> Self {
        Self { line, ..self.clone() }
    }

    /// Takes all whole messages off the front; keep-alives are echoed.
    fn hear(
        &mut self,
        incoming: &mut BytesMut,
        unwritten: &mut BytesMut,
    ) -> Result<Vec<Wire>, End> {
        let mut wires = Vec::new();
        while let Some(frame) = self.frames.decode(incoming).map_err(End::Framing)? {
            match frame {
                Frame::Message { message, .. } => wires.extend(self.read(message)),
                Frame::KeepAlive => {
                    self.frames.encode(Frame::KeepAlive, unwritten).map_err(End::Framing)?;
                }
            }
        }
        Ok(wires)
    }

    /// What can't be read gets no answer.
    fn read(&self, message: Bytes) -> Option<Wire> {
        match self.codec.read(message) {
            Ok(wire) => Some(wire.on_line(self.line)),
            Err(error) => {
                if self.tally.unreadable.add() {
                    tracing::warn!(line = self.line, "a message can't be read: {error}");
                }
                None
            }
        }
    }

    /// Writes a batch, and those that wait behind it.
    fn say_all(
        &mut self,
        mut batch: Vec<Outgoing>,
        waiting: &mut mpsc::Receiver<Vec<Outgoing>>,
        unwritten: &mut BytesMut,
    ) -> Result<(), End> {
        loop {
            for outgoing in &batch {
                if let Err(error) = self.say(outgoing, unwritten)
                    && self.tally.unwritable.add()
                {
                    tracing::warn!(line = self.line, "a message can't be written: {error}");
                }
            }
            if unwritten.len() > UNREAD_MAX {
                return Err(End::Unread);
            }
            match waiting.try_recv() {
                Ok(next) => batch = next,
                Err(_) => return Ok(()),
            }
        }
    }

    fn say(&mut self, outgoing: &Outgoing, unwritten: &mut BytesMut) -> Result<(), String> {
        self.scratch.clear();
        let mti = match outgoing {
            Outgoing::Message(wire) => {
                self.codec.write(wire, &mut self.scratch).map_err(|error| error.to_string())?;
                wire.mti()
            }
            Outgoing::Garbage(bytes) => {
                self.scratch.extend_from_slice(bytes);
                Mti::FINANCIAL_REQUEST
            }
        };
        let frame = OutgoingFrame { header: self.header.of(mti), message: &self.scratch };
        self.frames.encode(frame, unwritten).map_err(|error| error.to_string())
    }
}
