//! Operators in memory, a virtual clock, and a server in front of them.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};
use titian::admin::{
    ActRefused, Admin, Cost, Directory, OidcSettings, Settings, Signed, new_invitation, router,
};
use titian::control::{
    NewOperator, People, PeopleCommand, PersonId, PersonalAct, Role, SecretHash,
};
use titian::personal::RecordKey;
use titian::values::{Moment, Name};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use totp_rs::{Builder, Secret};

use super::client::{Client, Reply};

/// 2026-11-24T18:30:00Z.
pub(crate) const NOW: u64 = 1_795_545_000_000;

pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) fn id(text: &str) -> PersonId {
    PersonId::new(text).unwrap()
}

/// The people, with the number of the last row.
#[derive(Clone, Default)]
pub(crate) struct Memory {
    state: Arc<Mutex<(Arc<People>, u64)>>,
    clock: Arc<AtomicU64>,
}

impl Memory {
    fn now(&self) -> Moment {
        Moment::from_millis(self.clock.load(Ordering::SeqCst))
    }

    pub(crate) fn run(&self, command: &PeopleCommand) {
        let mut state = self.state.lock().unwrap();
        let facts = state.0.decide(command, self.now()).unwrap();
        apply(&mut state, &facts);
    }
}

fn apply(state: &mut (Arc<People>, u64), facts: &[titian::control::PeopleFact]) {
    state.1 += 1;
    let mut people = People::clone(&state.0);
    for fact in facts {
        people.apply(fact, state.1);
    }
    state.0 = Arc::new(people);
}

impl Directory for Memory {
    fn people(&self) -> Arc<People> {
        Arc::clone(&self.state.lock().unwrap().0)
    }

    async fn act(&self, act: PersonalAct, _: IpAddr) -> Result<(), ActRefused> {
        let mut state = self.state.lock().unwrap();
        let facts = state.0.decide_personal(&act, self.now()).map_err(|_| ActRefused::Refused)?;
        apply(&mut state, &facts);
        Ok(())
    }
}

/// A server with its operators.
pub(crate) struct World {
    pub(crate) memory: Memory,
    pub(crate) admin: Arc<Admin<Memory>>,
    pub(crate) address: SocketAddr,
    /// The one-time code keys of the people that enrolled.
    keys: HashMap<String, [u8; 20]>,
    server: JoinHandle<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl World {
    /// A server whose operators are the administrators `a` and `b`, not enrolled, and `siti`, who is an enrolled operator.
    pub(crate) async fn new() -> Self {
        let mut world = Self::start(None, NOW).await;
        world.add("siti", Role::Operator).await;
        world
    }

    pub(crate) async fn start(oidc: Option<OidcSettings>, now: u64) -> Self {
        let memory = Memory::default();
        memory.clock.store(now, Ordering::SeqCst);
        let (a, b) = (new_operator("a").0, new_operator("b").0);
        memory.run(&PeopleCommand::FirstAdministrators { administrators: [a, b] });
        let settings =
            Settings { oidc: oidc.map(Box::new), password_cost: Cost { memory_kib: 8, passes: 1 } };
        let clock = memory.clone();
        let record = RecordKey::new([7; 32]);
        let admin = Admin::new(memory.clone(), settings, &record, move || clock.now());
        let admin = Arc::new(admin);
        let who = |signed: Signed| async move {
            let role = signed.actor.role.code();
            format!("{} {role} {}", signed.actor.person.as_str(), signed.from)
        };
        let protected = Router::new().route("/admin/v1/test", get(who).post(who));
        let routes = router(Arc::clone(&admin), protected);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = routes.into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        let world = Self { memory, admin, address, keys: HashMap::new(), server };
        // Codes of the start count as used.
        world.pass(Duration::from_mins(2));
        world
    }

    pub(crate) fn client(&self, host: u8) -> Client {
        Client::new(self.address, host)
    }

    pub(crate) fn pass(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap();
        self.memory.clock.fetch_add(millis, Ordering::SeqCst);
    }

    /// Adds an operator, who enrols.
    pub(crate) async fn add(&mut self, person: &str, role: Role) {
        let (operator, secret) = new_operator(person);
        self.memory.run(&PeopleCommand::AddOperator { operator, role });
        let begun = self.begin_enrolment(person, &secret).await;
        assert_eq!(begun.status, 200, "{}", begun.text);
        self.keep_key(person, &begun.json());
        let reply = self.confirm_enrolment(person, &secret, PASSWORD).await;
        assert_eq!(reply.status, 204, "{}", reply.text);
        self.pass(Duration::from_secs(30));
    }

    pub(crate) fn keep_key(&mut self, person: &str, authenticator: &Value) {
        let key = unbase32(authenticator["code_key"].as_str().unwrap());
        self.keys.insert(person.to_owned(), key.try_into().unwrap());
    }

    pub(crate) async fn begin_enrolment(&self, person: &str, secret: &str) -> Reply {
        let body = json!({"person": person, "secret": secret});
        self.client(90).post("/admin/v1/enrolment", &body).await
    }

    pub(crate) async fn confirm_enrolment(
        &self,
        person: &str,
        secret: &str,
        password: &str,
    ) -> Reply {
        let code = self.code(person);
        let body = json!({"person": person, "secret": secret, "password": password, "code": code});
        self.client(90).post("/admin/v1/enrolment/confirm", &body).await
    }

    /// Returns the one-time code of a person now; a wrong one if the person did not enrol.
    pub(crate) fn code(&self, person: &str) -> String {
        let Some(key) = self.keys.get(person) else { return "000000".to_owned() };
        let totp = Builder::new().with_secret(Secret::from(*key)).build().unwrap();
        totp.generate(self.memory.now().seconds()).to_string()
    }

    pub(crate) fn sign_in_body(&self, person: &str) -> Value {
        json!({"person": person, "password": PASSWORD, "code": self.code(person)})
    }

    /// Signs a person in from 127.0.0.`host`. The next code of the person is a new one.
    pub(crate) async fn signed_in(&self, person: &str, host: u8) -> Client {
        let mut client = self.client(host);
        let reply = client.post("/admin/v1/session", &self.sign_in_body(person)).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        self.pass(Duration::from_secs(30));
        client
    }
}

/// Returns an operator with the secret of the invitation.
pub(crate) fn new_operator(person: &str) -> (NewOperator, String) {
    let (name, invitation) = (Name::new("Siti Rahayu").unwrap(), new_invitation().unwrap());
    let enrolment: SecretHash = invitation.hash;
    (NewOperator { person: id(person), name, enrolment }, invitation.text)
}

fn unbase32(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for digit in text.bytes() {
        let value = if digit.is_ascii_digit() { digit - b'2' + 26 } else { digit - b'A' };
        bits = bits << 5 | u32::from(value);
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xFF).unwrap());
        }
    }
    bytes
}
