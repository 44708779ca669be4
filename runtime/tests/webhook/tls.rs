//! Webhooks within TLS: whom they trust, and that nothing leaves where they do not.

use journey_runtime::channels::Webhook;
use journey_runtime::{Delivery, Gateway, SendError};

use crate::endpoint::{Endpoint, Reply};
use crate::net::{Certificate, listen};
use crate::{SECRET, message, verified};

#[tokio::test]
async fn a_trusted_certificate_is_taken_and_no_other() {
    let certificate = Certificate::of(&["localhost"]);
    let endpoint = Endpoint::start_tls(certificate.server.clone(), |_| Reply::new(200)).await;
    let port = endpoint.address.port();
    let to = |host: &str| Webhook::builder(&format!("https://{host}:{port}/"), SECRET);

    let trusting = to("localhost").trust_only(certificate.authority.clone()).build().unwrap();
    assert_eq!(trusting.send(&message()).await, Ok(Delivery::Delivered));
    assert!(verified(&endpoint.seen()[0], SECRET));

    let other = Certificate::of(&["localhost"]).authority;
    let refused = [
        ("the system's authorities", to("localhost").build().unwrap(), "UnknownIssuer"),
        ("another authority", to("localhost").trust_only(other).build().unwrap(), "certificate"),
        ("another name", to("127.0.0.1").trust_only(certificate.authority).build().unwrap(), "not valid for name"),
    ];
    for (what, webhook, reason) in refused {
        match webhook.send(&message()).await {
            Err(SendError::NotSent(why)) => assert!(why.contains(reason), "{what}: {why}"),
            other => panic!("{what}: {other:?}"),
        }
    }
    assert_eq!(endpoint.seen().len(), 1, "nothing may leave before the certificate is known");
}

#[tokio::test]
async fn a_server_without_tls_gets_nothing_from_https() {
    let address = listen(|mut stream| {
        use std::io::{Read, Write};
        let mut some = [0; 64];
        let _ = stream.read(&mut some);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
    let webhook = Webhook::new(&format!("https://{address}/"), SECRET).unwrap();
    assert!(matches!(webhook.send(&message()).await, Err(SendError::NotSent(_))));
}
