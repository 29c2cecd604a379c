// The check: every operation of this GPU against the reference, a row each, and a text to paste into an issue.

import { block, button, find, make } from "./dom.js";
import { ask, on } from "./engine.js";
import { say, unsay } from "./status.js";
import * as words from "./words.js";

/** @typedef {import("./engine").AnswerOf<"checked">} Checked */

const [check, stop, state, report] = [button("check"), button("stop-check"), block("check-state"), block("report")];
const table = find("check-table", HTMLTableElement);
let isStopped = false;

export function takeChecks() {
    check.addEventListener("click", begin);
    stop.addEventListener("click", () => {
        isStopped = true;
        ask({ ask: "stop" });
    });
    button("copy").addEventListener("click", copy);
    on("checked", showRow);
    on("check_done", ({ passed, failed, text }) => {
        const differ = `${failed} of ${passed + failed} operations differ from the reference.`;
        const agree = `All ${passed} operations that were checked agree with the reference.`;
        state.textContent = (isStopped ? "Stopped. " : "") + (failed ? differ : agree);
        state.dataset.passed = String(failed === 0);
        report.textContent = text;
        const worst = table.querySelector(".failed")?.closest("tr");
        table.parentElement?.scrollTo({ top: worst ? worst.offsetTop - worst.offsetHeight : 0 });
        block("report-part").hidden = false;
        enter("done");
    });
    const failed = () => {
        if (document.documentElement.dataset.check === "running") state.textContent = "";
        enter("idle");
    };
    on("failed", (answer) => void (["check", "gpu"].includes(answer.ask) && failed()));
    on("without_gpu", failed);
    enter("idle");
}

function begin() {
    table.tBodies[0].replaceChildren();
    [block("checked").hidden, block("report-part").hidden] = [false, true];
    state.textContent = "The first kernels are compiled";
    delete state.dataset.passed;
    isStopped = false;
    unsay("check");
    enter("running");
    ask({ ask: "check" });
}

/** @param {"idle" | "running" | "done"} now */
function enter(now) {
    document.documentElement.dataset.check = now;
    const isRunning = now === "running";
    // The focus goes with the button that is there.
    const hadFocus = document.activeElement === check || document.activeElement === stop;
    [check.hidden, stop.hidden] = [isRunning, !isRunning];
    if (hadFocus) (isRunning ? stop : check).focus();
}

/** @param {Checked} row */
function showRow({ core, operation, cases, passed, detail }) {
    const [rows] = table.tBodies;
    const last = rows.lastElementChild;
    if (!(last instanceof HTMLElement) || last.dataset.core !== core) {
        const title = make("th", { scope: "rowgroup", colSpan: 3 }, `Core: ${core}`);
        rows.append(make("tr", { className: "core" }, title));
    }
    const result = make("td", { className: passed ? "passed" : "failed" }, passed ? "agrees" : "differs");
    const name = make("th", { scope: "row" }, operation, make("span", { className: "detail" }, detail));
    const row = make("tr", {}, name, make("td", {}, String(cases)), result);
    Object.assign(row.dataset, { core, operation, passed: String(passed) });
    rows.append(row);
    table.parentElement?.scrollTo({ top: table.parentElement.scrollHeight });
    if (document.documentElement.dataset.check === "running") {
        state.textContent = `Checked ${rows.querySelectorAll("[data-operation]").length} so far`;
    }
}

async function copy() {
    try {
        await navigator.clipboard.writeText(report.textContent ?? "");
        say("copy", "Copied.", "note");
    } catch {
        say("copy", words.notCopied);
    }
}
