// What lies on the canvas: strokes, or a picture and the digits found in it; and the drawings before and after it, so that
// nothing is lost. The twin of the window's history.

/** @typedef {import("./messages").Point} Point */
/**
 * A digit of a picture, and where what the network sees of it lies on the canvas. Its label is null where it is no digit.
 * @typedef {{ box: [Point, Point], place: [Point, Point], pixels: number[], label: number | null }} Found
 */
/**
 * @typedef {object} Picture
 * @property {CanvasImageSource | null} image null where the browser cannot show it
 * @property {number} width
 * @property {number} height
 * @property {string} name
 * @property {Found[] | null} digits null until it has been read
 * @property {number} chosen the digit that is looked at
 */
/** @typedef {{ strokes: Point[][], picture: Picture | null }} Drawing */

/** Widths of the pen, in sides of the canvas. */
const PEN = 0.06;
const THINNEST = 0.02;
const WIDEST = 0.14;

/** @type {Drawing} */
const EMPTY = { strokes: [], picture: null };

export class History {
    /** @type {Drawing} */
    present = EMPTY;
    /** How wide the pen is, also for what is drawn already. */
    pen = PEN;
    /** @type {Drawing[]} */
    #past = [];
    /** @type {Drawing[]} */
    #future = [];

    get isEmpty() {
        return this.present.strokes.length === 0 && !this.present.picture;
    }

    get canUndo() {
        return this.#past.length > 0;
    }

    get canRedo() {
        return this.#future.length > 0;
    }

    /**
     * Begins a stroke, on an empty canvas where there was a picture.
     * @param {Point} point
     */
    beginStroke(point) {
        const strokes = this.present.picture ? [] : this.present.strokes;
        this.#push({ strokes: [...strokes, [point]], picture: null });
    }

    /**
     * Goes on with the stroke that was begun last.
     * @param {Point} point
     */
    extendStroke(point) {
        const stroke = this.present.strokes.at(-1);
        const last = stroke?.at(-1);
        if (stroke && last && (last[0] !== point[0] || last[1] !== point[1])) stroke.push(point);
    }

    /** @param {Picture} picture */
    showPicture(picture) {
        this.#push({ strokes: [], picture });
    }

    clear() {
        if (!this.isEmpty) this.#push(EMPTY);
    }

    undo() {
        const drawing = this.#past.pop();
        if (!drawing) return;
        this.#future.push(this.present);
        this.present = drawing;
    }

    redo() {
        const drawing = this.#future.pop();
        if (!drawing) return;
        this.#past.push(this.present);
        this.present = drawing;
    }

    /** @param {number} by a factor */
    scalePen(by) {
        this.pen = Math.min(WIDEST, Math.max(THINNEST, this.pen * by));
    }

    /**
     * What the network is to look at, null where there is nothing.
     * @returns {import("./messages").Subject | null}
     */
    get subject() {
        const { strokes, picture } = this.present;
        if (!picture) return strokes.length ? { strokes, width: this.pen } : null;
        const digit = picture.digits?.[picture.chosen];
        return digit ? { pixels: digit.pixels, place: digit.place } : null;
    }

    /** @param {Drawing} drawing */
    #push(drawing) {
        this.#past.push(this.present);
        this.present = drawing;
        this.#future = [];
    }
}
