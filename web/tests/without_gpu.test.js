// Where there is no GPU the page recognizes all the same, says so, and says what needs one. What does not depend on the GPU
// is tested here as well, on phone and desk, by day and by night: what can be seen, reached and used without a network.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { after, before, test } from "node:test";
import { assertAccessible } from "./accessible.js";
import { address, chromiumWithoutGpu, DESK, PHONE, SEVEN, Visit } from "./browser.js";
import { modelWith, threeDigits } from "./digits.js";
import { assertFirstAnswer } from "./measure.js";

/** @type {import("puppeteer-core").Browser} */
let browser;

before(async () => {
    browser = await chromiumWithoutGpu();
});

after(() => browser?.close());

test("the_first_answer_comes_within_a_second_of_the_navigation", async (t) => {
    t.diagnostic(`Chromium: ${await assertFirstAnswer(browser)}`);
});

test("the_page_answers_by_the_reference_and_says_that_there_is_no_gpu", async () => {
    const visit = await Visit.open(browser);
    await visit.draw(SEVEN);
    await visit.untilAnswer("7");
    await visit.untilState("engine", "without_gpu");
    assert.match(await visit.text("#by"), /^by the reference, /);
    assert.equal(await visit.text("#engine"), "WebAssembly, without a GPU");
    assert.match(await visit.untilSaid("There is no GPU to compute on ("), /use a current Chrome, Edge, Firefox or Safari\.$/);
    await visit.shoot("without-gpu");
    await visit.end();
});

test("what_needs_a_gpu_says_so_and_cannot_be_begun", async () => {
    const visit = await Visit.open(browser);
    await visit.untilState("engine", "without_gpu");
    await visit.draw(SEVEN);
    await visit.page.click('#bars [data-digit="2"]');
    await visit.untilSaid("Teaching needs WebGPU, which is not available here.");
    for (const name of ["train", "check"]) {
        await visit.page.click(`#tab-${name}`);
        assert.equal(await visit.page.$eval(`#${name}`, ({ disabled }) => disabled), true);
        const told = await visit.page.$eval(`#panel-${name} .needs-gpu`, ({ innerText }) => innerText);
        assert.match(told, /^This needs WebGPU, which is not available here: /);
    }
    await visit.untilAnswer("7");
    await visit.end();
});

test("what_the_model_is_not_sure_enough_of_is_no_digit_drawn_or_in_a_picture", async () => {
    const visit = await Visit.open(browser);
    await visit.choose("model", await modelWith({ calibration: { temperature: 8, threshold: 1 } }));
    await visit.untilSaid("other.safetensors is in use.");
    await visit.draw(SEVEN);
    // Of the whole stroke.
    await visit.until(() => /^most like 7, \d\d\.\d %, by the reference, /.test(document.getElementById("by").textContent));
    await visit.untilAnswer("\u2013");
    assert.deepEqual([await visit.text("#sureness"), await visit.text("#text")], ["no digit", "no digit"]);
    await visit.until(() => document.getElementById("spoken").textContent === "no digit");
    await visit.shoot("no-digit");
    await assertAccessible(visit.page, "no digit");
    await visit.choose("picture", await threeDigits(visit.page));
    await visit.untilAnswer("\u2013\u2013\u2013");
    const names = await visit.page.$$eval("#boxes input", (boxes) => boxes.map(({ ariaLabel }) => ariaLabel));
    assert.deepEqual(names, ["No digit, the 1. of 3", "No digit, the 2. of 3", "No digit, the 3. of 3"]);
    await visit.end();
});

test("classes_that_are_no_digits_are_called_by_their_names", async () => {
    const visit = await Visit.open(browser);
    const classes = ["nought", "one", "a pair", "three", "four", "five", "six", "seven of a kind", "eight", "nine"];
    await visit.choose("model", await modelWith({ classes }));
    await visit.untilSaid("other.safetensors is in use.");
    await visit.draw(SEVEN);
    await visit.untilAnswer("seven of a kind");
    assert.deepEqual([await visit.text("#text"), await visit.text("#numerals")], ["seven of a kind", "seven of a kind"]);
    const names = await visit.page.$$eval("#bars .name", (names) => names.map(({ textContent }) => textContent));
    assert.deepEqual(names, classes);
    await visit.shoot("names");
    await assertAccessible(visit.page, "names");
    await visit.choose("picture", await threeDigits(visit.page));
    await visit.until(() => document.getElementById("answer").dataset.answer.split(", ").length === 3);
    assert.match(await visit.page.$eval("#boxes input", ({ ariaLabel }) => ariaLabel), /^[a-z ]+, the 1\. of 3$/);
    await visit.choose("model", await modelWith({ classes: [..."0123456789"] }));
    await visit.until(() => document.querySelectorAll("#bars .numeral").length === 10);
    await visit.end();
});

test("a_finger_draws_on_a_phone_and_scrolls_beside_the_canvas_only", async () => {
    const visit = await Visit.open(browser, { viewport: PHONE });
    await visit.untilState("engine", "without_gpu");
    const [first, ...rest] = await visit.at(...SEVEN);
    const touch = await visit.page.touchscreen.touchStart(...first);
    for (const point of rest) await touch.move(...point);
    await touch.end();
    await visit.untilAnswer("7");
    const scrolled = () => visit.page.evaluate(() => scrollY);
    assert.equal(await scrolled(), 0);
    const swipe = await visit.page.touchscreen.touchStart(180, 650);
    for (let y = 640; y > 200; y -= 20) await swipe.move(180, y);
    await swipe.end();
    await visit.until(() => scrollY > 50);
    assert.equal(await visit.page.$eval("#canvas", ({ ariaLabel }) => ariaLabel), "Canvas: one stroke");
    await visit.end();
});

for (const [name, viewport] of Object.entries({ phone: PHONE, desk: DESK })) {
    for (const scheme of ["light", "dark"]) {
        test(`every_tab_fits_and_is_accessible_on_a_${name}_in_${scheme}_colours`, async () => {
            const visit = await Visit.open(browser, { viewport, scheme });
            await visit.untilState("engine", "without_gpu");
            await visit.draw(SEVEN);
            await visit.untilAnswer("7");
            const paper = await visit.page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
            const [red] = paper.match(/\d+/g).map(Number);
            assert.ok(scheme === "dark" ? red < 50 : red > 200, `${scheme} paper is ${paper}`);
            for (const tab of ["draw", "train", "check", "model"]) {
                await visit.page.click(`#tab-${tab}`);
                const wider = await visit.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
                assert.ok(wider <= 0, `the tab ${tab} is ${wider} pixels too wide`);
                await assertAccessible(visit.page, `the tab ${tab}`);
            }
            await visit.end();
        });
    }
}

/** The page at an address of its own, which is gone once `close` is called: also for the service worker. */
async function passage() {
    const { hostname, port } = new URL(address);
    /** @type {Set<import("node:net").Socket>} */
    const open = new Set();
    const server = createServer((near) => {
        const far = connect(Number(port), hostname);
        for (const [socket, other] of [[near, far], [far, near]]) {
            open.add(socket.on("error", () => other.destroy()).on("close", () => open.delete(socket)));
            socket.pipe(other);
        }
    });
    await once(server.listen(0, hostname), "listening");
    const close = () => {
        server.close();
        open.forEach((socket) => socket.destroy());
    };
    return { from: `http://${hostname}:${server.address().port}/`, close };
}

test("the_page_works_without_a_network_once_it_was_loaded", async (t) => {
    const { from, close } = await passage();
    t.after(close);
    const visit = await Visit.open(browser, { from });
    await visit.draw(SEVEN);
    await visit.untilAnswer("7");
    // It takes the page over once it has kept everything.
    await visit.until(() => navigator.serviceWorker.controller);
    await visit.end();
    close();
    await assert.rejects(fetch(from), "the server is still there");

    const again = await Visit.open(browser, { from });
    await again.draw(SEVEN);
    await again.untilAnswer("7");
    await again.end();
});
