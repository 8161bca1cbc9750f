//! `/openapi.json` matches what the API does.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use titian::api::{AccountInquiryResponse, Debit, Service};

use super::channel::{Channel, INQUIRY, STATUS, TRANSFER, TestRequest, changed, order};
use super::fake_port::{ApiServer, config, name, read};

struct Document(Value);

impl Document {
    async fn of(channel: &mut Channel) -> Self {
        let mut request = TestRequest::new("/openapi.json", &json!({}));
        request.method = "GET";
        let reply = channel.send(&request).await;
        assert_eq!(reply.status, 200);
        Self(reply.json)
    }

    fn schema<'a>(&'a self, at: &'a Value) -> &'a Value {
        match at["$ref"].as_str() {
            Some(name) => self.0.pointer(name.trim_start_matches('#')).unwrap(),
            None => at,
        }
    }

    fn request_schema(&self, path: &str) -> &Value {
        let body = &self.0["paths"][path]["post"]["requestBody"];
        self.schema(&body["content"]["application/json"]["schema"])
    }

    /// Returns each property of an object and of the objects in it: its path, and whether it is mandatory.
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

    fn assert_permits(&self, path: &str, response: &Value, status: u16) {
        let documented = &self.0["paths"][path]["post"]["responses"][status.to_string()];
        let schema = &documented["content"]["application/json"]["schema"];
        let choices = schema["anyOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
        let fits = choices.iter().any(|choice| self.fits(self.schema(choice), response));
        assert!(fits, "{path} {status}: no schema permits {response}");
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
async fn the_document_has_exactly_the_served_paths() {
    let server = ApiServer::start("").await;
    let mut channel = Channel::bare(server.address);
    let document = Document::of(&mut channel).await;
    let paths: BTreeSet<_> =
        document.0["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(paths, Service::all().map(Service::path).collect());
    for path in paths {
        let reply = channel.send(&TestRequest::new(path, &json!({}))).await;
        document.assert_permits(path, &reply.json, reply.status);
    }
}

/// Sets the value at a path, in the first item of a list too.
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
async fn the_document_has_the_fields_that_are_read_and_their_mandatory_flags() {
    let server = ApiServer::with(read(&config(""), Debit::Caller).unwrap()).await;
    server.port.set_inquiry_response(name("SITI RAHAYU"));
    let mut channel = Channel::open(server.address).await;
    let document = Document::of(&mut channel).await;
    let complete = changed(order("T1"), "/additionalInfo", json!({"debitReference": "D1"}));
    let inquiry = json!({"beneficiaryBankCode": "014", "beneficiaryAccountNo": "8881234567", "amount": {"value": "1.00", "currency": "IDR"}});
    let status = json!({"originalPartnerReferenceNo": "T1"});
    let mut read = 0;
    for (path, complete) in [(TRANSFER, complete), (INQUIRY, inquiry), (STATUS, status)] {
        let fields = document.fields(document.request_schema(path), "");
        for (field, mandatory) in &fields {
            // With another type it is reported, so it is read.
            let mut body = complete.clone();
            put(body.as_object_mut().unwrap(), field, json!(false));
            let reply = channel.ask(path, "1", &body).await;
            let faults = reply.json["additionalInfo"]["faults"].to_string();
            assert!(faults.contains(&format!("\"{field}\"")), "{path} {field}: {}", reply.json);
            // With null it is missing.
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
async fn the_document_permits_every_response() {
    let server = ApiServer::start("inquiry_wait = \"50ms\"").await;
    let mut channel = Channel::open(server.address).await;
    let document = Document::of(&mut channel).await;
    let inquiry = json!({"partnerReferenceNo": "Q", "beneficiaryBankCode": "014", "beneficiaryAccountNo": "8881234567"});
    let status = |reference: &str| json!({"originalPartnerReferenceNo": reference});
    let mut statuses = Vec::new();
    for named in [Some(name("SITI RAHAYU")), Some(AccountInquiryResponse::NoResponse), None] {
        if let Some(named) = named {
            server.port.set_inquiry_response(named);
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
            document.assert_permits(path, &reply.json, reply.status);
            statuses.push(reply.status);
        }
    }
    let seen: BTreeSet<_> = statuses.into_iter().collect();
    assert_eq!(seen, BTreeSet::from([200, 400, 404, 409, 504]));
}
