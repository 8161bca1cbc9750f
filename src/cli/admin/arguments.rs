//! The arguments of `titian admin`.

use clap::{Args, Subcommand};

/// What to do.
#[derive(Subcommand)]
pub(super) enum AdminCommand {
    /// Sign in, and keep the session in a file
    SignIn {
        /// Your id
        person: String,
    },
    /// Set password and authenticator with the enrolment secret of an administrator
    Enrol {
        /// Your id
        person: String,
    },
    /// Give a new one-time code, as approving needs
    Code,
    /// End the session
    SignOut,
    #[command(flatten)]
    Look(Look),
    /// Close a scope at once; without any part of a scope, everything
    Close {
        #[command(flatten)]
        scope: ScopeArgs,
    },
    /// Limit a scope at once
    Limit {
        #[command(flatten)]
        scope: ScopeArgs,
        #[command(flatten)]
        stage: LimitArgs,
    },
    /// Propose to open a restriction in stages
    Stage {
        /// The restriction
        restriction: u64,
        #[command(flatten)]
        stage: LimitArgs,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Propose to lift a restriction
    Open {
        /// The restriction
        restriction: u64,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Propose the manual resolution of transfers
    Resolve {
        /// The transfers
        #[arg(required = true, value_name = "ID")]
        transfers: Vec<String>,
        /// The outcome; `titian exceptions` shows what is possible
        #[arg(long, value_name = "OUTCOME")]
        outcome: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    #[command(flatten)]
    Decide(Decide),
    /// Send the next repeat of a transfer's message at once
    Retry {
        /// The transfer
        transfer: String,
    },
    /// Give a link an order
    Link {
        /// The link, by its name in the settings
        name: String,
        /// The order
        #[arg(value_parser = ["sign-on", "sign-off", "drain", "echo"])]
        order: String,
    },
    /// Acknowledge an alert: you know of it
    Acknowledge {
        /// The alert
        alert: u64,
        /// What you say of it
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
}

/// Commands that change nothing.
#[derive(Subcommand)]
pub(super) enum Look {
    /// What happens now
    Overview,
    /// The links: phase, last error, times
    Links,
    /// The services, and the restrictions of each
    Services,
    /// What is closed or limited
    Restrictions,
    /// Proposals, the newest first
    Proposals,
    /// Alerts, the open ones first
    Alerts {
        /// Show open alerts only
        #[arg(long)]
        open: bool,
        /// Show alerts of this kind only
        #[arg(long, value_name = "ALERT")]
        kind: Option<String>,
    },
    /// A transfer
    Transfer {
        /// The transfer
        id: String,
    },
    /// The settings: value, origin, and what waits for a checker or a restart
    Settings,
    /// What was done, by whom
    Acts {
        /// Show the acts after this number
        #[arg(long, value_name = "N", default_value_t = 0)]
        after: u64,
        /// The most acts
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: u64,
    },
    /// Show each act as it happens
    Watch,
}

/// What a checker or a maker does with a proposal.
#[derive(Subcommand)]
pub(super) enum Decide {
    /// Show a proposal, and approve it
    Approve {
        /// The proposal
        proposal: u64,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Reject a proposal
    Reject {
        /// The proposal
        proposal: u64,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Withdraw an own proposal
    Withdraw {
        /// The proposal
        proposal: u64,
    },
}

/// What is covered.
#[derive(Args)]
pub(super) struct ScopeArgs {
    /// The network
    #[arg(long, value_name = "NAME")]
    pub(super) network: Option<String>,
    /// The service, by its name in the network profile
    #[arg(long, value_name = "NAME")]
    pub(super) service: Option<String>,
    /// The direction
    #[arg(long, value_parser = ["outbound", "inbound"])]
    pub(super) direction: Option<String>,
    /// The counterparty bank
    #[arg(long, value_name = "CODE")]
    pub(super) bank: Option<String>,
    /// The partner (channel)
    #[arg(long, value_name = "ID")]
    pub(super) partner: Option<String>,
    /// The restriction that this one replaces
    #[arg(long, value_name = "ID")]
    pub(super) replaces: Option<u64>,
    /// Why, for operators
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: String,
    /// The text for channels
    #[arg(long, value_name = "TEXT")]
    pub(super) public_text: Option<String>,
}

/// Limits of new work.
#[derive(Args)]
pub(super) struct LimitArgs {
    /// The highest amount of a transfer in rupiah, such as 1000000.00
    #[arg(long, value_name = "AMOUNT")]
    pub(super) amount_max: Option<String>,
    /// The most transfers in any minute
    #[arg(long, value_name = "N")]
    pub(super) per_minute: Option<u32>,
    /// The share of customers
    #[arg(long, value_name = "PERCENT")]
    pub(super) percent: Option<u8>,
    /// A file with the accounts of a pilot, a line each
    #[arg(long, value_name = "FILE")]
    pub(super) pilot: Option<std::path::PathBuf>,
}
