// What the page asks of the engine's worker, and what that answers: the twin of web/src/messages.rs, with the same names.

/** x to the right, y down, in sides of the canvas. */
export type Point = [number, number];

/** What is to be recognized: a drawing, or a digit that was found in a picture. */
export type Subject =
    | { strokes: Point[][]; width: number }
    | { pixels: number[]; place: [Point, Point] };

export type Ask =
    /** `number` counts what is asked about; an answer to an older number is out of date. */
    | { ask: "recognize"; number: number; subject: Subject }
    /** Which digits does this picture file show? */
    | { ask: "read"; number: number; name: string; bytes: Uint8Array }
    /** This shows the digit `label`: adapt the model. */
    | { ask: "teach"; subject: Subject; label: number }
    /** Forget what was taught or trained: the model as it was opened. */
    | { ask: "restore" }
    | { ask: "open"; name: string; bytes: Uint8Array }
    | { ask: "save" }
    | { ask: "export"; drawings: { strokes: Point[][]; label: number }[] }
    | ({ ask: "train" } & Job)
    | { ask: "pause" }
    | { ask: "resume" }
    /** Ends a training, which keeps its best epoch, or a check. */
    | { ask: "stop" }
    | { ask: "check" };

export interface Job {
    network: string;
    epochs: number;
    batch: number;
    learning_rate: number;
    seed: number;
    /** Training images, 50,000 at most. */
    images: number;
}

/** Who computed an answer: the GPU's kernels, or the reference, plain loops in WebAssembly. */
export type By = "gpu" | "reference";

export interface About {
    /** Null where there is no GPU, or not yet. */
    adapter: string | null;
    driver: string;
    /** Where the model comes from. */
    origin: string;
    network: string;
    classes: number;
    /** What they are called. */
    names: string[];
    parameters: number;
    /** How it was trained, in words. */
    training: string;
}

export interface Maps {
    channels: number;
    height: number;
    width: number;
    /** [channels, height, width] */
    values: number[];
}

export interface ReadDigit {
    /** In pixels of the picture. */
    bounds: { x: number; y: number; width: number; height: number };
    /** Where `pixels` lie in the picture, in its pixels: their least and their greatest corner. */
    place: [Point, Point];
    probabilities: number[];
    /** Whether it shows one of the classes at all. */
    is_digit: boolean;
    /** [28, 28], 0 to 1 */
    pixels: number[];
}

export interface Mistake {
    /** [28, 28], 0 to 1 */
    pixels: number[];
    label: number;
    said: number;
}

export type Answer =
    /** A model is ready: first with the reference, then with the GPU, and whenever another model is opened. */
    | { answer: "ready"; about: About; by: By }
    /** There is no GPU to compute on, or no longer; the reference goes on answering. */
    | { answer: "without_gpu"; reason: string }
    | {
          answer: "recognized";
          number: number;
          by: By;
          /** [28, 28], 0 to 1: what the network sees */
          input: number[];
          /** Where that lies on the canvas: its least and its greatest corner. */
          place: [Point, Point];
          probabilities: number[];
          /** Whether it shows one of the classes at all. */
          is_digit: boolean;
          /** From when the worker took the question to the answer. */
          milliseconds: number;
      }
    /** Why: follows a recognition, unless another question came first. */
    | { answer: "explained"; number: number; maps: Maps[]; saliency: number[] }
    /** There is no ink to look at. */
    | { answer: "nothing"; number: number }
    | { answer: "read"; number: number; width: number; height: number; digits: ReadDigit[] }
    | { answer: "unreadable"; number: number; reason: string }
    | { answer: "taught"; lessons: number; knows_all: boolean }
    | { answer: "restored" }
    | { answer: "saved"; bytes: Uint8Array }
    | { answer: "exported"; bytes: Uint8Array }
    /** Bytes of MNIST that have come. */
    | { answer: "fetching"; bytes: number; of: number }
    | { answer: "training"; network: string; epochs: number }
    | { answer: "progress"; epoch: number; images: number; of: number; loss: number; seconds: number }
    | {
          answer: "epoch";
          epoch: number;
          images: number;
          train_loss: number;
          validation: { loss: number; accuracy: number };
          /** The epoch to keep, of those so far. */
          kept: number;
          seconds: number;
      }
    /** The first convolution's filters, as they are now; not told where the network has no convolution. */
    | { answer: "filters"; filters: Maps }
    /** The validation images that the newest epoch takes for something else, the first of `of`. */
    | { answer: "mistakes"; of: number; mistakes: Mistake[] }
    | { answer: "paused" }
    | { answer: "resumed" }
    /** The training has ended with the model of `epoch`, which is in use now. */
    | { answer: "trained"; epoch: number; loss: number; accuracy: number }
    /** The training was stopped; the model is the one of so many finished epochs, or the newest step. */
    | { answer: "stopped"; epochs: number }
    | { answer: "checked"; core: string; operation: string; cases: number; passed: boolean; detail: string }
    /** The check is done, or was stopped; `text` is a block to paste into an issue. */
    | { answer: "check_done"; passed: number; failed: number; text: string }
    /** What was asked for failed; everything else goes on. */
    | { answer: "failed"; ask: string; reason: string };
