// The engine's worker: loads the WebAssembly and the model, fetches MNIST once it is needed, and hands messages through.
// messages.d.ts tells what they are.

/** @typedef {import("./messages").Ask} Ask */
/** @typedef {import("./messages").Answer} Answer */
/** @typedef {import("./digits_web.js").Engine} Engine */

const MNIST = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
];

/** @type {Engine | null} */
let engine = null;

/** What is asked for before the engine has started. @type {Ask[]} */
const waiting = [];

/** Whether the images have come among which a drawing is learned, the training that a check repeats, and MNIST. */
let [hasKnown, hasGolden, hasData] = [false, false, false];

/** Ends the fetching for a training. @type {AbortController | null} */
let fetching = null;

const tell = (/** @type {Answer} */ answer) => self.postMessage(answer);

self.onmessage = ({ data }) => {
    if (engine) void take(data);
    else waiting.push(data);
};

start().catch((error) => tell({ answer: "failed", ask: "start", reason: reasonOf(error) }));

/** All side by side: the glue, the WebAssembly, the model and the GPU's name. */
async function start() {
    const wasm = open("digits_web_bg.wasm");
    const model = get("model.safetensors");
    const module = await import("./digits_web.js");
    const [bytes, adapter] = await Promise.all([model, adapterName(), module.default({ module_or_path: wasm })]);
    engine = new module.Engine(bytes, adapter, tell);
    for (const ask of waiting.splice(0)) void take(ask);
}

/** What the browser tells of the GPU, which the engine cannot ask for. */
async function adapterName() {
    const gpu = /** @type {any} */ (navigator).gpu;
    const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
    const { vendor, architecture, description } = adapter?.info ?? {};
    return description || [vendor, architecture].filter(Boolean).join(" ") || "a GPU that the browser does not name";
}

/** @param {Ask} ask */
async function take(ask) {
    if (!engine) return;
    try {
        if (ask.ask === "teach" && !hasKnown) await giveKnown(engine);
        if (ask.ask === "check" && !hasGolden) await giveGolden(engine);
        if (ask.ask === "stop" && fetching) return fetching.abort();
        if (ask.ask === "train" && !hasData && !(await giveData(engine))) return;
        engine.ask(ask);
    } catch (error) {
        tell({ answer: "failed", ask: ask.ask, reason: reasonOf(error) });
    }
}

/** @param {Engine} engine */
async function giveKnown(engine) {
    const [images, labels] = await Promise.all(["known-images.gz", "known-labels.gz"].map(fetched));
    engine.give_known(images, labels);
    hasKnown = true;
}

/** @param {Engine} engine */
async function giveGolden(engine) {
    engine.give_golden(await fetched("golden.safetensors"));
    hasGolden = true;
}

/**
 * Fetches MNIST and tells how far that is. Gives whether it has come; it has not where it was stopped.
 * @param {Engine} engine
 */
async function giveData(engine) {
    if (fetching) throw new Error("MNIST is being fetched already");
    fetching = new AbortController();
    const { signal } = fetching;
    try {
        const responses = await Promise.all(MNIST.map((name) => open(`mnist/${name}`, signal)));
        const of = responses.reduce((sum, { headers }) => sum + Number(headers.get("content-length")), 0);
        let bytes = 0;
        const come = (/** @type {number} */ length) => {
            bytes += length;
            // A server that unpacks what it sends tells the packed length.
            tell({ answer: "fetching", bytes, of: Math.max(bytes, of) });
        };
        const [images, labels, ...test] = await Promise.all(responses.map((response) => read(response, come)));
        engine.give_data(images, labels, test[0], test[1]);
        hasData = true;
    } catch (error) {
        if (!signal.aborted) throw new Error(`MNIST cannot be fetched (${reasonOf(error)}): are you offline?`);
        tell({ answer: "stopped", epochs: 0 });
    } finally {
        fetching = null;
    }
    return hasData;
}

/** @param {string} name @param {AbortSignal} [signal] */
async function open(name, signal) {
    const response = await fetch(name, { signal });
    if (!response.ok) throw new Error(`${name}: ${response.status} ${response.statusText}`.trim());
    return response;
}

/** @param {string} name */
async function fetched(name) {
    try {
        return await get(name);
    } catch (error) {
        throw new Error(`what it needs cannot be fetched (${reasonOf(error)}): are you offline?`);
    }
}

/** @param {string} name */
async function get(name) {
    return new Uint8Array(await (await open(name)).arrayBuffer());
}

/** @param {Response} response @param {(length: number) => void} come */
async function read(response, come) {
    /** @type {Uint8Array[]} */
    const parts = [];
    const reader = response.body?.getReader();
    for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
        parts.push(part.value);
        come(part.value.length);
    }
    return new Uint8Array(await new Blob(/** @type {BlobPart[]} */ (parts)).arrayBuffer());
}

/** @param {unknown} error */
function reasonOf(error) {
    return error instanceof Error ? error.message : String(error);
}
