//! Tests of id tokens.

use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::json;

use super::*;

const NOW: Moment = Moment::from_millis(1_795_545_000_000);

fn base64(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

fn pair(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

fn jwk(seed: u8, more: &Value) -> Jwk {
    let x = base64(pair(seed).public_key().as_ref());
    let mut all = json!({"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": x});
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(all).unwrap()
}

fn head() -> Value {
    json!({"alg": "EdDSA", "kid": "k1"})
}

fn claims() -> Value {
    let seconds = NOW.seconds();
    json!({"iss": "https://a.example", "aud": "titian", "nonce": "n", "sub": "s",
        "exp": seconds + 300, "iat": seconds - 1})
}

fn signed(head: &Value, claims: &Value) -> String {
    let message = format!(
        "{}.{}",
        base64(head.to_string().as_bytes()),
        base64(claims.to_string().as_bytes())
    );
    let signature = base64(pair(7).sign(message.as_bytes()).as_ref());
    format!("{message}.{signature}")
}

fn read(token: &str, keys: &[Jwk]) -> Result<Map<String, Value>, &'static str> {
    let expected =
        Expected { issuer: "https://a.example", client_id: "titian", nonce: "n", now: NOW };
    verify(token, keys, expected)
}

#[test]
fn a_token_of_the_provider_is_accepted() {
    let token = signed(&head(), &claims());
    assert_eq!(Ok(claims().as_object().unwrap().clone()), read(&token, &[jwk(7, &json!({}))]));
    let without_id = signed(&json!({"alg": "EdDSA"}), &claims());
    let keys = [jwk(8, &json!({"kid": "k0"})), jwk(7, &json!({"use": "sig", "alg": "EdDSA"}))];
    assert!(read(&without_id, &keys).is_ok(), "each key that fits is tried");
}

#[test]
fn a_signature_of_another_key_or_kind_is_refused() {
    let token = signed(&head(), &claims());
    for key in [
        jwk(8, &json!({})),
        jwk(7, &json!({"kid": "k2"})),
        jwk(7, &json!({"use": "enc"})),
        jwk(7, &json!({"alg": "RS256"})),
        jwk(7, &json!({"kty": "RSA"})),
        jwk(7, &json!({"crv": "P-256"})),
        jwk(7, &json!({"kty": "oct", "k": "c2VjcmV0"})),
        jwk(7, &json!({"x": ""})),
    ] {
        assert!(read(&token, std::slice::from_ref(&key)).is_err(), "{key:?}");
    }
    let key = [jwk(7, &json!({}))];
    for head in [
        json!({"alg": "none", "kid": "k1"}),
        json!({"alg": "HS256", "kid": "k1"}),
        json!({"alg": "ES256", "kid": "k1"}),
        json!({"alg": "eddsa", "kid": "k1"}),
        json!({"alg": "EdDSA", "kid": "k1", "crit": ["exp"]}),
        json!({"kid": "k1"}),
    ] {
        assert!(read(&signed(&head, &claims()), &key).is_err(), "{head}");
    }
    let (message, _) = token.rsplit_once('.').unwrap();
    for wrong in [
        String::new(),
        "..".to_owned(),
        message.to_owned(),
        format!("{message}."),
        format!("{token}A"),
        format!("{token}."),
        "a".repeat(LENGTH_MAX + 1),
    ] {
        assert!(read(&wrong, &key).is_err(), "{wrong}");
    }
    assert!(read(&token, &[]).is_err());
}

#[test]
fn claims_of_another_sign_in_are_refused() {
    let seconds = NOW.seconds();
    for (name, value) in [
        ("iss", json!("https://a.example/")),
        ("iss", Value::Null),
        ("aud", json!("other")),
        ("aud", json!(["titian", "other"])),
        ("aud", json!([])),
        ("azp", json!("other")),
        ("nonce", json!("m")),
        ("nonce", Value::Null),
        ("exp", json!(seconds - 60)),
        ("exp", json!((seconds + 300).to_string())),
        ("exp", Value::Null),
        ("iat", json!(seconds - 601)),
        ("iat", json!(seconds + 61)),
        ("nbf", json!(seconds + 61)),
        ("nbf", json!("soon")),
    ] {
        let mut claims = claims();
        claims[name] = value.clone();
        let read = read(&signed(&head(), &claims), &[jwk(7, &json!({}))]);
        assert!(read.is_err(), "{name}: {value}");
    }
    let mut right = claims();
    right["aud"] = json!(["titian"]);
    right["azp"] = json!("titian");
    right["nbf"] = json!(seconds + 60);
    assert!(read(&signed(&head(), &right), &[jwk(7, &json!({}))]).is_ok());
}

/// The signatures of RFC 7515, appendix A.2 (RS256) and A.3 (ES256).
#[test]
fn rsa_and_ecdsa_signatures_are_those_of_rfc_7515() {
    let payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let rsa: Jwk = serde_json::from_value(json!({"kty": "RSA", "e": "AQAB", "n":
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}))
    .unwrap();
    let signature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    let message = format!("eyJhbGciOiJSUzI1NiJ9.{payload}");
    assert!(rsa.has_signed("RS256", message.as_bytes(), &bytes(signature).unwrap()));
    assert!(!rsa.has_signed("PS256", message.as_bytes(), &bytes(signature).unwrap()));
    let ec: Jwk = serde_json::from_value(json!({"kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}))
    .unwrap();
    let signature =
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let message = format!("eyJhbGciOiJFUzI1NiJ9.{payload}");
    assert!(ec.has_signed("ES256", message.as_bytes(), &bytes(signature).unwrap()));
    assert!(!ec.has_signed("ES256", b"other", &bytes(signature).unwrap()));
}
