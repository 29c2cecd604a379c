// Training from nothing: what to train, how far it is, how loss and accuracy go, the first filters, and the images that the
// network still gets wrong. The engine tells of the training; the page only shows it.

import { chart } from "./curves.js";
import { block, button, find, grouped, make, percent } from "./dom.js";
import { ask, on } from "./engine.js";
import { unsay } from "./status.js";
import { grey, mosaic } from "./tiles.js";

/** @typedef {import("./messages").Mistake} Mistake */
/** @typedef {import("./engine").AnswerOf<"epoch">} Epoch */
/** @typedef {import("./engine").AnswerOf<"progress">} Progress */
/** @typedef {"idle" | "fetching" | "running" | "paused"} State */

const [start, pause, stop, save] = [button("train"), button("pause"), button("stop"), button("save-trained")];
const [state, curves, table] = [block("train-state"), block("curves"), find("epochs-table", HTMLTableElement)];
const [facts, settings] = [block("train-facts"), find("settings", HTMLDetailsElement)];
const progress = find("train-progress", HTMLProgressElement);

/** What has been told of this training. */
let epochs = 1;
/** @type {[number, number][]} */
let losses = [];
/** @type {Epoch[]} */
let finished = [];

/**
 * Takes jobs and shows what comes of them. `changed` is told when the parameters are others, `look` when a mistake is to be
 * looked at.
 * @param {() => void} changed
 * @param {(mistake: Mistake) => void} look
 */
export function takeJobs(changed, look) {
    const job = find("job", HTMLFormElement);
    // A field that is wrong must be seen.
    job.addEventListener("invalid", () => (settings.open = true), true);
    job.addEventListener("submit", (event) => {
        event.preventDefault();
        if (document.documentElement.dataset.training === "idle") begin();
    });
    pause.addEventListener("click", () => ask({ ask: pause.dataset.ask === "resume" ? "resume" : "pause" }));
    stop.addEventListener("click", () => ask({ ask: "stop" }));
    on("fetching", ({ bytes, of }) => {
        progress.value = of ? bytes / of : 0;
        showFacts({ fetched: `${megabytes(bytes)} of ${megabytes(of)} MB` });
    });
    on("training", (training) => {
        epochs = training.epochs;
        enter("running");
        progress.value = 0;
        showFacts({});
        state.textContent = "The first steps, for which the kernels are compiled";
    });
    on("progress", showProgress);
    on("epoch", (epoch) => {
        finished.push(epoch);
        losses.push([epoch.epoch, epoch.train_loss]);
        showCurves();
        changed();
    });
    on("filters", ({ filters }) => {
        block("filters-figure").hidden = filters.channels === 0;
        if (filters.channels) mosaic(find("filters", HTMLCanvasElement), filters, 8, "signed");
        changed();
    });
    on("mistakes", (answer) => showMistakes(answer.mistakes, answer.of, look));
    on("paused", () => {
        enter("paused");
        state.textContent = "Paused";
    });
    on("resumed", () => enter("running"));
    takeEnds(changed);
    enter("idle");
}

/** @param {() => void} changed */
function takeEnds(changed) {
    on("trained", ({ epoch, loss, accuracy }) => {
        enter("idle");
        progress.value = 1;
        const right = `${percent(accuracy, 2)} of MNIST's test images right, loss ${loss.toFixed(4)}`;
        state.textContent = `Trained: ${right}. The model of epoch ${epoch} is in use.`;
        save.hidden = false;
        changed();
    });
    on("stopped", (stopped) => {
        enter("idle");
        const kept = stopped.epochs === 1 ? "the finished epoch" : `the best of ${stopped.epochs} finished epochs`;
        const model = stopped.epochs ? kept : "the newest step";
        state.textContent = losses.length ? `Stopped. The model of ${model} is in use.` : "Stopped before the first step.";
        save.hidden = losses.length === 0;
        changed();
    });
    const failed = () => {
        if (document.documentElement.dataset.training !== "idle") state.textContent = "";
        enter("idle");
    };
    on("failed", (answer) => void (answer.ask === "train" && failed()));
    on("without_gpu", failed);
}

function begin() {
    const value = (/** @type {string} */ id) => find(id, HTMLInputElement).valueAsNumber;
    [losses, finished] = [[], []];
    [block("filters-figure").hidden, block("mistakes-part").hidden, save.hidden] = [true, true, true];
    [progress.value, state.textContent] = [0, "Fetching MNIST"];
    epochs = value("epochs");
    settings.open = false;
    showFacts({});
    showCurves();
    unsay("train");
    enter("fetching");
    ask({
        ask: "train",
        network: find("network", HTMLTextAreaElement).value.trim(),
        epochs,
        batch: value("batch"),
        learning_rate: value("learning-rate"),
        seed: value("seed"),
        images: Number(find("images", HTMLSelectElement).value),
    });
}

/** @param {State} now */
function enter(now) {
    document.documentElement.dataset.training = now;
    const isIdle = now === "idle";
    // The focus goes with the button that is there.
    const hadFocus = [start, pause, stop].some((button) => button === document.activeElement);
    start.hidden = !isIdle;
    stop.hidden = isIdle;
    pause.hidden = isIdle || now === "fetching";
    pause.dataset.ask = now === "paused" ? "resume" : "pause";
    pause.textContent = now === "paused" ? "Resume" : "Pause";
    if (hadFocus && document.activeElement === document.body) (isIdle ? start : stop).focus();
    if (isIdle) showFacts({});
    else block("training").hidden = false;
}

/** @param {Progress} of */
function showProgress({ epoch, images, of, loss, seconds }) {
    const done = (epoch - 1) * of + images;
    const rate = images / Math.max(seconds, 1e-3);
    progress.value = done / (epochs * of);
    state.textContent = `Training: ${epochs === 1 ? "one epoch" : `${epochs} epochs`}`;
    showFacts({
        epoch: `${epoch} of ${epochs}`,
        loss: loss.toFixed(4),
        "images/s": grouped(rate),
        left: duration((epochs * of - done) / rate),
    });
    losses.push([epoch - 1 + images / of, loss]);
    showCurves();
}

/** @param {Record<string, string>} values by name */
function showFacts(values) {
    const entries = Object.entries(values);
    facts.replaceChildren(...entries.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
}

function showCurves() {
    const points = (/** @type {(of: Epoch) => number} */ value) =>
        finished.map((epoch) => /** @type {[number, number]} */ ([epoch.epoch, value(epoch)]));
    const accuracy = points(({ validation }) => validation.accuracy);
    const worst = Math.min(...accuracy.map(([, value]) => value), 0.95);
    const floor = [0.9, 0.8, 0.5].find((floor) => worst >= floor) ?? 0;
    const loss = chart(
        { title: "Loss", epochs, ticks: [0.01, 0.03, 0.1, 0.3, 1, 3], isLogarithmic: true, format: String },
        [
            { name: "training", style: "thin", points: losses },
            { name: "validation", style: "thick", points: points(({ validation }) => validation.loss) },
        ],
    );
    const ticks = [floor, (floor + 1) / 2, 1];
    const right = chart(
        { title: "Validation images right", epochs, ticks, format: (value) => percent(value, 0) },
        [{ name: "validation", style: "thick", points: accuracy }],
    );
    curves.replaceChildren(
        figure(loss, "Loss by epoch: ", key("thin"), "training ", key("thick"), "validation"),
        figure(right, "Validation images right by epoch"),
    );
    const rows = finished.map(({ epoch, train_loss, validation: { loss, accuracy }, seconds }) =>
        [String(epoch), train_loss.toFixed(4), loss.toFixed(4), percent(accuracy, 2), seconds.toFixed(1)]);
    table.tBodies[0].replaceChildren(...rows.map((row) => make("tr", {}, ...row.map((cell) => make("td", {}, cell)))));
}

/** @param {Element} chart @param {(Node | string)[]} caption */
const figure = (chart, ...caption) => make("figure", {}, make("figcaption", {}, ...caption), chart);

/** @param {"thin" | "thick"} style */
const key = (style) => make("span", { className: `key ${style}` });

/**
 * @param {Mistake[]} mistakes
 * @param {number} of
 * @param {(mistake: Mistake) => void} look
 */
function showMistakes(mistakes, of, look) {
    block("mistakes-part").hidden = of === 0;
    block("mistakes-title").textContent = `Still wrong: ${grouped(of)} validation images`;
    block("mistakes").replaceChildren(...mistakes.map((mistake) => {
        const canvas = make("canvas", { className: "tiles", ariaHidden: "true" });
        grey(canvas, mistake.pixels, 28);
        const text = make("span", {}, `${mistake.label}, not ${mistake.said}`);
        const show = make("button", { title: "Look at it" }, canvas, text);
        show.addEventListener("click", () => look(mistake));
        return make("li", {}, show);
    }));
}

/** @param {number} bytes */
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

/** @param {number} seconds */
function duration(seconds) {
    if (seconds < 90) return `${Math.ceil(seconds)} s`;
    return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
