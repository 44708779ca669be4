//! E-mail against a real SMTP server on loopback, which also misbehaves.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

#[path = "common/net.rs"]
mod net;
#[path = "smtp/server.rs"]
mod server;
#[path = "smtp/setup.rs"]
mod setup;

use std::sync::Arc;
use std::time::{Duration, Instant};

use journey_runtime::channels::smtp::{Security, Smtp, SmtpBuilder, Unsubscribe};
use journey_runtime::{Delivery, Gateway, Message, SendError};
use journey_spec::program::{Channel, Purpose};
use journey_step::effect::Release;
use net::{Certificate, listen, nobody};
use server::{At, Does, Manner, Server, Way};

fn message(subject: &str, body: &str) -> Message {
    Message {
        customer: "victoria".into(),
        at: 1_772_445_600_000,
        attempt: 1,
        release: Release {
            id: "victoria/3/1".into(),
            channel: Channel::Email,
            address: "victoria@example.com".into(),
            subject: Some(subject.into()),
            body: body.into(),
            shown: None,
            message: "moved_notice".into(),
            purpose: Purpose::Service,
            journey: Some("appointment".into()),
            key: Some("B1".into()),
            valid_until: 1_772_488_800_000,
        },
    }
}

fn plain(server: &Server) -> SmtpBuilder {
    to(server.address.port(), Security::PlainOnLoopback)
}

fn to(port: u16, security: Security) -> SmtpBuilder {
    Smtp::builder("localhost", "Care <care@shop.example>")
        .port(port)
        .security(security)
        .hello("sender.test")
        .timeout(Duration::from_secs(10))
        .connect_timeout(Duration::from_secs(10))
}

fn not_sent(result: Result<Delivery, SendError>, why: &str) {
    match result {
        Err(SendError::NotSent(said)) => assert!(said.contains(why), "{said}"),
        other => panic!("{why}: {other:?}"),
    }
}

#[tokio::test]
async fn a_mail_arrives_whole() {
    let server = Server::start(Manner::default());
    let smtp = plain(&server).reply_to("help@shop.example").build().unwrap();
    let sent = smtp.send(&message("Your visit", "Your visit is now\nSunday 10 May at 09:00.")).await;
    assert_eq!(sent, Ok(Delivery::Delivered));
    let [mail] = &server.received()[..] else { panic!() };
    assert_eq!(
        (mail.from.as_str(), mail.to.as_slice()),
        ("care@shop.example", &["victoria@example.com".to_owned()][..])
    );
    let expected = "\
From: Care <care@shop.example>
To: victoria@example.com
Message-ID: <331b421dcf11a8c4bdb6b28ae2bfcf5b@shop.example>
Auto-Submitted: auto-generated
X-Journey-Message: moved_notice
Reply-To: help@shop.example
Subject: Your visit
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 7bit
Date: DATE

Your visit is now
Sunday 10 May at 09:00.
";
    assert_eq!(mail.undated(), expected.replace('\n', "\r\n"));
}

#[tokio::test]
async fn a_repeated_mail_can_be_told_and_another_is_another() {
    let server = Server::start(Manner::default());
    let smtp = plain(&server).build().unwrap();
    let mut message = message("Your visit", "It was moved.");
    for (attempt, id) in [(1, "victoria/3/1"), (2, "victoria/3/1"), (1, "victoria/3/2")] {
        message.attempt = attempt;
        message.release.id = id.into();
        assert_eq!(smtp.send(&message).await, Ok(Delivery::Delivered));
    }
    let mails = server.received();
    assert_eq!(mails[0].undated(), mails[1].undated());
    assert_ne!(mails[0].header("Message-ID"), mails[2].header("Message-ID"));
    assert_eq!(server.connections(), 1, "a connection is used again");
    smtp.close().await;
    assert!(server.left_alone());
    assert_eq!(smtp.send(&message).await, Ok(Delivery::Delivered), "and a new one is made");
}

#[tokio::test]
async fn nothing_can_be_smuggled_into_a_mail() {
    let server = Server::start(Manner::default());
    let smtp = plain(&server).build().unwrap();
    let subject = "Hello\r\nBcc: all@example.com\r\n\r\n<b>body</b>\u{0}\u{1b}";
    let body = "one\r\n.\r\nMAIL FROM:<evil@example.com>\r\n..two\n.three\r.\r\u{0}end";
    let mut message = message(subject, body);
    message.release.message = "odd\r\nX-Evil: 1".into();
    assert_eq!(smtp.send(&message).await, Ok(Delivery::Delivered));
    let [mail] = &server.received()[..] else { panic!() };
    assert_eq!(mail.to, ["victoria@example.com"]);
    let mut names = mail.header_names();
    names.sort();
    assert_eq!(
        names,
        [
            "Auto-Submitted",
            "Content-Transfer-Encoding",
            "Content-Type",
            "Date",
            "From",
            "Message-ID",
            "Subject",
            "To",
            "X-Journey-Message",
        ]
    );
    assert!(mail.header("Subject").starts_with("Hello  Bcc: all@example.com"), "{}", mail.text);
    assert_eq!(mail.header("X-Journey-Message"), "odd  X-Evil: 1");
    let (_, text) = mail.text.split_once("\r\n\r\n").unwrap();
    assert_eq!(text, "one\r\n.\r\nMAIL FROM:<evil@example.com>\r\n..two\r\n.three\r\n.\r\n end\r\n");
}

#[tokio::test]
async fn what_is_no_address_is_rejected_before_anybody_is_asked() {
    let smtp = to(nobody().port(), Security::PlainOnLoopback).build().unwrap();
    for address in ["", "victoria", "a@b.example,c@d.example", "a@b.example\r\nRCPT TO:<c@d.example>", "+447700900123"]
    {
        let mut message = message("Your visit", "It was moved.");
        message.release.address = address.into();
        match smtp.send(&message).await {
            Ok(Delivery::Rejected(why)) => assert!(why.contains("is no e-mail address"), "{why}"),
            other => panic!("{address}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn other_alphabets_arrive() {
    let server = Server::start(Manner::default());
    let smtp = plain(&server).build().unwrap();
    assert_eq!(smtp.send(&message(" Grüße — 你好\n", "Grüße, Zoë.\nBis morgen.")).await, Ok(Delivery::Delivered));
    let [mail] = &server.received()[..] else { panic!() };
    assert_eq!(mail.header("Subject"), "=?utf-8?b?R3LDvMOfZSDigJQg5L2g5aW9?=");
    assert_eq!(mail.header("Content-Transfer-Encoding"), "quoted-printable");
    let (_, text) = mail.text.split_once("\r\n\r\n").unwrap();
    assert_eq!(text, "Gr=C3=BC=C3=9Fe, Zo=C3=AB.\r\nBis morgen.\r\n");

    // The server does not know SMTPUTF8.
    let mut message = message("Your visit", "It was moved.");
    message.release.address = "zoë@example.com".into();
    let Ok(Delivery::Rejected(why)) = smtp.send(&message).await else { panic!() };
    assert!(why.contains("beyond ASCII"), "{why}");
}

#[tokio::test]
async fn a_mail_can_be_unsubscribed_where_the_host_says_how() {
    let server = Server::start(Manner::default());
    let by_message = |message: &Message| match message.release.message.as_str() {
        "one_click" => Some(Unsubscribe::OneClick("https://shop.example/stop?m=1&c=2".into())),
        "link" => Some(Unsubscribe::Link("mailto:stop@shop.example?subject=stop".into())),
        "broken" => Some(Unsubscribe::Link("https://shop.example/\r\nX-Evil: 1".into())),
        _ => None,
    };
    let smtp = plain(&server).unsubscribe(by_message).build().unwrap();
    let mut message = message("Your visit", "It was moved.");
    for name in ["one_click", "link", "other"] {
        message.release.message = name.into();
        assert_eq!(smtp.send(&message).await, Ok(Delivery::Delivered));
    }
    message.release.message = "broken".into();
    not_sent(smtp.send(&message).await, "the address to unsubscribe at cannot be used");
    let mails = server.received();
    assert_eq!(mails.len(), 3);
    assert_eq!(mails[0].header("List-Unsubscribe"), "<https://shop.example/stop?m=1&c=2>");
    assert_eq!(mails[0].header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    assert_eq!(mails[1].header("List-Unsubscribe"), "<mailto:stop@shop.example?subject=stop>");
    assert!(!mails[1].text.contains("List-Unsubscribe-Post") && !mails[2].text.contains("List-Unsubscribe"));
}

#[tokio::test]
async fn what_the_server_says_decides() {
    for (at, code, expected) in [
        (At::Greeting, 421, "not sent"),
        (At::Greeting, 554, "not sent"),
        (At::Mail, 451, "not sent"),
        (At::Mail, 550, "not sent"),
        (At::Rcpt, 450, "not sent"),
        (At::Rcpt, 530, "not sent"),
        (At::Rcpt, 550, "rejected"),
        (At::Rcpt, 553, "rejected"),
        (At::Data, 451, "not sent"),
        (At::Data, 554, "rejected"),
        (At::End, 421, "not sent"),
        (At::End, 452, "not sent"),
        (At::End, 552, "rejected"),
        (At::End, 554, "rejected"),
    ] {
        let server =
            Server::start(Manner { odd: Some((at, Does::Says(code, "because of this"))), ..Manner::default() });
        let smtp = plain(&server).build().unwrap();
        for _ in 0..2 {
            let (what, why) = match smtp.send(&message("Your visit", "It was moved.")).await {
                Ok(Delivery::Delivered) => ("delivered", String::new()),
                Ok(Delivery::Rejected(why)) => ("rejected", why),
                Err(SendError::NotSent(why)) => ("not sent", why),
                Err(SendError::InDoubt(why)) => ("in doubt", why),
            };
            assert_eq!(what, expected, "{at:?} {code}: {why}");
            assert!(why.contains(&code.to_string()) && why.contains("because of this"), "{why}");
        }
        assert!(server.received().is_empty());
        if at == At::Rcpt && code >= 550 {
            assert_eq!(server.connections(), 1, "a refused recipient is no reason to connect anew");
        }
    }
}

#[tokio::test]
async fn silence_is_a_doubt_only_once_the_text_is_under_way() {
    let mut all = tokio::task::JoinSet::new();
    for does in [Does::Sleeps, Does::HangsUp] {
        for at in [At::Greeting, At::Mail, At::Rcpt, At::Data, At::End] {
            let server = Server::start(Manner { odd: Some((at, does)), ..Manner::default() });
            let patience = Duration::from_secs(2);
            let smtp = plain(&server).timeout(patience).connect_timeout(patience).build().unwrap();
            all.spawn(async move {
                let begin = Instant::now();
                match smtp.send(&message("Your visit", "It was moved.")).await {
                    Err(SendError::NotSent(why)) => assert_ne!(at, At::End, "{why}"),
                    Err(SendError::InDoubt(why)) => assert_eq!(at, At::End, "{why}"),
                    other => panic!("{at:?} {does:?}: {other:?}"),
                }
                assert!(begin.elapsed() < Duration::from_secs(8), "{at:?} {does:?}: {:?}", begin.elapsed());
            });
        }
    }
    all.join_all().await;
}

#[tokio::test]
async fn whoever_cannot_be_reached_got_nothing() {
    let smtp = to(nobody().port(), Security::PlainOnLoopback).build().unwrap();
    not_sent(smtp.send(&message("a", "b")).await, "no connection to localhost:");
    let smtp = Smtp::builder("nowhere.invalid", "care@shop.example").build().unwrap();
    not_sent(smtp.send(&message("a", "b")).await, "no connection to nowhere.invalid:465");
    let silent = listen(|_stream| std::thread::sleep(Duration::from_secs(20)));
    for security in [Security::Tls, Security::StartTls, Security::PlainOnLoopback] {
        let smtp = to(silent.port(), security).connect_timeout(Duration::from_millis(200)).build().unwrap();
        not_sent(smtp.send(&message("a", "b")).await, "in time");
    }
    let other_protocol = listen(|mut stream| {
        let _ = std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let smtp = to(other_protocol.port(), Security::PlainOnLoopback).build().unwrap();
    not_sent(smtp.send(&message("a", "b")).await, "no connection to");
}

#[tokio::test]
async fn tls_is_kept_to_both_ways() {
    let certificate = Certificate::of(&["localhost"]);
    let other = Certificate::of(&["localhost"]).authority;
    let ways = [
        (Security::StartTls, Way::StartTls(certificate.server.clone())),
        (Security::Tls, Way::Tls(certificate.server.clone())),
    ];
    for (security, way) in ways {
        let server = Server::start(Manner { way, ..Manner::default() });
        let to = || to(server.address.port(), security);
        let good = to().trust_only(certificate.authority.clone()).build().unwrap();
        assert_eq!(good.send(&message("Your visit", "It was moved.")).await, Ok(Delivery::Delivered), "{security:?}");
        let received = server.received();
        assert!(
            received.len() == 1 && received[0].within_tls && received[0].text.ends_with("\r\n\r\nIt was moved.\r\n")
        );

        let refused = [
            (to().build().unwrap(), "UnknownIssuer"),
            (to().trust_only(other.clone()).build().unwrap(), "certificate"),
        ];
        for (smtp, why) in refused {
            not_sent(smtp.send(&message("Your visit", "It was moved.")).await, why);
        }
        assert_eq!(server.received().len(), 1);
    }
}

#[tokio::test]
async fn a_server_without_starttls_gets_nothing() {
    let server = Server::start(Manner { login: Some(("care", "s3cret")), ..Manner::default() });
    let smtp = to(server.address.port(), Security::StartTls).credentials("care", "s3cret").build().unwrap();
    not_sent(smtp.send(&message("Your visit", "It was moved.")).await, "STARTTLS is not supported");
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn a_login_is_made_where_it_is_asked_for() {
    let certificate = Certificate::of(&["localhost"]);
    let way = Way::StartTls(certificate.server.clone());
    let server = Server::start(Manner { way, login: Some(("care", "s3cret")), ..Manner::default() });
    let to = || to(server.address.port(), Security::StartTls).trust_only(certificate.authority.clone());
    let good = to().credentials("care", "s3cret").build().unwrap();
    assert_eq!(good.send(&message("Your visit", "It was moved.")).await, Ok(Delivery::Delivered));
    assert_eq!(server.received()[0].user.as_deref(), Some("care"));
    let wrong = to().credentials("care", "n0t-this").build().unwrap();
    match wrong.send(&message("Your visit", "It was moved.")).await {
        Err(SendError::NotSent(why)) => assert!(why.contains("no login") && !why.contains("n0t-this"), "{why}"),
        other => panic!("{other:?}"),
    }
    let none = to().build().unwrap();
    // Whoever mends the configuration has the message sent; the customer's address is not to blame.
    assert!(matches!(none.send(&message("Your visit", "It was moved.")).await, Err(SendError::NotSent(_))));
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn a_connection_that_the_server_closed_meanwhile_costs_no_message() {
    let server = Server::start(Manner { patience: Some(1), ..Manner::default() });
    let smtp = plain(&server).build().unwrap();
    for _ in 0..3 {
        assert_eq!(smtp.send(&message("Your visit", "It was moved.")).await, Ok(Delivery::Delivered));
        assert!(server.left_alone());
    }
    assert_eq!((server.received().len(), server.connections()), (3, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_share_a_few_connections() {
    let server = Server::start(Manner::default());
    let smtp = Arc::new(plain(&server).connections(3).build().unwrap());
    let tasks: Vec<_> = (0..60)
        .map(|n| {
            let smtp = Arc::clone(&smtp);
            let mut message = message(&format!("Number {n}"), "It was moved.");
            message.release.id = format!("c{n}/1/1").into();
            tokio::spawn(async move { smtp.send(&message).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(Delivery::Delivered));
    }
    let mut subjects: Vec<String> = server.received().iter().map(|m| m.header("Subject")).collect();
    subjects.sort();
    subjects.dedup();
    assert_eq!(subjects.len(), 60);
    assert!(server.most_open() <= 3 && server.connections() <= 3, "{} {}", server.most_open(), server.connections());
}

#[tokio::test]
async fn who_finds_no_free_connection_sent_nothing() {
    let server = Server::start(Manner { odd: Some((At::End, Does::Sleeps)), ..Manner::default() });
    let builder = plain(&server).connections(1).timeout(Duration::from_secs(4));
    let smtp = Arc::new(builder.connect_timeout(Duration::from_millis(1500)).build().unwrap());
    let first = tokio::spawn({
        let smtp = Arc::clone(&smtp);
        async move { smtp.send(&message("Your visit", "It was moved.")).await }
    });
    while server.connections() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    not_sent(smtp.send(&message("Your visit", "It was moved.")).await, "were in use");
    assert!(matches!(first.await.unwrap(), Err(SendError::InDoubt(_))));
}
