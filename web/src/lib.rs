//! The engine behind the page: a [session](digits::session) in a Web Worker. The worker's script, `page/worker.js`, hands
//! messages in and takes answers out; `page/messages.d.ts` has their types. No arithmetic stands here: this is a door.

mod messages;

use std::cell::RefCell;
use std::rc::Rc;

use async_channel::Sender;
use digits::gpu::Request;
use digits::mnist::{DataError, DataSet, Split};
use digits::network::ModelFile;
use digits::session::{self, Ask, Start};
use js_sys::Function;
use wasm_bindgen::prelude::*;

use messages::{AnswerMessage, Message};

/// Images that are known for teaching, in the files that the page brings.
const KNOWN: usize = 2000;

/// The session that a worker has, and the data that its page has brought so far.
#[wasm_bindgen]
pub struct Engine {
    asks: Sender<Ask>,
    known: Rc<RefCell<Option<[Vec<u8>; 2]>>>,
    data: Option<[Vec<u8>; 4]>,
    golden: Vec<u8>,
    tell: Function,
}

#[wasm_bindgen]
impl Engine {
    /// Starts a session with the model in the file `model`; `tell` is called with each answer. `adapter` is what the browser
    /// calls the GPU, which wgpu does not tell.
    ///
    /// # Errors
    /// The file is no model.
    #[wasm_bindgen(constructor)]
    pub fn new(model: &[u8], adapter: String, tell: Function) -> Result<Engine, JsError> {
        console_error_panic_hook::set_once();
        let model = ModelFile::decode(model).map_err(|problem| JsError::new(&format!("the model {problem}")))?;
        let (asks, inbox) = async_channel::unbounded();
        let known: Rc<RefCell<Option<[Vec<u8>; 2]>>> = Rc::default();
        let (source, answers) = (known.clone(), tell.clone());
        let start = Start {
            open: session::open(Request::default()),
            model,
            origin: "the one that ships with digits".into(),
            known: Box::new(move || known_images(source.borrow().as_ref())),
            nameless: adapter,
        };
        wasm_bindgen_futures::spawn_local(session::run(start, inbox, move |answer| {
            send(&answers, &answer.into());
        }));
        Ok(Engine { asks, known, data: None, golden: Vec::new(), tell })
    }

    /// Brings images that the model was trained on, as two IDX files: to be called before a lesson is asked for.
    pub fn give_known(&self, images: Vec<u8>, labels: Vec<u8>) {
        self.known.replace(Some([images, labels]));
    }

    /// Brings MNIST's four files: to be called before a training is asked for.
    pub fn give_data(&mut self, images: Vec<u8>, labels: Vec<u8>, test_images: Vec<u8>, test_labels: Vec<u8>) {
        self.data = Some([images, labels, test_images, test_labels]);
    }

    /// Brings PyTorch's numbers: to be called before a check is asked for.
    pub fn give_golden(&mut self, file: Vec<u8>) {
        self.golden = file;
    }

    /// Asks what `message` says. What cannot be asked for is told as a failure.
    ///
    /// # Errors
    /// It is none of the messages.
    pub fn ask(&self, message: JsValue) -> Result<(), JsError> {
        match serde_wasm_bindgen::from_value::<Message>(message)?.into_ask(self) {
            // The session ends with this engine only.
            Ok(ask) => drop(self.asks.try_send(ask)),
            Err(answer) => send(&self.tell, &answer),
        }
        Ok(())
    }
}

impl Engine {
    /// PyTorch's numbers, for a check.
    pub(crate) fn golden(&self) -> Vec<u8> {
        self.golden.clone()
    }

    /// The data of a training.
    pub(crate) fn split(&self) -> Result<Split, String> {
        let Some(files) = &self.data else { return Err("the training images are not here yet".into()) };
        Split::from_files(files.each_ref().map(Vec::as_slice)).map_err(|error| error.to_string())
    }
}

/// A page that cannot take an answer gets the next one all the same.
fn send(page: &Function, answer: &AnswerMessage) {
    let _ = page.call1(&JsValue::NULL, &answer.to_js());
}

/// What was brought; where nothing was, the error that an empty file is.
fn known_images(files: Option<&[Vec<u8>; 2]>) -> Result<DataSet, DataError> {
    let [images, labels] = files.map_or([&[][..]; 2], |files| files.each_ref().map(Vec::as_slice));
    DataSet::from_idx(KNOWN, images, labels)
}
