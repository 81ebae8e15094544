//! Chromium without a screen, spoken to in its own protocol.

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running browser with one page.
pub struct Browser {
    child: Child,
    home: PathBuf,
    socket: WebSocket<TcpStream>,
    session: String,
    next: u64,
    /// What the console has said is wrong since it was last asked.
    complaints: Vec<String>,
    loaded: usize,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

impl Browser {
    /// Starts the browser that `CHROMIUM` names, or `chromium`.
    pub fn start() -> Result<Self, String> {
        let program = std::env::var("CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
        let home = std::env::temp_dir().join(format!("ward-browser-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&home);
        std::fs::create_dir_all(&home).map_err(|error| error.to_string())?;
        let child = Command::new(&program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-dev-shm-usage", "--remote-debugging-port=0", "about:blank"])
            .arg(format!("--user-data-dir={}", home.display()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot start `{program}`: {error}; install Debian's package chromium, or name a browser in CHROMIUM"))?;
        let mut child = Some(child);
        let opened = Self::open(&home, &mut child);
        if let (Err(_), Some(mut child)) = (&opened, child) {
            let _ = child.kill();
            let _ = child.wait();
        }
        opened.map_err(|error| format!("`{program}` started, but cannot be spoken to: {error}"))
    }

    fn open(home: &std::path::Path, child: &mut Option<Child>) -> Result<Self, String> {
        let started = Instant::now();
        let (port, path) = loop {
            let said = std::fs::read_to_string(home.join("DevToolsActivePort")).unwrap_or_default();
            if let Some((port, path)) = said.split_once('\n')
                && path.starts_with('/')
            {
                break (port.to_owned(), path.trim().to_owned());
            }
            if started.elapsed() > PATIENCE {
                return Err("it does not open its port".to_owned());
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        let stream =
            TcpStream::connect(format!("127.0.0.1:{port}")).map_err(|error| error.to_string())?;
        stream
            .set_read_timeout(Some(PATIENCE))
            .map_err(|error| error.to_string())?;
        let url = format!("ws://127.0.0.1:{port}{path}");
        let (socket, _) = tungstenite::client(url, stream).map_err(|error| error.to_string())?;
        let child = child.take().ok_or("no process")?;
        let mut browser = Self {
            child,
            home: home.to_owned(),
            socket,
            session: String::new(),
            next: 0,
            complaints: Vec::new(),
            loaded: 0,
        };
        let target = browser.ask("Target.createTarget", json!({"url": "about:blank"}))?;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = browser.ask("Target.attachToTarget", attach)?;
        browser.session = attached["sessionId"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            browser.ask(domain, json!({}))?;
        }
        Ok(browser)
    }

    /// Sends a command and waits for its answer.
    pub fn ask(&mut self, method: &str, parameters: Value) -> Result<Value, String> {
        self.next += 1;
        let id = self.next;
        let mut command = json!({"id": id, "method": method, "params": parameters});
        if !self.session.is_empty() {
            command["sessionId"] = json!(self.session);
        }
        let sent = self.socket.send(Message::text(command.to_string()));
        sent.map_err(|error| format!("{method}: {error}"))?;
        loop {
            let answer = self.read().map_err(|error| format!("{method}: {error}"))?;
            if answer["id"] == id {
                return match answer.get("error") {
                    Some(error) => Err(format!("{method}: {error}")),
                    None => Ok(answer["result"].clone()),
                };
            }
        }
    }

    fn read(&mut self) -> Result<Value, String> {
        loop {
            let message = self.socket.read().map_err(|error| error.to_string())?;
            let Message::Text(text) = message else {
                continue;
            };
            let said: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
            let told = &said["params"];
            match said["method"].as_str() {
                Some("Page.loadEventFired") => self.loaded += 1,
                Some("Runtime.exceptionThrown") => {
                    self.complaints.push(told["exceptionDetails"].to_string());
                }
                Some("Runtime.consoleAPICalled") if told["type"] == "error" => {
                    self.complaints.push(told["args"].to_string());
                }
                Some("Log.entryAdded") if told["entry"]["level"] == "error" => {
                    self.complaints.push(told["entry"]["text"].to_string());
                }
                _ => {}
            }
            return Ok(said);
        }
    }

    /// Opens a page and waits until it is there.
    pub fn go(&mut self, url: &str) -> Result<(), String> {
        // What differs behind `#` alone loads nothing.
        self.ask("Page.navigate", json!({"url": "about:blank"}))?;
        self.wait("location.href === 'about:blank' && document.readyState === 'complete'")?;
        let before = self.loaded;
        let answer = self.ask("Page.navigate", json!({"url": url}))?;
        if let Some(error) = answer["errorText"].as_str() {
            return Err(format!("{url}: {error}"));
        }
        while self.loaded == before {
            self.read()?;
        }
        self.wait("document.readyState === 'complete'")
    }

    /// The value of an expression.
    pub fn value(&mut self, expression: &str) -> Result<Value, String> {
        let asked = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.ask("Runtime.evaluate", asked)?;
        match answer.get("exceptionDetails") {
            Some(wrong) => Err(format!("{expression}: {wrong}")),
            None => Ok(answer["result"]["value"].clone()),
        }
    }

    /// Waits until an expression is true.
    pub fn wait(&mut self, expression: &str) -> Result<(), String> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            // While a page goes and another comes there is nobody to answer.
            if self.value(expression).is_ok_and(|value| value == true) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(format!("never came true: {expression}"))
    }

    /// Presses a key as a person would.
    pub fn press(&mut self, key: &str) -> Result<(), String> {
        let (code, text) = match key {
            "Enter" => (13, "\r"),
            "Tab" => (9, ""),
            "Escape" => (27, ""),
            "ArrowDown" => (40, ""),
            other => (0, other),
        };
        let kind = if text.is_empty() {
            "rawKeyDown"
        } else {
            "keyDown"
        };
        let down = json!({"type": kind, "key": key, "text": text, "windowsVirtualKeyCode": code});
        self.ask("Input.dispatchKeyEvent", down)?;
        let up = json!({"type": "keyUp", "key": key, "windowsVirtualKeyCode": code});
        self.ask("Input.dispatchKeyEvent", up).map(drop)
    }

    /// Types a text.
    pub fn write(&mut self, text: &str) -> Result<(), String> {
        self.ask("Input.insertText", json!({"text": text}))
            .map(drop)
    }

    /// Makes the window so many pixels wide.
    pub fn width(&mut self, width: u32) -> Result<(), String> {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.ask("Emulation.setDeviceMetricsOverride", size)
            .map(drop)
    }

    /// What the console has said is wrong since it was last asked.
    pub fn complaints(&mut self) -> Vec<String> {
        std::mem::take(&mut self.complaints)
    }
}
