//! Adapters for people: which there are and what they can do.

use indicatif::BinaryBytes;

use crate::gpu::{self, AdapterReport, Gpu};

/// `NAME, DRIVER, BACKEND`.
pub fn adapter_line(gpu: &Gpu) -> String {
    let info = gpu.info();
    format!("{}, {}, {}", info.name, gpu::driver(info), info.backend)
}

/// A line for each adapter, in the order of their numbers; a star marks the `chosen` one.
pub fn adapter_table(adapters: &[AdapterReport], chosen: Option<&Gpu>) -> String {
    let chosen = adapters.iter().position(|adapter| Some(&adapter.info) == chosen.map(Gpu::info));
    let rows = adapters.iter().enumerate().map(|(index, adapter)| {
        let info = &adapter.info;
        vec![
            if chosen == Some(index) { "*".into() } else { String::new() },
            index.to_string(),
            info.name.clone(),
            info.backend.to_string(),
            format!("{:?}", info.device_type),
            gpu::driver(info),
            abilities(adapter),
            subgroups(adapter),
            BinaryBytes(adapter.largest_binding).to_string(),
        ]
    });
    let header = ["", "", "name", "backend", "type", "driver", "can do", "subgroup", "largest tensor"];
    super::table(7, header.map(String::from).to_vec(), rows)
}

fn abilities(adapter: &AdapterReport) -> String {
    let abilities = [
        (adapter.timestamps, "timestamps"),
        (adapter.half_precision, "f16"),
        (adapter.cooperative_matrices, "cooperative matrices"),
    ];
    let able: Vec<&str> = abilities.into_iter().filter_map(|(able, name)| able.then_some(name)).collect();
    able.join(", ")
}

fn subgroups(adapter: &AdapterReport) -> String {
    match (adapter.subgroups, adapter.info.subgroup_min_size, adapter.info.subgroup_max_size) {
        (false, ..) => "none".into(),
        (true, least, most) if least == most => least.to_string(),
        (true, least, most) => format!("{least} to {most}"),
    }
}
