// Firefox computes in the page what the program computes without a browser: recognition, lessons, training and the check.
// One page serves all tests, since its kernels take seconds to compile; they go from one to the next as a person would.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertAccessible } from "./accessible.js";
import { firefox, SEVEN, Visit } from "./browser.js";
import { difference, digits, firstSteps, pageModel, predict, testImages, write } from "./digits.js";
import { assertFirstAnswer, assertFluent } from "./measure.js";

/** @type {import("puppeteer-core").Browser} */
let browser;
/** @type {Visit} */
let visit;
const click = (/** @type {string} */ selector) => visit.page.click(selector);

before(async () => {
    browser = await firefox();
    visit = await Visit.open(browser);
});

after(() => browser?.close());

test("the_first_answer_comes_within_a_second_of_the_navigation", async (t) => {
    t.diagnostic(`Firefox: ${await assertFirstAnswer(browser)}`);
});

test("a_seven_is_recognized_by_the_gpu_while_the_stroke_grows", async (t) => {
    await visit.untilState("by", "gpu");
    t.diagnostic(`Firefox: ${await assertFluent(visit, 100)}`);
    await visit.untilAnswer("7");
});

test("the_probabilities_of_200_images_are_those_of_the_program_to_a_millionth", async (t) => {
    const path = await write("t10k-200.idx", await testImages(200));
    const answer = await visit.answerTo(() => visit.choose("picture", path), "read", "unreadable");
    const expected = await predict(path, await pageModel());
    const worst = difference(answer.digits, expected);
    t.diagnostic(`Firefox: ${expected.length} images, worst difference ${worst.toExponential(1)}`);
    assert.equal(expected.length, 200);
    assert.ok(worst <= 1e-6, `${worst}`);
});

/** Whether the program reads a few images with the model in this file as the page does with its own. */
async function assertSameModel(/** @type {string} */ model) {
    const path = await write("t10k-20.idx", await testImages(20));
    const answer = await visit.answerTo(() => visit.choose("picture", path), "read", "unreadable");
    assert.ok(difference(answer.digits, await predict(path, model)) <= 1e-6, "the program reads another model than the page has");
}

test("a_seven_that_a_key_teaches_to_be_a_two_is_one_until_the_model_is_restored", async () => {
    await visit.press("Escape");
    await visit.draw(SEVEN);
    await visit.untilAnswer("7");
    await visit.press("2");
    await visit.untilSaid("Learned: this is a 2.");
    await visit.untilAnswer("2");
    await visit.tabTo("#tab-draw");
    await visit.press("End");
    await visit.tabTo("#save-model");
    await assertSameModel(await visit.saved(() => visit.press("Enter")));
    await visit.tabTo("#restore");
    await visit.press("Enter");
    await visit.untilSaid("The model is as it was opened.");
    await visit.untilAnswer("7");
});

test("a_click_on_the_right_digit_teaches_it", async () => {
    await click('#bars [data-digit="1"]');
    await visit.untilSaid("Learned: this is a 1.");
    await visit.untilAnswer("1");
    await click("#restore");
    await visit.untilAnswer("7");
});

async function fillJob(/** @type {Record<string, string>} */ fields) {
    await click("#tab-train");
    await visit.page.$eval("#settings", (settings) => (settings.open = true));
    await visit.page.select("#images", "640");
    for (const [name, value] of Object.entries(fields)) await visit.page.locator(`#${name}`).fill(value);
}

test("the_first_twenty_steps_lose_what_the_reference_loses", async (t) => {
    const { losses } = await firstSteps();
    await fillJob({ batch: "32", epochs: "1" });
    await visit.answerTo(() => click("#train"), "trained", "failed");
    const progress = await visit.answers("progress");
    let [images, sum, worst] = [0, 0, 0];
    for (const now of progress) {
        const mean = (now.loss * now.images - sum) / (now.images - images);
        const steps = losses.slice(images / 32, now.images / 32);
        worst = Math.max(worst, Math.abs(mean - steps.reduce((sum, loss) => sum + loss) / steps.length));
        [images, sum] = [now.images, now.loss * now.images];
    }
    const { length, [length - 1]: { seconds } } = progress;
    t.diagnostic(`Firefox: 20 steps in ${length} submits and ${seconds.toFixed(1)} s, worst difference ${worst.toExponential(1)}`);
    assert.equal(images, 640);
    assert.ok(worst <= 1e-4, `${worst}`);
});

test("a_training_shows_its_curves_filters_and_mistakes_and_its_model_is_read_by_the_program", async () => {
    const state = await visit.text("#train-state");
    assert.match(state, /^Trained: \d+\.\d\d % of MNIST's test images right, loss .* The model of epoch 1 is in use\.$/);
    assert.equal(await visit.page.$$eval("#curves path", (paths) => paths.length), 3);
    assert.equal(await visit.page.$$eval("#epochs-table tbody tr", (rows) => rows.length), 1);
    const filters = await visit.page.$eval("#filters", ({ width, height, offsetWidth }) => [width, height, offsetWidth > 0]);
    assert.deepEqual(filters, [8 * 4 - 1, 4 * 4 - 1, true], "32 filters of 3 x 3, 8 in a row");
    assert.ok((await visit.page.$$("#mistakes button")).length > 0);
    await visit.shoot("trained", { fullPage: true });
    await assertAccessible(visit.page, "a finished training");
    await click("#mistakes button");
    await visit.until(() => /picture of a \d/.test(document.getElementById("canvas").ariaLabel));
    await assertSameModel(await visit.saved(() => click("#save-trained")));
});

test("a_training_answers_a_drawing_and_is_paused_resumed_and_stopped", async () => {
    await fillJob({ batch: "32", epochs: "1000" });
    await visit.answerTo(() => click("#train"), "progress");
    const drawn = await visit.answerTo(() => visit.draw(SEVEN), "recognized");
    assert.equal(drawn.by, "gpu");
    await visit.until(() => document.querySelector("#saliency.shown"));
    await visit.shoot("training");
    await click("#pause");
    await visit.untilState("training", "paused");
    const before = await visit.answers("progress");
    await new Promise((done) => setTimeout(done, 2000));
    assert.equal((await visit.answers("progress")).length, before.length, "it goes on");
    await visit.answerTo(() => click("#pause"), "progress");
    await visit.untilState("training", "running");
    await click("#stop");
    await visit.untilState("training", "idle");
    assert.match(await visit.text("#train-state"), /^Stopped\. The model of .* is in use\.$/);
    await click("#tab-model");
    await click("#restore");
    await visit.untilSaid("The model is as it was opened.");
});

test("the_check_agrees_in_every_operation_that_the_program_checks", async (t) => {
    await click("#tab-check");
    const start = Date.now();
    await click("#check");
    await visit.untilState("check", "done");
    t.diagnostic(`Firefox: the check took ${((Date.now() - start) / 1000).toFixed(1)} s`);
    const rows = await visit.page.$$eval("#check-table [data-operation]", (rows) =>
        rows.map(({ dataset: { core, operation, passed } }) => [core, operation, passed].join(" ")));
    // Of the cores that the program has, browsers offer what one needs.
    const native = (await digits("selftest")).split("\n").map((line) => line.split(/\s{2,}/)).filter(([core]) => core === "tile");
    assert.ok(native.length > 20);
    assert.deepEqual(rows, native.map(([core, operation]) => `${core} ${operation} true`));
    assert.equal(await visit.text("#check-state"), `All ${rows.length} operations that were checked agree with the reference.`);
    await visit.shoot("check");
    await assertAccessible(visit.page, "a finished check");
});

test("nothing_went_wrong_meanwhile", () => visit.end());
