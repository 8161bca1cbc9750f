//! `titian drill close`: in the middle of a storm, outbound transfers are closed to one bank, then for one service, then altogether, and
//! opened in stages under dual control.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::Settings;
use super::channel::{Channel, Kind};
use super::story::{Closing, Codes, Covered, Seen, Story, millis};
use crate::cli::demo::{Faults, Tally, configure, faults, traffic};
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, write};
use crate::cli::interruption::{interruption, leave, until_stopped};
use crate::clock::Clock;
use crate::harness::{
    AdapterProbe, AdminError, BANK, ChannelClient, FirstAdministrators, Folder, Harness,
    HttpClient, OperatorSession, Operators, RESPONSE_TIMEOUT, Tap, any_port,
};
use crate::network::{Bank, Network};
use crate::values::{Institution, Pan, Value as _};

/// The bank that is closed first.
const BROKEN: &str = "014";

/// The longest wait of the channel API for an outcome. Shorter than the pause after a step, so that its orders have their answers.
const WAIT: &str = "1s";

/// The pause after each step, in which its effect is seen.
const PAUSE: Duration = Duration::from_secs(3);

/// The longest time from a call to the last byte on the wire.
const IN_TIME: Duration = Duration::from_secs(1);

/// How long open transfers may take after the last order.
const ENDING: Duration = Duration::from_mins(5);

/// The first administrators, and the operators of the night.
const ADMINISTRATORS: [&str; 2] = ["e17", "e23"];
const MAKER: &str = "e31";
const CHECKER: &str = "e44";

/// Plays the drill until its end, or until Ctrl-C.
pub(super) async fn play(settings: &Settings) -> Result<Exit, Failure> {
    let stop = pin!(interruption()?);
    let folder = Folder::make(settings.dir.as_deref(), "drill")?;
    let path = folder.path.clone();
    let done = match until_stopped(stop, Box::pin(night(settings, folder))).await {
        None => Ok(Exit::Interrupted),
        Some(done) => done.map(|()| Exit::Success),
    };
    leave(&path, settings.dir.is_none(), false, done)
}

async fn night(settings: &Settings, folder: Folder) -> Result<(), Failure> {
    let story = Story::begin();
    let (stage, operators, secrets) = Stage::begin(settings, folder).await?;
    let Settings { tps, .. } = settings;
    story.tell(&format!("a storm: {tps} orders a second, every kind of fault at the switch"))?;
    story.tell("the operators enrol and sign in; each one-time code works once, so it takes up to a minute")?;
    let people = People::sign_in(&operators, &secrets).await?;
    story.tell(&format!("{MAKER} and {CHECKER} are signed in; {BROKEN} answers badly"))?;
    let closed = stage.close_all(&story, &people.maker).await?;
    stage.refuse_second_browser(&story, &people, closed[2]).await?;
    stage.open_all(&story, &people, closed).await?;
    stage.end(&story).await
}

/// The sessions of the operators.
struct People {
    maker: OperatorSession,
    /// The maker's second browser.
    second: OperatorSession,
    checker: OperatorSession,
}

impl People {
    async fn sign_in(operators: &Operators, secrets: &[String; 2]) -> Result<Self, Failure> {
        let [one, other] = secrets;
        let mut first = operators.enrol(ADMINISTRATORS[0], one).await?;
        let mut second = operators.enrol(ADMINISTRATORS[1], other).await?;
        let first = operators.sign_in(&mut first).await?;
        let second = operators.sign_in(&mut second).await?;
        let add = async |id| operators.add([&first, &second], (id, "DRILL", "supervisor")).await;
        let (mut maker, mut checker) = (add(MAKER).await?, add(CHECKER).await?);
        Ok(Self {
            maker: operators.sign_in(&mut maker).await?,
            checker: operators.sign_in(&mut checker).await?,
            second: operators.sign_in(&mut maker).await?,
        })
    }
}

/// A scope that the night closes and opens.
struct NightScope {
    name: &'static str,
    covered: Covered,
    /// The scope, as the admin API reads it.
    scope: Value,
}

impl NightScope {
    /// Returns the command that opens a closed scope within limits.
    fn limited(&self, restriction: u64, limits: &Value) -> Value {
        let by = json!({ "scope": self.scope, "mode": { "limited": limits }, "reason": "drill" });
        json!({ "replace": { "restriction": restriction, "by": by } })
    }
}

/// Returns the command that lifts a restriction.
fn lifted(restriction: u64) -> Value {
    json!({ "lift": { "restriction": restriction } })
}

/// The processes of the drill.
struct Stage {
    harness: Harness,
    tap: Tap,
    codes: Codes,
    broken: Institution,
    channel: Arc<Channel>,
    probe: AdapterProbe,
}

impl Stage {
    /// Starts the switch, the adapter with its first administrators, and the storm.
    async fn begin(
        settings: &Settings,
        folder: Folder,
    ) -> Result<(Self, Operators, [String; 2]), Failure> {
        let program = std::env::current_exe()
            .map_err(|error| format!("cannot find the path of this program: {error}"))?;
        let mut harness =
            Harness::start(program, folder, settings.seed, [any_port(), any_port()]).await?;
        let network = network().ok_or_else(|| "the network nusantara is missing".to_owned())?;
        let code = |service: &str| network.processing_code(service);
        let inquiry = network.inquiries().find(|(name, _)| *name == "account_inquiry");
        let codes = code("transfer").zip(inquiry.map(|(_, code)| code));
        let (transfer, inquiry) = codes.ok_or_else(|| "the network has no transfer".to_owned())?;
        let tap = Tap::start(harness.switch.address("listen")?, Arc::clone(network.spec())).await;
        let tap = tap.map_err(|error| format!("cannot relay to the switch: {error}"))?;
        let file = configure(&harness.folder, tap.at, (any_port(), any_port()), WAIT)?;
        // The offline act of the first administrators is of a store that exists.
        harness.start_adapter(&file).await?;
        harness.stop_adapter().await?;
        let first = FirstAdministrators::prepare(&harness.folder, ADMINISTRATORS)?;
        first.write_into(&file)?;
        let probe = harness.start_adapter(&file).await?;
        let operators = Operators::new(harness.address("console")?);
        let client = HttpClient::new(harness.address("api")?, RESPONSE_TIMEOUT);
        let client = ChannelClient::new(client, Clock::new());
        harness.switch_admin.set_fault_rules(&faults(Faults::Storm)).await?;
        harness.switch_admin.start_traffic(&traffic(settings.tps, Faults::Storm)).await?;
        let channel = Channel::start(client, settings.seed, settings.tps);
        let broken = Institution::from_ascii(BROKEN.as_bytes());
        let broken = broken.ok_or_else(|| "the code of the bank is wrong".to_owned())?;
        let codes = Codes { transfer, inquiry };
        Ok((Self { harness, tap, codes, broken, channel, probe }, operators, first.secrets))
    }

    /// Returns what the night closes, in this order.
    fn scopes(&self) -> [NightScope; 3] {
        let all = Covered { bank: None, kind: None };
        [
            NightScope {
                name: "outbound to bank 014",
                covered: Covered { bank: Some(self.broken), ..all },
                scope: json!({ "direction": "outbound", "bank": BROKEN }),
            },
            NightScope {
                name: "outbound transfers",
                covered: Covered { kind: Some(Kind::Transfer), ..all },
                scope: json!({ "direction": "outbound", "service": "transfer" }),
            },
            NightScope {
                name: "all outbound",
                covered: all,
                scope: json!({ "direction": "outbound" }),
            },
        ]
    }

    /// Closes one scope after the other. Returns the restrictions.
    async fn close_all(&self, story: &Story, maker: &OperatorSession) -> Result<[u64; 3], Failure> {
        let mut closed = [0; 3];
        for (place, NightScope { name, covered, scope }) in closed.iter_mut().zip(self.scopes()) {
            let body = json!({ "scope": scope, "mode": "closed", "reason": "drill" });
            let called = Instant::now();
            let done = maker.request(Method::POST, "/admin/v1/restrictions", Some(&body)).await?;
            let answered = Instant::now();
            *place = done.get("act").and_then(Value::as_u64).unwrap_or_default();
            story.tell(&format!("{MAKER} closes {name}: act {place}"))?;
            sleep(PAUSE).await;
            self.tell_effect(Closing { called, answered, covered })?;
        }
        Ok(closed)
    }

    fn tell_effect(&self, closing: Closing) -> Result<(), Failure> {
        let effect = closing.effect(&self.channel, (&self.tap, self.codes));
        let after = |duration: Option<Duration>| {
            let text = duration.map(|duration| format!("{} after the call", millis(duration)));
            text.unwrap_or_else(|| "before the call".to_owned())
        };
        Story::detail("call answered", &format!("after {}", millis(effect.answer)))?;
        Story::detail("last order admitted", &after(effect.last_order))?;
        Story::detail("last byte on the wire", &after(effect.last_byte))?;
        let Seen { inside: (_, refused), outside: (admitted, _) } = effect.seen;
        Story::detail(
            "since then",
            &format!("{refused} orders refused, {admitted} others admitted"),
        )?;
        if effect.too_late > 0 {
            let line = format!("{} orders were admitted after the answer", effect.too_late);
            return Err(Failure::Negative(line));
        }
        if refused == 0 {
            return Err(Failure::Negative("no order was refused".to_owned()));
        }
        if effect.last_byte.is_some_and(|last| last > IN_TIME) {
            let line = format!("requests went to the switch for more than {IN_TIME:?}");
            return Err(Failure::Negative(line));
        }
        Ok(())
    }

    /// The maker tries to approve its own proposal from a second browser.
    async fn refuse_second_browser(
        &self,
        story: &Story,
        people: &People,
        restriction: u64,
    ) -> Result<(), Failure> {
        let made = people.maker.propose(&lifted(restriction), "drill").await?;
        let proposal = made.get("act").and_then(Value::as_u64).unwrap_or_default();
        story.tell(&format!("{MAKER} proposes to open all outbound: proposal {proposal}"))?;
        match people.second.approve(&made).await {
            Err(AdminError::Refused { status, body, .. }) => {
                let problem: Value = serde_json::from_str(&body).unwrap_or_default();
                let detail = problem.get("detail").and_then(Value::as_str).unwrap_or(&body);
                story.tell(&format!(
                    "{MAKER} approves it from a second browser: {status}, {detail}"
                ))?;
            }
            Err(error) => return Err(error.into()),
            Ok(()) => return Err(Failure::Negative("the maker approved".to_owned())),
        }
        people.checker.approve(&made).await?;
        let [_, _, all] = self.scopes();
        self.tell_opened(story, &format!("{CHECKER} approves: inquiries are open"), &all).await
    }

    /// Opens the service and the bank in stages.
    async fn open_all(
        &self,
        story: &Story,
        people: &People,
        [bank, service, _]: [u64; 3],
    ) -> Result<(), Failure> {
        let [of_bank, of_service, _] = self.scopes();
        let small = json!({ "amount_max": { "value": "1000000.00", "currency": "IDR" } });
        let stages = [
            (
                of_service.limited(service, &json!({ "percent": 25 })),
                "transfers are open to 25 % of the customers",
                &of_service,
            ),
            (lifted(service), "transfers are open", &of_service),
            (of_bank.limited(bank, &small), "the bank is open up to Rp 1,000,000.00", &of_bank),
            (lifted(bank), "the bank is open", &of_bank),
        ];
        for (command, line, scope) in stages {
            let made = people.maker.propose(&command, "drill").await?;
            people.checker.approve(&made).await?;
            let line = format!("{MAKER} proposes, {CHECKER} approves: {line}");
            self.tell_opened(story, &line, scope).await?;
        }
        Ok(())
    }

    /// Tells what is admitted after a step that opens.
    async fn tell_opened(
        &self,
        story: &Story,
        line: &str,
        NightScope { name, covered, .. }: &NightScope,
    ) -> Result<(), Failure> {
        let opened = Instant::now();
        story.tell(line)?;
        sleep(PAUSE).await;
        let orders = self.channel.since(opened);
        let Seen { inside: (admitted, refused), .. } = Seen::of(&orders, *covered);
        Story::detail(name, &format!("{admitted} orders admitted, {refused} refused"))?;
        if admitted == 0 {
            return Err(Failure::Negative(format!("no order was admitted: {name}")));
        }
        Ok(())
    }

    /// Ends the storm, waits until no transfer is open, and compares the books.
    async fn end(self, story: &Story) -> Result<(), Failure> {
        self.channel.end();
        self.harness.switch_admin.stop_traffic().await?;
        self.harness.switch_admin.set_fault_rules(&json!([])).await?;
        story.tell("the storm ends; open transfers run to their end")?;
        self.wait_until_ended().await?;
        let books = self.harness.read_books().await?;
        let exceptions = self.probe.metric("titian_exceptions_open").await?;
        let tally = &self.channel.tally;
        story.tell(&format!(
            "{} orders settled, {} refunded, {} rejected or refused, {exceptions} exceptions",
            Tally::get(&tally.settled),
            Tally::get(&tally.refunded),
            Tally::get(&tally.rejected),
        ))?;
        write(&format!("\n{}\n", books.books))?;
        let mut differences = books.books.differences();
        if u128::from(Tally::get(&tally.settled_minor)) != books.books.outbound.settled {
            differences.push("the sum that channels saw as settled");
        }
        if books.audited.open > exceptions {
            differences.push("open transfers");
        }
        self.harness.stop().await?;
        if !differences.is_empty() {
            return Err(Failure::Negative(format!("the books differ: {}", differences.join(", "))));
        }
        write("the books agree; every act is verified, and no closed work was admitted\n")
    }

    async fn wait_until_ended(&self) -> Result<(), Failure> {
        let last = Instant::now();
        loop {
            let exceptions = self.probe.metric("titian_exceptions_open").await?;
            let open = self.probe.metric("titian_transfers_open").await?.saturating_sub(exceptions);
            let requests = self.harness.switch_admin.open_requests().await?;
            let tally = &self.channel.tally;
            let unanswered = Tally::get(&tally.requested) - tally.ended();
            if open == 0 && requests == 0 && unanswered <= exceptions {
                return Ok(());
            }
            if last.elapsed() > ENDING {
                return Err(Failure::Negative(format!(
                    "after {ENDING:?}, {open} transfers are still open, {requests} at the switch"
                )));
            }
            sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Returns the network, to read what goes to the switch.
fn network() -> Option<Network> {
    let code = Institution::from_ascii(BANK.as_bytes())?;
    let iin = Pan::from_ascii(b"93600213")?;
    Network::shipped("nusantara", Bank { code, forwarder: code, iin })
}
