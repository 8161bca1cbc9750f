//! What each command of `titian admin` asks the server.

use std::io::{self, IsTerminal, Write as _};

use axum::http::Method;
use serde_json::{Value, json};

use super::arguments::{AdminCommand, Decide, LimitArgs, Look, ScopeArgs};
use super::client::{Client, ServerOption, json as json_of};
use super::show;
use crate::cli::failure::{self, Failure};

/// Runs a command.
pub(super) async fn run(option: &ServerOption, command: &AdminCommand) -> Result<(), Failure> {
    let client = Client::new(option)?;
    match command {
        AdminCommand::SignIn { person } => sign_in(&client, person).await,
        AdminCommand::Enrol { person } => enrol(&client, person).await,
        AdminCommand::Code => {
            let body = json!({ "code": ask("one-time code")? });
            client.send(Method::POST, "/admin/v1/session/code", Some(&body)).await?;
            failure::write("The code is confirmed. Approve within five minutes.\n")
        }
        AdminCommand::SignOut => {
            let ended = client.send(Method::DELETE, "/admin/v1/session", None).await;
            client.forget();
            ended.map(drop)
        }
        AdminCommand::Look(Look::Watch) => super::show::watch(&client).await,
        AdminCommand::Look(look) => self::look(&client, option, look).await,
        AdminCommand::Close { scope } => {
            done(&client, option, "/admin/v1/restrictions", restriction(scope, json!("closed")))
                .await
        }
        AdminCommand::Limit { scope, stage } => {
            let mode = limited(stage)?;
            done(&client, option, "/admin/v1/restrictions", restriction(scope, mode)).await
        }
        AdminCommand::Stage { restriction, stage, reason } => {
            let by = staged(&client, *restriction, stage, reason).await?;
            let command = json!({ "replace": { "restriction": restriction, "by": by } });
            propose(&client, option, command, reason).await
        }
        AdminCommand::Open { restriction, reason } => {
            let command = json!({ "lift": { "restriction": restriction } });
            propose(&client, option, command, reason).await
        }
        AdminCommand::Resolve { transfers, outcome, reason } => {
            let command = json!({ "resolve": { "transfers": transfers, "outcome": outcome } });
            propose(&client, option, command, reason).await
        }
        AdminCommand::Decide(decide) => self::decide(&client, option, decide).await,
        AdminCommand::Retry { transfer } => {
            let path = format!("/admin/v1/transfers/{}/retry", encoded(transfer));
            done(&client, option, &path, Value::Null).await
        }
        AdminCommand::Link { name, order } => {
            let path = format!("/admin/v1/links/{}/{order}", encoded(name));
            done(&client, option, &path, Value::Null).await
        }
        AdminCommand::Acknowledge { alert, note } => {
            let path = format!("/admin/v1/alerts/{alert}/acknowledge");
            done(&client, option, &path, json!({ "note": note })).await
        }
    }
}

async fn sign_in(client: &Client<'_>, person: &str) -> Result<(), Failure> {
    let body =
        json!({ "person": person, "password": secret("password")?, "code": ask("one-time code")? });
    let response = client.send_unsigned(Method::POST, "/admin/v1/session", &body).await?;
    client.keep(&response)?;
    let role = json_of(&response)?;
    let role = role.get("role").and_then(Value::as_str).unwrap_or_default().to_owned();
    failure::write(&format!("Signed in as {person} ({role}).\n"))
}

async fn enrol(client: &Client<'_>, person: &str) -> Result<(), Failure> {
    let secret_text = secret("enrolment secret")?;
    let body = json!({ "person": person, "secret": secret_text });
    let answer = json_of(&client.send_unsigned(Method::POST, "/admin/v1/enrolment", &body).await?)?;
    let text = |name| answer.get(name).and_then(Value::as_str).unwrap_or_default();
    failure::write(&format!(
        "Add this key to your authenticator: {}\nor as an address: {}\n",
        text("code_key"),
        text("otpauth")
    ))?;
    let (password, code) = (secret("new password")?, ask("one-time code")?);
    let body = json!({
        "person": person, "secret": secret_text, "password": password, "code": code,
    });
    client.send_unsigned(Method::POST, "/admin/v1/enrolment/confirm", &body).await?;
    failure::write(&format!("Enrolled. Sign in: titian admin sign-in {person}\n"))
}

async fn look(client: &Client<'_>, option: &ServerOption, look: &Look) -> Result<(), Failure> {
    let path = match look {
        Look::Overview => "/admin/v1/overview".to_owned(),
        Look::Links => "/admin/v1/links".to_owned(),
        Look::Services => "/admin/v1/services".to_owned(),
        Look::Restrictions => "/admin/v1/restrictions".to_owned(),
        Look::Settings => "/admin/v1/settings".to_owned(),
        Look::Proposals => "/admin/v1/proposals?limit=1000".to_owned(),
        Look::Alerts { open, kind } => {
            let open = if *open { "&open=true" } else { "" };
            let kind = kind.as_ref().map(|kind| format!("&kind={}", encoded(kind)));
            format!("/admin/v1/alerts?limit=1000{open}{}", kind.unwrap_or_default())
        }
        Look::Transfer { id } => format!("/admin/v1/transfers/{}", encoded(id)),
        Look::Acts { after, limit } => format!("/admin/v1/acts?after={after}&limit={limit}"),
        Look::Watch => "/admin/v1/events".to_owned(),
    };
    let answer = json_of(&client.send(Method::GET, &path, None).await?)?;
    if option.json {
        return print_json(&answer);
    }
    failure::write(&show::answer(look, &answer))
}

/// Sends a change, and says what became of it.
async fn done(
    client: &Client<'_>,
    option: &ServerOption,
    path: &str,
    body: Value,
) -> Result<(), Failure> {
    let body = (!body.is_null()).then_some(&body);
    let answer = json_of(&client.send(Method::POST, path, body).await?)?;
    if option.json {
        return print_json(&answer);
    }
    failure::write(&format!("Done: act {}.\n", number(&answer, "act")))
}

async fn propose(
    client: &Client<'_>,
    option: &ServerOption,
    command: Value,
    reason: &str,
) -> Result<(), Failure> {
    let body = json!({ "command": command, "reason": reason });
    let answer = json_of(&client.send(Method::POST, "/admin/v1/proposals", Some(&body)).await?)?;
    if option.json {
        return print_json(&answer);
    }
    let id = number(&answer, "act");
    failure::write(&format!(
        "Proposal {id}. Another person approves it: titian admin approve {id}\n"
    ))
}

async fn decide(
    client: &Client<'_>,
    option: &ServerOption,
    decide: &Decide,
) -> Result<(), Failure> {
    match decide {
        Decide::Approve { proposal, yes } => {
            let path = format!("/admin/v1/proposals/{proposal}");
            let shown = json_of(&client.send(Method::GET, &path, None).await?)?;
            if !option.json {
                failure::write(&show::proposal(&shown))?;
            }
            if !yes && !ask("Approve this? yes or no")?.eq_ignore_ascii_case("yes") {
                return Err(Failure::Negative("not approved".to_owned()));
            }
            let hash = shown.get("hash").cloned().unwrap_or_default();
            done(client, option, &format!("{path}/approve"), json!({ "hash": hash })).await
        }
        Decide::Reject { proposal, reason } => {
            let path = format!("/admin/v1/proposals/{proposal}/reject");
            done(client, option, &path, json!({ "reason": reason })).await
        }
        Decide::Withdraw { proposal } => {
            let path = format!("/admin/v1/proposals/{proposal}/withdraw");
            done(client, option, &path, Value::Null).await
        }
    }
}

/// Returns the body of a restriction.
fn restriction(scope: &ScopeArgs, mode: Value) -> Value {
    let ScopeArgs { network, service, direction, bank, partner, replaces, reason, public_text } =
        scope;
    let mut parts = serde_json::Map::new();
    for (name, part) in [
        ("network", network),
        ("service", service),
        ("direction", direction),
        ("bank", bank),
        ("partner", partner),
    ] {
        parts.extend(part.as_ref().map(|part| (name.to_owned(), json!(part))));
    }
    let mut body = serde_json::Map::new();
    body.insert("scope".to_owned(), parts.into());
    body.insert("mode".to_owned(), mode);
    body.insert("reason".to_owned(), json!(reason));
    body.extend(public_text.as_ref().map(|text| ("public_text".to_owned(), json!(text))));
    body.extend(replaces.map(|id| ("replaces".to_owned(), json!(id))));
    body.into()
}

/// Returns the body of the restriction that takes the place of another one: its scope and text, with other limits.
async fn staged(
    client: &Client<'_>,
    id: u64,
    stage: &LimitArgs,
    reason: &str,
) -> Result<Value, Failure> {
    let all = json_of(&client.send(Method::GET, "/admin/v1/restrictions", None).await?)?;
    let list = all.get("restrictions").and_then(Value::as_array);
    let is_it = |one: &&Value| one.get("id").and_then(Value::as_u64) == Some(id);
    let old = list.and_then(|list| list.iter().find(is_it));
    let old = old.ok_or_else(|| Failure::Negative(format!("restriction {id} is not set")))?;
    let mut body = serde_json::Map::new();
    body.insert("scope".to_owned(), old.get("scope").cloned().unwrap_or_default());
    body.insert("mode".to_owned(), limited(stage)?);
    body.insert("reason".to_owned(), json!(reason));
    body.extend(old.get("public_text").map(|text| ("public_text".to_owned(), text.clone())));
    Ok(body.into())
}

fn limited(stage: &LimitArgs) -> Result<Value, Failure> {
    let LimitArgs { amount_max, per_minute, percent, pilot } = stage;
    let mut limits = serde_json::Map::new();
    if let Some(value) = amount_max {
        limits.insert("amount_max".to_owned(), json!({ "value": value, "currency": "IDR" }));
    }
    limits.extend(per_minute.map(|count| ("per_minute".to_owned(), json!(count))));
    limits.extend(percent.map(|percent| ("percent".to_owned(), json!(percent))));
    if let Some(file) = pilot {
        let text = std::fs::read_to_string(file);
        let text = text.map_err(|error| format!("{}: {error}", file.display()))?;
        let accounts: Vec<_> =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        limits.insert("pilot".to_owned(), json!(accounts));
    }
    Ok(json!({ "limited": limits }))
}

pub(super) fn number(answer: &Value, name: &str) -> u64 {
    answer.get(name).and_then(Value::as_u64).unwrap_or_default()
}

pub(super) fn print_json(answer: &Value) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(answer).unwrap_or_default();
    failure::write(&(text + "\n"))
}

/// Escapes what a path must not have.
fn encoded(text: &str) -> String {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    let escape =
        |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(escape).collect()
}

/// Reads a line from the terminal, or from a pipe.
fn ask(what: &str) -> Result<String, Failure> {
    if io::stdin().is_terminal() {
        let mut stderr = io::stderr().lock();
        let _ = write!(stderr, "{what}: ");
        let _ = stderr.flush();
    }
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line);
    read.map_err(|error| format!("{what}: not read: {error}"))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Reads a secret: from a terminal without showing it, or from a pipe.
fn secret(what: &str) -> Result<String, Failure> {
    if io::stdin().is_terminal() {
        let read = rpassword::prompt_password(format!("{what}: "));
        return Ok(read.map_err(|error| format!("{what}: not read: {error}"))?);
    }
    ask(what)
}
