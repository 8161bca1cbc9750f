//! An operator who closes scopes beside the load, as `--closings` wants it: each a bank that the load does not pay.

use std::path::Path;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::json;
use tokio::runtime::Builder;
use tokio::time::sleep_until;

use super::measured::{Times, histogram};
use crate::cli::failure::Failure;
use crate::harness::{FirstAdministrators, Harness, OperatorSession, Operators};

/// The code of the first bank that is closed.
const FIRST_BANK: u32 = 500;

/// The operator, signed in.
pub(super) struct Closings {
    session: OperatorSession,
    count: u32,
}

impl Closings {
    /// Starts the adapter with its first administrators, and signs an operator in. That takes up to a minute, because each one-time
    /// code works once.
    pub(super) async fn prepare(
        count: u32,
        stage: &mut Harness,
        settings: &Path,
    ) -> Result<Self, Failure> {
        stage.start_adapter(settings).await?;
        stage.stop_adapter().await?;
        let first = FirstAdministrators::prepare(&stage.folder, ["e17", "e23"])?;
        first.write_into(settings)?;
        stage.start_adapter(settings).await?;
        let operators = Operators::new(stage.address("console")?);
        let [one, other] = &first.secrets;
        let mut one = operators.enrol("e17", one).await?;
        let mut other = operators.enrol("e23", other).await?;
        let one = operators.sign_in(&mut one).await?;
        let other = operators.sign_in(&mut other).await?;
        let mut operator =
            operators.add([&one, &other], ("e31", "OPERATOR OF A BENCH", "operator")).await?;
        Ok(Self { session: operators.sign_in(&mut operator).await?, count })
    }

    /// Closes one scope after the other, spread over a time that begins after a pause, in a thread of its own: the thread of the load
    /// would add its own delays.
    pub(super) fn begin(
        self,
        pause: Duration,
        time: Duration,
    ) -> JoinHandle<Result<(u32, Times), Failure>> {
        std::thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build();
            let runtime =
                runtime.map_err(|error| format!("cannot start the tokio runtime: {error}"))?;
            runtime.block_on(self.close_all(pause, time))
        })
    }

    async fn close_all(self, pause: Duration, time: Duration) -> Result<(u32, Times), Failure> {
        let (mut times, begin) = (histogram()?, Instant::now() + pause);
        for nth in 0..self.count {
            sleep_until((begin + time * nth / self.count).into()).await;
            let bank = format!("{:03}", FIRST_BANK + nth);
            let scope = json!({ "direction": "outbound", "bank": bank });
            let body = json!({ "scope": scope, "mode": "closed", "reason": "bench" });
            let called = Instant::now();
            self.session.request(Method::POST, "/admin/v1/restrictions", Some(&body)).await?;
            let micros = u64::try_from(called.elapsed().as_micros()).unwrap_or(u64::MAX);
            times.saturating_record(micros);
        }
        Ok((self.count, Times::of(&times)))
    }
}
