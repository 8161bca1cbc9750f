//! The switch's side of a connection, controlled by the test.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use titian::iso8583::{De, Frame, FrameCodec, Message, OutgoingFrame, Spec};
use titian::network::SessionRules;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::{Decoder, Encoder};

use super::adapter::{Adapter, listener};
use super::messages::response_to;

/// A connection as the switch sees it.
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

    /// Accepts a connection and its sign-on.
    pub(crate) async fn accept(
        listener: &TcpListener,
        spec: &Arc<Spec>,
        rules: &SessionRules,
    ) -> Self {
        let mut peer = Self::new(listener.accept().await.unwrap().0, spec, rules);
        peer.accept_sign_on().await;
        peer
    }

    /// Connects and accepts the sign-on.
    pub(crate) async fn connect(
        address: SocketAddr,
        spec: &Arc<Spec>,
        rules: &SessionRules,
    ) -> Self {
        let mut peer = Self::new(TcpStream::connect(address).await.unwrap(), spec, rules);
        peer.accept_sign_on().await;
        peer
    }

    pub(crate) async fn accept_sign_on(&mut self) {
        let sign_on = self.message().await.expect("a sign-on");
        self.respond(&sign_on).await;
    }

    /// Returns the next frame; `None` when the stream has ended or broken.
    pub(crate) async fn frame(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.codec.decode(&mut self.incoming).expect("valid frames") {
                return Some(frame);
            }
            if self.stream.read_buf(&mut self.incoming).await.unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    /// Returns the next message.
    pub(crate) async fn message(&mut self) -> Option<Bytes> {
        match self.frame().await? {
            Frame::Message { message, .. } => Some(message),
            Frame::KeepAlive => panic!("expected a message, got a keep-alive"),
        }
    }

    /// Returns a message in its frame.
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

    /// Responds with 00.
    pub(crate) async fn respond(&mut self, message: &Bytes) {
        self.respond_with(message, &[]).await;
    }

    /// Responds with 00 and other values of some elements.
    pub(crate) async fn respond_with(&mut self, message: &Bytes, other: &[(De, &str)]) {
        let spec = Arc::clone(&self.spec);
        let message: Message<'_> = spec.decode(message.clone()).unwrap();
        self.send(&response_to(&message, other)).await;
    }

    /// Returns the next `count` messages.
    pub(crate) async fn messages(&mut self, count: usize) -> Vec<Bytes> {
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(self.message().await.expect("another message"));
        }
        all
    }

    /// Waits for the end of the stream.
    pub(crate) async fn is_closed(&mut self) -> bool {
        while let Ok(count) = self.stream.read_buf(&mut self.incoming).await {
            if count == 0 {
                return true;
            }
        }
        true
    }
}

/// Returns both sides of a signed-on connection. The listener is closed, so the link cannot reconnect.
pub(crate) async fn one_connection(spec: &Arc<Spec>, rules: &SessionRules) -> (Adapter, Peer) {
    let (listener, _) = listener().await;
    connect_over(&listener, spec, rules).await
}

/// Returns both sides of a signed-on connection over a listener of the test.
pub(crate) async fn connect_over(
    listener: &TcpListener,
    spec: &Arc<Spec>,
    rules: &SessionRules,
) -> (Adapter, Peer) {
    let address = listener.local_addr().unwrap();
    let mut adapter = Adapter::dialing(spec, rules, &[address]);
    let peer = Peer::accept(listener, spec, rules).await;
    adapter.wait_until_up().await;
    (adapter, peer)
}
