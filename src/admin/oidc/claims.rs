//! Claims of the provider: who the person is, with which role, and whether a second factor is fresh.

use std::time::Duration;

use serde_json::{Map, Value};

use super::settings::OidcSettings;
use crate::control::{PersonId, Role};
use crate::values::Moment;

/// The longest time between a second factor at the provider and the sign-in here.
const FACTOR_AGE_MAX: Duration = Duration::from_mins(5);

/// Values of `amr` (RFC 8176) that mean a second factor.
const FACTORS: [&str; 2] = ["otp", "mfa"];

/// What the provider says about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::admin) struct Claims {
    /// The person.
    pub(in crate::admin) person: PersonId,
    /// The role by the map of the settings.
    pub(in crate::admin) role: Role,
    /// When the person gave a second factor, if that is not too long ago.
    pub(in crate::admin) code_at: Option<Moment>,
}

impl OidcSettings {
    /// Reads claims.
    ///
    /// # Errors
    /// Why they do not name a person with one role.
    pub(super) fn read_claims(
        &self,
        claims: &Map<String, Value>,
        now: Moment,
    ) -> Result<Claims, &'static str> {
        let person = match claims.get(&self.person_claim) {
            Some(Value::String(text)) => PersonId::new(text),
            Some(Value::Number(number)) => PersonId::new(&number.to_string()),
            Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => None,
        };
        let person = person.filter(|id| !id.is_reserved());
        let person = person.ok_or("the claim of the person id is missing or invalid")?;
        let role = self.role(&texts(claims.get(&self.roles_claim)))?;
        Ok(Claims { person, role, code_at: self.factor_at(claims, now) })
    }

    /// Returns the role that covers all roles of the values. Values that the map does not name give nothing.
    fn role(&self, values: &[&str]) -> Result<Role, &'static str> {
        let roles: Vec<_> =
            values.iter().filter_map(|value| self.roles.get(*value).copied()).collect();
        if roles.is_empty() {
            return Err("the claim of the roles has no value of console.oidc.roles");
        }
        let covers = |role: &Role| roles.iter().all(|other| role.covers(*other));
        let found = roles.iter().copied().find(covers);
        found.ok_or("the claim of the roles has roles that exclude each other")
    }

    /// Returns when the person gave a second factor, if that is fresh.
    fn factor_at(&self, claims: &Map<String, Value>, now: Moment) -> Option<Moment> {
        let acr = claims.get("acr").and_then(Value::as_str);
        let is_factor = acr.is_some_and(|acr| self.code_acr.iter().any(|own| own == acr));
        let has_factor = texts(claims.get("amr")).iter().any(|method| FACTORS.contains(method));
        let at = claims.get("auth_time").and_then(Value::as_u64)?.checked_mul(1000)?;
        // The clock of the provider may be ahead.
        let at = Moment::from_millis(at).min(now);
        ((is_factor || has_factor) && now.since(at) <= FACTOR_AGE_MAX).then_some(at)
    }
}

/// Returns the texts of a claim: one, or a list.
fn texts(claim: Option<&Value>) -> Vec<&str> {
    match claim {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => {
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::admin::secret_text::SecretText;
    use crate::http_client::Endpoint;

    const NOW: Moment = Moment::from_millis(1_795_545_000_000);

    fn settings() -> OidcSettings {
        let url = || Endpoint::parse("https://login.bank.example").unwrap();
        OidcSettings {
            issuer: url(),
            discovery: url(),
            client_id: "titian".to_owned(),
            client_secret: SecretText::new("secret".to_owned()),
            redirect: url(),
            scope: String::new(),
            person_claim: "employee".to_owned(),
            roles_claim: "groups".to_owned(),
            roles: [
                ("see".to_owned(), Role::Viewer),
                ("make".to_owned(), Role::Operator),
                ("check".to_owned(), Role::Supervisor),
                ("admin".to_owned(), Role::Administrator),
            ]
            .into(),
            code_acr: vec!["urn:bank:mfa".to_owned()],
            authority: None,
        }
    }

    fn read(claims: &Value) -> Result<Claims, &'static str> {
        settings().read_claims(claims.as_object().unwrap(), NOW)
    }

    #[test]
    fn a_person_without_an_id_or_a_role_is_refused() {
        let role = |claims: &Value| read(claims).ok().map(|claims| claims.role);
        assert_eq!(role(&json!({"employee": "E-17", "groups": ["make"]})), Some(Role::Operator));
        assert_eq!(role(&json!({"employee": 17, "groups": "make"})), Some(Role::Operator));
        for wrong in [
            json!({"groups": ["make"]}),
            json!({"sub": "e-17", "groups": ["make"]}),
            json!({"employee": "", "groups": ["make"]}),
            json!({"employee": "e 17", "groups": ["make"]}),
            json!({"employee": ["e-17"], "groups": ["make"]}),
            json!({"employee": "token.0017", "groups": ["make"]}),
            json!({"employee": "e-17"}),
            json!({"employee": "e-17", "groups": []}),
            json!({"employee": "e-17", "groups": ["administrator", "MAKE", "supervisor"]}),
            json!({"employee": "e-17", "groups": {"make": true}}),
            json!({"employee": "e-17", "role": "administrator"}),
        ] {
            assert!(read(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn several_roles_give_the_one_that_covers_the_others() {
        let role =
            |groups: Value| read(&json!({"employee": "a", "groups": groups})).map(|c| c.role);
        assert_eq!(role(json!(["see", "check", "make"])), Ok(Role::Supervisor));
        assert_eq!(role(json!(["see", "admin", "other"])), Ok(Role::Administrator));
        assert!(role(json!(["admin", "check"])).is_err(), "no role covers both");
    }

    #[test]
    fn a_second_factor_of_the_provider_is_fresh_for_five_minutes() {
        let seconds = NOW.seconds();
        let code_at = |claims: Value| {
            let mut all = json!({"employee": "a", "groups": "see"});
            all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
            read(&all).unwrap().code_at.map(Moment::seconds)
        };
        let now = json!({"amr": ["pwd", "otp"], "auth_time": seconds - 300});
        assert_eq!(code_at(now), Some(seconds - 300));
        assert_eq!(code_at(json!({"amr": ["mfa"], "auth_time": seconds - 301})), None);
        assert_eq!(code_at(json!({"amr": ["pwd"], "auth_time": seconds})), None);
        assert_eq!(code_at(json!({"amr": ["otp"]})), None);
        assert_eq!(code_at(json!({"acr": "urn:bank:mfa", "auth_time": seconds})), Some(seconds));
        assert_eq!(code_at(json!({"acr": "urn:bank:pwd", "auth_time": seconds})), None);
        let ahead = json!({"amr": ["otp"], "auth_time": seconds + 30});
        assert_eq!(code_at(ahead), Some(seconds));
    }
}
