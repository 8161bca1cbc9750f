//! Codes of links: what an operator sees of them, and orders to them.

codes! {
    /// An operator's order to a link.
    link_order {
        /// Connect and sign on, and carry requests.
        SIGN_ON = "sign_on",
        /// Sign off, and stay off until a sign-on by hand.
        SIGN_OFF = "sign_off",
        /// Stay signed on, but carry no new requests.
        DRAIN = "drain",
        /// Send an echo request and measure its round trip.
        ECHO = "echo",
    }

    /// Why an order to a link was not carried out, or failed.
    link_order_error {
        /// The link is not configured.
        UNKNOWN_LINK = "unknown_link",
        /// The program is stopping.
        STOPPING = "stopping",
        /// A guard holds the sign-on off.
        HELD = "held",
        /// The link is signed on already.
        SIGNED_ON = "signed_on",
        /// The link is connecting or signing on.
        SIGNING_ON = "signing_on",
        /// The link is signed off by hand.
        SIGNED_OFF = "signed_off",
        /// The link is signing off.
        SIGNING_OFF = "signing_off",
        /// The link is drained already.
        DRAINED = "drained",
        /// The link is not connected.
        NOT_CONNECTED = "not_connected",
        /// Another echo by hand is under way.
        ECHO_UNDER_WAY = "echo_under_way",
        /// The peer does not read, and the outbox of the link is full.
        OUTBOX_FULL = "outbox_full",
        /// The switch did not respond to the echo in time.
        ECHO_TIMEOUT = "echo_timeout",
        /// The switch responded to the echo with another code than that of success.
        ECHO_REFUSED = "echo_refused",
        /// The connection ended before the response to the echo.
        CONNECTION_ENDED = "connection_ended",
    }

    /// Phase of a link.
    link_phase {
        /// Not connected: the link waits for its next attempt, or for the switch to connect.
        NOT_CONNECTED = "not_connected",
        /// The connection is being established.
        CONNECTING = "connecting",
        /// Connected; the sign-on is not complete.
        SIGNING_ON = "signing_on",
        /// Signed on; the link carries requests.
        SIGNED_ON = "signed_on",
        /// Signed on, without new requests; responses in flight can arrive.
        DRAINING = "draining",
        /// Signed on, without new requests, and nothing is in flight.
        DRAINED = "drained",
        /// Signing off; responses in flight can arrive.
        SIGNING_OFF = "signing_off",
        /// Signed off by hand.
        SIGNED_OFF = "signed_off",
        /// Not connected: a guard holds the sign-on off.
        HELD = "held",
    }

    /// What the operators want of a link.
    link_wish {
        /// Signed on, with requests.
        SIGNED_ON = "signed_on",
        /// Signed on, without new requests.
        DRAINED = "drained",
        /// Signed off.
        SIGNED_OFF = "signed_off",
    }

    /// The side of a link that connects.
    link_role {
        /// We connect to the switch.
        CONNECT = "connect",
        /// The switch connects to us.
        LISTEN = "listen",
    }

    /// Why a connection to the switch ended or was not established.
    disconnect_reason {
        /// The peer did not accept the connection, or the TLS handshake failed.
        CONNECT_FAILED = "connect_failed",
        /// The connection was not established in time.
        CONNECT_TIMEOUT = "connect_timeout",
        /// The sign-on was not completed in time.
        SIGN_ON_TIMEOUT = "sign_on_timeout",
        /// The switch refused our sign-on.
        SIGN_ON_REFUSED = "sign_on_refused",
        /// Too many connections waited for a sign-on.
        TOO_MANY_CONNECTIONS = "too_many_connections",
        /// The peer signed on with a newer connection.
        REPLACED = "replaced",
        /// The peer closed the connection.
        CLOSED_BY_PEER = "closed_by_peer",
        /// The connection broke.
        CONNECTION_LOST = "connection_lost",
        /// The received bytes are not a valid frame.
        FRAMING_ERROR = "framing_error",
        /// The peer sent an invalid message before the sign-on.
        INVALID_MESSAGE = "invalid_message",
        /// The peer did not answer echo requests.
        ECHO_TIMEOUT = "echo_timeout",
        /// The peer does not read.
        WRITE_TIMEOUT = "write_timeout",
        /// A network management message does not fit the spec or the framing.
        NOT_ENCODABLE = "not_encodable",
        /// Our side signed off.
        SIGNED_OFF = "signed_off",
        /// The switch signed off.
        SIGNED_OFF_BY_SWITCH = "signed_off_by_switch",
    }
}
