//! What is said before a webhook is used, and what is wrong with it.

use std::time::Duration;

use journey_runtime::channels::webhook::{Webhook, WebhookBuilder, WebhookError};

use crate::SECRET;

const URL: &str = "https://hook.example.com/journey?token=s3cret";

fn refused(builder: WebhookBuilder, says: &str) -> WebhookError {
    let error = builder.build().unwrap_err();
    let text = error.to_string();
    assert!(text.contains(says), "{text}");
    assert!(!text.contains("s3cret") && !text.contains("C2FVsBQI"), "{text}");
    assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
    error
}

#[test]
fn an_address_is_https_and_holds_no_password() {
    let of = |url: &str| Webhook::builder(url, SECRET);
    assert!(matches!(refused(of(""), "not one"), WebhookError::Address(_)));
    assert!(matches!(refused(of("hook.example.com/x"), "https://host/path"), WebhookError::Address(_)));
    assert!(matches!(refused(of("ftp://hook.example.com/"), "no scheme of a webhook"), WebhookError::Address(_)));
    assert!(matches!(refused(of("https://"), "not one"), WebhookError::Address(_)));
    let plain = refused(of("http://hook.example.com/?token=s3cret"), "`http://hook.example.com` is not `https`");
    assert!(matches!(plain, WebhookError::Plain(_)));
    assert!(of("http://127.0.0.1:8080/").allow_plain_http().build().is_ok());
    let user = refused(of("https://ada:s3cret@hook.example.com/"), "user or password");
    assert!(matches!(user, WebhookError::UserInAddress(_)));
    assert!(matches!(refused(Webhook::builder(URL, "s3cret"), "whsec_"), WebhookError::Secret(_)));
    assert!(matches!(refused(of(URL).also_signed_with("whsec_!"), "Base64"), WebhookError::Secret(_)));
}

#[test]
fn a_header_cannot_bring_another_one_along() {
    let of = |name: &str, value: &str| Webhook::builder(URL, SECRET).header(name, value);
    for value in ["a\r\nx-evil: 1", "a\nb", "a\rb", "a\0b", "a\tb", "a\u{7f}", "naïve"] {
        assert!(matches!(refused(of("x-good", value), "visible ASCII"), WebhookError::Header { .. }));
    }
    for name in ["", "x evil", "x:evil", "x\r\nevil", "naïve"] {
        assert!(matches!(refused(of(name, "1"), "no name of a header"), WebhookError::Header { .. }));
    }
    for name in ["Webhook-Id", "webhook-signature", "idempotency-key", "Host", "Content-Length", "transfer-encoding"] {
        assert!(matches!(refused(of(name, "1"), "set by the runtime"), WebhookError::Header { .. }));
    }
    assert!(of("authorization", "Bearer a.b-c").build().is_ok());
}

#[test]
fn times_and_certificates_are_looked_at() {
    let of = || Webhook::builder(URL, SECRET);
    refused(of().timeout(Duration::ZERO), "timeout cannot be 0ns");
    refused(of().connect_timeout(Duration::from_secs(601)), "connect timeout cannot be 601s");
    for pem in [
        "",
        "hello",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n!",
    ] {
        assert!(matches!(refused(of().trust_only(pem), "PEM"), WebhookError::Certificates(_)), "{pem}");
    }
}

#[test]
fn nothing_secret_is_shown_for_debugging() {
    let builder = Webhook::builder(URL, SECRET).header("authorization", "Bearer s3cret");
    let webhook = builder.clone().build().unwrap();
    for text in [format!("{builder:?}"), format!("{webhook:?}")] {
        assert!(!text.contains("s3cret") && !text.contains("C2FVsBQI"), "{text}");
    }
    assert!(format!("{webhook:?}").contains("https://hook.example.com"));
}
