//! A tensor: a buffer of 32-bit numbers on the GPU, and, where kernels read textures, a texture that can hold its copy.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytemuck::Pod;
use wgpu::{BufferUsages, CommandEncoder, Extent3d, TextureUsages};

use super::reading::Reading;
use super::source::TEXTURE_WIDTH;
use super::{Gpu, GpuError};

/// Numbers of 32 bits on the GPU; how they are ordered is said by the kernels that bind it. Clones share the numbers.
#[derive(Clone, Debug)]
pub struct Tensor {
    name: String,
    length: usize,
    memory: Arc<Memory>,
}

/// Memory on the device. Browsers free it late, if ever, unless they are told to (wgpu issue 4092).
#[derive(Debug)]
struct Memory {
    buffer: wgpu::Buffer,
    texture: OnceLock<wgpu::Texture>,
}

impl Memory {
    fn new(buffer: wgpu::Buffer) -> Arc<Memory> {
        Arc::new(Memory { buffer, texture: OnceLock::new() })
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.buffer.destroy();
        if let Some(texture) = self.texture.get() {
            texture.destroy();
        }
    }
}

/// Storage textures, since software drivers spend twice as many instructions on a texture that could be filtered.
pub(super) const TEXTURE_FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba32Float;

/// A texel of the texture, in bytes: one `vec4<f32>`.
const TEXEL: u64 = 16;

/// What stands behind a poisoned tensor, and how often.
const GUARD: u32 = 0x5EA1_ED00;
const GUARD_LENGTH: usize = 256;

impl Gpu {
    /// How many bytes a tensor may have.
    pub fn largest_tensor(&self) -> u64 {
        let limits = self.device.limits();
        limits.max_storage_buffer_binding_size.min(limits.max_buffer_size)
    }
}

impl Tensor {
    /// `length` zeros. `name` appears in errors.
    ///
    /// # Errors
    /// More than the adapter can bind, or has left.
    pub fn zeros(gpu: &Gpu, name: &str, length: usize) -> Result<Tensor, GpuError> {
        // Kernels read four numbers at a time.
        let bytes = 4 * length.next_multiple_of(4).max(4) as u64;
        let most = gpu.largest_tensor();
        if bytes > most {
            return Err(GpuError::TooLarge { what: name.into(), bytes, most });
        }
        let memory = Memory::new(storage(gpu, name, bytes));
        // A page hears later of what cannot be had.
        #[cfg(not(target_arch = "wasm32"))]
        gpu.check()?;
        Ok(Tensor { name: name.into(), length, memory })
    }

    /// `length` numbers that are NaN, so that what a kernel leaves out shows, with a guard behind them, so that what it
    /// writes beyond shows in [`Tensor::guard_is_intact`]. For tests.
    pub fn poisoned(gpu: &Gpu, name: &str, length: usize) -> Tensor {
        let mut words = vec![f32::NAN.to_bits(); length];
        words.resize(length.next_multiple_of(4), GUARD);
        words.extend([GUARD; GUARD_LENGTH]);
        let buffer = storage(gpu, name, 4 * words.len() as u64);
        gpu.queue.write_buffer(&buffer, 0, bytemuck::cast_slice(&words));
        Tensor { name: name.into(), length, memory: Memory::new(buffer) }
    }

    /// Whether nothing was written behind the numbers of a [`Tensor::poisoned`].
    ///
    /// # Errors
    /// The device failed.
    pub async fn guard_is_intact(&self, gpu: &Gpu) -> Result<bool, GpuError> {
        let first = self.length.next_multiple_of(4);
        let guard: Vec<u32> = self.read_range(gpu, first..first + GUARD_LENGTH).await?;
        Ok(guard == [GUARD; GUARD_LENGTH])
    }

    /// A tensor with these numbers.
    ///
    /// # Errors
    /// More than the adapter can bind.
    pub fn new<T: Pod>(gpu: &Gpu, name: &str, numbers: &[T]) -> Result<Tensor, GpuError> {
        let tensor = Tensor::zeros(gpu, name, size_of_val(numbers).div_ceil(4))?;
        tensor.write(gpu, numbers);
        Ok(tensor)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many 32-bit numbers it holds.
    pub fn len(&self) -> usize {
        self.length
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Replaces the first numbers before any work that is submitted later.
    ///
    /// # Panics
    /// If there are more numbers than the tensor holds.
    pub fn write<T: Pod>(&self, gpu: &Gpu, numbers: &[T]) {
        self.write_at(gpu, 0, numbers);
    }

    /// Replaces the numbers from `first` on before any work that is submitted later.
    ///
    /// # Panics
    /// If there are more numbers than the tensor holds.
    pub fn write_at<T: Pod>(&self, gpu: &Gpu, first: usize, numbers: &[T]) {
        let bytes: &[u8] = bytemuck::cast_slice(numbers);
        assert!(4 * first + bytes.len() <= 4 * self.length, "{} holds {} numbers", self.name, self.length);
        // The queue writes whole numbers; bytes may end within one.
        let (whole, rest) = bytes.split_at(bytes.len() / 4 * 4);
        gpu.queue.write_buffer(self.buffer(), 4 * first as u64, whole);
        if !rest.is_empty() {
            let mut last = [0; 4];
            last[..rest.len()].copy_from_slice(rest);
            gpu.queue.write_buffer(self.buffer(), (4 * first + whole.len()) as u64, &last);
        }
    }

    /// Brings the numbers to the host, as they are behind all submitted work.
    ///
    /// # Errors
    /// The device failed.
    pub async fn read<T: Pod>(&self, gpu: &Gpu) -> Result<Vec<T>, GpuError> {
        self.read_range(gpu, 0..self.length).await
    }

    /// Brings a part of the numbers to the host, as they are behind all submitted work.
    ///
    /// # Errors
    /// The device failed.
    pub async fn read_range<T: Pod>(&self, gpu: &Gpu, range: Range<usize>) -> Result<Vec<T>, GpuError> {
        self.start_reading(gpu, range).numbers().await
    }

    /// Asks for a part of the numbers as they are behind all submitted work, without waiting.
    pub fn start_reading(&self, gpu: &Gpu, range: Range<usize>) -> Reading {
        Reading::of(gpu, &[(self, range)])
    }

    /// Whether both are the same numbers.
    pub(super) fn is(&self, other: &Tensor) -> bool {
        Arc::ptr_eq(&self.memory, &other.memory)
    }

    pub(super) fn buffer(&self) -> &wgpu::Buffer {
        &self.memory.buffer
    }

    /// The texture that kernels read, made when it is first asked for.
    pub(super) fn texture(&self, gpu: &Gpu) -> &wgpu::Texture {
        self.memory.texture.get_or_init(|| {
            let texels = u32::try_from(self.buffer().size() / TEXEL).expect("a binding has fewer texels");
            gpu.device.create_texture(&wgpu::TextureDescriptor {
                label: Some(&self.name),
                size: Extent3d {
                    width: texels.min(TEXTURE_WIDTH),
                    height: texels.div_ceil(TEXTURE_WIDTH),
                    depth_or_array_layers: 1,
                },
                mip_level_count: 1,
                sample_count: 1,
                dimension: wgpu::TextureDimension::D2,
                format: TEXTURE_FORMAT,
                usage: TextureUsages::STORAGE_BINDING | TextureUsages::COPY_DST,
                view_formats: &[],
            })
        })
    }

    /// Records the copy of the buffer to the texture: its full rows, then what is left.
    pub(super) fn copy_to_texture(&self, gpu: &Gpu, encoder: &mut CommandEncoder) {
        let texels = self.buffer().size() / TEXEL;
        let (rows, rest) = (texels / u64::from(TEXTURE_WIDTH), texels % u64::from(TEXTURE_WIDTH));
        let row_bytes = TEXTURE_WIDTH * TEXEL as u32;
        for (first_row, height, width) in [(0, rows, u64::from(TEXTURE_WIDTH)), (rows, 1, rest)] {
            if height == 0 || width == 0 {
                continue;
            }
            let source = wgpu::TexelCopyBufferInfo {
                buffer: self.buffer(),
                layout: wgpu::TexelCopyBufferLayout {
                    offset: first_row * u64::from(row_bytes),
                    bytes_per_row: Some(row_bytes),
                    rows_per_image: None,
                },
            };
            let target = wgpu::TexelCopyTextureInfo {
                origin: wgpu::Origin3d { x: 0, y: first_row as u32, z: 0 },
                ..self.texture(gpu).as_image_copy()
            };
            let size = Extent3d { width: width as u32, height: height as u32, depth_or_array_layers: 1 };
            encoder.copy_buffer_to_texture(source, target, size);
        }
    }
}

fn storage(gpu: &Gpu, name: &str, bytes: u64) -> wgpu::Buffer {
    gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some(name),
        size: bytes,
        usage: BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST,
        mapped_at_creation: false,
    })
}
