//! From the files under `shaders/` to one text that a driver compiles: constants are put before them, the functions that
//! read operands added, and repeated lines written out. `shaders/README.md` describes these steps for a reader.

use std::fmt::Write as _;

use super::Operands;

macro_rules! shader_files {
    ($($name:literal),+ $(,)?) => {
        /// Every shader file: its name under `shaders/`, without the ending, and its text, without comments.
        pub const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!(env!("OUT_DIR"), "/shaders/", $name, ".wgsl")))),+];
    };
}

shader_files!(
    "batch",
    "batch/augmented",
    "batchnorm",
    "batchnorm/batch",
    "batchnorm/running",
    "ceiling/arithmetic",
    "ceiling/copy",
    "classifier/gradients",
    "classifier/loss",
    "classifier/losses",
    "classifier/probabilities",
    "classifier/scores",
    "clock",
    "conv/backward_input",
    "conv/backward_weights",
    "conv/backward_weights_pooled",
    "conv/forward",
    "conv/images",
    "conv/input",
    "conv/one",
    "conv/pooled",
    "conv/stored",
    "dense/backward_input",
    "dense/backward_weights",
    "dense/forward",
    "dense/one",
    "dense/softmax",
    "dense/sums",
    "dropout",
    "dropout/joined",
    "dropout/none",
    "each",
    "matmul/bias",
    "matmul/blocks",
    "matmul/broadcast",
    "matmul/cooperative",
    "matmul/dot",
    "matmul/fragments",
    "matmul/fragments_16",
    "matmul/fragments_8",
    "matmul/fragments_emulated",
    "matmul/kept",
    "matmul/no_bias",
    "matmul/outer",
    "matmul/parts",
    "matmul/rows",
    "matmul/tile",
    "pool",
    "pool/joined",
    "pool/none",
    "random",
    "relu",
    "schedule",
    "softmax",
    "target",
    "transpose",
    "turn",
    "update/adam",
    "update/average",
    "update/faults",
    "update/matrices",
    "update/no_average",
    "update/sgd",
    "winners",
    "winograd/backward_weights",
    "winograd/filters",
    "winograd/input",
    "winograd/pooled",
);

/// Numbers in a row of the textures that hold copies of operands, in `vec4<f32>`.
pub const TEXTURE_WIDTH: u32 = 4096;

/// The binding number of an operand's texture is its buffer's plus this, where it has both.
const TEXTURE_BINDING: u32 = 16;

/// A size or factor that a shader is compiled for, or a table of sizes.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    U32(u32),
    Table(Vec<u32>),
    F32(f32),
    Bool(bool),
}

/// The files of one kernel and the constants that they are compiled for.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    pub entry_point: &'static str,
    /// Names, of [`FILES`] or of `own`.
    pub files: Vec<&'static str>,
    /// Files that are not this library's: name and text.
    own: Vec<(&'static str, &'static str)>,
    pub constants: Vec<(&'static str, Constant)>,
}

impl From<u32> for Constant {
    fn from(value: u32) -> Self {
        Constant::U32(value)
    }
}

impl From<usize> for Constant {
    /// # Panics
    /// If the value does not fit 32 bits; network texts that large are refused when they are parsed.
    fn from(value: usize) -> Self {
        Constant::U32(size(value))
    }
}

impl From<Vec<usize>> for Constant {
    /// # Panics
    /// As for one number.
    fn from(values: Vec<usize>) -> Self {
        Constant::Table(values.into_iter().map(size).collect())
    }
}

fn size(value: usize) -> u32 {
    u32::try_from(value).expect("sizes fit 32 bits")
}

impl From<f32> for Constant {
    fn from(value: f32) -> Self {
        Constant::F32(value)
    }
}

impl From<bool> for Constant {
    fn from(value: bool) -> Self {
        Constant::Bool(value)
    }
}

impl Source {
    /// `entry_point` in the concatenation of `files`.
    pub fn new(entry_point: &'static str, files: &[&'static str]) -> Source {
        Source { entry_point, files: files.to_vec(), own: Vec::new(), constants: Vec::new() }
    }

    /// Gives the text of a file that is not one of [`FILES`], for a kernel of one's own, which may be joined with theirs.
    /// examples/kernel.rs has one.
    pub fn with_text(mut self, file: &'static str, text: &'static str) -> Source {
        self.own.push((file, text));
        self
    }

    /// Adds a constant.
    pub fn with(mut self, name: &'static str, value: impl Into<Constant>) -> Source {
        self.constants.push((name, value.into()));
        self
    }

    /// What the kernel is called in errors and benches: its first file and its entry point, `conv/forward.matmul`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.files[0], self.entry_point)
    }

    /// The text to compile.
    ///
    /// # Panics
    /// If a file is neither one of [`FILES`] nor given, or its `repeat` and `end` lines do not match: mistakes in this program.
    pub fn text(&self, operands: Operands) -> String {
        let mut text = String::new();
        for (name, value) in &self.constants {
            match value {
                Constant::U32(value) => writeln!(text, "const {name} = {value}u;"),
                Constant::Table(values) => {
                    let numbers: Vec<String> = values.iter().map(|value| format!("{value}u")).collect();
                    writeln!(text, "const {name} = array<u32, {}>({});", values.len(), numbers.join(", "))
                }
                Constant::F32(value) => writeln!(text, "const {name} = f32({value:?});"),
                Constant::Bool(value) => writeln!(text, "const {name} = {value};"),
            }
            .expect("writing to a string does not fail");
        }
        for name in &self.files {
            let file = self.own.iter().chain(FILES).find(|file| file.0 == *name);
            let file = file.unwrap_or_else(|| panic!("no shader file {name}"));
            text.push_str(&with_operands(file.1, operands));
        }
        let text = repeat(&text, &self.constants);
        if text.contains(COOPERATIVE_MATRICES) { with_cooperative_matrices(&text) } else { text }
    }
}

/// The directive of texts that multiply cooperative matrices.
const COOPERATIVE_MATRICES: &str = "enable wgpu_cooperative_matrix;";

/// Puts directives where WGSL wants them, before all else. And since one of the matrices' roles is called C, which a
/// constant would hide, channels get another name.
fn with_cooperative_matrices(text: &str) -> String {
    let (directives, lines): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with("enable "));
    let mut out = directives.join("\n");
    for line in lines {
        let is_type = line.contains("coop_mat");
        out.push('\n');
        out.extend(words(line).map(|word| if word == "C" && !is_type { "CHANNELS" } else { word }));
    }
    out
}

/// Adds `load_x` for each binding `x: array<vec4<f32>>` or `x: array<u32>` that the text reads with it, and `store_x` for each
/// `x: array<vec4<f32>>` that it writes with it.
fn with_operands(text: &str, operands: Operands) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let Some(operand) = Operand::parse(line) else {
            out.extend([line, "\n"]);
            continue;
        };
        let uses = |function| text.contains(&format!("{function}_{}(", operand.name));
        let (is_loaded, is_stored) = (uses("load"), uses("store"));
        // A texture stands in the place of a buffer that is only read, and beside one that is also written.
        if operands == Operands::Buffers || operand.access != "read" || !is_loaded {
            out.extend([line, "\n"]);
        }
        let functions = match operands {
            Operands::Buffers => [operand.load_from_buffer(), operand.store_to_buffer()],
            Operands::Textures => [operand.load_from_texture(), operand.store_to_both()],
        };
        out.extend(functions.into_iter().zip([is_loaded, is_stored]).filter_map(|(text, used)| used.then_some(text)));
    }
    out
}

/// `@group(0) @binding(3) var<storage, read> x: array<vec4<f32>>;`
struct Operand<'a> {
    binding: u32,
    access: &'a str,
    name: &'a str,
    element: &'a str,
}

impl<'a> Operand<'a> {
    fn parse(line: &'a str) -> Option<Operand<'a>> {
        let (binding, rest) = line.strip_prefix("@group(0) @binding(")?.split_once(") var<storage, ")?;
        let (access, rest) = rest.split_once("> ")?;
        let (name, rest) = rest.split_once(": array<")?;
        let element = ["vec4<f32>", "u32"].into_iter().find(|element| rest.starts_with(&format!("{element}>;")))?;
        Some(Operand { binding: binding.parse().ok()?, access, name, element })
    }

    fn load_from_buffer(&self) -> String {
        let Operand { name, element, .. } = self;
        format!("fn load_{name}(i: u32) -> {element} {{ return {name}[i]; }}\n")
    }

    fn load_from_texture(&self) -> String {
        let (texture, binding) = match self.access {
            "read" => (self.name.to_string(), self.binding),
            _ => (texture_name(self.name), self.binding + TEXTURE_BINDING),
        };
        let texel = |i: &str| format!("textureLoad({texture}, {})", texel_of(i));
        let value = match self.element {
            "u32" => format!("bitcast<u32>({}[i % 4u])", texel("(i / 4u)")),
            _ => texel("i"),
        };
        let Operand { name, element, .. } = self;
        format!(
            "@group(0) @binding({binding}) var {texture}: texture_storage_2d<rgba32float, read>;\n\
             fn load_{name}(i: u32) -> {element} {{ return {value}; }}\n"
        )
    }

    fn store_to_buffer(&self) -> String {
        let Operand { name, element, .. } = self;
        format!("fn store_{name}(i: u32, value: {element}) {{ {name}[i] = value; }}\n")
    }

    fn store_to_both(&self) -> String {
        let Operand { name, element, .. } = self;
        let (texture, binding, texel) = (texture_name(name), self.binding + TEXTURE_BINDING, texel_of("i"));
        format!(
            "@group(0) @binding({binding}) var {texture}: texture_storage_2d<rgba32float, write>;\n\
             fn store_{name}(i: u32, value: {element}) {{ {name}[i] = value; textureStore({texture}, {texel}, value); }}\n"
        )
    }
}

/// Where element `i` lies in a texture.
fn texel_of(i: &str) -> String {
    format!("vec2<u32>({i} % {TEXTURE_WIDTH}u, {i} / {TEXTURE_WIDTH}u)")
}

/// What the texture beside an operand's buffer is called.
pub(super) fn texture_name(operand: &str) -> String {
    format!("{operand}_texture")
}

/// Writes out the lines between `// repeat X COUNT` and `// end` COUNT times.
fn repeat(text: &str, constants: &[(&str, Constant)]) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut out = String::new();
    expand(&lines, constants, &mut out);
    out
}

fn expand(lines: &[&str], constants: &[(&str, Constant)], out: &mut String) {
    let mut at = 0;
    while at < lines.len() {
        let Some(directive) = lines[at].trim().strip_prefix("// repeat ") else {
            out.push_str(lines[at]);
            out.push('\n');
            at += 1;
            continue;
        };
        let (variable, count) = directive.split_once(' ').expect("a repeat line has a name and a count");
        let count = count.parse().ok().or_else(|| constant(count, constants)).expect("a repeat count is a constant");
        let end = matching_end(lines, at);
        for value in 0..count {
            let copy: Vec<String> = lines[at + 1..end].iter().map(|line| substitute(line, variable, value)).collect();
            expand(&copy.iter().map(String::as_str).collect::<Vec<_>>(), constants, out);
        }
        at = end + 1;
    }
}

fn constant(name: &str, constants: &[(&str, Constant)]) -> Option<u32> {
    constants.iter().find(|constant| constant.0 == name).and_then(|(_, value)| match value {
        Constant::U32(value) => Some(*value),
        Constant::Table(_) | Constant::F32(_) | Constant::Bool(_) => None,
    })
}

fn matching_end(lines: &[&str], start: usize) -> usize {
    let mut depth = 0;
    for (at, line) in lines.iter().enumerate().skip(start) {
        match line.trim() {
            line if line.starts_with("// repeat ") => depth += 1,
            "// end" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    panic!("no end to \"{}\"", lines[start].trim());
}

/// Puts `value` for `variable` where it stands alone (as a number) and where it is a part of a name after `_`.
fn substitute(line: &str, variable: &str, value: u32) -> String {
    let mut out = String::new();
    for word in words(line) {
        if word == variable {
            write!(out, "{value}u").expect("writing to a string does not fail");
        } else {
            let number = value.to_string();
            let mut parts = word.split('_');
            out.push_str(parts.next().unwrap_or_default());
            for part in parts {
                out.push('_');
                out.push_str(if part == variable { &number } else { part });
            }
        }
    }
    out
}

/// Names and numbers, and what stands between them, in turn.
pub(super) fn words(line: &str) -> impl Iterator<Item = &str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = line;
    std::iter::from_fn(move || {
        let length = rest.find(|c| is_name(c) != rest.starts_with(is_name)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(length);
        rest = after;
        (!word.is_empty()).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeat_writes_lines_out_with_numbers_for_names() {
        let text =
            "a\n  // repeat G 2\n  let c_G = G + GG;\n  // repeat L COUNT\n  f(c_G_L, L);\n  // end\n  // end\nz\n";
        let constants = [("COUNT", Constant::U32(2))];
        let expected = "a\n  let c_0 = 0u + GG;\n  f(c_0_0, 0u);\n  f(c_0_1, 1u);\n  let c_1 = 1u + GG;\n  f(c_1_0, 0u);\n  f(c_1_1, 1u);\nz\n";
        assert_eq!(repeat(text, &constants), expected);
    }

    #[test]
    fn directives_come_first_and_roles_of_matrices_stay_visible() {
        let text = "const C = 3u;\nlet c = C * C4;\nenable f16;\nalias Sums = coop_mat8x8<f32, C>;";
        let expected = "enable f16;\nconst CHANNELS = 3u;\nlet c = CHANNELS * C4;\nalias Sums = coop_mat8x8<f32, C>;";
        assert_eq!(with_cooperative_matrices(text), expected);
    }

    #[test]
    fn operands_are_read_from_buffers_or_textures() {
        let text = "@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>; // [N]\n\
                    @group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;\n\
                    @group(0) @binding(3) var<storage, read> z: array<u32>;\n\
                    y[0] = load_x(1u) + load_y(2u) + f32(load_z(3u));\n";
        let buffers = with_operands(text, Operands::Buffers);
        assert!(buffers.contains("fn load_x(i: u32) -> vec4<f32> { return x[i]; }"), "{buffers}");
        assert!(buffers.contains("fn load_y(i: u32) -> vec4<f32> { return y[i]; }"), "{buffers}");
        let textures = with_operands(text, Operands::Textures);
        assert!(textures.contains("@group(0) @binding(1) var x: texture_storage_2d<rgba32float, read>;"), "{textures}");
        assert!(
            textures.contains("@group(0) @binding(18) var y_texture: texture_storage_2d<rgba32float, read>;"),
            "{textures}"
        );
        assert!(textures.contains("fn load_z(i: u32) -> u32 { return bitcast<u32>(textureLoad(z, "), "{textures}");
        assert!(!textures.contains("var<storage, read> "), "{textures}");
        assert!(textures.contains("var<storage, read_write> y"), "{textures}");
    }

    #[test]
    fn results_are_stored_in_buffers_and_in_textures_where_those_are_read() {
        let text = "@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>; // [N]\nstore_y(1u, z);\n";
        let buffers = with_operands(text, Operands::Buffers);
        assert!(buffers.contains("fn store_y(i: u32, value: vec4<f32>) { y[i] = value; }"), "{buffers}");
        assert!(!buffers.contains("texture"), "{buffers}");
        let textures = with_operands(text, Operands::Textures);
        assert!(textures.contains("{ y[i] = value; textureStore(y_texture, "), "{textures}");
        let declared = "@group(0) @binding(18) var y_texture: texture_storage_2d<rgba32float, write>;";
        assert!(textures.contains(declared), "{textures}");
    }

    #[test]
    fn every_shader_file_is_listed() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
        let mut found = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "wgsl") {
                    let name = path.strip_prefix(&root).unwrap().with_extension("");
                    found.push(name.to_str().unwrap().replace('\\', "/"));
                }
            }
        }
        found.sort();
        assert_eq!(found, FILES.iter().map(|file| file.0).collect::<Vec<_>>());
    }
}
