//! The other end of a line, done by hand: it says what a test has it say.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use titian::iso8583::{De, Frame, FrameCodec, Message, OutgoingFrame, Spec};
use titian::network::SessionRules;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::{Decoder, Encoder};

use crate::adapter::{Adapter, listener};
use crate::messages::answer;

/// A connection as the switch has it.
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    pub(crate) spec: Arc<Spec>,
    rules: SessionRules,
    codec: FrameCodec,
    incoming: BytesMut,
}

impl Peer {
    pub(crate) fn new(stream: TcpStream, spec: &Arc<Spec>, rules: &SessionRules) -> Self {
        let codec = FrameCodec::new(spec.framing().clone());
        let incoming = BytesMut::new();
        stream.set_nodelay(true).unwrap();
        Self { stream, spec: Arc::clone(spec), rules: rules.clone(), codec, incoming }
    }

    /// Takes a connection, answers its sign-on.
    pub(crate) async fn accept(
        listener: &TcpListener,
        spec: &Arc<Spec>,
        rules: &SessionRules,
    ) -> Self {
        let mut peer = Self::new(listener.accept().await.unwrap().0, spec, rules);
        peer.answer_sign_on().await;
        peer
    }

    /// Connects, answers the sign-on that comes.
    pub(crate) async fn connect(
        address: SocketAddr,
        spec: &Arc<Spec>,
        rules: &SessionRules,
    ) -> Self {
        let mut peer = Self::new(TcpStream::connect(address).await.unwrap(), spec, rules);
        peer.answer_sign_on().await;
        peer
    }

    pub(crate) async fn answer_sign_on(&mut self) {
        let sign_on = self.message().await.expect("a sign-on");
        self.answer(&sign_on).await;
    }

    /// The next frame; `None` at the end of the stream or when it broke.
    pub(crate) async fn frame(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.codec.decode(&mut self.incoming).expect("whole frames") {
                return Some(frame);
            }
            if self.stream.read_buf(&mut self.incoming).await.unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    /// The next message.
    pub(crate) async fn message(&mut self) -> Option<Bytes> {
        match self.frame().await? {
            Frame::Message { message, .. } => Some(message),
            Frame::KeepAlive => panic!("a keep-alive where a message was to come"),
        }
    }

    /// A message in its frame.
    pub(crate) fn framed(&mut self, message: &[u8]) -> Bytes {
        let mti = self.spec.decode(Bytes::copy_from_slice(message)).map(|message| message.mti());
        let header = mti.map(|mti| self.rules.headers.of(mti).to_vec()).unwrap_or_default();
        let mut bytes = BytesMut::new();
        self.codec.encode(OutgoingFrame { header: &header, message }, &mut bytes).unwrap();
        bytes.freeze()
    }

    pub(crate) async fn send(&mut self, message: &[u8]) {
        let bytes = self.framed(message);
        self.stream.write_all(&bytes).await.unwrap();
    }

    /// Answers 00.
    pub(crate) async fn answer(&mut self, message: &Bytes) {
        self.answer_with(message, &[]).await;
    }

    /// Answers 00, with other values of some elements.
    pub(crate) async fn answer_with(&mut self, message: &Bytes, other: &[(De, &str)]) {
        let spec = Arc::clone(&self.spec);
        let message: Message<'_> = spec.decode(message.clone()).unwrap();
        self.send(&answer(&message, other)).await;
    }

    /// The next so many messages.
    pub(crate) async fn messages(&mut self, count: usize) -> Vec<Bytes> {
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(self.message().await.expect("another message"));
        }
        all
    }

    /// Whether nothing comes any more and the stream is at its end.
    pub(crate) async fn is_closed(&mut self) -> bool {
        while let Ok(count) = self.stream.read_buf(&mut self.incoming).await {
            if count == 0 {
                return true;
            }
        }
        true
    }
}

/// A line that is up, and nobody listens for another: both its ends.
pub(crate) async fn one_line(spec: &Arc<Spec>, rules: &SessionRules) -> (Adapter, Peer) {
    let (listener, _) = listener().await;
    line_over(&listener, spec, rules).await
}

/// A line that is up: the link that dials, and the peer whose listener it is.
pub(crate) async fn line_over(
    listener: &TcpListener,
    spec: &Arc<Spec>,
    rules: &SessionRules,
) -> (Adapter, Peer) {
    let address = listener.local_addr().unwrap();
    let mut adapter = Adapter::dialing(spec, rules, &[address]);
    let peer = Peer::accept(listener, spec, rules).await;
    adapter.up().await;
    (adapter, peer)
}
