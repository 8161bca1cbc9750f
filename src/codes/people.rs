//! Codes of operators: what is decided about them, how they sign in, and the problems of the admin API.

codes! {
    /// Commands about operators and tokens.
    people_command {
        /// Add the first two administrators of a store.
        FIRST_ADMINISTRATORS = "first_administrators",
        /// Add an operator.
        ADD_OPERATOR = "add_operator",
        /// Change the role of an operator.
        CHANGE_ROLE = "change_role",
        /// Disable an operator.
        DISABLE_OPERATOR = "disable_operator",
        /// Enable an operator again.
        ENABLE_OPERATOR = "enable_operator",
        /// Remove password and one-time code key of an operator.
        RESET_CREDENTIALS = "reset_credentials",
        /// Make a token.
        MAKE_TOKEN = "make_token",
        /// Revoke a token.
        REVOKE_TOKEN = "revoke_token",
    }

    /// Facts about operators and tokens.
    people_fact {
        /// An operator was added.
        OPERATOR_ADDED = "operator_added",
        /// The role of an operator was changed.
        ROLE_CHANGED = "role_changed",
        /// An operator was disabled.
        OPERATOR_DISABLED = "operator_disabled",
        /// An operator was enabled again.
        OPERATOR_ENABLED = "operator_enabled",
        /// The credentials of an operator were removed.
        CREDENTIALS_RESET = "credentials_reset",
        /// An operator enrolled.
        ENROLLED = "enrolled",
        /// An operator ended all own sessions.
        SIGNED_OUT = "signed_out",
        /// A token was made.
        TOKEN_MADE = "token_made",
        /// A token was revoked.
        TOKEN_REVOKED = "token_revoked",
    }

    /// Whether an operator can sign in.
    operator_access {
        /// The operator has to enrol first.
        INVITED = "invited",
        /// The operator has a password and a one-time code key.
        ENROLLED = "enrolled",
        /// The operator cannot sign in.
        DISABLED = "disabled",
    }

    /// Ways to sign in.
    sign_in {
        /// With password and one-time code.
        LOCAL = "local",
        /// Through the directory of the bank.
        OIDC = "oidc",
        /// With a bearer token.
        TOKEN = "token",
    }

    /// Why a sign-in, an enrolment or a code is refused, in the security log.
    sign_in_refusal {
        /// The claims do not name a person with a role.
        CLAIMS = "claims",
        /// The CSRF token is missing or wrong.
        CSRF = "csrf",
        /// The operator cannot sign in.
        DISABLED = "disabled",
        /// The bearer token is unknown, expired or revoked.
        INVALID_TOKEN = "invalid_token",
        /// The person is unknown, or has no credentials.
        NOT_ENROLLED = "not_enrolled",
        /// The one-time secret is wrong, used or expired.
        NOT_INVITED = "not_invited",
        /// The provider did not confirm the sign-in.
        PROVIDER = "provider",
        /// The sign-in did not begin here.
        STATE = "state",
        /// Too many attempts have failed.
        TOO_MANY_ATTEMPTS = "too_many_attempts",
        /// The one-time code was used before.
        USED_CODE = "used_code",
        /// The one-time code is wrong.
        WRONG_CODE = "wrong_code",
        /// The password is wrong.
        WRONG_PASSWORD = "wrong_password",
    }

    /// Problems of the admin API: the last part of their type, `urn:titian:problem:NAME`.
    problem {
        /// Too many requests at the same time.
        BUSY = "busy",
        /// A one-time code is wrong or was used.
        CODE_REFUSED = "code_refused",
        /// The CSRF token is missing or wrong.
        CSRF = "csrf",
        /// An enrolment is not possible.
        ENROLMENT_REFUSED = "enrolment_refused",
        /// The node failed.
        INTERNAL = "internal",
        /// The request cannot be read.
        INVALID_REQUEST = "invalid_request",
        /// A path or a thing does not exist.
        NOT_FOUND = "not_found",
        /// The request has no session and no token that is valid.
        NOT_SIGNED_IN = "not_signed_in",
        /// A sign-in through the directory of the bank was refused.
        OIDC_REFUSED = "oidc_refused",
        /// A new password is too weak.
        PASSWORD = "password",
        /// A sign-in was refused.
        SIGN_IN_REFUSED = "sign_in_refused",
        /// Too many attempts have failed.
        TOO_MANY_ATTEMPTS = "too_many_attempts",
        /// An order of a link is on record, but was not carried out.
        NOT_CARRIED_OUT = "not_carried_out",
    }
}
