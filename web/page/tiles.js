// Numbers as small pictures, a pixel a number: grey for pixels and feature maps, orange and blue for what speaks for and
// against. CSS scales them and turns the grey ones around on light paper.

/** @typedef {import("./messages").Maps} Maps */

/** As in the window. */
const FOR = [255, 120, 0];
const AGAINST = [0, 110, 255];

/**
 * Grey values from 0 to 1.
 * @param {HTMLCanvasElement} canvas
 * @param {number[]} values
 * @param {number} width
 */
export function grey(canvas, values, width) {
    const image = resize(canvas, width, values.length / width);
    values.forEach((value, at) => put(image, at, WHITE_ON_BLACK(value)));
    show(canvas, image);
}

/**
 * What speaks for something in orange, what speaks against it in blue, the stronger the less transparent.
 * @param {HTMLCanvasElement} canvas
 * @param {number[]} values
 * @param {number} width
 */
export function signed(canvas, values, width) {
    const image = resize(canvas, width, values.length / width);
    const largest = largestOf(values);
    values.forEach((value, at) => put(image, at, forOrAgainst(value / largest)));
    show(canvas, image);
}

/**
 * All maps of a convolution side by side, so many in a row, as bright as they are strong, or in orange and blue.
 * @param {HTMLCanvasElement} canvas
 * @param {Maps} maps
 * @param {number} row
 * @param {"grey" | "signed"} style
 */
export function mosaic(canvas, { channels, height, width, values }, row, style) {
    const image = resize(canvas, Math.min(row, channels) * (width + 1) - 1, Math.ceil(channels / row) * (height + 1) - 1);
    const largest = largestOf(values);
    const colour = style === "grey" ? WHITE_ON_BLACK : forOrAgainst;
    values.forEach((value, at) => {
        const map = Math.floor(at / (height * width));
        const y = Math.floor(map / row) * (height + 1) + (Math.floor(at / width) % height);
        const x = (map % row) * (width + 1) + (at % width);
        put(image, y * image.width + x, colour(value / largest));
    });
    show(canvas, image);
}

/** @param {number} value */
const WHITE_ON_BLACK = (value) => {
    const grey = 255 * value;
    return [grey, grey, grey, 255];
};

/** @param {number} value from -1 to 1 */
const forOrAgainst = (value) => [...(value > 0 ? FOR : AGAINST), 230 * Math.abs(value) ** 0.8];

/** @param {number[]} values */
const largestOf = (values) => values.reduce((largest, value) => Math.max(largest, Math.abs(value)), Number.MIN_VALUE);

/** @param {HTMLCanvasElement} canvas @param {number} width @param {number} height */
function resize(canvas, width, height) {
    [canvas.width, canvas.height] = [width, height];
    return new ImageData(width, height);
}

/** @param {ImageData} image @param {number} at @param {number[]} colour */
const put = (image, at, colour) => image.data.set(colour, 4 * at);

/** @param {HTMLCanvasElement} canvas @param {ImageData} image */
const show = (canvas, image) => canvas.getContext("2d")?.putImageData(image, 0, 0);
