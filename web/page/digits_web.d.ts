// What wasm-bindgen makes of web/src, for the types' check alone: the build puts digits_web.js beside the page.

import type { Answer, Ask } from "./messages";

/** Compiles the WebAssembly. */
export default function init(from: { module_or_path: Promise<Response> }): Promise<unknown>;

export class Engine {
    /** Starts with this model file, on a GPU of that name; throws where the file is broken. */
    constructor(model: Uint8Array, adapter: string, tell: (answer: Answer) => void);
    ask(message: Ask): void;
    /** Images that the model knows, among which a drawing is learned. */
    give_known(images: Uint8Array, labels: Uint8Array): void;
    /** The training that PyTorch has done, which a check repeats. */
    give_golden(file: Uint8Array): void;
    /** MNIST. */
    give_data(images: Uint8Array, labels: Uint8Array, testImages: Uint8Array, testLabels: Uint8Array): void;
}
