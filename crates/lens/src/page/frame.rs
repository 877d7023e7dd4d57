//! The frame of every page: one file, nothing fetched from elsewhere, no script.

use super::escape;

/// A whole page around a body. `style` is added to what every page has.
pub fn frame(language: &str, title: &str, style: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<title>{}</title>\n<style>{STYLE}{style}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        escape(title)
    )
}

/// An address a page may link to: of the web, or of a mailbox.
pub fn safe_link(url: &str) -> Option<&str> {
    let fits = ["https://", "http://", "mailto:"].iter().any(|start| url.starts_with(start));
    (fits && !url.contains(char::is_whitespace)).then_some(url)
}

const STYLE: &str = "
:root{color-scheme:light dark;--ink:#1d2329;--soft:#4f5a64;--line:#d0d6db;--paper:#fff;--link:#0b57a4;--alarm:#a3201a;--box:#f4f6f8}
@media (prefers-color-scheme:dark){:root{--ink:#e8ecef;--soft:#a9b4bd;--line:#3d4852;--paper:#161b20;--link:#8cc0f2;--alarm:#ff8d84;--box:#1e252c}}
body{font:1rem/1.55 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:46rem;margin:1.5rem auto;padding:0 1rem;overflow-wrap:break-word}
h1{font-size:1.6rem;line-height:1.25;margin:.4rem 0}h2{font-size:1.25rem;line-height:1.3;margin:2.2rem 0 .5rem;border-top:1px solid var(--line);padding-top:1.1rem}h3{font-size:1.05rem;margin:1.4rem 0 .3rem}
a{color:var(--link)}a:focus-visible,[tabindex]:focus-visible{outline:3px solid var(--link);outline-offset:2px}.lead{color:var(--soft);font-size:1.05rem}
dl{margin:.6rem 0}dt{font-weight:600;margin-top:.7rem}dd{margin:0}dd p,dd ul{margin:.2rem 0}ul,ol{padding-left:1.3rem}li{margin:.25rem 0}.index{list-style:none;padding:0}.index li{margin:.9rem 0}
.alarm{color:var(--alarm);font-weight:700}.control{background:var(--box);border-left:4px solid var(--link);padding:.5rem .8rem;margin:.4rem 0}.control p{margin:.2rem 0}
.wide{overflow-x:auto}.wide img{min-width:720px;width:100%;height:auto}footer{margin-top:2rem}
@media print{body{max-width:none;margin:0}.wide img{min-width:0}}
";
