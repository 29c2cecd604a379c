//! What all pages share: the head, the style sheet, and how figures, tables and facts are set.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::figures::{self, Figure, GENERATOR};

/// Nothing may come from elsewhere, whatever a page holds.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// A whole page.
pub fn page(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="generator" content=(GENERATOR);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (title) " · digits" }
                style { (PreEscaped(include_str!("style.css"))) (PreEscaped(figures::style())) }
            }
            body {
                (body)
                footer { "Made by digits " (env!("CARGO_PKG_VERSION")) }
            }
        }
    };
    page.into_string() + "\n"
}

/// A part of a page under a heading, which the page's table of contents leads to.
pub struct Section {
    /// In the address.
    pub anchor: &'static str,
    pub heading: &'static str,
    pub body: Markup,
}

/// Sections one below the other, with links to each above.
pub fn sections(sections: &[Section]) -> Markup {
    html! {
        nav aria-label="Contents" { @for Section { anchor, heading, .. } in sections { a href={ "#" (anchor) } { (heading) } } }
        main {
            @for Section { anchor, heading, body } in sections {
                section id=(anchor) { h2 { (heading) } (body) }
            }
        }
    }
}

/// A figure with its title.
pub fn figure(figure: &Figure) -> Markup {
    html! { figure { figcaption { (figure.title) } (figure.inline()) } }
}

/// A figure that is wide, and is moved sideways where there is no room for it.
pub fn wide_figure(figure: &Figure) -> Markup {
    html! { figure.wide { figcaption { (figure.title) } div.scroll tabindex="0" { (figure.inline()) } } }
}

/// What is what.
pub fn facts(facts: &[(&str, String)]) -> Markup {
    html! { dl { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } } }
}

/// A table whose first column are names and the others numbers.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> Markup {
    html! {
        div.scroll tabindex="0" {
            table {
                thead { tr { @for name in header { th scope="col" { (name) } } } }
                tbody {
                    @for row in rows {
                        tr { @for (at, cell) in row.iter().enumerate() { @if at == 0 { th scope="row" { (cell) } } @else { td { (cell) } } } }
                    }
                }
            }
        }
    }
}

/// A few numbers that say most, large.
pub fn highlights(numbers: &[(&str, String)]) -> Markup {
    html! { ul.highlights { @for (name, number) in numbers { li { strong { (number) } span { (name) } } } } }
}

/// What to type to have it again.
pub fn command(command: &str) -> Markup {
    html! { pre tabindex="0" { code { (command) } } }
}
