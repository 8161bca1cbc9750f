//! Network management (0800, 0810): reading of messages, and writing of requests.

use bytes::BytesMut;

use crate::iso8583::{De, EncodeError, Message, Spec};
use crate::network::SessionRules;
use crate::values::{Moment, NetworkCode, ResponseCode, Stan, Transmission};

/// A network management request that we send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum ManagementRequest {
    SignOn,
    SignOff,
    Echo,
}

/// A received frame, as a session sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ManagementMessage {
    /// A frame of length zero.
    KeepAlive,
    /// A message that is not network management.
    Traffic,
    /// A sign-on request of the peer.
    SignOn,
    /// A sign-off request of the peer.
    SignOff,
    /// An echo request of the peer.
    Echo,
    /// A cut-over. The owner of the business date answers, not the session.
    CutOver,
    /// A key change. The owner of the keys answers, not the session.
    KeyChange,
    /// A network management request that is not in the profile.
    Unknown,
    /// A network management response.
    Response {
        /// The request that is answered; `None` if we do not send such a request.
        request: Option<ManagementRequest>,
        /// The STAN of the request.
        stan: Option<Stan>,
        /// The response code.
        code: Option<ResponseCode>,
    },
}

impl ManagementMessage {
    /// Classifies a message.
    pub(super) fn of(message: &Message<'_>, rules: &SessionRules) -> Self {
        let mti = message.mti();
        if !mti.is_management() {
            return Self::Traffic;
        }
        let code = message.get::<NetworkCode>(De::NETWORK_CODE).ok();
        if Some(mti) == rules.request.response() {
            return Self::Response {
                request: code.and_then(|code| request_of(code, rules)),
                stan: message.get(De::STAN).ok(),
                code: message.get(De::RESPONSE_CODE).ok(),
            };
        }
        let is_request = mti == rules.request || Some(mti) == rules.request.repeat();
        code.filter(|_| is_request).map_or(Self::Unknown, |code| Self::request(code, rules))
    }

    fn request(code: NetworkCode, rules: &SessionRules) -> Self {
        let management = &rules.management;
        match request_of(code, rules) {
            Some(ManagementRequest::SignOn) => Self::SignOn,
            Some(ManagementRequest::SignOff) => Self::SignOff,
            Some(ManagementRequest::Echo) => Self::Echo,
            None if Some(code) == management.cut_over => Self::CutOver,
            None if Some(code) == management.key_change => Self::KeyChange,
            None => Self::Unknown,
        }
    }
}

/// Returns the request with this DE70, if it is one that both sides send.
fn request_of(code: NetworkCode, rules: &SessionRules) -> Option<ManagementRequest> {
    [ManagementRequest::SignOn, ManagementRequest::SignOff, ManagementRequest::Echo]
        .into_iter()
        .find(|request| *code_of(*request, rules) == code)
}

const fn code_of(request: ManagementRequest, rules: &SessionRules) -> &NetworkCode {
    match request {
        ManagementRequest::SignOn => &rules.management.sign_on,
        ManagementRequest::SignOff => &rules.management.sign_off,
        ManagementRequest::Echo => &rules.management.echo,
    }
}

/// Writes a request of ours: DE7, DE11, DE70, and the elements that identify our bank.
pub(super) fn write_request(
    (request, stan): (ManagementRequest, Stan),
    (spec, rules): (&Spec, &SessionRules),
    now: Moment,
    buffer: &mut BytesMut,
) -> Result<(), EncodeError> {
    let (at, stan) = (Transmission::of(now).to_string(), stan.to_string());
    let own = [
        (De::TRANSMISSION, at.as_str()),
        (De::STAN, stan.as_str()),
        (De::NETWORK_CODE, code_of(request, rules).as_str()),
    ];
    let identity = rules.identity.iter().map(|(de, text)| (*de, text.as_str()));
    let mut elements: Vec<_> = own.into_iter().chain(identity).collect();
    elements.sort_by_key(|(de, _)| *de);
    let mut encoder = spec.encoder(rules.request, buffer)?;
    for (de, text) in elements {
        encoder.text(de, text)?;
    }
    encoder.finish();
    Ok(())
}
