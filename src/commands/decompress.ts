/**
 * Decompresses the formats of producers, so that a command that was sent with `compression.type=lz4` is a command
 * like any other. Both formats are small enough to be read here; kafkajs brings gzip only.
 *
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md ·
 * https://github.com/google/snappy/blob/main/format_description.txt
 */

/** A larger batch cannot be one of commands, and would take the process's memory. */
export const MOST_DECOMPRESSED = 64 * 1024 * 1024;

/** Bytes written so far, from which copies are made. */
interface Output {
  buffer: Buffer;
  length: number;
}

function reserve(output: Output, bytes: number): void {
  const needed = output.length + bytes;
  if (needed > MOST_DECOMPRESSED) throw new RangeError('is too large when decompressed');
  if (needed <= output.buffer.length) return;
  const larger = Buffer.alloc(Math.max(needed, output.buffer.length * 2));
  output.buffer.copy(larger, 0, 0, output.length);
  output.buffer = larger;
}

function append(output: Output, bytes: Buffer): void {
  reserve(output, bytes.length);
  bytes.copy(output.buffer, output.length);
  output.length += bytes.length;
}

/** Byte by byte, because a copy may overlap its own output: the formats encode repetition in this way. */
function repeat(output: Output, distance: number, length: number, start: number): void {
  if (distance === 0 || distance > output.length - start) throw new RangeError('refers to what is not there');
  reserve(output, length);
  for (let copied = 0; copied < length; copied += 1) {
    output.buffer[output.length] = output.buffer[output.length - distance] ?? 0;
    output.length += 1;
  }
}

const contentOf = ({ buffer, length }: Output): Buffer => buffer.subarray(0, length);

function slice(input: Buffer, start: number, length: number): Buffer {
  if (start + length > input.length) throw new RangeError('ends too early');
  return input.subarray(start, start + length);
}

const LZ4_MAGIC = 0x184d2204;

/** One LZ4 frame. */
export function decompressLz4(input: Buffer): Buffer {
  if (input.readUInt32LE(0) !== LZ4_MAGIC) throw new RangeError('is no LZ4 frame');
  const flags = input.readUInt8(4);
  const [blockChecksum, contentSize, dictionary] = [flags & 0x10, flags & 0x08, flags & 0x01];
  const output: Output = { buffer: Buffer.alloc(input.length * 4), length: 0 };
  let at = 7 + (contentSize ? 8 : 0) + (dictionary ? 4 : 0);
  for (;;) {
    const header = input.readUInt32LE(at);
    if (header === 0) return contentOf(output);
    const size = header & 0x7fff_ffff;
    const block = slice(input, at + 4, size);
    if (header > 0x7fff_ffff) append(output, block);
    else lz4Block(block, output);
    at += 4 + size + (blockChecksum ? 4 : 0);
  }
}

function lz4Block(block: Buffer, output: Output): void {
  let at = 0;
  const lengthOf = (nibble: number): number => {
    let length = nibble;
    for (let more = nibble === 15 ? 255 : 0; more === 255; length += more) more = block.readUInt8(at++);
    return length;
  };
  while (at < block.length) {
    const token = block.readUInt8(at++);
    const literals = lengthOf(token >> 4);
    append(output, slice(block, at, literals));
    at += literals;
    if (at >= block.length) return;
    const distance = block.readUInt16LE(at);
    at += 2;
    repeat(output, distance, lengthOf(token & 15) + 4, 0);
  }
}

/** The frame of Snappy from Java's producer; other producers send one block without a frame. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);

export function decompressSnappy(input: Buffer): Buffer {
  const output: Output = { buffer: Buffer.alloc(input.length * 4), length: 0 };
  if (!input.subarray(0, XERIAL.length).equals(XERIAL)) {
    snappyBlock(input, output);
    return contentOf(output);
  }
  for (let at = 16; at < input.length;) {
    const size = input.readUInt32BE(at);
    snappyBlock(slice(input, at + 4, size), output);
    at += 4 + size;
  }
  return contentOf(output);
}

function snappyBlock(block: Buffer, output: Output): void {
  const start = output.length;
  let at = 0;
  // Skips the length of the content, because the content itself shows it.
  while (block.readUInt8(at++) >= 0x80);
  while (at < block.length) {
    const tag = block.readUInt8(at++);
    const upper = tag >> 2;
    if ((tag & 3) === 0) {
      const extra = Math.max(0, upper - 59);
      const length = (extra === 0 ? upper : block.readUIntLE(at, extra)) + 1;
      append(output, slice(block, at + extra, length));
      at += extra + length;
    } else if ((tag & 3) === 1) {
      repeat(output, ((tag >> 5) << 8) | block.readUInt8(at), (upper & 7) + 4, start);
      at += 1;
    } else {
      const width = (tag & 3) === 2 ? 2 : 4;
      repeat(output, block.readUIntLE(at, width), upper + 1, start);
      at += width;
    }
  }
}
