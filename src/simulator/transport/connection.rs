//! One connection of a bank: it turns bytes into messages and back. It does not interpret them.

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
use super::connections::{ErrorCounters, Outgoing};
use super::model_task::ConnectionEvent;
use crate::iso8583::{Frame, FrameCodec, FrameError, Framing, Mti, OutgoingFrame};
use crate::simulator::{Header, TextMessage};

/// The most batches that wait to be written. At the bound the bank does not read, and its connection is closed.
pub(super) const WAITING_BATCHES: usize = 1024;

/// The most bytes that a bank may leave unread before its connection is closed.
const UNREAD_MAX: usize = 8 << 20;

/// The buffer that is reserved for a read.
const READ_BUFFER: usize = 64 << 10;

/// How long a new connection may be silent.
const FIRST_MESSAGE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the last write may take when the switch closes the connection.
const LAST_WRITE_TIMEOUT: Duration = Duration::from_secs(1);

/// A connection of a bank.
pub(super) struct BankConnection {
    pub(super) stream: TcpStream,
    pub(super) messages: MessageStream,
    pub(super) events: mpsc::Sender<ConnectionEvent>,
    pub(super) outgoing: mpsc::Receiver<Vec<Outgoing>>,
}

/// The reason why a connection closed.
#[derive(Debug)]
enum CloseReason {
    ClosedByBank,
    Failed(io::Error),
    Framing(FrameError),
    Silent,
    Unread,
    /// The model disconnected the bank, or the switch stops.
    ClosedBySwitch,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClosedByBank => f.write_str("closed by the bank"),
            Self::Failed(error) => write!(f, "connection lost: {error}"),
            Self::Framing(error) => write!(f, "invalid frame from the bank: {error}"),
            Self::Silent => f.write_str("no message from the bank"),
            Self::Unread => f.write_str("the bank does not read"),
            Self::ClosedBySwitch => f.write_str("closed by the switch"),
        }
    }
}

impl BankConnection {
    /// Reads and writes until the connection closes, and reports the end.
    pub(super) async fn run(self) {
        let (id, events) = (self.messages.connection, self.events.clone());
        let reason = match self.transfer().await {
            Ok(()) => CloseReason::ClosedByBank,
            Err(reason) => reason,
        };
        tracing::info!(connection = id, %reason, "connection closed");
        // At shutdown the model task is gone, and does not need the event.
        let _ = events.send(ConnectionEvent::Closed(id)).await;
    }

    async fn transfer(mut self) -> Result<(), CloseReason> {
        self.stream.set_nodelay(true).map_err(CloseReason::Failed)?;
        let (mut reader, mut writer) = self.stream.split();
        let (mut incoming, mut unwritten) = (BytesMut::new(), BytesMut::new());
        let mut silence = pin!(sleep(FIRST_MESSAGE_TIMEOUT));
        let mut has_received = false;
        loop {
            if incoming.capacity() - incoming.len() < READ_BUFFER / 16 {
                incoming.reserve(READ_BUFFER);
            }
            tokio::select! {
                read = reader.read_buf(&mut incoming) => {
                    if read.map_err(CloseReason::Failed)? == 0 {
                        return Ok(());
                    }
                    let messages = self.messages.read_all(&mut incoming, &mut unwritten)?;
                    if !messages.is_empty() {
                        has_received = true;
                        let event = ConnectionEvent::Received(self.messages.connection, messages);
                        self.events.send(event).await.map_err(|_| CloseReason::ClosedBySwitch)?;
                    }
                }
                written = writer.write_buf(&mut unwritten), if !unwritten.is_empty() => {
                    written.map_err(CloseReason::Failed)?;
                }
                batch = self.outgoing.recv() => {
                    let Some(batch) = batch else {
                        let write = writer.write_all_buf(&mut unwritten);
                        let _ = timeout(LAST_WRITE_TIMEOUT, write).await;
                        return Err(CloseReason::ClosedBySwitch);
                    };
                    self.messages.write_all(batch, &mut self.outgoing, &mut unwritten)?;
                }
                () = &mut silence, if !has_received => return Err(CloseReason::Silent),
            }
        }
    }
}

/// Reads messages from bytes and writes them, with the framing and the codec of a network.
#[derive(Clone)]
pub(super) struct MessageStream {
    /// The id of its connection.
    connection: u64,
    codec: Codec,
    frames: FrameCodec,
    header: Header,
    counters: Arc<ErrorCounters>,
    /// A message is written here before it is framed.
    scratch: BytesMut,
}

impl MessageStream {
    pub(super) fn new(
        codec: Codec,
        framing: &Framing,
        header: Header,
        counters: &Arc<ErrorCounters>,
    ) -> Self {
        let (frames, counters) = (FrameCodec::new(framing.clone()), Arc::clone(counters));
        Self { connection: 0, codec, frames, header, counters, scratch: BytesMut::new() }
    }

    /// Makes the stream of a new connection.
    pub(super) fn on_connection(&self, connection: u64) -> Self {
        Self { connection, ..self.clone() }
    }

    /// Takes all complete messages off the front of the bytes, and echoes keep-alives.
    fn read_all(
        &mut self,
        incoming: &mut BytesMut,
        unwritten: &mut BytesMut,
    ) -> Result<Vec<TextMessage>, CloseReason> {
        let mut messages = Vec::new();
        while let Some(frame) = self.frames.decode(incoming).map_err(CloseReason::Framing)? {
            match frame {
                Frame::Message { message, .. } => messages.extend(self.read(message)),
                Frame::KeepAlive => {
                    let echo = self.frames.encode(Frame::KeepAlive, unwritten);
                    echo.map_err(CloseReason::Framing)?;
                }
            }
        }
        Ok(messages)
    }

    /// Reads a message. One that cannot be read gets no response.
    fn read(&self, message: Bytes) -> Option<TextMessage> {
        match self.codec.read(message) {
            Ok(message) => Some(message.on_connection(self.connection)),
            Err(error) => {
                if self.counters.unreadable.count() {
                    tracing::warn!(connection = self.connection, %error, "message unreadable");
                }
                None
            }
        }
    }

    /// Writes a batch, and all batches that wait behind it.
    fn write_all(
        &mut self,
        mut batch: Vec<Outgoing>,
        waiting: &mut mpsc::Receiver<Vec<Outgoing>>,
        unwritten: &mut BytesMut,
    ) -> Result<(), CloseReason> {
        loop {
            for outgoing in &batch {
                if let Err(error) = self.write(outgoing, unwritten)
                    && self.counters.unwritable.count()
                {
                    tracing::warn!(connection = self.connection, error, "message not written");
                }
            }
            if unwritten.len() > UNREAD_MAX {
                return Err(CloseReason::Unread);
            }
            match waiting.try_recv() {
                Ok(next) => batch = next,
                Err(_) => return Ok(()),
            }
        }
    }

    fn write(&mut self, outgoing: &Outgoing, unwritten: &mut BytesMut) -> Result<(), String> {
        self.scratch.clear();
        let mti = match outgoing {
            Outgoing::Message(message) => {
                self.codec.write(message, &mut self.scratch).map_err(|error| error.to_string())?;
                message.mti()
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
