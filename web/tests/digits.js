// The other side of every comparison: MNIST's test images out of the repository, and the `digits` program, which runs the
// same kernels without a browser.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { address, folder, told } from "./browser.js";

const repository = new URL("../../", import.meta.url);
const [SIDE, HEADER] = [28, 16];

/** @param {string[]} of */
export async function digits(...of) {
    const { stdout } = await promisify(execFile)(told("DIGITS"), of, { maxBuffer: 1 << 24 });
    return stdout;
}

/**
 * What the program reads in a picture, with the core that browsers have: of each digit its box and the probability of every
 * class. Another core adds in another order, which alone can change a probability by a millionth.
 * @param {string} path
 * @param {string} model
 */
export async function predict(path, model) {
    const { digits: found } = JSON.parse(await digits("predict", "--json", "--top", "10", "--core", "tile", "--model", model, path));
    return found.map(({ box, top }) => {
        const probabilities = Array(10).fill(0);
        for (const { digit, confidence } of top) probabilities[digit] = confidence;
        return { box, probabilities };
    });
}

/** The file of the model that the page starts with. */
export async function pageModel() {
    const response = await fetch(`${address}model.safetensors`);
    return write("page.safetensors", new Uint8Array(await response.arrayBuffer()));
}

/** The same with other things said of it. */
export async function modelWith(/** @type {Record<string, object>} */ metadata) {
    const file = await readFile(await pageModel());
    const end = 8 + Number(file.readBigUInt64LE());
    const header = JSON.parse(file.toString("utf8", 8, end));
    for (const [name, value] of Object.entries(metadata)) header.__metadata__[name] = JSON.stringify(value);
    const text = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    return write("other.safetensors", Buffer.concat([length, text, file.subarray(end)]));
}

/** Writes a file for the page or the program to read, and gives its path. */
export async function write(/** @type {string} */ name, /** @type {string | Uint8Array} */ bytes) {
    const path = join(folder, name);
    await writeFile(path, bytes);
    return path;
}

/** The first `count` images that MNIST tests with, as an IDX file. */
export async function testImages(/** @type {number} */ count) {
    const file = gunzipSync(await readFile(new URL("data/mnist/t10k-images-idx3-ubyte.gz", repository)));
    const part = Buffer.from(file.subarray(0, HEADER + count * SIDE * SIDE));
    part.writeUInt32BE(count, 4);
    return part;
}

/** The losses of the first steps that a training with the page's network must give. */
export const firstSteps = async () => JSON.parse(await readFile(new URL("data/golden/first_steps.json", repository), "utf8"));

/**
 * A picture of MNIST's first test images side by side, dark on light, every pixel of theirs a square: they show 7, 2 and 1.
 * A browser makes the file.
 * @param {import("puppeteer-core").Page} page
 */
export async function threeDigits(page) {
    const images = [...(await testImages(3)).subarray(HEADER)];
    const base64 = await page.evaluate((images, side, square) => {
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [3 * side * square + 60, side * square + 40];
        const context = canvas.getContext("2d");
        context.fillStyle = "#fff";
        context.fillRect(0, 0, canvas.width, canvas.height);
        images.forEach((ink, at) => {
            const [image, y, x] = [Math.floor(at / (side * side)), Math.floor(at / side) % side, at % side];
            context.fillStyle = `rgb(${255 - ink} ${255 - ink} ${255 - ink})`;
            context.fillRect((image * side + x) * square + 30, y * square + 20, square, square);
        });
        return canvas.toDataURL("image/png").split(",")[1];
    }, images, SIDE, 5);
    return write("721.png", Buffer.from(base64, "base64"));
}

/**
 * The largest difference between the probabilities of digits that the page and the program have read.
 * @param {{ probabilities: number[] }[]} some
 * @param {{ probabilities: number[] }[]} others
 */
export function difference(some, others) {
    assert.equal(some.length, others.length, "as many digits are read");
    return Math.max(...some.flatMap(({ probabilities }, at) =>
        probabilities.map((probability, digit) => Math.abs(probability - others[at].probabilities[digit]))));
}
