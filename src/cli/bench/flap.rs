//! A second link that flaps: a relay that it leads through, which is cut while the load runs.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::copy_bidirectional_with_sizes;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::rig::any_port;

/// A line lives at least so long. The adapter comes back half a second after a cut: so it is cut once a second.
const LIFE_LEAST: Duration = Duration::from_millis(500);

/// Bytes that are carried at a time, each way.
const BUFFER: usize = 64 * 1024;

/// The relay. It runs on the load's thread, so that it wakes no other, and what it takes is told with the load.
pub(super) struct Relay {
    /// Where the link leads.
    pub(super) at: SocketAddr,
    flaps: watch::Sender<bool>,
    cuts: Arc<AtomicU64>,
}

impl Relay {
    /// A relay to the switch, which carries everything until it is told to flap.
    pub(super) async fn start(switch: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(any_port()).await?;
        let at = listener.local_addr()?;
        let (flaps, told) = watch::channel(false);
        let cuts = Arc::default();
        drop(tokio::spawn(relay(listener, switch, told, Arc::clone(&cuts))));
        Ok(Self { at, flaps, cuts })
    }

    /// Whether it flaps from now on.
    pub(super) fn flap(&self, flaps: bool) {
        self.flaps.send_replace(flaps);
    }

    /// How often it was cut so far.
    pub(super) fn cuts(&self) -> u64 {
        self.cuts.load(Ordering::Relaxed)
    }
}

/// Carries one line after the other: a link has one at a time. A line lives as long as there was none before it, so it is up
/// half the time, however long the adapter pauses before it comes back.
async fn relay(
    listener: TcpListener,
    switch: SocketAddr,
    mut flaps: watch::Receiver<bool>,
    cuts: Arc<AtomicU64>,
) {
    let mut ended = Instant::now();
    // It ends with its listener.
    while let Ok((bank, _)) = listener.accept().await {
        // Before it flaps nobody waits for a line but at the adapter's start.
        let pause = if *flaps.borrow() { ended.elapsed() } else { Duration::ZERO };
        let life = pause.max(LIFE_LEAST);
        tokio::select! {
            // Whichever end breaks it, the adapter comes again.
            _ended = carry(bank, switch) => {}
            () = end(&mut flaps, life) => drop(cuts.fetch_add(1, Ordering::Relaxed)),
        }
        ended = Instant::now();
    }
}

/// Carries bytes both ways until one end closes.
async fn carry(mut bank: TcpStream, switch: SocketAddr) -> io::Result<()> {
    let mut switch = TcpStream::connect(switch).await?;
    for end in [&bank, &switch] {
        end.set_nodelay(true)?;
    }
    copy_bidirectional_with_sizes(&mut bank, &mut switch, BUFFER, BUFFER).await.map(drop)
}

/// When the life of a line is over, which is only as long as the relay flaps.
async fn end(flaps: &mut watch::Receiver<bool>, life: Duration) {
    while flaps.wait_for(|flaps| *flaps).await.is_ok() {
        sleep(life).await;
        if *flaps.borrow() {
            return;
        }
    }
    // The bench is over, and nobody cuts any more.
    std::future::pending::<()>().await;
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn a_line_carries_both_ways_until_it_is_cut_and_comes_again() {
        let switch = TcpListener::bind(any_port()).await.unwrap();
        let relay = Relay::start(switch.local_addr().unwrap()).await.unwrap();
        for cut in 1..=2 {
            let mut bank = TcpStream::connect(relay.at).await.unwrap();
            let (mut far, _) = switch.accept().await.unwrap();
            bank.write_all(b"question").await.unwrap();
            far.read_exact(&mut [0; 8]).await.unwrap();
            far.write_all(b"answer").await.unwrap();
            bank.read_exact(&mut [0; 6]).await.unwrap();
            relay.flap(true);
            assert_eq!(bank.read(&mut [0; 8]).await.unwrap_or_default(), 0, "it is cut");
            assert_eq!(relay.cuts(), cut);
            relay.flap(false);
        }
    }
}
