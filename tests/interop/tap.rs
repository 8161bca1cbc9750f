//! Records the messages on a connection between bank and switch, masked.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::BytesMut;
use titian::iso8583::{De, Field, Frame, FrameCodec, Message, Spec};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::Decoder;

/// The transcript of a connection.
#[derive(Clone, Default)]
pub(crate) struct Transcript(Arc<Mutex<Record>>);

#[derive(Default)]
struct Record {
    text: String,
    /// STANs and RRNs, numbered in the order of their first appearance.
    names: BTreeMap<String, usize>,
}

impl Transcript {
    /// Returns the transcript so far.
    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap().text.clone()
    }

    /// Adds a heading.
    pub(crate) fn heading(&self, text: &str) {
        let mut record = self.0.lock().unwrap();
        writeln!(record.text, "-- {text}").unwrap();
    }

    fn add(&self, arrow: &str, message: &Message<'_>) {
        let mut record = self.0.lock().unwrap();
        let mut line = format!("{arrow} {}", message.mti());
        for field in message.fields() {
            let shown = record.shown(&field);
            write!(line, " {}={shown}", field.de().number()).unwrap();
        }
        writeln!(record.text, "{line}").unwrap();
    }
}

impl Record {
    /// Formats a field. A value that changes with each run is replaced by its kind.
    fn shown(&mut self, field: &Field<'_>) -> String {
        match field.de() {
            De::TRANSMISSION | De::LOCAL_TIME => "(time)".to_owned(),
            De::LOCAL_DATE | De::SETTLEMENT_DATE => "(date)".to_owned(),
            De::AUTHORIZATION => "(code)".to_owned(),
            De::STAN => self.name("stan", &field.reveal()),
            De::RRN => self.name("rrn", &field.reveal()),
            De::ORIGINAL => {
                let text = field.reveal();
                let stan = self.name("stan", &text[4..10]);
                format!("{} {stan} (time) {}", &text[..4], &text[20..])
            }
            _ => field.masked().trim_end().to_owned(),
        }
    }

    fn name(&mut self, kind: &str, text: &str) -> String {
        let next = self.names.keys().filter(|name| name.starts_with(kind)).count() + 1;
        let number = self.names.entry(format!("{kind} {text}")).or_insert(next);
        format!("({kind} {number})")
    }
}

/// Listens for banks, forwards their connections to the switch, and records all messages.
pub(crate) async fn tap(spec: &Arc<Spec>, switch: SocketAddr) -> (SocketAddr, Transcript) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (spec, transcript) = (Arc::clone(spec), Transcript::default());
    let record = transcript.clone();
    tokio::spawn(async move {
        while let Ok((bank, _)) = listener.accept().await {
            let (from_bank, to_bank) = bank.into_split();
            let (from_switch, to_switch) = TcpStream::connect(switch).await.unwrap().into_split();
            tokio::spawn(forward(from_bank, to_switch, Arc::clone(&spec), (">", record.clone())));
            tokio::spawn(forward(from_switch, to_bank, Arc::clone(&spec), ("<", record.clone())));
        }
    });
    (address, transcript)
}

async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    spec: Arc<Spec>,
    (arrow, record): (&'static str, Transcript),
) {
    let mut frames = FrameCodec::new(spec.framing().clone());
    let mut bytes = BytesMut::new();
    let mut undecoded = BytesMut::new();
    while from.read_buf(&mut bytes).await.unwrap_or(0) > 0 {
        undecoded.extend_from_slice(&bytes);
        while let Some(frame) = frames.decode(&mut undecoded).unwrap() {
            let Frame::Message { message, .. } = frame else { continue };
            record.add(arrow, &spec.decode(message).unwrap());
        }
        if to.write_all_buf(&mut bytes).await.is_err() {
            return;
        }
    }
}
