//! A flapping second link: it runs through a relay that cuts it during the load.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::copy_bidirectional_with_sizes;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::harness::any_port;

/// The shortest time between connect and cut. The adapter reconnects after half a second, so the link is cut once a second.
const MIN_UPTIME: Duration = Duration::from_millis(500);

/// Bytes of a copy buffer, in each direction.
const BUFFER: usize = 64 * 1024;

/// The relay. It runs on the load's thread, so its processor time counts as load.
pub(super) struct Relay {
    /// The address that the adapter dials.
    pub(super) at: SocketAddr,
    flaps: watch::Sender<bool>,
    cuts: Arc<AtomicU64>,
}

impl Relay {
    /// Starts a relay to the switch, without cuts at first.
    pub(super) async fn start(switch: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(any_port()).await?;
        let at = listener.local_addr()?;
        let (flaps, changes) = watch::channel(false);
        let cuts = Arc::default();
        drop(tokio::spawn(relay(listener, switch, changes, Arc::clone(&cuts))));
        Ok(Self { at, flaps, cuts })
    }

    /// Starts or stops the cuts.
    pub(super) fn flap(&self, flaps: bool) {
        self.flaps.send_replace(flaps);
    }

    /// Returns the number of cuts so far.
    pub(super) fn cuts(&self) -> u64 {
        self.cuts.load(Ordering::Relaxed)
    }
}

/// Relays one connection after the other. A connection stays up as long as the pause before it, so the link is up half the time
/// for any reconnect pause of the adapter.
async fn relay(
    listener: TcpListener,
    switch: SocketAddr,
    mut flaps: watch::Receiver<bool>,
    cuts: Arc<AtomicU64>,
) {
    let mut ended = Instant::now();
    // The task ends with its listener.
    while let Ok((bank, _)) = listener.accept().await {
        // Without cuts, the pause before the first connection has no meaning.
        let pause = if *flaps.borrow() { ended.elapsed() } else { Duration::ZERO };
        let uptime = pause.max(MIN_UPTIME);
        tokio::select! {
            // The adapter reconnects, whichever end closes.
            _ended = copy(bank, switch) => {}
            () = wait_for_cut(&mut flaps, uptime) => drop(cuts.fetch_add(1, Ordering::Relaxed)),
        }
        ended = Instant::now();
    }
}

/// Copies bytes in both directions until one end closes.
async fn copy(mut bank: TcpStream, switch: SocketAddr) -> io::Result<()> {
    let mut switch = TcpStream::connect(switch).await?;
    for end in [&bank, &switch] {
        end.set_nodelay(true)?;
    }
    copy_bidirectional_with_sizes(&mut bank, &mut switch, BUFFER, BUFFER).await.map(drop)
}

/// Waits until the connection must be cut; without cuts it waits for ever.
async fn wait_for_cut(flaps: &mut watch::Receiver<bool>, uptime: Duration) {
    while flaps.wait_for(|flaps| *flaps).await.is_ok() {
        sleep(uptime).await;
        if *flaps.borrow() {
            return;
        }
    }
    // The bench is over: no more cuts.
    std::future::pending::<()>().await;
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn a_connection_works_in_both_directions_until_the_cut() {
        let switch = TcpListener::bind(any_port()).await.unwrap();
        let relay = Relay::start(switch.local_addr().unwrap()).await.unwrap();
        for cut in 1..=2 {
            let mut bank = TcpStream::connect(relay.at).await.unwrap();
            let (mut far, _) = switch.accept().await.unwrap();
            bank.write_all(b"requests").await.unwrap();
            far.read_exact(&mut [0; 8]).await.unwrap();
            far.write_all(b"reply!").await.unwrap();
            bank.read_exact(&mut [0; 6]).await.unwrap();
            relay.flap(true);
            assert_eq!(
                bank.read(&mut [0; 8]).await.unwrap_or_default(),
                0,
                "the connection is cut"
            );
            assert_eq!(relay.cuts(), cut);
            relay.flap(false);
        }
    }
}
