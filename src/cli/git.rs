//! Files as they were at a revision, read by `git` from the repository in which each lies.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use super::Stop;
use super::input::{has_extension, shown};

/// A revision, in whatever repositories are asked about.
pub(super) struct Revision {
    /// As it was given: a commit, a branch, a tag.
    name: String,
    repositories: Vec<Repository>,
    /// The repository of each directory that was asked about.
    known: HashMap<PathBuf, usize>,
}

struct Repository {
    top: PathBuf,
    commit: String,
    objects: Option<Objects>,
}

/// `git` variables that a hook sets for its own repository; it is found by directory here.
const OF_HOOKS: &[&str] = &["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"];

fn command(directory: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(directory).env("LC_ALL", "C");
    for variable in OF_HOOKS {
        command.env_remove(variable);
    }
    command
}

fn cannot_run(error: &io::Error) -> Stop {
    Stop::Input(match error.kind() {
        io::ErrorKind::NotFound => {
            "cannot find `git`, which `--since` asks: install it, or add it to `PATH`".to_owned()
        }
        _ => format!("cannot run `git`, which `--since` asks: {error}"),
    })
}

fn git<A: AsRef<OsStr>>(directory: &Path, arguments: &[A]) -> Result<Output, Stop> {
    let mut command = command(directory);
    command.args(arguments).stdin(Stdio::null());
    command.output().map_err(|error| cannot_run(&error))
}

/// What `git` printed, without the line break at the end.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_owned()
}

impl Revision {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            repositories: Vec::new(),
            known: HashMap::new(),
        }
    }

    /// The bytes that a file had; `None` where it was not there.
    ///
    /// # Errors
    ///
    /// There is no `git`, no repository, or no such revision in it.
    pub(super) fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, Stop> {
        let (repository, path) = self.locate(Path::new(name))?;
        repository.read(&path)
    }

    /// The names that the files below a directory had, with such an ending; for a file its own name, if
    /// it was there.
    ///
    /// # Errors
    ///
    /// As for [`Self::read`].
    pub(super) fn below(&mut self, path: &Path, extension: &str) -> Result<Vec<String>, Stop> {
        if !path.is_dir() {
            let name = shown(path);
            let there = self.read(&name)?.is_some();
            return Ok(there.then_some(name).into_iter().collect());
        }
        let (repository, inside) = self.locate(path)?;
        let files = repository.files(&inside)?.into_iter();
        let files = files.map(|file| path.join(file));
        let wanted = files.filter(|file| has_extension(file, extension));
        Ok(wanted.map(|file| shown(&file)).collect())
    }

    /// The repository of a path, which need not be there any more, and the path inside of it.
    fn locate(&mut self, path: &Path) -> Result<(&mut Repository, String), Stop> {
        let (directory, real) = real(path)?;
        let index = match self.known.get(&directory) {
            Some(index) => *index,
            None => {
                let index = self.repository(&directory, path)?;
                self.known.insert(directory, index);
                index
            }
        };
        let outside = || Stop::Input(format!("`{}` is in no git repository", shown(path)));
        let repository = self.repositories.get_mut(index).ok_or_else(outside)?;
        let inside = real.strip_prefix(&repository.top).map_err(|_| outside())?;
        let inside = inside.to_string_lossy().replace('\\', "/");
        Ok((repository, inside))
    }

    /// The repository of a directory, by its number.
    fn repository(&mut self, directory: &Path, asked: &Path) -> Result<usize, Stop> {
        let found = git(directory, &["rev-parse", "--show-toplevel"])?;
        if !found.status.success() {
            let (name, said) = (shown(asked), text(&found.stderr));
            return Err(Stop::Input(if said.contains("not a git repository") {
                format!(
                    "`{name}` is in no git repository: `--since` compares with a revision of one"
                )
            } else {
                let said = said.lines().next().unwrap_or("");
                let said = said.strip_prefix("fatal: ").unwrap_or(said);
                format!("git cannot read the repository of `{name}`: {said}")
            }));
        }
        let top = fs::canonicalize(text(&found.stdout))?;
        if let Some(index) = self.repositories.iter().position(|known| known.top == top) {
            return Ok(index);
        }
        let commit = commit(&top, &self.name)?;
        self.repositories.push(Repository {
            top,
            commit,
            objects: None,
        });
        Ok(self.repositories.len() - 1)
    }
}

/// The commit that a revision names.
fn commit(top: &Path, name: &str) -> Result<String, Stop> {
    let unknown = || {
        Stop::Input(format!(
            "there is no revision `{name}` in `{}`: name a commit, a branch or a tag; a shallow clone has to fetch it first",
            top.display()
        ))
    };
    // No revision begins so, and `git` would take it for an option.
    if name.is_empty() || name.starts_with('-') {
        return Err(unknown());
    }
    let wanted = format!("{name}^{{commit}}");
    let found = git(top, &["rev-parse", "--verify", "--quiet", &wanted])?;
    let commit = text(&found.stdout);
    if found.status.success() && !commit.is_empty() {
        Ok(commit)
    } else {
        Err(unknown())
    }
}

/// A path as it really is, and the nearest directory above it that is there.
fn real(path: &Path) -> Result<(PathBuf, PathBuf), Stop> {
    let whole = std::env::current_dir()?.join(path);
    for above in whole.ancestors() {
        if let Ok(found) = fs::canonicalize(above) {
            let rest = whole.strip_prefix(above).unwrap_or(Path::new(""));
            let directory = match found.parent() {
                Some(parent) if !found.is_dir() => parent.to_path_buf(),
                _ => found.clone(),
            };
            let real = if rest.as_os_str().is_empty() {
                found
            } else {
                found.join(rest)
            };
            return Ok((directory, real));
        }
    }
    let error = io::Error::from(io::ErrorKind::NotFound);
    Err(Stop::Input(format!(
        "cannot find `{}`: {error}",
        shown(path)
    )))
}

impl Repository {
    /// The files below a directory, by their paths from there.
    fn files(&self, inside: &str) -> Result<Vec<String>, Stop> {
        let mut arguments = vec!["ls-tree", "-r", "-z", "--full-tree", &self.commit];
        if !inside.is_empty() {
            arguments.extend(["--", inside]);
        }
        let listed = git(&self.top, &arguments)?;
        if !listed.status.success() {
            let said = text(&listed.stderr);
            return Err(Stop::Input(format!(
                "git cannot list the files of `{}`: {said}",
                self.commit
            )));
        }
        let prefix = if inside.is_empty() {
            String::new()
        } else {
            format!("{inside}/")
        };
        let entries = listed.stdout.split(|byte| *byte == 0);
        let files = entries.filter_map(|entry| {
            let entry = String::from_utf8_lossy(entry);
            let (kind, path) = entry.split_once('\t')?;
            let is_file = kind.split(' ').nth(1) == Some("blob");
            let below = path.strip_prefix(&prefix)?;
            // What a link leads to is known only while it is there.
            let readable = !kind.starts_with("120000") || self.top.join(path).exists();
            (is_file && readable).then(|| below.to_owned())
        });
        Ok(files.collect())
    }

    fn read(&mut self, path: &str) -> Result<Option<Vec<u8>>, Stop> {
        // One question is one line.
        if path.contains('\n') {
            return Ok(None);
        }
        let objects = match &mut self.objects {
            Some(objects) => objects,
            none => none.insert(Objects::start(&self.top)?),
        };
        Ok(objects.read(&format!("{}:{path}", self.commit))?)
    }
}

/// `git cat-file --batch`: one process for all files.
struct Objects {
    process: Child,
    ask: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Objects {
    fn start(top: &Path) -> Result<Self, Stop> {
        let mut command = command(top);
        command.args(["cat-file", "--batch"]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut process = command.spawn().map_err(|error| cannot_run(&error))?;
        let ask = process.stdin.take();
        let answers = process.stdout.take().ok_or_else(broken)?;
        Ok(Self {
            process,
            ask,
            answers: BufReader::new(answers),
        })
    }

    fn read(&mut self, object: &str) -> io::Result<Option<Vec<u8>>> {
        let ask = self.ask.as_mut().ok_or_else(broken)?;
        writeln!(ask, "{object}").map_err(|_| broken())?;
        ask.flush().map_err(|_| broken())?;
        let mut head = String::new();
        self.answers.read_line(&mut head)?;
        let head = head.trim_end();
        if head.ends_with(" missing") {
            return Ok(None);
        }
        // `<id> blob <bytes>`
        let mut words = head.rsplit(' ');
        let size = words.next().and_then(|size| size.parse().ok());
        let size: usize = size.ok_or_else(broken)?;
        let is_file = words.next() == Some("blob");
        let mut bytes = vec![0; size];
        self.answers.read_exact(&mut bytes)?;
        self.answers.read_exact(&mut [0])?;
        Ok(is_file.then_some(bytes))
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        // It ends with its input.
        self.ask = None;
        let _ = self.process.wait();
    }
}

fn broken() -> io::Error {
    io::Error::other("git stopped in the middle of an answer")
}
