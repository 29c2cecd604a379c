// Chromium with WebGPU: drawing, the keys, pictures, model files, PyTorch's numbers, memory, and a GPU that is lost. One page serves
// all tests, since Chromium's software driver takes ten seconds to compile its kernels.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium, DESK, SEVEN, Visit } from "./browser.js";
import { difference, digits, pageModel, predict, threeDigits, write } from "./digits.js";
import { assertFluent } from "./measure.js";

/** @type {import("puppeteer-core").Browser} */
let browser;
/** @type {Visit} */
let visit;

before(async () => {
    browser = await chromium();
    visit = await Visit.open(browser);
});

after(() => browser?.close());

test("a_seven_is_recognized_by_the_gpu_while_the_stroke_grows", async (t) => {
    await visit.untilState("by", "gpu");
    // Chromium's software driver takes many times as long as Firefox's: 160 to 230 ms on two virtual cores.
    t.diagnostic(`Chromium: ${await assertFluent(visit, 300)}`);
    await visit.untilAnswer("7");
    assert.match(await visit.text("#by"), /^by the GPU, /);
});

test("the_reasons_are_shown_over_the_drawing_and_beside_it", async () => {
    await visit.until(() => document.querySelector("#saliency.shown"));
    const captions = await visit.page.$$eval("#maps figcaption", (captions) => captions.map(({ textContent }) => textContent));
    assert.deepEqual(captions, ["Convolution 1: 32 maps of 13 x 13", "Convolution 2: 48 maps of 5 x 5"]);
    for (const scheme of ["dark", "light"]) {
        await visit.page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
        await visit.shoot(`drawing-${scheme}`);
    }
    await visit.page.setViewport({ width: 360, height: 740, deviceScaleFactor: 2 });
    await visit.shoot("drawing-phone");
    await visit.page.setViewport(DESK);
});

test("keys_undo_redo_and_clear_and_the_tabulator_leads_to_what_they_do_not", async () => {
    await visit.untilCanvas("one stroke");
    await visit.press("Control", "z");
    await visit.untilCanvas("empty");
    await visit.press("Control", "Shift", "z");
    await visit.untilCanvas("one stroke");
    await visit.press("Escape");
    await visit.untilCanvas("empty");
    await visit.press("Control", "z");
    await visit.untilCanvas("one stroke");
    await visit.press("Control", "y");
    await visit.untilCanvas("empty");
    await visit.tabTo("#undo");
    await visit.press("Enter");
    await visit.untilCanvas("one stroke");
    await visit.tabTo("#clear");
    await visit.press("Space");
    await visit.untilCanvas("empty");
    await visit.press("Control", "z");
    await visit.untilAnswer("7");
});

test("arrow_keys_go_from_tab_to_tab_and_the_address_follows", async () => {
    await visit.tabTo("#tab-draw");
    for (const name of ["train", "check", "model", "draw"]) {
        await visit.press("ArrowRight");
        await visit.until((name) => document.activeElement.id === `tab-${name}`, name);
        assert.equal(await visit.page.$eval(`#panel-${name}`, ({ hidden }) => hidden), false);
        assert.equal(new URL(visit.page.url()).hash, name === "draw" ? "" : `#${name}`);
    }
    await visit.press("End");
    await visit.until(() => document.activeElement.id === "tab-model");
    await visit.press("Home");
    await visit.until(() => document.activeElement.id === "tab-draw");
    assert.equal(await visit.page.evaluate(() => scrollY), 0, "the keys scrolled the page, too");
});

test("a_picture_of_three_digits_is_read_as_the_program_reads_it_with_a_box_around_each", async () => {
    const path = await threeDigits(visit.page);
    const answer = await visit.answerTo(() => visit.choose("picture", path), "read", "unreadable");
    await visit.untilAnswer("721");
    const expected = await predict(path, await pageModel());
    assert.deepEqual(answer.digits.map(({ bounds }) => bounds), expected.map(({ box }) => box));
    assert.ok(difference(answer.digits, expected) <= 1e-6);
    const names = () => visit.page.$$eval("#boxes input", (boxes) => boxes.map((box) => box.ariaLabel));
    assert.deepEqual(await names(), ["7, the 1. of 3", "2, the 2. of 3", "1, the 3. of 3"]);
    const lefts = await visit.page.$$eval("#boxes label", (boxes) => boxes.map((box) => box.getBoundingClientRect().left));
    assert.ok(lefts[0] < lefts[1] && lefts[1] < lefts[2]);
    await visit.tabTo("#boxes input");
    await visit.press("ArrowRight");
    await visit.until(() => document.querySelector("#bars .winner").dataset.digit === "2");
    await visit.until(() => document.querySelector("#saliency.shown"));
    await visit.shoot("picture");
});

test("a_damaged_picture_is_told_in_a_sentence", async () => {
    await visit.choose("picture", await write("damaged.png", "This is no picture."));
    assert.match(await visit.untilSaid("damaged.png"), /damaged\.png .+\.$/);
});

test("a_damaged_model_is_told_and_a_model_of_another_network_is_used", async () => {
    await visit.page.click("#tab-model");
    await visit.choose("model", await write("damaged.safetensors", "This is no model."));
    assert.match(await visit.untilSaid("The model could not be opened: "), /damaged\.safetensors .+\.$/);
    assert.match(await visit.text("#about"), /ships with digits/);
    const small = "conv 4 5x5 relu | pool 4 | dense 10";
    const path = await write("small.safetensors", "");
    await digits("train", "--no-tune", "--network", small, "--epochs", "1", "--out", path);
    await visit.choose("model", path);
    await visit.untilSaid("small.safetensors is in use.");
    assert.ok((await visit.text("#about")).includes(small.replaceAll(" | ", "\n")));
    const picture = await threeDigits(visit.page);
    const answer = await visit.answerTo(() => visit.choose("picture", picture), "read", "unreadable");
    assert.ok(difference(answer.digits, await predict(picture, path)) <= 1e-6);
});

test("pytorchs_training_is_repeated", async () => {
    await visit.page.click("#tab-check");
    const row = await visit.answerTo(() => visit.page.click("#check"), "checked", "failed");
    assert.deepEqual([row.core, row.operation, row.passed], ["tile", "PyTorch's steps", true], row.detail);
    await visit.page.click("#stop-check");
    await visit.untilState("check", "done");
    assert.match(await visit.text("#check-state"), /^Stopped\. All \d+ operations that were checked agree/);
});

/** In the worker: counts from now on the bytes of GPU buffers that were made and not freed. */
function countBuffers() {
    const [device, buffer, sizes] = [GPUDevice.prototype, GPUBuffer.prototype, new WeakMap()];
    const [{ createBuffer }, { destroy }] = [device, buffer];
    self.held = 0;
    device.createBuffer = function (descriptor) {
        const made = createBuffer.call(this, descriptor);
        sizes.set(made, descriptor.size);
        self.held += descriptor.size;
        return made;
    };
    buffer.destroy = function () {
        self.held -= sizes.get(this) ?? 0;
        sizes.delete(this);
        destroy.call(this);
    };
}

/** In the worker: those bytes, and the engine's own. The glue gives the engine that has started to whoever asks again. */
async function memory() {
    const { default: start } = await import(new URL("digits_web.js", self.location.href).href);
    return { buffers: self.held, engine: (await start()).memory.buffer.byteLength };
}

test("three_trainings_one_after_the_other_need_the_memory_of_one", async (t) => {
    await visit.page.click("#tab-train");
    await visit.page.$eval("#settings", (settings) => (settings.open = true));
    await visit.page.select("#images", "640");
    const job = { network: "conv 4 5x5 relu | pool 4 | dense 10", batch: "32", epochs: "1" };
    for (const [name, value] of Object.entries(job)) await visit.page.locator(`#${name}`).fill(value);
    const [worker] = visit.page.workers();
    await worker.evaluate(countBuffers);
    const held = [];
    while (held.length < 3) {
        assert.equal((await visit.answerTo(() => visit.page.click("#train"), "trained", "failed")).answer, "trained");
        await visit.untilState("training", "idle");
        held.push(await worker.evaluate(memory));
    }
    t.diagnostic(`Chromium: behind each training ${held.map(({ buffers, engine }) => `${buffers} bytes on the GPU, ${engine} in the engine`).join("; ")}`);
    assert.ok(held[0].buffers > 0, "nothing was counted");
    assert.deepEqual(held.map(({ buffers }) => buffers), Array(3).fill(held[0].buffers));
    assert.equal(held[2].engine, held[1].engine);
    await visit.page.click("#tab-model");
    await visit.page.click("#restore");
    await visit.untilSaid("The model is as it was opened.");
});

test("the_page_says_that_the_gpu_was_lost_and_answers_again", async () => {
    const whole = await browser.target().createCDPSession();
    await whole.send("Browser.crashGpuProcess");
    await visit.press("Escape");
    await visit.draw(SEVEN);
    await visit.untilSaid("The GPU failed: the device was lost");
    await visit.untilAnswer("7");
    assert.match(await visit.text("#by"), /^by the GPU, /);
});

test("nothing_went_wrong_meanwhile", () => visit.end());
