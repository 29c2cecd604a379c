// The model: what is known about it, teaching it what a drawing shows, restoring it, and opening, saving and exporting
// files.

import { block, button, download, find, grouped, make, onFile } from "./dom.js";
import { ask, on } from "./engine.js";
import { say, unsay } from "./status.js";
import * as words from "./words.js";

/** @typedef {import("./messages").Subject} Subject */
/** @typedef {import("./messages").Point} Point */

/** The drawings that were taught. @type {{ strokes: Point[][], label: number }[]} */
const drawings = [];

/** The lesson that is being learned. @type {{ subject: Subject, label: number } | null} */
let lesson = null;

/** The name of the model file that is being opened. */
let opening = "";

const [bars, restore, exporter] = [block("bars"), button("restore"), button("export")];

/** `changed` is told when there is another model. @param {() => void} changed */
export function takeLessons(changed) {
    on("taught", ({ lessons, knows_all }) => {
        if (lesson && "strokes" in lesson.subject) {
            const { subject: { strokes }, label } = lesson;
            drawings.push({ strokes, label });
        }
        say("teach", learned(lesson?.label, lessons, knows_all), "note");
        end();
        restore.disabled = false;
        exporter.disabled = drawings.length === 0;
        changed();
    });
    // A lesson ends with a device that is lost, too.
    on("failed", (failed) => void (["teach", "gpu"].includes(failed.ask) && end()));
    on("without_gpu", end);
    on("trained", () => (restore.disabled = false));
    on("stopped", () => (restore.disabled = false));
    on("ready", ({ about }) => {
        if (about.origin !== opening) return;
        opening = "";
        restore.disabled = true;
        say("open", `${about.origin} is in use.`, "note");
        changed();
    });
    on("restored", () => {
        say("teach", "The model is as it was opened.", "note");
        restore.disabled = true;
        changed();
    });
    restore.addEventListener("click", () => retry({ ask: "restore" }));
    for (const id of ["save-model", "save-trained"]) button(id).addEventListener("click", () => retry({ ask: "save" }));
    exporter.addEventListener("click", () => retry({ ask: "export", drawings }));
    on("saved", ({ bytes }) => download(bytes, "digits.safetensors"));
    on("exported", ({ bytes }) => download(bytes, "drawings.tsv.gz"));
    onFile(button("open-model"), find("model-file", HTMLInputElement), async (file) => {
        const bytes = new Uint8Array(await file.arrayBuffer());
        opening = file.name;
        retry({ ask: "open", name: file.name, bytes });
    });
}

/**
 * Teaches that `subject` shows the digit `label`.
 * @param {Subject | null} subject
 * @param {number} label
 */
export function teach(subject, label) {
    if (document.documentElement.dataset.engine === "without_gpu") return say("teach", words.teachingNeedsGpu);
    if (!subject) return say("teach", words.nothingToLearn);
    if (lesson) return;
    // A copy: the drawing may go on.
    lesson = structuredClone({ subject, label });
    bars.dataset.learning = String(label);
    say("teach", `Learning that this is a ${label}`, "note");
    ask({ ask: "teach", ...lesson });
}

/** @param {import("./messages").About} about */
export function showAbout(about) {
    const facts = {
        Model: about.origin,
        Network: about.network.replaceAll(" | ", "\n"),
        Parameters: grouped(about.parameters),
        Trained: about.training,
        Adapter: about.adapter ?? "none: the reference in WebAssembly",
        Driver: about.driver,
    };
    const known = Object.entries(facts).filter(([, value]) => value);
    block("about").replaceChildren(
        ...known.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))),
    );
}

/** What was said about the last time is out of date. @param {import("./messages").Ask} wanted */
function retry(wanted) {
    unsay(wanted.ask);
    ask(wanted);
}

function end() {
    lesson = null;
    delete bars.dataset.learning;
}

/** @param {number | undefined} label @param {number} lessons @param {boolean} knowsAll */
function learned(label, lessons, knowsAll) {
    const taught = lessons === 1 ? "one drawing" : `${lessons} drawings`;
    if (knowsAll) return `Learned: this is a ${label}. The network knows ${taught} of yours now.`;
    return `Learned, but the network does not know all ${taught} of yours yet: choose the digit again, or draw it anew.`;
}
