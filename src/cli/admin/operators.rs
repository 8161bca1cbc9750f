//! `titian operator`: who may do what. Each change is a proposal that another administrator approves.

use std::fmt::Write as _;

use axum::http::Method;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Client, ServerOption, json as json_of};
use super::commands::{number, print_json};
use super::show;
use crate::cli::failure::{self, Failure};

const EXAMPLES: &str = "\
Examples:
  titian operator list
  titian operator add e31 --name 'Dewi Lestari' --role operator --reason 'night shift'
  titian operator role e31 --role supervisor --reason 'new duty'
  titian operator disable e31 --reason 'left the bank'

Sign in first: titian admin sign-in PERSON. Each change is a proposal; another
administrator approves it: titian admin approve ID. `add` prints the enrolment
secret, once.";

/// The roles, as they are typed.
const ROLES: [&str; 5] = ["viewer", "operator", "supervisor", "auditor", "administrator"];

/// List operators and tokens; propose to add, change or disable an operator
#[derive(Args)]
#[command(after_help = "Examples: titian operator --help", after_long_help = EXAMPLES)]
pub(in crate::cli) struct Operator {
    #[command(flatten)]
    server: ServerOption,

    #[command(subcommand)]
    command: OperatorCommand,
}

#[derive(Subcommand)]
enum OperatorCommand {
    /// Operators and tokens
    List,
    /// Propose an operator; prints its enrolment secret, once
    Add {
        /// The id: the number of the employee
        person: String,
        /// The name
        #[arg(long, value_name = "NAME")]
        name: String,
        /// The role
        #[arg(long, value_parser = ROLES)]
        role: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Propose another role
    Role {
        /// The id
        person: String,
        /// The role
        #[arg(long, value_parser = ROLES)]
        role: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Propose to disable an operator
    Disable {
        /// The id
        person: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

impl Operator {
    pub(in crate::cli) fn run(&self) -> Result<(), Failure> {
        super::block_on(async {
            let client = Client::new(&self.server)?;
            let is_json = self.server.json;
            match &self.command {
                OperatorCommand::List => list(&client, is_json).await,
                OperatorCommand::Add { person, name, role, reason } => {
                    let new = json!({ "person": person, "name": name, "role": role });
                    propose(&client, is_json, (json!({ "add_operator": new }), reason)).await
                }
                OperatorCommand::Role { person, role, reason } => {
                    let change = json!({ "person": person, "role": role });
                    propose(&client, is_json, (json!({ "change_role": change }), reason)).await
                }
                OperatorCommand::Disable { person, reason } => {
                    let command = json!({ "disable_operator": { "person": person } });
                    propose(&client, is_json, (command, reason)).await
                }
            }
        })
    }
}

async fn list(client: &Client<'_>, is_json: bool) -> Result<(), Failure> {
    let answer = json_of(&client.send(Method::GET, "/admin/v1/operators", None).await?)?;
    if is_json {
        return print_json(&answer);
    }
    failure::write(&show::operators(&answer))
}

async fn propose(
    client: &Client<'_>,
    is_json: bool,
    (command, reason): (Value, &str),
) -> Result<(), Failure> {
    let body = json!({ "command": command, "reason": reason });
    let answer = json_of(&client.send(Method::POST, "/admin/v1/proposals", Some(&body)).await?)?;
    if is_json {
        return print_json(&answer);
    }
    let id = number(&answer, "act");
    let mut text =
        format!("Proposal {id}. Another administrator approves it: titian admin approve {id}\n");
    if let Some(secret) = answer.get("enrolment_secret").and_then(Value::as_str) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "Enrolment secret, shown once: {secret}");
    }
    failure::write(&text)
}
