//! A Vulkan layer that makes the driver below it fail, as drivers do whose GPU hangs, is reset or has no memory left. The variable
//! `DIGITS_FAULTS` has a fault for each device that is opened, with commas between them: `submit 40` loses all devices that there are
//! at the 40th submit since it was opened, `wait 40` while one is waited for the 40th time, and `memory 20` refuses the 20th
//! allocation and all that follow. What is named `none` works. It stays loaded, since Vulkan lets go of it while there is no device,
//! and what it counts would begin anew.

#![expect(unsafe_code, reason = "a Vulkan layer is C: it is called through pointers, and calls on through pointers")]
#![expect(clippy::undocumented_unsafe_blocks, reason = "all of them are what Vulkan's loader promises its layers")]
#![cfg(target_os = "linux")]

use std::env;
use std::ffi::{CStr, c_char, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, MutexGuard};

/// Vulkan, as far as it is looked at here.
type Handle = *mut c_void;
type Answer = i32;
const SUCCESS: Answer = 0;
const OUT_OF_DEVICE_MEMORY: Answer = -2;
const DEVICE_LOST: Answer = -4;

type Function = Option<unsafe extern "system" fn()>;
/// `vkGetInstanceProcAddr` and `vkGetDeviceProcAddr`
type Get = unsafe extern "system" fn(Handle, *const c_char) -> Function;
type CreateInstance = unsafe extern "system" fn(*const Info, Handle, *mut Handle) -> Answer;
type CreateDevice = unsafe extern "system" fn(Handle, *const Info, Handle, *mut Handle) -> Answer;
type GetQueue = unsafe extern "system" fn(Handle, u32, u32, *mut Handle);
type Submit = unsafe extern "system" fn(Handle, u32, Handle, u64) -> Answer;
type Wait = unsafe extern "system" fn(Handle, Handle, u64) -> Answer;
type Allocate = unsafe extern "system" fn(Handle, Handle, Handle, Handle) -> Answer;

/// What every structure begins with.
#[repr(C)]
pub struct Info {
    kind: i32,
    next: *mut Info,
}

/// `VkLayerInstanceLink` and `VkLayerDeviceLink`, a step of the chain of layers; they differ in what the second function gets.
#[repr(C)]
struct Link {
    next: *mut Link,
    get_instance: Get,
    get_device: Option<Get>,
}

/// `VkLayerInstanceCreateInfo` and `VkLayerDeviceCreateInfo`, which the loader puts behind what is to be created.
#[repr(C)]
struct LayerInfo {
    info: Info,
    function: i32,
    link: *mut Link,
}

const LOADER_INSTANCE: i32 = 47;
const LOADER_DEVICE: i32 = 48;
/// That it has the link.
const LINK: i32 = 0;

/// `VkNegotiateLayerInterface`
#[repr(C)]
pub struct Negotiation {
    kind: i32,
    next: *mut c_void,
    version: u32,
    get_instance: Option<Get>,
    get_device: Option<Get>,
    get_physical: Function,
}

static STATE: Mutex<State> = Mutex::new(State {
    get_instance: None,
    get_device: None,
    devices: Vec::new(),
    queues: Vec::new(),
    calls: [0; 3],
    lost: 0,
});

struct State {
    get_instance: Option<Get>,
    get_device: Option<Get>,
    /// All that were opened, by their addresses, and the queues that they gave, with the number of their device.
    devices: Vec<usize>,
    queues: Vec<(usize, usize)>,
    /// Submits, waits and allocations since the newest device.
    calls: [u32; 3],
    /// So many devices, the first ones, are lost.
    lost: usize,
}

const SUBMIT: usize = 0;
const WAIT: usize = 1;
const MEMORY: usize = 2;

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap()
}

impl State {
    /// Whether this device is lost; a fault of this kind loses all that there are.
    fn is_lost(&mut self, device: usize, kind: usize) -> bool {
        if self.fails(kind) {
            self.lost = self.devices.len();
        }
        device < self.lost
    }

    /// The number of the newest device at an address.
    fn number(&self, device: Handle) -> usize {
        self.devices.iter().rposition(|known| *known == device as usize).unwrap()
    }

    /// Counts a call, and tells whether it is to fail.
    fn fails(&mut self, kind: usize) -> bool {
        self.calls[kind] += 1;
        let faults = env::var("DIGITS_FAULTS").unwrap_or_default();
        let fault = faults.split(',').nth(self.devices.len() - 1).unwrap_or_default().trim().to_string();
        let Some((name, count)) = fault.split_once(' ') else { return false };
        let at: u32 = count.parse().expect("a fault has a number");
        name == ["submit", "wait", "memory"][kind] && self.calls[kind] >= at
    }
}

/// `Dl_info` of the C library.
#[repr(C)]
struct Place {
    file: *const c_char,
    others: [Handle; 3],
}

unsafe extern "C" {
    fn dladdr(address: *const c_void, place: *mut Place) -> i32;
    fn dlopen(file: *const c_char, mode: i32) -> Handle;
}

/// Has the C library never unload this layer.
fn stay_loaded() {
    const NOW: i32 = 2;
    let mut place = Place { file: std::ptr::null(), others: [std::ptr::null_mut(); 3] };
    unsafe {
        assert_ne!(dladdr((&raw const STATE).cast(), &mut place), 0);
        assert!(!dlopen(place.file, NOW).is_null());
    }
}

/// A function of the driver below, of `device` or of what a device has.
fn below(device: Handle, name: &CStr) -> Function {
    let get = state().get_device.expect("there is a device");
    unsafe { get(device, name.as_ptr()) }
}

/// What the loader asks first.
///
/// # Safety
/// `negotiation` is the loader's.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn vkNegotiateLoaderLayerInterfaceVersion(negotiation: *mut Negotiation) -> Answer {
    stay_loaded();
    let negotiation = unsafe { &mut *negotiation };
    negotiation.version = 2;
    negotiation.get_instance = Some(get_instance_function);
    negotiation.get_device = Some(get_device_function);
    negotiation.get_physical = None;
    SUCCESS
}

unsafe extern "system" fn get_instance_function(instance: Handle, name: *const c_char) -> Function {
    let next = state().get_instance;
    ours(unsafe { CStr::from_ptr(name) }).or_else(|| unsafe { next?(instance, name) })
}

unsafe extern "system" fn get_device_function(device: Handle, name: *const c_char) -> Function {
    let next = state().get_device;
    ours(unsafe { CStr::from_ptr(name) }).or_else(|| unsafe { next?(device, name) })
}

/// The functions that stand in the way.
fn ours(name: &CStr) -> Function {
    let function = match name.to_str().ok()? {
        "vkGetInstanceProcAddr" => get_instance_function as *const (),
        "vkGetDeviceProcAddr" => get_device_function as *const (),
        "vkCreateInstance" => create_instance as *const (),
        "vkCreateDevice" => create_device as *const (),
        "vkGetDeviceQueue" => get_device_queue as *const (),
        "vkQueueSubmit" => queue_submit as *const (),
        "vkWaitSemaphores" | "vkWaitSemaphoresKHR" => wait_semaphores as *const (),
        "vkAllocateMemory" => allocate_memory as *const (),
        _ => return None,
    };
    Some(unsafe { std::mem::transmute::<*const (), unsafe extern "system" fn()>(function) })
}

/// Takes this layer's link out of the chain behind `info`.
unsafe fn take_link(info: *const Info, kind: i32) -> (Get, Option<Get>) {
    let mut info = unsafe { (*info).next };
    loop {
        let this = unsafe { &mut *info.cast::<LayerInfo>() };
        if this.info.kind == kind && this.function == LINK {
            let link = unsafe { &*this.link };
            this.link = link.next;
            return (link.get_instance, link.get_device);
        }
        info = this.info.next;
    }
}

unsafe extern "system" fn create_instance(info: *const Info, allocator: Handle, instance: *mut Handle) -> Answer {
    unsafe {
        let (get, _) = take_link(info, LOADER_INSTANCE);
        state().get_instance = Some(get);
        let create = get(std::ptr::null_mut(), c"vkCreateInstance".as_ptr()).unwrap();
        std::mem::transmute::<unsafe extern "system" fn(), CreateInstance>(create)(info, allocator, instance)
    }
}

unsafe extern "system" fn create_device(
    physical: Handle,
    info: *const Info,
    allocator: Handle,
    device: *mut Handle,
) -> Answer {
    unsafe {
        let (get_instance, get_device) = take_link(info, LOADER_DEVICE);
        let create = get_instance(std::ptr::null_mut(), c"vkCreateDevice".as_ptr()).unwrap();
        let mut state = state();
        state.get_device = get_device;
        state.calls = [0; 3];
        drop(state);
        let created =
            std::mem::transmute::<unsafe extern "system" fn(), CreateDevice>(create)(physical, info, allocator, device);
        self::state().devices.push(*device as usize);
        let submit = below(*device, c"vkQueueSubmit").map_or(std::ptr::null_mut(), |submit| submit as Handle);
        SUBMIT_BELOW.store(submit, Ordering::Relaxed);
        created
    }
}

/// The driver's `vkQueueSubmit`: a queue does not tell its device, which may be gone when another one's queue submits.
static SUBMIT_BELOW: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());

unsafe extern "system" fn get_device_queue(device: Handle, family: u32, index: u32, queue: *mut Handle) {
    let get = below(device, c"vkGetDeviceQueue").unwrap();
    unsafe { std::mem::transmute::<unsafe extern "system" fn(), GetQueue>(get)(device, family, index, queue) };
    let mut state = state();
    let number = state.number(device);
    state.queues.push((unsafe { *queue } as usize, number));
}

unsafe extern "system" fn queue_submit(queue: Handle, count: u32, submits: Handle, fence: u64) -> Answer {
    let is_lost = {
        let mut state = state();
        let of_queue = state.queues.iter().rfind(|(known, _)| *known == queue as usize);
        let device = of_queue.expect("a queue was asked for").1;
        state.is_lost(device, SUBMIT)
    };
    if is_lost {
        return DEVICE_LOST;
    }
    let submit = SUBMIT_BELOW.load(Ordering::Relaxed);
    unsafe { std::mem::transmute::<Handle, Submit>(submit)(queue, count, submits, fence) }
}

unsafe extern "system" fn wait_semaphores(device: Handle, info: Handle, timeout: u64) -> Answer {
    // What was begun ends, or it would go on on memory that is freed.
    let wait = below(device, c"vkWaitSemaphores").unwrap();
    let waited = unsafe { std::mem::transmute::<unsafe extern "system" fn(), Wait>(wait)(device, info, timeout) };
    let mut state = state();
    let device = state.number(device);
    if state.is_lost(device, WAIT) { DEVICE_LOST } else { waited }
}

unsafe extern "system" fn allocate_memory(device: Handle, info: Handle, allocator: Handle, memory: Handle) -> Answer {
    if state().fails(MEMORY) {
        return OUT_OF_DEVICE_MEMORY;
    }
    let allocate = below(device, c"vkAllocateMemory").unwrap();
    unsafe { std::mem::transmute::<unsafe extern "system" fn(), Allocate>(allocate)(device, info, allocator, memory) }
}
