//! What is said before an SMTP server is used, and what is wrong with it.

use std::time::Duration;

use journey_runtime::channels::smtp::{Security, Smtp, SmtpBuilder, SmtpError};

fn refused(builder: SmtpBuilder, says: &str) -> SmtpError {
    let error = builder.build().unwrap_err();
    let text = error.to_string();
    assert!(text.contains(says), "{text}");
    assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
    error
}

#[test]
fn a_server_has_a_name() {
    for host in ["", "smtp example", "smtp.example.com:587", "smtps://smtp.example.com", "a..b", "a\r\nb"] {
        assert!(matches!(
            refused(Smtp::builder(host, "care@shop.example"), "is no name of an SMTP server"),
            SmtpError::Host(_)
        ));
    }
    for host in ["smtp.example.com", "localhost", "127.0.0.1", "::1"] {
        assert!(Smtp::builder(host, "care@shop.example").build().is_ok(), "{host}");
    }
}

#[test]
fn mails_without_tls_stay_on_this_machine() {
    let of = |host| Smtp::builder(host, "care@shop.example").security(Security::PlainOnLoopback);
    for host in ["localhost", "127.0.0.1", "127.9.9.9", "::1", "LOCALHOST"] {
        assert!(of(host).build().is_ok(), "{host}");
    }
    for host in ["smtp.example.com", "10.0.0.1", "localhost.example.com", "0.0.0.0"] {
        assert!(matches!(refused(of(host), "is not this machine"), SmtpError::Plain(_)));
    }
}

#[test]
fn a_sender_is_one_mailbox() {
    let of = |from: &str| Smtp::builder("smtp.example.com", from);
    for from in [
        "",
        "Care",
        "care@shop.example, other@shop.example",
        "Care <care@shop.example>\r\nBcc: x@y.example",
        "cäre@shop.example",
    ] {
        assert!(matches!(refused(of(from), "the sender of e-mails cannot be used"), SmtpError::Mailbox { .. }));
    }
    let replies = of("care@shop.example").reply_to("nobody");
    assert!(matches!(refused(replies, "the address for replies"), SmtpError::Mailbox { .. }));
    for from in [
        "care@shop.example",
        "Care <care@shop.example>",
        "\"Care, day and night\" <care@shop.example>",
        "Zoë <care@shop.example>",
    ] {
        assert!(of(from).build().is_ok(), "{from}");
    }
}

#[test]
fn times_names_and_certificates_are_looked_at() {
    let of = || Smtp::builder("smtp.example.com", "care@shop.example");
    refused(of().timeout(Duration::ZERO), "timeout cannot be 0ns");
    refused(of().connect_timeout(Duration::from_secs(601)), "connect timeout cannot be 601s");
    refused(of().connections(0), "cannot have 0 connections");
    refused(of().hello("a b\r\nMAIL FROM:<x>"), "is no name to greet");
    for pem in [
        "",
        "hello",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n!",
    ] {
        assert!(matches!(refused(of().trust_only(pem), "PEM"), SmtpError::Certificates(_)), "{pem}");
    }
}

#[test]
fn nothing_secret_is_shown_for_debugging() {
    let builder = Smtp::builder("smtp.example.com", "care@shop.example").credentials("care", "s3cret");
    assert!(!format!("{builder:?}").contains("s3cret"));
    let smtp = builder.build().unwrap();
    assert_eq!(format!("{smtp:?}"), r#"Smtp { server: "smtp.example.com:465", .. }"#);
}
