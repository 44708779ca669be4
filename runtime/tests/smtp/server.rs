//! An SMTP server on loopback: the protocol is the library mailin's, sockets and TLS are ours. It can be told to refuse, to
//! fall silent and to hang up.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mailin::{Action, AuthMechanism, Handler, Response, Session, SessionBuilder};

use crate::net::{Stream, listen};

/// A mail as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) text: String,
    pub(crate) within_tls: bool,
    pub(crate) user: Option<String>,
}

impl Mail {
    /// The text with its date, which changes, written as `DATE`.
    pub(crate) fn undated(&self) -> String {
        let lines = self.text.split_inclusive("\r\n");
        let mut dates = 0;
        let text = lines.map(|line| {
            if line.starts_with("Date: ") {
                dates += 1;
                "Date: DATE\r\n"
            } else {
                line
            }
        });
        let text = text.collect();
        assert_eq!(dates, 1);
        text
    }

    /// The header of this name, unfolded; it has to be there once.
    pub(crate) fn header(&self, name: &str) -> String {
        let head = self.text.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
        let begin = format!("{name}: ");
        let all: Vec<&str> = head.split("\r\n").filter_map(|line| line.strip_prefix(&begin)).collect();
        assert_eq!(all.len(), 1, "{name} in:\n{head}");
        all[0].to_owned()
    }

    /// The names of its headers.
    pub(crate) fn header_names(&self) -> Vec<String> {
        let head = self.text.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
        head.split("\r\n").map(|line| line.split(':').next().unwrap().to_owned()).collect()
    }
}

/// Where something else than `250` can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Greeting,
    Mail,
    Rcpt,
    Data,
    End,
}

/// What then.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Does {
    Says(u16, &'static str),
    Sleeps,
    HangsUp,
}

/// How the server is reached.
#[derive(Clone, Default)]
pub(crate) enum Way {
    #[default]
    Plain,
    StartTls(Arc<rustls::ServerConfig>),
    Tls(Arc<rustls::ServerConfig>),
}

/// How the server is.
#[derive(Clone, Default)]
pub(crate) struct Manner {
    pub(crate) way: Way,
    pub(crate) odd: Option<(At, Does)>,
    /// User and password, where a login is asked for.
    pub(crate) login: Option<(&'static str, &'static str)>,
    /// After how many mails it hangs up.
    pub(crate) patience: Option<usize>,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    received: Arc<Mutex<Vec<Mail>>>,
    connections: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
    most_open: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) fn start(manner: Manner) -> Server {
        let received = Arc::new(Mutex::new(Vec::new()));
        let counts: [Arc<AtomicUsize>; 3] = Default::default();
        let [connections, open, most_open] = counts.clone();
        let kept = Arc::clone(&received);
        let address = listen(move |stream| {
            counts[0].fetch_add(1, Ordering::SeqCst);
            let now = counts[1].fetch_add(1, Ordering::SeqCst) + 1;
            counts[2].fetch_max(now, Ordering::SeqCst);
            serve(stream, &manner, &kept);
            counts[1].fetch_sub(1, Ordering::SeqCst);
        });
        Server { address, received, connections, open, most_open }
    }

    pub(crate) fn received(&self) -> Vec<Mail> {
        self.received.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn most_open(&self) -> usize {
        self.most_open.load(Ordering::SeqCst)
    }

    /// Waits until nobody is connected any more.
    pub(crate) fn left_alone(&self) -> bool {
        (0..200).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            self.open.load(Ordering::SeqCst) == 0
        })
    }
}

struct Desk {
    manner: Manner,
    received: Arc<Mutex<Vec<Mail>>>,
    mail: Mail,
    bytes: Vec<u8>,
    within_tls: Arc<AtomicBool>,
    hang_up: Arc<AtomicBool>,
    user: Option<String>,
}

impl Desk {
    fn at(&self, at: At) -> Response {
        match self.manner.odd {
            Some((odd, does)) if odd == at => match does {
                Does::Says(code, text) => Response::custom(code, text.to_owned()),
                Does::Sleeps => {
                    std::thread::sleep(Duration::from_secs(20));
                    mailin::response::OK
                }
                Does::HangsUp => {
                    self.hang_up.store(true, Ordering::SeqCst);
                    mailin::response::OK
                }
            },
            _ => mailin::response::OK,
        }
    }
}

impl Handler for Desk {
    fn mail(&mut self, _: IpAddr, _: &str, from: &str) -> Response {
        self.bytes.clear();
        let (within_tls, user) = (self.within_tls.load(Ordering::SeqCst), self.user.clone());
        self.mail = Mail { from: from.to_owned(), within_tls, user, ..Mail::default() };
        self.at(At::Mail)
    }

    fn rcpt(&mut self, to: &str) -> Response {
        self.mail.to.push(to.to_owned());
        self.at(At::Rcpt)
    }

    fn data_start(&mut self, _: &str, _: &str, _: bool, _: &[String]) -> Response {
        self.at(At::Data)
    }

    fn data(&mut self, line: &[u8]) -> std::io::Result<()> {
        self.bytes.extend_from_slice(line);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        let response = self.at(At::End);
        if !response.is_error {
            self.mail.text = String::from_utf8(self.bytes.clone()).unwrap();
            self.received.lock().unwrap().push(self.mail.clone());
        }
        response
    }

    fn auth_plain(&mut self, _: &str, user: &str, password: &str) -> Response {
        if self.manner.login == Some((user, password)) {
            self.user = Some(user.to_owned());
            return mailin::response::AUTH_OK;
        }
        mailin::response::INVALID_CREDENTIALS
    }
}

fn serve(stream: TcpStream, manner: &Manner, received: &Arc<Mutex<Vec<Mail>>>) {
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let (within_tls, hang_up) = <(Arc<AtomicBool>, Arc<AtomicBool>)>::default();
    let desk = Desk {
        manner: manner.clone(),
        received: Arc::clone(received),
        mail: Mail::default(),
        bytes: Vec::new(),
        within_tls: Arc::clone(&within_tls),
        hang_up: Arc::clone(&hang_up),
        user: None,
    };
    let mut builder = SessionBuilder::new("mail.test");
    if let Way::StartTls(_) = manner.way {
        builder.enable_start_tls();
    }
    if manner.login.is_some() {
        builder.enable_auth(AuthMechanism::Plain);
        if !matches!(manner.way, Way::StartTls(_)) {
            builder.insecure_enable_plaintext_auth();
        }
    }
    let mut session = builder.build(Ipv4Addr::LOCALHOST.into(), desk);
    let tls = |tls: &Arc<rustls::ServerConfig>, stream| {
        within_tls.store(true, Ordering::SeqCst);
        rustls::StreamOwned::new(rustls::ServerConnection::new(Arc::clone(tls)).unwrap(), stream)
    };
    let odd = match manner.odd {
        Some((At::Greeting, odd)) => Some(odd),
        _ => None,
    };
    match &manner.way {
        Way::Tls(config) => {
            let mut stream = tls(config, stream);
            greet(&mut stream, &session, odd);
            talk(&mut stream, &mut session, manner, &hang_up);
        }
        Way::Plain => {
            let mut stream = stream;
            greet(&mut stream, &session, odd);
            talk(&mut stream, &mut session, manner, &hang_up);
        }
        Way::StartTls(config) => {
            let mut stream = stream;
            greet(&mut stream, &session, odd);
            if talk(&mut stream, &mut session, manner, &hang_up) {
                session.tls_active();
                talk(&mut tls(config, stream), &mut session, manner, &hang_up);
            }
        }
    }
}

fn greet(stream: &mut dyn Stream, session: &Session<Desk>, odd: Option<Does>) {
    let greeting = match odd {
        None => session.greeting().buffer().unwrap(),
        Some(Does::Says(code, text)) => format!("{code} {text}\r\n").into_bytes(),
        Some(Does::Sleeps) => {
            std::thread::sleep(Duration::from_secs(20));
            return;
        }
        Some(Does::HangsUp) => return,
    };
    let _ = stream.write_all(&greeting);
}

/// Until somebody hangs up; whether TLS is to begin.
fn talk(stream: &mut dyn Stream, session: &mut Session<Desk>, manner: &Manner, hang_up: &AtomicBool) -> bool {
    let mut mails = 0;
    loop {
        let Some(line) = line(stream) else { return false };
        let response = session.process(&line);
        if hang_up.load(Ordering::SeqCst) {
            return false;
        }
        if response.action != Action::NoReply && stream.write_all(&response.buffer().unwrap()).is_err() {
            return false;
        }
        let _ = stream.flush();
        match response.action {
            Action::UpgradeTls => return true,
            Action::Close => return false,
            Action::Reply | Action::NoReply => {}
        }
        if line == b".\r\n" {
            mails += 1;
            // The library would take what follows a refused text for more of it.
            if response.is_error {
                return false;
            }
        }
        if manner.patience == Some(mails) {
            return false;
        }
    }
}

/// One line, byte for byte, so that nothing of a TLS greeting is read along.
fn line(stream: &mut dyn Stream) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    let mut byte = [0];
    while !line.ends_with(b"\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => line.push(byte[0]),
            _ => return None,
        }
    }
    Some(line)
}
