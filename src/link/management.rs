//! Network management, 0800 and 0810: what they ask, and how they are written.

use bytes::BytesMut;

use super::session::Asked;
use crate::iso8583::{De, EncodeError, Message, Spec};
use crate::network::SessionRules;
use crate::values::{Moment, MonthDay, NetworkCode, ResponseCode, Stan, Transmission};

/// What a message is to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A frame of length zero.
    KeepAlive,
    /// A message that is not of network management.
    Traffic,
    /// The other side signs on.
    SignOn,
    /// The other side signs off.
    SignOff,
    /// The other side asks whether we live.
    Echo,
    /// The business date moves; none where the switch doesn't say to which.
    CutOver(Option<MonthDay>),
    /// There is a new key. Who has the keys answers, not the session.
    KeyChange,
    /// Network management that we don't know.
    Unknown,
    /// An answer of network management.
    Answer {
        /// What was asked; nothing that we ask, if none.
        to: Option<Asked>,
        /// The number of the question.
        stan: Option<Stan>,
        /// What it says; `None` if it has no code.
        code: Option<ResponseCode>,
    },
}

impl Heard {
    /// What a message is.
    pub(super) fn of(message: &Message<'_>, rules: &SessionRules) -> Self {
        let mti = message.mti();
        if !mti.is_management() {
            return Self::Traffic;
        }
        let code = message.get::<NetworkCode>(De::NETWORK_CODE).ok();
        if Some(mti) == rules.request.response() {
            return Self::Answer {
                to: code.and_then(|code| asked(code, rules)),
                stan: message.get(De::STAN).ok(),
                code: message.get(De::RESPONSE_CODE).ok(),
            };
        }
        let is_ours = mti == rules.request || Some(mti) == rules.request.repeat();
        code.filter(|_| is_ours).map_or(Self::Unknown, |code| Self::request(code, message, rules))
    }

    fn request(code: NetworkCode, message: &Message<'_>, rules: &SessionRules) -> Self {
        let management = &rules.management;
        match asked(code, rules) {
            Some(Asked::SignOn) => Self::SignOn,
            Some(Asked::SignOff) => Self::SignOff,
            Some(Asked::Echo) => Self::Echo,
            None if Some(code) == management.cut_over => {
                Self::CutOver(message.get(De::SETTLEMENT_DATE).ok())
            }
            None if Some(code) == management.key_change => Self::KeyChange,
            None => Self::Unknown,
        }
    }
}

/// What a code asks for, if it is a question of ours too.
fn asked(code: NetworkCode, rules: &SessionRules) -> Option<Asked> {
    [Asked::SignOn, Asked::SignOff, Asked::Echo]
        .into_iter()
        .find(|asked| *code_of(*asked, rules) == code)
}

const fn code_of(asked: Asked, rules: &SessionRules) -> &NetworkCode {
    match asked {
        Asked::SignOn => &rules.management.sign_on,
        Asked::SignOff => &rules.management.sign_off,
        Asked::Echo => &rules.management.echo,
    }
}

/// Writes a question of ours: DE7, 11 and 70, and who asks.
pub(super) fn write_question(
    (asked, stan): (Asked, Stan),
    (spec, rules): (&Spec, &SessionRules),
    now: Moment,
    buffer: &mut BytesMut,
) -> Result<(), EncodeError> {
    let (at, stan) = (Transmission::of(now).to_string(), stan.to_string());
    let own = [
        (De::TRANSMISSION, at.as_str()),
        (De::STAN, stan.as_str()),
        (De::NETWORK_CODE, code_of(asked, rules).as_str()),
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

/// Writes the answer to a request of network management.
pub(super) fn write_answer(
    message: &Message<'_>,
    done: bool,
    rules: &SessionRules,
    buffer: &mut BytesMut,
) -> Result<(), EncodeError> {
    let answers = &rules.answers;
    let code = if done { answers.done } else { answers.refused };
    let added = [(De::RESPONSE_CODE, code.as_str())];
    message.spec().respond(message, &answers.echoes, &added, buffer)
}
