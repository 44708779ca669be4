//! A receiver that shares no line of code with the sender: Python's HTTP server in a process of its own, which verifies
//! signatures with Python's own HMAC.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use journey_runtime::channels::Webhook;
use journey_runtime::{Answer, Backend, Delivery, Gateway, SendError};

use crate::{NEXT_SECRET, SECRET, call, message};

const RECEIVER: &str = r#"
import base64, hashlib, hmac, json, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer

KEY = base64.b64decode(sys.argv[1].removeprefix("whsec_"))

class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_):
        pass
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        name, when = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        signed = f"{name}.{when}.".encode() + body
        good = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
        given = [part.removeprefix("v1,") for part in self.headers["webhook-signature"].split()]
        fits = any(hmac.compare_digest(good, each) for each in given) and abs(time.time() - int(when)) < 300
        said = json.loads(body)
        answer = json.dumps({"outcome": said["data"].get("service", "taken")}).encode()
        self.send_response(200 if fits and said["version"] == 1 else 401)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

server = HTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_port, flush=True)
server.serve_forever()
"#;

/// Ends its process when the test does.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_receiver_in_python_verifies_what_is_sent() {
    let started = Command::new("python3").args(["-c", RECEIVER, SECRET]).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = started else {
        eprintln!("SKIPPED: there is no python3 here, so no receiver in Python was asked");
        return;
    };
    let mut port = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let _process = Process(child);
    let url = format!("http://127.0.0.1:{}/", port.trim());
    let with = |secret: &str| Webhook::builder(&url, secret).allow_plain_http();

    let mut message = message();
    message.release.body = "Zoë’s visit — 09:00 ✓".into();
    let webhook = with(SECRET).build().unwrap();
    assert_eq!(webhook.send(&message).await, Ok(Delivery::Delivered));
    assert_eq!(webhook.call(&call()).await, Answer::Outcome("rebook".into()));
    drop(webhook);
    let both = with(NEXT_SECRET).also_signed_with(SECRET).build().unwrap();
    assert_eq!(both.send(&message).await, Ok(Delivery::Delivered));
    drop(both);
    let other = with(NEXT_SECRET).build().unwrap();
    assert!(matches!(other.send(&message).await, Err(SendError::NotSent(why)) if why.contains("401")));
}
