//! Codes of control: acts, restrictions, proposals and operators.

codes! {
    /// Fact of an act.
    control_fact {
        /// The program started.
        STARTED = "started",
        /// The configuration was read again.
        RELOADED = "reloaded",
        /// Guarded settings of the configuration are approved, because they are not looser.
        SETTINGS_TAKEN = "settings_taken",
        /// A checker approved looser settings.
        SETTINGS_APPROVED = "settings_approved",
        /// A restriction is set or replaced.
        RESTRICTED = "restricted",
        /// A restriction is lifted.
        LIFTED = "lifted",
        /// Something happened to a proposal.
        PROPOSAL = "proposal",
        /// A transfer got a manual resolution.
        RESOLVED = "resolved",
        /// The next repeat of a transfer's message is sent at once.
        RETRIED = "retried",
        /// Operators or tokens changed.
        PEOPLE = "people",
        /// Two operators signed an offline act.
        SIGNED_OFFLINE = "signed_offline",
        /// A link got an order.
        LINK_ORDERED = "link_ordered",
        /// Something happened to an alert.
        ALERT = "alert",
        /// A command was refused.
        REFUSED = "refused",
    }

    /// Fact about alerts.
    alert_fact {
        /// Something needs a person.
        RAISED = "raised",
        /// An operator knows of it.
        ACKNOWLEDGED = "acknowledged",
        /// It needs a person no more.
        ENDED = "ended",
        /// Alerts got no row, because there were too many.
        LEFT_OUT = "left_out",
    }

    /// What an alert is about.
    alert_subject {
        /// A transfer, or an inquiry.
        TRANSFER = "transfer",
        /// A link.
        LINK = "link",
    }

    /// State of an alert.
    alert_state {
        /// It waits for a person.
        OPEN = "open",
        /// An operator knows of it, and it is still true.
        ACKNOWLEDGED = "acknowledged",
        /// It needs a person no more.
        ENDED = "ended",
    }

    /// Whether a webhook has got an alert.
    delivery_state {
        /// It is sent, for the first time or again.
        PENDING = "pending",
        /// The receiver has it.
        DELIVERED = "delivered",
        /// The receiver refused it. It is not sent again.
        FAILED = "failed",
    }

    /// Command of a person.
    control_command {
        /// Close, limit or tighten.
        RESTRICT = "restrict",
        /// Propose a command.
        PROPOSE = "propose",
        /// Approve a proposal.
        APPROVE = "approve",
        /// Reject a proposal.
        REJECT = "reject",
        /// Withdraw an own proposal.
        WITHDRAW = "withdraw",
        /// Send the next repeat at once.
        RETRY = "retry",
        /// Something that a person does about itself.
        PERSONAL = "personal",
        /// Give a link an order.
        ORDER_LINK = "order_link",
        /// Acknowledge an alert.
        ACKNOWLEDGE = "acknowledge",
    }

    /// Command that needs a maker and a checker.
    proposed_command {
        /// Lift a restriction.
        LIFT = "lift",
        /// Replace a restriction.
        REPLACE = "replace",
        /// Set a restriction with an end.
        RESTRICT = "restrict",
        /// Resolve transfers.
        RESOLVE = "resolve",
        /// Change operators or tokens.
        PEOPLE = "people",
        /// Take looser settings.
        SETTINGS = "settings",
    }

    /// Fact of a proposal.
    proposal_fact {
        /// It was made.
        MADE = "made",
        /// A second person approved it.
        APPROVED = "approved",
        /// A second person rejected it.
        REJECTED = "rejected",
        /// Its maker withdrew it.
        WITHDRAWN = "withdrawn",
        /// Its time was over.
        EXPIRED = "expired",
    }

    /// What a proposal changes.
    proposal_target {
        /// A restriction.
        RESTRICTION = "restriction",
        /// A scope that gets a new restriction.
        SCOPE = "scope",
        /// A transfer.
        TRANSFER = "transfer",
        /// An operator or a token.
        PEOPLE = "people",
        /// The settings.
        SETTINGS = "settings",
    }

    /// Why a command is refused.
    act_refusal {
        /// The role is not enough.
        ROLE = "role",
        /// One person alone may not do it.
        NEEDS_PROPOSAL = "needs_proposal",
        /// What it names does not exist.
        NOT_FOUND = "not_found",
        /// The target has an open proposal.
        PROPOSAL_OPEN = "proposal_open",
        /// A name is unknown.
        UNKNOWN_NAME = "unknown_name",
        /// A limit is reached.
        TOO_MANY = "too_many",
        /// A value is wrong.
        INVALID = "invalid",
        /// A change of operators or tokens is not possible.
        PEOPLE = "people",
        /// The transfer cannot be resolved in this way.
        NOT_RESOLVABLE = "not_resolvable",
        /// The transfer waits for nothing that could be sent again.
        NOTHING_TO_RETRY = "nothing_to_retry",
        /// The adapter is stopping or has too much to do.
        NOT_NOW = "not_now",
        /// The checker is the maker.
        SAME_PERSON = "same_person",
        /// Only the maker withdraws.
        OTHER_PERSON = "other_person",
        /// A session with a new one-time code is needed.
        CODE_NEEDED = "code_needed",
        /// The proposal or the alert is not open.
        NOT_OPEN = "not_open",
        /// The proposal has expired.
        EXPIRED = "expired",
        /// The state has changed since the proposal was made.
        STALE = "stale",
        /// The hash is that of another command.
        OTHER_COMMAND = "other_command",
    }

    /// Mode of a restriction.
    restriction_mode {
        /// No new work.
        CLOSED = "closed",
        /// New work within limits.
        LIMITED = "limited",
    }

    /// Role of an operator.
    role {
        /// Sees everything, masked.
        VIEWER = "viewer",
        /// Closes alone, and proposes.
        OPERATOR = "operator",
        /// Approves what another person proposed.
        SUPERVISOR = "supervisor",
        /// Sees acts, verifies, exports, and unmasks.
        AUDITOR = "auditor",
        /// Decides about operators and tokens.
        ADMINISTRATOR = "administrator",
    }

    /// State of a proposal.
    proposal_state {
        /// It waits for a checker.
        OPEN = "open",
        /// It was approved, and its command was run.
        APPROVED = "approved",
        /// It was rejected.
        REJECTED = "rejected",
        /// Its maker withdrew it.
        WITHDRAWN = "withdrawn",
        /// Its time was over.
        EXPIRED = "expired",
    }
}
