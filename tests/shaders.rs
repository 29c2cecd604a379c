//! The shaders as text: every join of an operation with a core is valid, translates to every language that drivers
//! take, and keeps to WebGPU's default limits; and each operation stands under one name everywhere.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use digits::cases::{parity, seed_network};
use digits::gpu::{Core, FILES, Gpu, Kernel, Matrices, Operands, Request, Settings, Tiles};
use digits::measure::Ceiling;
use naga::back::{glsl, hlsl, msl, spv};
use naga::proc::BoundsCheckPolicies;
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use pollster::FutureExt as _;

/// Files that are joined to others and are no operation themselves.
const PARTS: [&str; 38] = [
    "batchnorm/batch",
    "batchnorm/running",
    "classifier/loss",
    "classifier/scores",
    "clock",
    "conv/forward",
    "conv/images",
    "conv/input",
    "dense/sums",
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
    "pool/joined",
    "pool/none",
    "random",
    "relu",
    "schedule",
    "target",
    "update/average",
    "update/faults",
    "update/matrices",
    "update/no_average",
    "winners",
];

/// More than a product has tile shapes.
const CANDIDATES: usize = 8;

/// Every kernel that the cases and the ceilings build with one core, with each tile shape, reading buffers and textures. No
/// driver compiles them, since nothing runs.
fn kernels(core: Core) -> Vec<Arc<Kernel>> {
    let request = Request { backend: Some("noop".into()), ..Request::default() };
    let gpu = Gpu::open(&request).block_on().unwrap_or_else(|error| panic!("{error}"));
    for operands in [Operands::Buffers, Operands::Textures] {
        let gpu = gpu.with(Settings { core, operands, ..gpu.settings() });
        let cases: Vec<_> = parity().into_iter().filter(|case| case.is_for(&gpu)).collect();
        for (case, number) in cases.iter().flat_map(|case| (0..CANDIDATES).map(move |number| (case, number))) {
            let gpu = gpu.with_tiles(Tiles::Candidate(number));
            case.prepare(&gpu).unwrap_or_else(|error| panic!("{} {}: {error}", case.operation, case.shape));
        }
        for source in Ceiling::sources() {
            Kernel::new(&gpu, &source).unwrap_or_else(|error| panic!("{}: {error}", source.name()));
        }
    }
    gpu.kernels()
}

/// A kernel as naga sees it.
struct Shader {
    name: String,
    entry_point: &'static str,
    module: naga::Module,
    info: ModuleInfo,
}

impl Shader {
    #[track_caller]
    fn new(kernel: &Kernel, text: &str, capabilities: Capabilities) -> Shader {
        let name = kernel.name().to_string();
        let module =
            naga::front::wgsl::parse_str(text).unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(text)));
        let info = Validator::new(ValidationFlags::all(), capabilities)
            .validate(&module)
            .unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(text)));
        Shader { name, entry_point: kernel.entry_point(), module, info }
    }

    #[track_caller]
    fn translates_to_every_language(&self) {
        self.translates_to_spirv();
        self.translates_to_msl((2, 1));
        let options = hlsl::Options { shader_model: hlsl::ShaderModel::V6_0, ..Default::default() };
        let pipeline = hlsl::PipelineOptions::default();
        let (module, info) = (&self.module, &self.info);
        hlsl::Writer::new(&mut String::new(), &options, &pipeline)
            .write(module, info, None)
            .unwrap_or_else(|error| panic!("{} to HLSL: {error}", self.name));
        let options = glsl::Options { version: glsl::Version::new_gles(320), ..Default::default() };
        let pipeline = glsl::PipelineOptions {
            shader_stage: naga::ShaderStage::Compute,
            entry_point: self.entry_point.into(),
            multiview: None,
        };
        let (mut text, policies) = (String::new(), BoundsCheckPolicies::default());
        glsl::Writer::new(&mut text, module, info, &options, &pipeline, policies)
            .and_then(|mut writer| writer.write())
            .unwrap_or_else(|error| panic!("{} to GLSL: {error}", self.name));
    }

    #[track_caller]
    fn translates_to_spirv(&self) {
        let options = spv::Options { lang_version: (1, 3), ..Default::default() };
        let shader_stage = naga::ShaderStage::Compute;
        let pipeline = spv::PipelineOptions { shader_stage, entry_point: self.entry_point.into() };
        spv::write_vec(&self.module, &self.info, &options, Some(&pipeline))
            .unwrap_or_else(|error| panic!("{} to SPIR-V: {error}", self.name));
    }

    #[track_caller]
    fn translates_to_msl(&self, lang_version: (u8, u8)) {
        let options = msl::Options { lang_version, fake_missing_bindings: true, ..Default::default() };
        msl::write_string(&self.module, &self.info, &options, &msl::PipelineOptions::default())
            .unwrap_or_else(|error| panic!("{} to MSL: {error}", self.name));
    }

    #[track_caller]
    fn keeps_to_the_default_limits(&self) {
        let (limits, Shader { name, entry_point, module, info }) = (wgpu::Limits::default(), self);
        let index = module.entry_points.iter().position(|entry| entry.name == *entry_point).unwrap();
        let [x, y, z] = module.entry_points[index].workgroup_size;
        assert!(x * y * z <= limits.max_compute_invocations_per_workgroup, "{name}");
        assert!(x <= limits.max_compute_workgroup_size_x, "{name}");
        let used = |space: fn(&naga::AddressSpace) -> bool| {
            let entry = info.get_entry_point(index);
            module
                .global_variables
                .iter()
                .filter(|(handle, variable)| !entry[*handle].is_empty() && space(&variable.space))
                .map(|(_, variable)| module.types[variable.ty].inner.size(module.to_ctx()))
                .collect::<Vec<u32>>()
        };
        let workgroup: u32 = used(|space| matches!(space, naga::AddressSpace::WorkGroup)).iter().sum();
        assert!(workgroup <= limits.max_compute_workgroup_storage_size, "{name}: {workgroup} bytes");
        let buffers = used(|space| matches!(space, naga::AddressSpace::Storage { .. })).len() as u32;
        assert!(buffers <= limits.max_storage_buffers_per_shader_stage, "{name}: {buffers} buffers");
        let textures = used(|space| matches!(space, naga::AddressSpace::Handle)).len() as u32;
        assert!(textures <= limits.max_storage_textures_per_shader_stage, "{name}: {textures} textures");
    }
}

#[test]
fn every_join_of_the_portable_core_translates_to_every_language() {
    for kernel in kernels(Core::Tile) {
        // No capability beyond the least that any adapter has.
        Shader::new(&kernel, kernel.text(), Capabilities::empty()).translates_to_every_language();
    }
}

#[test]
fn every_join_of_the_broadcast_core_translates_where_subgroups_exist() {
    for lanes in [8, 32] {
        for kernel in kernels(Core::Broadcast { lanes }) {
            Shader::new(&kernel, kernel.text(), Capabilities::SUBGROUP).translates_to_every_language();
        }
    }
}

#[test]
fn every_join_of_the_cooperative_core_translates_where_cooperative_matrices_exist() {
    let capabilities = Capabilities::SUBGROUP | Capabilities::SHADER_FLOAT16 | Capabilities::COOPERATIVE_MATRIX;
    for (size, matrices) in [(8, "matmul/fragments_8"), (16, "matmul/fragments_16")] {
        // Built as any adapter can, then with the adapter's matrices in the place of the emulated ones.
        for kernel in kernels(Core::Cooperative { lanes: 32, size, matrices: Matrices::Emulated }) {
            let [source] = kernel.sources() else { continue };
            let mut source = source.clone();
            if source.files.pop_if(|file| *file == "matmul/fragments_emulated").is_some() {
                source.files.extend(["matmul/fragments", matrices]);
            }
            for operands in [Operands::Buffers, Operands::Textures] {
                // HLSL and GLSL have no cooperative matrices.
                let shader = Shader::new(&kernel, &source.text(operands), capabilities);
                shader.translates_to_spirv();
                shader.translates_to_msl((2, 3));
            }
        }
    }
}

#[test]
fn kernels_for_gpus_keep_to_the_default_limits() {
    let emulated = Core::Cooperative { lanes: 32, size: 16, matrices: Matrices::Emulated };
    let capabilities = Capabilities::SUBGROUP | Capabilities::SHADER_FLOAT16_IN_FLOAT32;
    for (core, capabilities) in [(Core::Tile, Capabilities::empty()), (emulated, capabilities)] {
        for kernel in kernels(core) {
            Shader::new(&kernel, kernel.text(), capabilities).keeps_to_the_default_limits();
        }
    }
}

#[test]
fn each_operation_has_a_shader_a_layer_a_reference_a_case_and_a_bench() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = |cases: Vec<digits::cases::Case>| cases.iter().map(|case| case.operation).collect::<BTreeSet<_>>();
    let (parity, measured) = (names(parity()), names(seed_network(128)));
    assert_eq!(parity, measured, "the cases that are checked are the cases that are measured");
    // What stands under `ceiling` measures the adapter and is no operation.
    let is_operation = |name: &&str| !PARTS.contains(name) && !name.starts_with("ceiling/");
    let shaders: Vec<&str> = FILES.iter().map(|file| file.0).filter(is_operation).collect();
    for shader in &shaders {
        assert!(parity.iter().any(|operation| operation.starts_with(shader)), "{shader} has no case");
        let file = shader.split('/').next().unwrap();
        for folder in ["layers", "reference"] {
            let path = root.join("src").join(folder).join(format!("{file}.rs"));
            assert!(path.exists(), "{shader} has no {}", path.display());
        }
    }
    for operation in parity {
        assert!(shaders.iter().any(|shader| operation.starts_with(shader)), "{operation} has no shader");
    }
}
