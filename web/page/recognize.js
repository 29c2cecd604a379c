// When to ask what the canvas shows: at most once in a frame, never before the last question is answered, and always about
// the newest drawing. Answers to questions that are out of date are dropped here.

import { ask, on } from "./engine.js";

/** @typedef {import("./engine").AnswerOf<"recognized">} Recognized */

/** The number of the newest question. */
let number = 0;
/** Whether a question waits for its answer. */
let isAsked = false;
/** Whether something has changed since the last question. */
let hasChanged = false;
let frame = 0;

/**
 * Makes the function that is to be called whenever the drawing or the model changes.
 * @param {() => import("./messages").Subject | null} subject
 * @param {(recognized: Recognized | null) => void} show
 */
export function recognizer(subject, show) {
    const next = () => {
        frame = 0;
        const wanted = subject();
        if (!wanted) {
            hasChanged = false;
            // What is under way is about a drawing that is gone.
            number += 1;
            show(null);
        } else if (!isAsked) {
            [hasChanged, isAsked] = [false, true];
            number += 1;
            ask({ ask: "recognize", number, subject: wanted });
        }
    };
    const look = () => {
        hasChanged = true;
        frame ||= requestAnimationFrame(next);
    };
    const answered = () => {
        isAsked = false;
        if (hasChanged) look();
    };
    on("recognized", (recognized) => {
        if (recognized.number === number) show(recognized);
        answered();
    });
    on("nothing", (nothing) => {
        if (nothing.number === number) show(null);
        answered();
    });
    on("failed", (failed) => {
        if (failed.ask === "recognize") answered();
    });
    // A question is lost with a training that fails, after which the engine says that it is ready.
    on("ready", answered);
    return look;
}

/** Whether this is the number of what is shown. @param {number} other */
export const isNewest = (other) => other === number;
