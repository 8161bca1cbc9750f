//! What the API says of itself is true: `/openapi.json` against what it does.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use titian::api::{Debit, InquiryAnswer, Service};

use super::channel::{Asks, Channel, INQUIRY, STATUS, TRANSFER, changed, order};
use super::house::{House, config, name, read};

struct Document(Value);

impl Document {
    async fn of(channel: &mut Channel) -> Self {
        let mut asks = Asks::new("/openapi.json", &json!({}));
        asks.method = "GET";
        let reply = channel.send(&asks).await;
        assert_eq!(reply.status, 200);
        Self(reply.json)
    }

    fn schema<'a>(&'a self, at: &'a Value) -> &'a Value {
        match at["$ref"].as_str() {
            Some(name) => self.0.pointer(name.trim_start_matches('#')).unwrap(),
            None => at,
        }
    }

    fn asked(&self, path: &str) -> &Value {
        let body = &self.0["paths"][path]["post"]["requestBody"];
        self.schema(&body["content"]["application/json"]["schema"])
    }

    /// Each property of an object and of those within it: its path and whether it must be there.
    fn fields(&self, object: &Value, prefix: &str) -> Vec<(String, bool)> {
        let required: Vec<_> = object["required"].as_array().cloned().unwrap_or_default();
        let mut fields = Vec::new();
        for (name, schema) in object["properties"].as_object().unwrap() {
            let schema = self.schema(schema);
            let path = format!("{prefix}{name}");
            let inside = if schema["type"] == "array" { &schema["items"] } else { schema };
            if inside["properties"].is_object() {
                fields.extend(self.fields(inside, &format!("{path}.")));
            }
            fields.push((path, required.contains(&json!(name))));
        }
        fields
    }

    fn permits(&self, path: &str, answer: &Value, status: u16) {
        let response = &self.0["paths"][path]["post"]["responses"][status.to_string()];
        let schema = &response["content"]["application/json"]["schema"];
        let choices = schema["anyOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
        let fits = choices.iter().any(|choice| self.fits(self.schema(choice), answer));
        assert!(fits, "{path} {status} isn't told of {answer}");
    }

    fn fits(&self, schema: &Value, value: &Value) -> bool {
        let Some(object) = value.as_object() else {
            return schema["enum"].as_array().is_none_or(|values| values.contains(value))
                && schema["type"] == if value.is_array() { "array" } else { "string" };
        };
        let must = schema["required"].as_array().cloned().unwrap_or_default();
        must.iter().all(|name| object.contains_key(name.as_str().unwrap()))
            && object.iter().all(|(name, value)| {
                let inner = &schema["properties"][name];
                !inner.is_null() && self.fits(self.schema(inner), value)
            })
    }
}

#[tokio::test]
async fn the_paths_are_those_that_are_served() {
    let house = House::open("").await;
    let mut channel = Channel::bare(house.address);
    let document = Document::of(&mut channel).await;
    let told: BTreeSet<_> =
        document.0["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(told, Service::all().map(Service::path).collect());
    for path in told {
        let reply = channel.send(&Asks::new(path, &json!({}))).await;
        document.permits(path, &reply.json, reply.status);
    }
}

/// A value put where a path says, through lists too.
fn put(object: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            object.insert(path.to_owned(), value);
        }
        Some((head, rest)) => {
            let inner = object.entry(head).or_insert_with(|| json!({}));
            let inner = if inner.is_array() { &mut inner[0] } else { inner };
            put(inner.as_object_mut().unwrap(), rest, value);
        }
    }
}

#[tokio::test]
async fn the_fields_are_those_that_are_read_and_no_other_is_mandatory() {
    let house = House::with(read(&config(""), Debit::Caller).unwrap()).await;
    house.desk.names(name("SITI RAHAYU"));
    let mut channel = Channel::open(house.address).await;
    let document = Document::of(&mut channel).await;
    let whole = changed(order("T1"), "/additionalInfo", json!({"debitReference": "D1"}));
    let inquiry = json!({"beneficiaryBankCode": "014", "beneficiaryAccountNo": "8881234567", "amount": {"value": "1.00", "currency": "IDR"}});
    let status = json!({"originalPartnerReferenceNo": "T1"});
    let mut read = 0;
    for (path, whole) in [(TRANSFER, whole), (INQUIRY, inquiry), (STATUS, status)] {
        let fields = document.fields(document.asked(path), "");
        for (field, mandatory) in &fields {
            // Of another type it is named, so it is read.
            let mut body = whole.clone();
            put(body.as_object_mut().unwrap(), field, json!(false));
            let reply = channel.ask(path, "1", &body).await;
            let faults = reply.json["additionalInfo"]["faults"].to_string();
            assert!(faults.contains(&format!("\"{field}\"")), "{path} {field}: {}", reply.json);
            // Null it is missing.
            put(body.as_object_mut().unwrap(), field, Value::Null);
            let reply = channel.ask(path, "1", &body).await;
            let debit =
                ["additionalInfo", "additionalInfo.debitReference"].contains(&field.as_str());
            let only = field == "originalPartnerReferenceNo";
            assert_eq!(reply.code().ends_with("02"), *mandatory || debit || only, "{path} {field}");
            read += 1;
        }
    }
    assert!(read > 25, "{read}");
}

#[tokio::test]
async fn the_answers_are_those_that_are_told_of() {
    let house = House::open("inquiry_wait = \"50ms\"").await;
    let mut channel = Channel::open(house.address).await;
    let document = Document::of(&mut channel).await;
    let inquiry = json!({"partnerReferenceNo": "Q", "beneficiaryBankCode": "014", "beneficiaryAccountNo": "8881234567"});
    let status = |reference: &str| json!({"originalPartnerReferenceNo": reference});
    let mut statuses = Vec::new();
    for named in [Some(name("SITI RAHAYU")), Some(InquiryAnswer::Unanswered), None] {
        if let Some(named) = named {
            house.desk.names(named);
        }
        for (path, body) in [
            (INQUIRY, inquiry.clone()),
            (TRANSFER, order("T1")),
            (TRANSFER, order("T2")),
            (STATUS, status("T1")),
            (STATUS, status("T9")),
            (TRANSFER, json!({})),
        ] {
            let reply = channel.ask(path, "1", &body).await;
            document.permits(path, &reply.json, reply.status);
            statuses.push(reply.status);
        }
    }
    let seen: BTreeSet<_> = statuses.into_iter().collect();
    assert_eq!(seen, BTreeSet::from([200, 400, 404, 409, 504]));
}
