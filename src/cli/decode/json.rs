//! Writes messages as JSON, in the form that `titian encode` accepts.

use serde_json::{Map, Value, json};

use super::frames::{Decoded, Piece};
use super::view::View;
use crate::cli::failure::Failure;
use crate::cli::header;
use crate::iso8583::{Field, Framing, Message};

/// Writes one message as an object; several messages, or one in front of an error, as an array.
pub(super) fn written(decoded: &Decoded<'_>, view: View) -> Result<String, Failure> {
    let value = match (decoded.pieces.as_slice(), &decoded.fault) {
        ([], _) => return Ok(String::new()),
        ([only], None) => piece(only, view),
        (several, _) => several.iter().map(|it| piece(it, view)).collect(),
    };
    let text = serde_json::to_string_pretty(&value);
    text.map(|text| text + "\n").map_err(|error| Failure::Output(error.into()))
}

fn piece(piece: &Piece<'_>, view: View) -> Value {
    match piece {
        Piece::Bare(message) => object(message, None, view),
        Piece::Framed(envelope, message) => {
            let header = header::text(framing_of(message), &envelope.header);
            object(message, header, view)
        }
        Piece::KeepAlive(_) => json!({ "keep_alive": true }),
    }
}

const fn framing_of<'s>(message: &Message<'s>) -> &'s Framing {
    message.spec().framing()
}

fn object(message: &Message<'_>, header: Option<String>, view: View) -> Value {
    let mut object = Map::new();
    object.insert("mti".to_owned(), message.mti().to_string().into());
    if let Some(header) = header {
        object.insert("header".to_owned(), header.into());
    }
    let fields = message.fields().map(|it| (it.de().number().to_string(), field(&it, view)));
    object.insert("fields".to_owned(), Value::Object(fields.collect()));
    Value::Object(object)
}

fn field(field: &Field<'_>, view: View) -> Value {
    let mut object = Map::new();
    object.insert("name".to_owned(), field.element().name().into());
    object.insert("value".to_owned(), view.value(field).into());
    let subfields: Map<_, _> = field
        .subfields()
        .iter()
        .map(|it| (it.key().into_owned(), Value::from(view.subfield(it))))
        .collect();
    if !subfields.is_empty() {
        object.insert("subfields".to_owned(), Value::Object(subfields));
    }
    Value::Object(object)
}
