// Every sentence about something that failed, in one place: what happened, and what one can do.

export const needsGpu =
    "This needs WebGPU, which is not available here: a current Chrome, Edge, Firefox or Safari has it, given a GPU.";

export const teachingNeedsGpu = "Teaching needs WebGPU, which is not available here.";

export const nothingToLearn = "There is nothing to learn from yet: draw a digit first, then choose what it is.";

export const storageFull =
    "This browser has no room to keep the page for offline use: it works as long as you are online.";

export const notKept = "The page could not be kept for offline use: it works as long as you are online.";

export const notCopied = "The text could not be copied: select it and copy it by hand.";

/** @param {string} reason */
export const withoutGpu = (reason) =>
    `There is no GPU to compute on (${reason}). ` +
    (self.isSecureContext ? "" : "WebGPU needs a page that came over https. ") +
    "The reference in WebAssembly answers instead; teaching, training and checking need WebGPU: " +
    "use a current Chrome, Edge, Firefox or Safari.";

/** @param {string} reason */
export const notStarted = (reason) =>
    `The engine could not be started${reason ? ` (${reason})` : ""}: load the page again, ` +
    "and if that does not help, use a current browser.";

/** @param {string} name @param {string} reason goes on after the name */
export const unreadable = (name, reason) => sentence(`${name} ${reason}`);

/** @param {string} name */
export const noDigit = (name) =>
    `No digit was found in ${name}: it should be dark on light or light on dark, and not touch the edge.`;

/** @type {Record<string, string>} */
const FAILED = {
    gpu: "The GPU failed",
    recognize: "The drawing could not be recognized",
    read: "The picture could not be read",
    teach: "The network could not learn this",
    restore: "The model could not be restored",
    open: "The model could not be opened",
    save: "The model could not be saved",
    export: "The drawings could not be exported",
    train: "The training failed",
    pause: "The training could not be paused",
    resume: "The training could not be resumed",
    stop: "It could not be stopped",
    check: "The check has ended early",
};

/** @param {string} ask @param {string} reason */
export const failed = (ask, reason) =>
    sentence(`${FAILED[ask] ?? "Something failed"}: ${ask === "gpu" ? reason.replace(/^the GPU failed: /, "") : reason}`);

/** @param {string} text */
const sentence = (text) => (/[.?!]$/.test(text) ? text : `${text}.`);

/** @param {unknown} error */
export const reasonOf = (error) => (error instanceof Error ? error.message : String(error));
