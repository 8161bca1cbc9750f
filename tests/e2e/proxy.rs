//! Proxies between the processes, which lose or hold messages.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The fault of a request to core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CoreFault {
    /// The request is lost.
    RequestLost,
    /// The request is executed, and the response is lost.
    ResponseLost,
}

/// A proxy between the adapter and core, with faults by method.
pub(crate) struct CoreProxy {
    pub(crate) at: SocketAddr,
    faults: Faults,
}

type Faults = Arc<Mutex<Vec<(&'static str, CoreFault, u32)>>>;

impl CoreProxy {
    pub(crate) async fn start(core: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (at, faults) = (listener.local_addr().unwrap(), Faults::default());
        let own = Arc::clone(&faults);
        drop(tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                drop(tokio::spawn(forward_core(stream, core, Arc::clone(&own))));
            }
        }));
        Self { at, faults }
    }

    /// Applies a fault to the next requests of a method.
    pub(crate) fn add_fault(&self, method: &'static str, fault: CoreFault, count: u32) {
        self.faults.lock().unwrap().push((method, fault, count));
    }

    /// Removes the faults of a method.
    pub(crate) fn clear_faults_of(&self, method: &str) {
        self.faults.lock().unwrap().retain(|(of, _, _)| *of != method);
    }

    /// Removes all faults.
    pub(crate) fn clear_faults(&self) {
        self.faults.lock().unwrap().clear();
    }
}

/// Takes the fault of a request, by its first bytes.
fn take_fault(faults: &Faults, request: &[u8]) -> Option<CoreFault> {
    let mut faults = faults.lock().unwrap();
    let rule = faults
        .iter_mut()
        .find(|(method, _, left)| *left > 0 && request.starts_with(method.as_bytes()))?;
    rule.2 -= 1;
    Some(rule.1)
}

/// Forwards one connection. The client sends one request at a time, in one write.
async fn forward_core(client: TcpStream, core: SocketAddr, faults: Faults) {
    let Ok(server) = TcpStream::connect(core).await else { return };
    let ((mut from_client, mut to_client), (mut from_core, mut to_core)) =
        (client.into_split(), server.into_split());
    let (mut request, mut answer) = ([0; 16384], [0; 16384]);
    let mut fault = None;
    loop {
        tokio::select! {
            read = from_client.read(&mut request) => {
                let Ok(length @ 1..) = read else { return };
                fault = take_fault(&faults, &request[..length]);
                if fault != Some(CoreFault::RequestLost) && to_core.write_all(&request[..length]).await.is_err() {
                    return;
                }
            }
            read = from_core.read(&mut answer) => {
                let Ok(length @ 1..) = read else { return };
                if fault.is_none() && to_client.write_all(&answer[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// A proxy between the adapter and the switch, for frames of two length bytes and a message without a header. It can cut the link,
/// and hold messages of the switch.
pub(crate) struct LinkProxy {
    pub(crate) at: SocketAddr,
    state: watch::Sender<State>,
}

/// The state of the proxy.
#[derive(Clone, Default)]
struct State {
    cut: bool,
    /// The message type that is held.
    held: Option<[u8; 4]>,
}

impl LinkProxy {
    pub(crate) async fn start(switch: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let at = listener.local_addr().unwrap();
        let (state, seen) = watch::channel(State::default());
        drop(tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                if !seen.borrow().cut {
                    drop(tokio::spawn(forward_link(stream, switch, seen.clone())));
                }
            }
        }));
        Self { at, state }
    }

    /// Breaks all connections, and accepts no new one.
    pub(crate) fn cut(&self) {
        self.state.send_modify(|state| state.cut = true);
    }

    /// Accepts connections again.
    pub(crate) fn reconnect(&self) {
        self.state.send_modify(|state| state.cut = false);
    }

    /// Holds messages of a type from the switch, until [`Self::release`].
    pub(crate) fn hold(&self, message: [u8; 4]) {
        self.state.send_modify(|state| state.held = Some(message));
    }

    /// Forwards the held messages.
    pub(crate) fn release(&self) {
        self.state.send_modify(|state| state.held = None);
    }
}

async fn forward_link(bank: TcpStream, switch: SocketAddr, state: watch::Receiver<State>) {
    let Ok(switch) = TcpStream::connect(switch).await else { return };
    let ((mut from_bank, to_bank), (from_switch, mut to_switch)) =
        (bank.into_split(), switch.into_split());
    let mut cut = state.clone();
    tokio::select! {
        _ = tokio::io::copy(&mut from_bank, &mut to_switch) => {}
        () = forward_responses(from_switch, to_bank, state) => {}
        _ = cut.wait_for(|state| state.cut) => {}
    }
}

/// Forwards frames of the switch, except held ones.
async fn forward_responses(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: watch::Receiver<State>,
) {
    let mut held = Vec::new();
    loop {
        let frame = tokio::select! {
            frame = read_frame(&mut from) => frame,
            changed = state.changed(), if !held.is_empty() => {
                if changed.is_err() {
                    return;
                }
                Some(Vec::new())
            }
        };
        let Some(frame) = frame else { return };
        let held_type = state.borrow_and_update().held;
        if held_type.is_some_and(|message| frame.get(2..6) == Some(&message)) {
            held.push(frame);
            continue;
        }
        if held_type.is_none() {
            for frame in held.drain(..) {
                to.write_all(&frame).await.ok();
            }
        }
        if to.write_all(&frame).await.is_err() {
            return;
        }
    }
}

async fn read_frame(from: &mut OwnedReadHalf) -> Option<Vec<u8>> {
    let mut frame = vec![0; 2];
    from.read_exact(&mut frame).await.ok()?;
    let length = usize::from(u16::from_be_bytes([frame[0], frame[1]]));
    frame.resize(2 + length, 0);
    from.read_exact(&mut frame[2..]).await.ok()?;
    Some(frame)
}
