// Wires the page together: what is drawn is recognized, what is recognized is shown, and what a person chooses or presses is
// done. Each part is a module of its own.

import { makeBars, showAnswer } from "./answer.js";
import { onAppearance, paint, takePointers } from "./canvas.js";
import { takeChecks } from "./check.js";
import { block, button, find, make } from "./dom.js";
import { History } from "./drawing.js";
import { listen, on } from "./engine.js";
import { forget, showInput, showReasons, toggleSaliency } from "./inside.js";
import { showAbout, takeLessons, teach } from "./learn.js";
import { chooseBox, nearest, showBoxes, takePictures } from "./pictures.js";
import { isNewest, recognizer } from "./recognize.js";
import { forgetNotes, say, unsay } from "./status.js";
import { startTabs } from "./tabs.js";
import { grey } from "./tiles.js";
import { takeJobs } from "./train.js";
import * as words from "./words.js";

const page = document.documentElement;
const drawings = new History();

const look = recognizer(() => drawings.subject, (recognized) => {
    showAnswer(recognized, drawings.present.picture);
    showInput(recognized);
    if (recognized) keepOffline();
});

const teachThis = (/** @type {number} */ digit) => teach(drawings.subject, digit);

/** What lies on the canvas has changed. */
function changed() {
    paint(drawings);
    forget();
    forgetNotes();
    showBoxes(drawings.present.picture, choose);
    button("undo").disabled = !drawings.canUndo;
    button("redo").disabled = !drawings.canRedo;
    button("clear").disabled = drawings.isEmpty;
    look();
}

/** This digit of the picture is the one to look at. @param {number} index */
function choose(index) {
    const { picture } = drawings.present;
    if (picture) picture.chosen = index;
    forget();
    look();
}

/** @param {import("./messages").Mistake} mistake */
function lookAt({ pixels, label, said }) {
    const image = make("canvas");
    grey(image, pixels, 28);
    /** @type {[[number, number], [number, number]]} */
    const all = [[0, 0], [1, 1]];
    const digits = [{ box: all, place: all, pixels, label: said }];
    drawings.showPicture({ image, width: 28, height: 28, name: `of a ${label}`, digits, chosen: 0 });
    changed();
}

/** What buttons and keys do to the drawing. */
const COMMANDS = {
    undo: () => drawings.undo(),
    redo: () => drawings.redo(),
    clear: () => drawings.clear(),
    thinner: () => drawings.scalePen(1 / 1.25),
    wider: () => drawings.scalePen(1.25),
};

/** @param {keyof typeof COMMANDS} command */
function run(command) {
    COMMANDS[command]();
    changed();
}

/** @type {Record<string, keyof typeof COMMANDS>} */
const KEYS = { "-": "thinner", "+": "wider", "=": "wider" };

/** @param {KeyboardEvent} event */
function press(event) {
    const { key, ctrlKey, metaKey, shiftKey, altKey, target } = event;
    if (target instanceof Element && target.matches("textarea, select, input:not([type=radio], [type=checkbox])")) return;
    const letter = key.toLowerCase();
    if (ctrlKey || metaKey) {
        const command = letter === "y" || (letter === "z" && shiftKey) ? "redo" : letter === "z" ? "undo" : null;
        if (!command || altKey) return;
        event.preventDefault();
        run(command);
    } else if (key === "Escape") {
        run("clear");
    } else if (!altKey && find("single-keys", HTMLInputElement).checked) {
        if (/^[0-9]$/.test(key)) teachThis(Number(key));
        else if (KEYS[key]) run(KEYS[key]);
        else if (letter === "s") toggleSaliency();
    }
}

/** Who answers. @param {"reference" | "gpu" | "without_gpu" | "broken"} engine @param {string} text */
function showEngine(engine, text) {
    page.dataset.engine = engine;
    block("engine").textContent = text;
    const isWithout = engine === "without_gpu" || engine === "broken";
    for (const id of ["train", "check"]) button(id).disabled = isWithout;
    for (const line of document.querySelectorAll(".needs-gpu")) {
        line.textContent = words.needsGpu;
        line.toggleAttribute("hidden", !isWithout);
    }
}

function takeEngine() {
    on("ready", ({ about, by }) => {
        page.dataset.by = by;
        if (by === "gpu") {
            showEngine("gpu", about.adapter ?? "WebGPU");
            unsay("without_gpu");
        } else if (page.dataset.engine !== "without_gpu") {
            showEngine("reference", "WebAssembly, until the GPU is ready");
        }
        makeBars(about.names, teachThis);
        showAbout(about);
        look();
        // Not before what is needed first has come.
        setTimeout(keepOffline, 3000);
    });
    on("without_gpu", ({ reason }) => {
        page.dataset.by = "reference";
        showEngine("without_gpu", "WebAssembly, without a GPU");
        say("without_gpu", words.withoutGpu(reason));
    });
    on("failed", ({ ask, reason }) => {
        if (ask !== "start") return say(ask, words.failed(ask, reason));
        showEngine("broken", "No engine");
        say("start", words.notStarted(reason));
    });
    on("explained", (explained) => void (isNewest(explained.number) && showReasons(explained)));
}

/** Registers the service worker, once. */
let keepOffline = () => {
    keepOffline = () => {};
    const { serviceWorker } = navigator;
    // There is none on a page that came without encryption.
    if (!serviceWorker) return;
    serviceWorker.addEventListener("message", ({ data }) => say("offline", data.isFull ? words.storageFull : words.notKept));
    serviceWorker.register("service.js").catch(() => {
        // It tells itself what it could not keep; where the browser allows none, the page works all the same.
    });
};

for (const name of /** @type {(keyof typeof COMMANDS)[]} */ (Object.keys(COMMANDS))) {
    button(name).addEventListener("click", () => run(name));
}
button("why").addEventListener("click", toggleSaliency);
addEventListener("keydown", press);
takePointers(drawings, changed, (at) => {
    const { picture } = drawings.present;
    if (picture?.digits?.length) chooseBox(nearest(picture, at));
});
takePictures((picture) => {
    drawings.showPicture(picture);
    changed();
}, changed);
takeLessons(look);
takeJobs(look, lookAt);
takeChecks();
takeEngine();
startTabs();
makeBars([..."0123456789"], teachThis);
onAppearance(() => paint(drawings));
listen();
