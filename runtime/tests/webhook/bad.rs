//! Servers that are slow, silent, gone, or say too much.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use journey_runtime::channels::Webhook;
use journey_runtime::{Answer, Backend, Delivery, Gateway, SendError};

use crate::net::{listen, nobody};
use crate::{SECRET, call, message, plain};

/// Reads one whole request.
fn read_request(stream: &TcpStream) {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
}

/// A server that reads a request, writes this, and closes.
fn says(answer: &'static [u8]) -> std::net::SocketAddr {
    listen(move |mut stream| {
        read_request(&stream);
        stream.write_all(answer).unwrap();
    })
}

fn in_doubt(result: Result<Delivery, SendError>, why: &str) {
    match result {
        Err(SendError::InDoubt(said)) => assert!(said.contains(why), "{said}"),
        other => panic!("{other:?}"),
    }
}

fn not_sent(result: Result<Delivery, SendError>, why: &str) {
    match result {
        Err(SendError::NotSent(said)) => assert!(said.contains(why), "{said}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_refused_connection_sent_nothing() {
    not_sent(plain(nobody()).send(&message()).await, "no connection: ");
    let Answer::Unavailable(why) = plain(nobody()).call(&call()).await else { panic!() };
    assert!(why.contains("no connection"), "{why}");
}

#[tokio::test]
async fn a_name_that_is_nowhere_sent_nothing_and_is_not_told_with_its_address() {
    let webhook = Webhook::new("https://nowhere.invalid/hook?token=s3cret", SECRET).unwrap();
    match webhook.send(&message()).await {
        Err(SendError::NotSent(why)) => assert!(why.contains("no connection") && !why.contains("s3cret"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_server_that_never_answers_leaves_a_doubt() {
    let address = listen(|stream| {
        read_request(&stream);
        std::thread::sleep(Duration::from_secs(20));
    });
    let webhook = Webhook::builder(&format!("http://{address}/"), SECRET)
        .allow_plain_http()
        .timeout(Duration::from_secs(2))
        .build()
        .unwrap();
    let begin = Instant::now();
    in_doubt(webhook.send(&message()).await, "no answer came in time");
    let took = begin.elapsed();
    assert!(took >= Duration::from_millis(1900) && took < Duration::from_secs(8), "{took:?}");
}

#[tokio::test]
async fn a_server_that_does_not_even_greet_within_tls_got_nothing() {
    let address = listen(|_stream| std::thread::sleep(Duration::from_secs(20)));
    let webhook = Webhook::builder(&format!("https://{address}/"), SECRET)
        .connect_timeout(Duration::from_millis(300))
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap();
    let begin = Instant::now();
    not_sent(webhook.send(&message()).await, "no connection in time");
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn connecting_ends_before_the_attempt_does_however_they_are_set() {
    let address = listen(|_stream| std::thread::sleep(Duration::from_secs(20)));
    let webhook = Webhook::builder(&format!("https://{address}/"), SECRET)
        .connect_timeout(Duration::from_secs(60))
        .timeout(Duration::from_millis(600))
        .build()
        .unwrap();
    not_sent(webhook.send(&message()).await, "no connection in time");
}

#[tokio::test]
async fn a_slow_server_is_waited_for() {
    let address = listen(|mut stream| {
        read_request(&stream);
        for part in ["HTTP/1.1 2", "00 OK\r\ncontent-len", "gth: 0\r\n\r\n"] {
            std::thread::sleep(Duration::from_millis(150));
            stream.write_all(part.as_bytes()).unwrap();
        }
    });
    assert_eq!(plain(address).send(&message()).await, Ok(Delivery::Delivered));
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_status_leaves_a_doubt() {
    for answer in [&b""[..], b"HTTP/1.1 20", b"HTTP/1.1 200 OK\r\ncontent-le", b"this is not HTTP\r\n\r\n"] {
        in_doubt(plain(says(answer)).send(&message()).await, "the connection broke before an answer");
    }
}

#[tokio::test]
async fn a_status_stands_even_where_its_body_breaks_off() {
    let cut = says(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"outcome\": \"do");
    assert_eq!(plain(cut).send(&message()).await, Ok(Delivery::Delivered));
    let Answer::Unavailable(why) = plain(cut).call(&call()).await else { panic!() };
    assert!(why.contains("broke"), "{why}");
    let refused = says(b"HTTP/1.1 422 Unprocessable Entity\r\ncontent-length: 1000\r\n\r\nno such number");
    match plain(refused).send(&message()).await {
        Ok(Delivery::Rejected(why)) => assert!(why.ends_with("422 Unprocessable Entity: no such number"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_endless_answer_neither_holds_nor_fills() {
    for status in ["200 OK", "500 Internal Server Error"] {
        let head = format!("HTTP/1.1 {status}\r\ntransfer-encoding: chunked\r\n\r\n");
        let address = listen(move |mut stream| {
            read_request(&stream);
            stream.write_all(head.as_bytes()).unwrap();
            let chunk = format!("10000\r\n{}\r\n", "x".repeat(65_536));
            // Until the client closes.
            while stream.write_all(chunk.as_bytes()).is_ok() {}
        });
        let begin = Instant::now();
        match plain(address).send(&message()).await {
            Ok(Delivery::Delivered) => assert_eq!(status, "200 OK"),
            Err(SendError::InDoubt(why)) => assert!(why.len() < 400 && why.contains("500"), "{why}"),
            other => panic!("{other:?}"),
        }
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
        let Answer::Unavailable(why) = plain(address).call(&call()).await else { panic!() };
        assert!(why.contains(if status == "200 OK" { "longer than 1048576 bytes" } else { "500" }), "{why}");
    }
}

#[tokio::test]
async fn a_body_that_never_ends_does_not_hold_a_delivered_message() {
    let address = listen(|mut stream| {
        read_request(&stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n").unwrap();
        std::thread::sleep(Duration::from_secs(20));
    });
    let begin = Instant::now();
    assert_eq!(plain(address).send(&message()).await, Ok(Delivery::Delivered));
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}
