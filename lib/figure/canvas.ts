import { Buffer } from "node:buffer";
import { crc32, deflateSync } from "node:zlib";
import { rgb } from "npm:d3@7.9.0";

/** A grid of pixels: red, green, blue and opacity of each, from 0 to 255, row by row. */
interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

/** A canvas as Plot uses one. */
export interface Canvas {
  width: number;
  height: number;
  fillStyle: string;
  getContext(kind: string): Canvas | null;
  fillRect(x: number, y: number, width: number, height: number): void;
  createImageData(width: number, height: number): Pixels;
  putImageData(pixels: Pixels, x: number, y: number): void;
  toDataURL(): string;
}

/**
 * A canvas where there is no browser, with the few calls that Plot makes: its legend of a continuous colour
 * scale and its raster mark colour pixels, and take them as a PNG.
 */
export function canvas(): Canvas {
  let width = 300, height = 150, data = new Uint8ClampedArray(4 * width * height);
  const clear = () => data = new Uint8ClampedArray(4 * width * height);
  const row = (x: number, y: number) => 4 * (y * width + x);
  const self: Canvas = {
    fillStyle: "#000000",
    get width() {
      return width;
    },
    set width(value) {
      width = Math.trunc(value);
      clear();
    },
    get height() {
      return height;
    },
    set height(value) {
      height = Math.trunc(value);
      clear();
    },
    getContext: (kind) => kind === "2d" ? self : null,
    fillRect(x, y, w, h) {
      const { r, g, b, opacity } = rgb(self.fillStyle);
      for (let j = Math.max(0, y); j < Math.min(height, y + h); j++) {
        for (let i = Math.max(0, x); i < Math.min(width, x + w); i++) {
          data.set([r, g, b, 255 * opacity], row(i, j));
        }
      }
    },
    createImageData: (w, h) => ({ width: w, height: h, data: new Uint8ClampedArray(4 * w * h) }),
    putImageData(pixels, x, y) {
      for (let j = 0; j < pixels.height; j++) {
        const from = 4 * j * pixels.width;
        data.set(pixels.data.subarray(from, from + 4 * pixels.width), row(x, y + j));
      }
    },
    toDataURL: () => `data:image/png;base64,${png({ width, height, data }).toString("base64")}`,
  };
  return self;
}

/** Pixels as a PNG file, without loss. */
function png({ width, height, data }: Pixels): Buffer {
  const rows = Buffer.alloc(height * (4 * width + 1));
  for (let y = 0; y < height; y++) {
    rows.set(data.subarray(4 * width * y, 4 * width * (y + 1)), y * (4 * width + 1) + 1);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6], 8); // eight bits, red to opacity
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), content]);
  const length = Buffer.alloc(4), check = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
