//! Reports in a real browser: every link, the search, the keyboard, both widths, and a quiet console.
//!
//! `ward-browser DIR…` looks at the report in each directory. It fails where there is no browser.

mod chromium;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;

use chromium::Browser;
use serde_json::Value;

const WIDTHS: [u32; 2] = [400, 1400];

fn main() -> ExitCode {
    let reports: Vec<String> = std::env::args().skip(1).collect();
    if reports.is_empty() {
        eprintln!("name the directories of reports");
        return ExitCode::from(2);
    }
    match run(&reports) {
        Ok(told) => {
            println!("{told}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("browser: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(reports: &[String]) -> Result<String, String> {
    let mut browser = Browser::start()?;
    let (mut pages, mut links, mut found) = (0, 0, 0);
    for report in reports {
        let report = Path::new(report);
        let report = report
            .canonicalize()
            .map_err(|error| format!("{}: {error}", report.display()))?;
        let seen = look(&mut browser, &report)?;
        pages += seen.len();
        links += follow(&seen, &report)?;
        found += search(&mut browser, &seen, &report)?;
        keyboard(&mut browser, &report)?;
    }
    if pages < 5 || links < 20 || found == 0 {
        return Err(format!(
            "too little to look at: {pages} pages, {links} links, {found} searches"
        ));
    }
    let count = reports.len();
    Ok(format!(
        "{count} reports, {pages} pages, {links} links, {found} searches: all well"
    ))
}

/// What a page leads to, and the places on it.
struct Page {
    links: Vec<String>,
    ids: BTreeSet<String>,
}

fn url(report: &Path, page: &str) -> String {
    format!("file://{}/{page}", report.display())
}

fn quiet(browser: &mut Browser, place: &str) -> Result<(), String> {
    match browser.complaints() {
        none if none.is_empty() => Ok(()),
        some => Err(format!("{place}: the console says {}", some.join("; "))),
    }
}

fn texts(value: &Value) -> Vec<String> {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(|text| text.as_str().map(str::to_owned))
        .collect()
}

/// Opens every page at every width.
fn look(browser: &mut Browser, report: &Path) -> Result<BTreeMap<String, Page>, String> {
    let entries = std::fs::read_dir(report).map_err(|error| error.to_string())?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.retain(|name| name.ends_with(".html"));
    names.sort();
    let mut pages = BTreeMap::new();
    for name in names {
        let place = url(report, &name);
        for width in WIDTHS {
            browser.width(width)?;
            browser.go(&place)?;
            let at = format!("{place} at {width}");
            quiet(browser, &at)?;
            let wide = browser.value("document.documentElement.scrollWidth")?;
            if wide.as_u64().is_none_or(|wide| wide > u64::from(width)) {
                let who = browser.value("[...document.querySelectorAll('main *, header *')].filter(e => !e.closest('.scroll') && e.getBoundingClientRect().right > innerWidth + 1).slice(0, 3).map(e => e.outerHTML.slice(0, 120))")?;
                return Err(format!("{at}: {wide} pixels wide, for {who}"));
            }
            let small = browser.value("[...document.querySelectorAll('body *')].filter(e => !e.closest('svg') && e.childNodes.length && parseFloat(getComputedStyle(e).fontSize) < 11).length")?;
            if small != 0 {
                return Err(format!(
                    "{at}: {small} elements have letters too small to read"
                ));
            }
            let apart = browser.value("document.querySelectorAll('h1').length === 1 && document.querySelectorAll('main').length === 1 && document.title !== '' && [...document.querySelectorAll('.scroll')].every(e => e.tabIndex === 0 && e.getAttribute('aria-label'))")?;
            if apart != true {
                return Err(format!(
                    "{at}: a heading, the main part, a title or the name of a region is missing"
                ));
            }
        }
        let links = browser.value("[...document.querySelectorAll('a[href]')].map(a => a.href)")?;
        let ids = browser.value("[...document.querySelectorAll('[id]')].map(e => e.id)")?;
        let (links, ids) = (texts(&links), texts(&ids));
        let distinct: BTreeSet<String> = ids.iter().cloned().collect();
        if distinct.len() != ids.len() {
            return Err(format!("{place}: an id stands there twice"));
        }
        pages.insert(
            name,
            Page {
                links,
                ids: distinct,
            },
        );
    }
    Ok(pages)
}

/// Every link leads to a page, and to a place that it has.
fn follow(pages: &BTreeMap<String, Page>, report: &Path) -> Result<usize, String> {
    let mut count = 0;
    for (name, page) in pages {
        for link in &page.links {
            count += 1;
            leads(pages, report, link).map_err(|error| format!("{name}: {error}"))?;
        }
    }
    Ok(count)
}

fn leads(pages: &BTreeMap<String, Page>, report: &Path, link: &str) -> Result<(), String> {
    let inside = link
        .strip_prefix(&url(report, ""))
        .ok_or_else(|| format!("`{link}` leads out of the report"))?;
    let (name, place) = inside.split_once('#').unwrap_or((inside, ""));
    let page = pages
        .get(name)
        .ok_or_else(|| format!("`{link}` leads to no page"))?;
    if !place.is_empty() && !page.ids.contains(place) {
        return Err(format!("`{link}` leads to no place on its page"));
    }
    Ok(())
}

/// Everything that can be found leads somewhere, and finding works by keys alone.
fn search(
    browser: &mut Browser,
    pages: &BTreeMap<String, Page>,
    report: &Path,
) -> Result<usize, String> {
    browser.width(1400)?;
    browser.go(&url(report, "index.html"))?;
    let entries = browser.value("ENTRIES.map(entry => new URL(entry.to, location.href).href)")?;
    let entries = texts(&entries);
    for entry in &entries {
        leads(pages, report, entry)?;
    }
    browser.go(&url(report, "index.html"))?;
    let first = browser.value("ENTRIES.find(entry => entry.kind === 'scope').text")?;
    let first = first.as_str().ok_or("no scope can be found")?.to_owned();
    browser.press("/")?;
    browser.wait("document.activeElement.id === 'search'")?;
    browser.write(&format!("{first} scope"))?;
    browser.wait("!document.getElementById('found').hidden && document.querySelectorAll('#found a').length > 0")?;
    browser.press("ArrowDown")?;
    browser.wait("document.querySelector('#found a.at') !== null")?;
    browser.press("Enter")?;
    browser.wait("location.pathname.endsWith('/policy.html') && location.hash.length > 1 && document.readyState === 'complete'")?;
    quiet(browser, "the search")?;
    browser.press("/")?;
    browser.wait("document.activeElement.id === 'search'")?;
    browser.write("<img src=x onerror=alert(1)> nothing has this")?;
    browser.wait("document.querySelector('#found p')?.textContent === 'Nothing found' && !document.querySelector('#found img')")?;
    browser.press("Escape")?;
    browser.wait(
        "document.getElementById('found').hidden && document.getElementById('search').value === ''",
    )?;
    quiet(browser, "the search")?;
    Ok(entries.len())
}

/// The first key leads past the head, and every page can be reached by keys.
fn keyboard(browser: &mut Browser, report: &Path) -> Result<(), String> {
    for width in WIDTHS {
        browser.width(width)?;
        browser.go(&url(report, "index.html"))?;
        browser.press("Tab")?;
        browser.wait("document.activeElement.classList.contains('skip')")?;
        let shown = browser.value("document.activeElement.getBoundingClientRect().left >= 0")?;
        if shown != true {
            return Err("the way past the head is not shown where it has the focus".to_owned());
        }
        browser.press("Enter")?;
        browser.wait("location.hash === '#main'")?;
        for page in ["index", "attention", "access", "roles", "policy"] {
            browser.go(&url(report, "index.html"))?;
            let wanted = format!("document.activeElement.matches('nav a[href=\"{page}.html\"]')");
            let mut steps = 0;
            while browser.value(&wanted)? != true {
                steps += 1;
                if steps > 12 {
                    return Err(format!("{page}.html is not reached by keys"));
                }
                browser.press("Tab")?;
            }
            browser.press("Enter")?;
            let arrived = format!(
                "location.pathname.endsWith('/{page}.html') && document.readyState === 'complete'"
            );
            browser.wait(&arrived)?;
            browser.wait(&format!("document.querySelector('nav a[aria-current=page]').getAttribute('href') === '{page}.html'"))?;
        }
        quiet(browser, "the keyboard")?;
    }
    Ok(())
}
