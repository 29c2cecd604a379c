//! Several kernels in one dispatch, each on workgroups of its own: products that do not wait for each other run side by
//! side, where each alone would leave a GPU half idle and be followed by a barrier. The kernels' texts become one: what a
//! text declares gets a name of its own, tensors that several bind are bound once, and their workgroup memory is the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::source::words;
use super::{Gpu, Operands, Source, Tensor};

/// A kernel that is to share a dispatch.
#[derive(Clone)]
pub struct Part {
    pub source: Source,
    /// By the names that the kernel has for them.
    pub tensors: Vec<(String, Tensor)>,
    pub workgroups: [u32; 3],
    /// Of each workgroup.
    pub invocations: usize,
    /// Bytes of each piece of its workgroup memory; kernels of one core have the same pieces.
    pub memory: Vec<usize>,
}

/// The kernels as one.
pub(super) struct Joint {
    pub name: String,
    pub text: String,
    pub tensors: Vec<(String, Tensor)>,
    pub workgroups: [u32; 3],
}

/// Its entry point.
pub(super) const ENTRY_POINT: &str = "side_by_side";

/// What the texts have come to so far.
#[derive(Default)]
struct Texts {
    enables: BTreeSet<String>,
    out: String,
    bindings: Vec<Bound>,
    /// Workgroup memory by its name: the type of its elements, and the lengths that the kernels want.
    memory: BTreeMap<String, (String, Vec<String>)>,
    /// Built-in values with their types.
    built_in: BTreeMap<String, String>,
    /// The call of each kernel, and the length of its workgroups.
    calls: Vec<(String, String)>,
}

/// A tensor that is bound.
struct Bound {
    name: String,
    access: String,
    of_type: String,
    tensor: Tensor,
}

impl Joint {
    /// Whether the kernels' workgroups have the same size, and a dispatch has room for all of them, their tensors and memory.
    pub fn is_possible(gpu: &Gpu, parts: &[Part]) -> bool {
        let mut tensors: Vec<&Tensor> = Vec::new();
        for (_, tensor) in parts.iter().flat_map(|part| &part.tensors) {
            if !tensors.iter().any(|other| other.is(tensor)) {
                tensors.push(tensor);
            }
        }
        let limits = gpu.device.limits();
        let workgroups: u64 =
            parts.iter().map(|part| part.workgroups.iter().map(|size| u64::from(*size)).product::<u64>()).sum();
        let pieces = parts.iter().map(|part| part.memory.len()).max().unwrap_or(0);
        let longest = |piece: usize| parts.iter().filter_map(|part| part.memory.get(piece)).max().copied().unwrap_or(0);
        let memory: usize = (0..pieces).map(longest).sum();
        parts.iter().all(|part| part.invocations == parts[0].invocations)
            && memory <= limits.max_compute_workgroup_storage_size as usize
            && tensors.len() <= limits.max_storage_buffers_per_shader_stage as usize
            && workgroups <= u64::from(limits.max_compute_workgroups_per_dimension)
    }

    /// Joins kernels that read buffers.
    ///
    /// # Panics
    /// If one reads what another writes.
    pub fn new(parts: &[Part]) -> Joint {
        let mut texts = Texts::default();
        for (number, part) in parts.iter().enumerate() {
            texts.add(number, part);
        }
        let name = parts.iter().map(|part| part.source.name()).collect::<Vec<_>>().join(" + ");
        let workgroups = [parts.iter().map(|part| part.workgroups.iter().product::<u32>()).sum(), 1, 1];
        let text = texts.text(parts);
        let tensors = texts.bindings.into_iter().map(|bound| (bound.name, bound.tensor)).collect();
        Joint { name, text, tensors, workgroups }
    }
}

impl Texts {
    fn add(&mut self, number: usize, part: &Part) {
        let text = part.source.text(Operands::Buffers);
        let mut names: BTreeMap<&str, String> =
            text.lines().filter_map(declared).map(|name| (name, format!("{name}_{number}_part"))).collect();
        // A tensor that an earlier kernel binds in the same way has its name.
        for (name, access, of_type) in text.lines().filter_map(binding) {
            let (_, tensor) = part.tensors.iter().find(|(bound, _)| *bound == name).expect("it is bound");
            if let Some(bound) = self.bindings.iter().find(|bound| bound.tensor.is(tensor)) {
                assert!(bound.access == access, "{} waits for what is to run beside it: {name}", part.source.name());
                names.insert(name, bound.name.clone());
            } else {
                let (access, of_type) = (access.into(), renamed(of_type, &names));
                self.bindings.push(Bound { name: names[name].clone(), access, of_type, tensor: tensor.clone() });
            }
        }
        for (name, ..) in text.lines().filter_map(memory) {
            names.insert(name, name.into());
        }
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if line.starts_with("enable ") {
                self.enables.insert(line.into());
            } else if let Some((name, element, length)) = memory(line) {
                let memory = self.memory.entry(name.into()).or_insert_with(|| (renamed(element, &names), Vec::new()));
                memory.1.push(renamed(length, &names));
            } else if let Some(size) = line.strip_prefix("@compute @workgroup_size(") {
                let size = size.trim_end_matches(')');
                let mut signature = String::new();
                while !signature.ends_with('{') {
                    signature += lines.next().expect("a function has a body").trim();
                }
                self.add_entry_point(number, &signature, renamed(size, &names), &names);
            } else if binding(line).is_none() {
                self.out += &renamed(line, &names);
                self.out.push('\n');
            }
        }
    }

    /// The entry point becomes a function that is called with the place of a workgroup among its kernel's.
    fn add_entry_point(&mut self, number: usize, signature: &str, size: String, names: &BTreeMap<&str, String>) {
        let (name, rest) = signature.trim_start_matches("fn ").split_once('(').expect("a function has parameters");
        let parameters = rest.rsplit_once(')').expect("they end").0.split("@builtin(").skip(1);
        let (mut taken, mut given) = (Vec::new(), Vec::new());
        for parameter in parameters {
            let (built_in, parameter) = parameter.split_once(") ").expect("it has a name");
            let parameter = parameter.trim_end_matches(", ").trim_end_matches(',');
            let (_, of_type) = parameter.split_once(": ").expect("it has a type");
            taken.push(renamed(parameter, names));
            given.push(if built_in == "workgroup_id" { format!("workgroup_{number}") } else { built_in.into() });
            self.built_in.insert(built_in.into(), of_type.into());
        }
        let name = &names[name];
        writeln!(self.out, "fn {name}({}) {{", taken.join(", ")).expect("writing to a string does not fail");
        self.calls.push((format!("{name}({});", given.join(", ")), size));
    }

    fn text(&self, parts: &[Part]) -> String {
        let mut text: Vec<String> = self.enables.iter().cloned().collect();
        let bindings = self.bindings.iter().enumerate();
        text.extend(bindings.map(|(number, Bound { name, access, of_type, .. })| {
            format!("@group(0) @binding({number}) var<storage, {access}> {name}: {of_type};")
        }));
        text.extend(self.memory.iter().map(|(name, (element, lengths))| {
            let longest =
                lengths.iter().fold("1u".into(), |longest: String, length| format!("max({longest}, {length})"));
            format!("var<workgroup> {name}: array<{element}, {longest}>;")
        }));
        text.push(self.out.clone());
        let size = &self.calls[0].1;
        text.extend(self.calls[1..].iter().map(|(_, other)| format!("const_assert {size} == {other};")));
        let parameters: Vec<String> =
            self.built_in.iter().map(|(name, of_type)| format!("@builtin({name}) {name}: {of_type}")).collect();
        text.push(format!("// One workgroup per workgroup of each kernel.\n@compute @workgroup_size({size})"));
        text.push(format!("fn {ENTRY_POINT}({}) {{", parameters.join(", ")));
        let mut first = 0;
        for (number, (part, (call, _))) in parts.iter().zip(&self.calls).enumerate() {
            let [x, y, z] = part.workgroups;
            let end = first + x * y * z;
            text.push(format!(
                "    if (workgroup_id.x >= {first}u && workgroup_id.x < {end}u) {{\n\
                 \x20       let at = workgroup_id.x - {first}u;\n\
                 \x20       let workgroup_{number} = vec3<u32>(at % {x}u, at / {x}u % {y}u, at / {}u);\n\
                 \x20       {call}\n    }}",
                x * y
            ));
            first = end;
        }
        text.push("}\n".into());
        text.join("\n")
    }
}

/// What a line declares for the whole text.
fn declared(line: &str) -> Option<&str> {
    let starts = ["const ", "fn ", "struct ", "alias ", "var<private> "];
    let rest = starts
        .iter()
        .find_map(|start| line.strip_prefix(start))
        .or_else(|| Some(line.split_once("> ")?.1).filter(|_| line.starts_with("@group(0)")))?;
    words(rest).next()
}

/// Name, access and type of a binding.
fn binding(line: &str) -> Option<(&str, &str, &str)> {
    let (_, rest) = line.strip_prefix("@group(0)")?.split_once(" var<storage, ")?;
    let (access, rest) = rest.split_once("> ")?;
    let (name, rest) = rest.split_once(": ")?;
    Some((name, access, rest.split_once(';')?.0))
}

/// Name, element type and length of workgroup memory.
fn memory(line: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = line.strip_prefix("var<workgroup> ")?.split_once(": array<")?;
    let (rest, _) = rest.split_once(">;")?;
    let (element, length) = rest.split_once(", ")?;
    Some((name, element, length))
}

/// `line` with other names, but for members of structs.
fn renamed(line: &str, names: &BTreeMap<&str, String>) -> String {
    let words: Vec<&str> = words(line).collect();
    let is_member = |at: usize| {
        let is_taken = at > 0 && words[at - 1].ends_with('.');
        let is_declared = line.starts_with("struct ") && words.get(at + 1).is_some_and(|next| next.starts_with(':'));
        is_taken || is_declared
    };
    let word = |(at, word): (usize, &&'_ str)| match names.get(word) {
        Some(name) if !is_member(at) => name.clone(),
        _ => word.to_string(),
    };
    words.iter().enumerate().map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_change_but_for_members() {
        let names = BTreeMap::from([("x", "x_1".to_string()), ("C", "C_1".to_string())]);
        let rename = |line| renamed(line, &names);
        assert_eq!(rename("let y = x[C * a.x] + f.C;"), "let y = x_1[C_1 * a.x] + f.C;");
        assert_eq!(rename("struct Column { x: u32, y: C }"), "struct Column { x: u32, y: C_1 }");
        assert_eq!(rename("fn input(x: u32) -> u32 { return x; }"), "fn input(x_1: u32) -> u32 { return x_1; }");
    }

    #[test]
    fn declarations_are_found() {
        let line = "@group(0) @binding(3) var<storage, read> x: array<vec4<f32>>; // [N]";
        assert_eq!(binding(line), Some(("x", "read", "array<vec4<f32>>")));
        assert_eq!(declared(line), Some("x"));
        assert_eq!(declared("fn load_x(i: u32) -> u32 {"), Some("load_x"));
        assert_eq!(declared("    let x = 1u;"), None);
        let line = "var<workgroup> tiles: array<vec4<f32>, max(A + 1u, B)>;";
        assert_eq!(memory(line), Some(("tiles", "vec4<f32>", "max(A + 1u, B)")));
    }
}
