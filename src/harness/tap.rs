//! A relay between the adapter and the switch that notes each request as its last byte passes.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::BytesMut;
use futures_util::StreamExt;
use tokio::io::{AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::{Encoder, FramedRead};

use super::processes::any_port;
use crate::iso8583::{De, Frame, FrameCodec, Spec};
use crate::values::{Institution, ProcessingCode};

/// A request that passed.
#[derive(Clone, Debug)]
pub struct Passed {
    /// When its last byte was read from the adapter.
    pub at: Instant,
    /// The processing code (DE3).
    pub processing_code: ProcessingCode,
    /// The destination bank (DE127).
    pub bank: Institution,
}

/// The relay.
pub struct Tap {
    /// The address that the adapter dials.
    pub at: SocketAddr,
    passed: Arc<Mutex<Vec<Passed>>>,
}

impl Tap {
    /// Starts a relay to the switch.
    ///
    /// # Errors
    /// If there is no free port.
    pub async fn start(switch: SocketAddr, spec: Arc<Spec>) -> io::Result<Self> {
        let listener = TcpListener::bind(any_port()).await?;
        let at = listener.local_addr()?;
        let passed = Arc::default();
        let notes = Arc::clone(&passed);
        drop(tokio::spawn(async move {
            while let Ok((bank, _)) = listener.accept().await {
                let relayed = relay(bank, switch, Arc::clone(&spec), Arc::clone(&notes));
                drop(tokio::spawn(relayed));
            }
        }));
        Ok(Self { at, passed })
    }

    /// Returns the requests that passed since a moment.
    #[must_use]
    pub fn since(&self, moment: Instant) -> Vec<Passed> {
        let passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        let first = passed.partition_point(|one| one.at < moment);
        passed.get(first..).unwrap_or_default().to_vec()
    }
}

/// Relays a connection until one end closes.
async fn relay(
    mut bank: TcpStream,
    switch: SocketAddr,
    spec: Arc<Spec>,
    notes: Arc<Mutex<Vec<Passed>>>,
) -> io::Result<()> {
    let mut switch = TcpStream::connect(switch).await?;
    for end in [&bank, &switch] {
        end.set_nodelay(true)?;
    }
    let (from_bank, mut to_bank) = bank.split();
    let (mut from_switch, mut to_switch) = switch.split();
    let requests = async {
        let mut frames = FramedRead::new(from_bank, FrameCodec::new(spec.framing().clone()));
        let mut codec = FrameCodec::new(spec.framing().clone());
        while let Some(Ok(frame)) = frames.next().await {
            note(&spec, &frame, &notes);
            let mut bytes = BytesMut::new();
            if codec.encode(frame, &mut bytes).is_err()
                || to_switch.write_all(&bytes).await.is_err()
            {
                break;
            }
        }
    };
    tokio::select! {
        () = requests => {}
        _ended = copy(&mut from_switch, &mut to_bank) => {}
    }
    Ok(())
}

/// Notes a financial request; other messages are never new work.
fn note(spec: &Spec, frame: &Frame, notes: &Mutex<Vec<Passed>>) {
    let at = Instant::now();
    let Frame::Message { message, .. } = frame else { return };
    let Ok(message) = spec.decode(message.clone()) else { return };
    if message.mti().class() != 2 || !message.mti().is_request() {
        return;
    }
    let (code, bank) = (message.get(De::PROCESSING_CODE), message.get(De::DESTINATION_BANK));
    if let (Ok(processing_code), Ok(bank)) = (code, bank) {
        let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push(Passed { at, processing_code, bank });
    }
}
