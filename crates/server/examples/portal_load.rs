//! How a running portal bears objections: real forms over kept connections, at a steady rate, each timed from the moment it was to be sent.
//!
//! `cargo run --release -p bezwaar-server --example portal_load -- ADDRESS SERVICE RATE SECONDS CONNECTIONS [strangers]`
//!
//! Each form has a mark of its own, fetched before the measure begins. With `strangers` every objection names another account and no way to reach its sender, as a
//! flood would; one in a hundred is a real one, with a mailbox, and is timed apart. It ends with 1 if any objection was not taken.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a measurement, run by hand and by scripts"
)]
#![allow(clippy::disallowed_methods, reason = "its exit code says whether anything was lost")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant as Ticks};

/// In a flood one in so many is somebody's own objection.
const REAL_EVERY: usize = 100;
/// Whoever measures comes from many networks, as a crowd does; a portal that believes its proxy reads this.
const NETWORKS: usize = 60_000;

/// A kept connection.
struct Connection {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
}

struct Answer {
    status: u16,
    location: String,
    body: Vec<u8>,
}

impl Connection {
    fn open(address: SocketAddr) -> Connection {
        let stream = TcpStream::connect(address).expect("the portal listens");
        stream.set_nodelay(true).expect("an option of TCP");
        Connection { address, stream: BufReader::with_capacity(1 << 16, stream) }
    }

    fn ask(&mut self, method: &str, path: &str, network: usize, body: &str) -> std::io::Result<Answer> {
        let (address, length) = (self.address, body.len());
        let from = format!("10.{}.{}.1", (network / 250) % 250, network % 250);
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nX-Forwarded-For: {from}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.answer()
    }

    fn answer(&mut self) -> std::io::Result<Answer> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let (mut length, mut location) = (0, String::new());
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            match name {
                "content-length" => length = value.parse().unwrap_or_default(),
                "location" => value.clone_into(&mut location),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(Answer { status, location, body })
    }
}

/// The marks of so many forms, fetched over so many connections.
fn marks(address: SocketAddr, count: usize, connections: usize) -> Vec<String> {
    let each = count.div_ceil(connections);
    let threads: Vec<_> = (0..connections)
        .map(|_| {
            thread::spawn(move || {
                let mut connection = Connection::open(address);
                (0..each)
                    .map(|number| {
                        let answer = connection.ask("GET", "/nl/object", number, "").expect("a form");
                        let page = String::from_utf8(answer.body).expect("text");
                        let (_, rest) = page.split_once("name=\"form\" value=\"").expect("a mark");
                        rest.split('"').next().unwrap_or_default().to_owned()
                    })
                    .collect::<Vec<_>>()
            })
        })
        .collect();
    threads.into_iter().flat_map(|thread| thread.join().expect("a thread")).take(count).collect()
}

#[derive(Default)]
struct Measured {
    real: Vec<Duration>,
    strangers: Vec<Duration>,
    lost: Vec<String>,
}

struct Plan {
    address: SocketAddr,
    service: String,
    rate: usize,
    flood: bool,
    marks: Vec<String>,
    next: AtomicUsize,
    begins: Ticks,
}

/// One connection's share: it takes the next form, waits for its moment, sends it.
fn send(plan: &Plan) -> Measured {
    let mut measured = Measured::default();
    let mut connection = Connection::open(plan.address);
    loop {
        let number = plan.next.fetch_add(1, Ordering::Relaxed);
        let Some(mark) = plan.marks.get(number) else { return measured };
        let due = plan.begins + Duration::from_micros(u64::try_from(number * 1_000_000 / plan.rate).unwrap_or(u64::MAX));
        thread::sleep(due.saturating_duration_since(Ticks::now()));
        let real = !plan.flood || number.is_multiple_of(REAL_EVERY);
        let mail = if real { format!("person{number}%40example.org") } else { String::new() };
        let body = format!("form={mark}&for=self&everything=yes&service={}&account=load{number}&mail={mail}", plan.service);
        match connection.ask("POST", "/nl/object", number % NETWORKS, &body) {
            Ok(answer) if answer.status == 303 && answer.location.contains("/objection/") => {
                // From the moment it was to be sent: a portal that stalls is not measured as a slow sender.
                if real { &mut measured.real } else { &mut measured.strangers }.push(due.elapsed());
            }
            Ok(answer) => measured.lost.push(format!("status {}", answer.status)),
            Err(error) => {
                measured.lost.push(error.to_string());
                connection = Connection::open(plan.address);
            }
        }
    }
}

fn told(name: &str, mut times: Vec<Duration>) {
    if times.is_empty() {
        return;
    }
    times.sort_unstable();
    let at = |share: f64| {
        let place = (times.len() as f64 * share) as usize;
        times[place.min(times.len() - 1)].as_secs_f64() * 1_000.0
    };
    println!(
        "{name}: {} taken; p50 {:.1} ms, p99 {:.1} ms, p99.9 {:.1} ms, max {:.1} ms",
        times.len(),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, service, rate, seconds, connections, rest @ ..] = arguments.as_slice() else {
        println!("usage: portal_load ADDRESS SERVICE RATE SECONDS CONNECTIONS [strangers]");
        std::process::exit(2);
    };
    let number = |text: &String| text.parse::<usize>().expect("a number");
    let (rate, seconds, connections) = (number(rate), number(seconds), number(connections));
    let address: SocketAddr = address.parse().expect("an address and a port");
    let marks = marks(address, rate * seconds, connections.min(16));
    println!("{} forms fetched", marks.len());
    let begins = Ticks::now() + Duration::from_millis(200);
    let flood = rest.iter().any(|word| word == "strangers");
    let plan = Arc::new(Plan { address, service: service.clone(), rate, flood, marks, next: AtomicUsize::new(0), begins });
    let threads: Vec<_> = (0..connections)
        .map(|_| {
            let plan = Arc::clone(&plan);
            thread::spawn(move || send(&plan))
        })
        .collect();
    let mut all = Measured::default();
    for thread in threads {
        let one = thread.join().expect("a thread");
        all.real.extend(one.real);
        all.strangers.extend(one.strangers);
        all.lost.extend(one.lost);
    }
    let (taken, took) = (all.real.len() + all.strangers.len(), begins.elapsed().as_secs_f64());
    println!("{taken} objections in {took:.1} s, {:.0} in a second; {} not taken", taken as f64 / took, all.lost.len());
    told("real", all.real);
    told("strangers", all.strangers);
    if let Some(first) = all.lost.first() {
        println!("the first that was not taken: {first}");
        std::process::exit(1);
    }
}
