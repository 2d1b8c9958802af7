//! The map of the flows as a drawing, made from the library's own table.
//!
//! Only where the boxes stand is chosen here. A page may light the stage somebody is in: boxes are `g[data-state]`, arrows
//! `g[data-from][data-to]`.

use std::fmt::Write as _;

use countersign::flow::map::{ARROWS, Stage, between};
use serde_json::{Value, json};

/// The drawing's size, and half that of a box.
const SIZE: (f64, f64) = (1290.0, 720.0);
const HALF: (f64, f64) = (106.0, 25.0);

/// Where a stage's box has its middle.
const fn place(stage: Stage) -> (f64, f64) {
    match stage {
        Stage::SignUpCode => (585.0, 680.0),
        Stage::SignInCode => (125.0, 140.0),
        Stage::SecondFactor => (285.0, 40.0),
        Stage::FactorLost => (700.0, 65.0),
        Stage::RecoveryMail => (140.0, 540.0),
        Stage::Reset => (285.0, 655.0),
        Stage::MustAct => (580.0, 450.0),
        Stage::SignedIn => (855.0, 245.0),
        Stage::Enrolling => (1065.0, 520.0),
        Stage::NewAddress => (915.0, 670.0),
        Stage::ActionCode => (1160.0, 345.0),
        Stage::Gone => (995.0, 70.0),
        // Outside; and what a later version of the library may add, until it has a place.
        _ => (190.0, 385.0),
    }
}

/// The table as data.
pub(crate) fn json() -> Value {
    let stages: Vec<_> =
        Stage::ALL.iter().map(|it| json!({ "state": it.name(), "title": it.title() })).collect();
    let arrows: Vec<_> = ARROWS
        .iter()
        .map(|it| json!({ "from": it.from.name(), "operation": it.operation.name(), "to": it.to.name() }))
        .collect();
    json!({ "states": stages, "arrows": arrows })
}

/// The drawing. It stands by itself, and follows a reader's wish for dark colours.
pub(crate) fn svg() -> String {
    let (width, height) = SIZE;
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="flows-title">
<title id="flows-title">Where a person can stand, and what leads from one stage to another</title>
<style>
svg {{ color-scheme: light dark; font: 14px system-ui, sans-serif; --ink: #1c2430; --paper: #fff; --line: #7a8699; --box: #f2f5f9; }}
@media (prefers-color-scheme: dark) {{ svg {{ --ink: #e6ebf2; --paper: #14181f; --line: #8a96a8; --box: #222a35; }} }}
.ground {{ fill: var(--paper); }}
.state rect {{ fill: var(--box); stroke: var(--line); stroke-width: 1.5; }}
.state text {{ fill: var(--ink); text-anchor: middle; font-weight: 600; }}
.arrow path {{ fill: none; stroke: var(--line); stroke-width: 1.4; }}
.arrow text {{ fill: var(--ink); text-anchor: middle; font-size: 11px; paint-order: stroke; stroke: var(--paper); stroke-width: 4px; }}
marker path {{ fill: var(--line); }}
</style>
<defs><marker id="flows-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0 0 8 4 0 8z"/></marker></defs>
<rect class="ground" width="100%" height="100%"/>
"#
    );
    let pairs = Stage::ALL.into_iter().flat_map(|from| Stage::ALL.map(|to| (from, to)));
    let mut labels =
        Labels { svg: String::new(), taken: Stage::ALL.map(|it| room(place(it), HALF)).to_vec() };
    for (from, to) in pairs.filter(|(from, to)| from != to) {
        arrow(&mut svg, &mut labels, from, to);
    }
    svg.push_str(&labels.svg);
    Stage::ALL.into_iter().for_each(|stage| state(&mut svg, stage));
    svg.push_str("</svg>\n");
    svg
}

/// The words beside the arrows so far, and the rooms that are taken by them and by the boxes.
struct Labels {
    svg: String,
    taken: Vec<Room>,
}

/// Left, top, right, bottom.
type Room = (f64, f64, f64, f64);

/// Around a middle, with half a width and half a height.
fn room((x, y): (f64, f64), (width, height): (f64, f64)) -> Room {
    (x - width, y - height, x + width, y + height)
}

/// How much two rooms share.
fn shared(a: &Room, b: &Room) -> f64 {
    (a.2.min(b.2) - a.0.max(b.0)).max(0.0) * (a.3.min(b.3) - a.1.max(b.1)).max(0.0)
}

/// Where along an arrow its words may stand, the best first.
const ALONG: [f64; 9] = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.2, 0.8];

/// One arrow for all operations that lead from one stage to another, bent so that the way back does not lie on it. Its words
/// come after all lines, so that no line runs through them, and stand where there is room.
fn arrow(svg: &mut String, labels: &mut Labels, from: Stage, to: Stage) {
    let names: Vec<_> = between(from, to).map(countersign::Operation::name).collect();
    if names.is_empty() {
        return;
    }
    let ((ax, ay), (bx, by)) = (place(from), place(to));
    let (dx, dy) = (bx - ax, by - ay);
    let length = dx.hypot(dy).max(1.0);
    let bend = (length * 0.12).min(46.0);
    let (cx, cy) = ((ax + bx) / 2.0 - dy / length * bend, (ay + by) / 2.0 + dx / length * bend);
    let ((sx, sy), (ex, ey)) = (edge((ax, ay), (cx, cy)), edge((bx, by), (cx, cy)));
    let about = format!(r#"data-from="{}" data-to="{}""#, from.name(), to.name());
    // Writing to a string does not fail.
    let _ = writeln!(
        svg,
        r##"<g class="arrow" {about}><path d="M{sx:.0} {sy:.0}Q{cx:.0} {cy:.0} {ex:.0} {ey:.0}" marker-end="url(#flows-tip)"/></g>"##
    );
    let on_the_way = |t: f64| {
        let (a, b, c) = ((1.0 - t) * (1.0 - t), 2.0 * t * (1.0 - t), t * t);
        (a * sx + b * cx + c * ex, a * sy + b * cy + c * ey)
    };
    let half = words_half(&names);
    let crowded =
        |t: &f64| labels.taken.iter().map(|it| shared(it, &room(on_the_way(*t), half))).sum::<f64>();
    let best = ALONG.into_iter().min_by(|a, b| crowded(a).total_cmp(&crowded(b))).unwrap_or(0.5);
    let (mx, my) = on_the_way(best);
    labels.taken.push(room((mx, my), half));
    let _ = write!(labels.svg, r#"<g class="arrow" {about}>"#);
    let mut y = my - half.1 + 12.0;
    for name in names {
        let _ = write!(labels.svg, r#"<text x="{mx:.0}" y="{y:.0}">{}</text>"#, name.replace('_', " "));
        y += LINE;
    }
    labels.svg.push_str("</g>\n");
}

/// The height of a line of words, and about half the width of a letter.
const LINE: f64 = 13.0;
const HALF_LETTER: f64 = 3.05;

/// Half the width and half the height of some words, one to a line.
fn words_half(names: &[&str]) -> (f64, f64) {
    let number = |count: usize| f64::from(u8::try_from(count).unwrap_or(u8::MAX));
    let longest = names.iter().map(|name| name.len()).max().unwrap_or_default();
    (number(longest).mul_add(HALF_LETTER, 3.0), number(names.len()).mul_add(LINE / 2.0, 2.0))
}

/// Where the line from a box's middle towards a point leaves the box.
fn edge((x, y): (f64, f64), (tx, ty): (f64, f64)) -> (f64, f64) {
    let (dx, dy) = (tx - x, ty - y);
    let scale = (HALF.0 / dx.abs().max(0.001)).min(HALF.1 / dy.abs().max(0.001)).min(1.0);
    (dx.mul_add(scale, x), dy.mul_add(scale, y))
}

fn state(svg: &mut String, stage: Stage) {
    let (x, y) = place(stage);
    let stays: Vec<_> = between(stage, stage).map(|it| it.name().replace('_', " ")).collect();
    let more = if stays.is_empty() { String::new() } else { format!(": {}", stays.join(", ")) };
    let (left, top, width, height) = (x - HALF.0, y - HALF.1, HALF.0 * 2.0, HALF.1 * 2.0);
    let (name, title) = (stage.name(), stage.title());
    let _ = writeln!(
        svg,
        r#"<g class="state" data-state="{name}"><title>{title}{more}</title><rect x="{left}" y="{top}" width="{width}" height="{height}" rx="9"/><text x="{x}" y="{}">{title}</text></g>"#,
        y + 5.0
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `COUNTERSIGN_MAP=write cargo test -p countersign-server flows` writes the drawing anew.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test that compares with a file")]
    fn the_docs_show_the_same_drawing() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/flows.svg");
        if std::env::var_os("COUNTERSIGN_MAP").is_some() {
            std::fs::write(path, svg()).unwrap();
        }
        assert!(std::fs::read_to_string(path).unwrap() == svg(), "docs/flows.svg is not the map");
    }

    #[test]
    fn every_stage_has_a_place_of_its_own() {
        let mut places: Vec<_> = Stage::ALL.map(|stage| format!("{:?}", place(stage))).to_vec();
        places.sort();
        places.dedup();
        assert_eq!(places.len(), Stage::ALL.len());
    }

    #[test]
    fn every_arrow_is_drawn_and_told() {
        let (svg, json) = (svg(), json().to_string());
        for arrow in ARROWS {
            let (from, to, name) = (arrow.from.name(), arrow.to.name(), arrow.operation.name());
            let drawn = svg.contains(&format!(r#"data-from="{from}" data-to="{to}""#));
            assert!(drawn || from == to, "{from} to {to}");
            assert!(svg.contains(&name.replace('_', " ")), "{name}");
            assert!(json.contains(name), "{name}");
        }
    }
}
