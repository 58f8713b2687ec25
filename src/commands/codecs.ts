/**
 * Makes kafkajs read every record that a broker may hold. By itself it ends the whole consumer over a batch that it
 * cannot decompress, and takes minutes over a record with thousands of headers. Either would stop all commands.
 */
import { createRequire } from 'node:module';
import * as zlib from 'node:zlib';
import kafkajs, { type IHeaders } from 'kafkajs';
import { decompressLz4, decompressSnappy, MOST_DECOMPRESSED } from './decompress.js';

/** More than any command needs; kafkajs copies all earlier ones for each. */
const MOST_HEADERS = 64;

const DAMAGE_HEADER = 'x-unwind-undecodable';
const CUT_HEADER = 'x-unwind-headers-cut';

/** The reason why the record could not be read; undefined if it could. */
export const undecodable = (headers: IHeaders): string | undefined => headers[DAMAGE_HEADER]?.toString();

/** True if it had more headers than are read. */
export const hasCutHeaders = (headers: IHeaders): boolean => headers[CUT_HEADER] !== undefined;

interface Decoder {
  readVarIntArray(this: Decoder, reader: (decoder: Decoder) => unknown): unknown[];
}

type Decompress = (input: Buffer) => Buffer | Promise<Buffer>;

/** Installs the codecs once for the process, because kafkajs keeps them in a table of its own. */
export function readEveryRecord(): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  const limited = { maxOutputLength: MOST_DECOMPRESSED };
  register(CompressionTypes.GZIP, (input) => zlib.gunzipSync(input, limited));
  register(CompressionTypes.Snappy, decompressSnappy);
  register(CompressionTypes.LZ4, decompressLz4);
  // Since Node 22.15.
  const zstd = (zlib as { zstdDecompressSync?: (input: Buffer, options: object) => Buffer }).zstdDecompressSync;
  register(CompressionTypes.ZSTD, (input) => {
    if (!zstd) throw new Error('is compressed with zstd, which this Node cannot read');
    return zstd(input, limited);
  });
  function register(type: keyof typeof CompressionCodecs, decompress: Decompress): void {
    CompressionCodecs[type] = () => ({
      compress: (encoder: { readonly buffer: Buffer }) => Promise.resolve(zlib.gzipSync(encoder.buffer)),
      decompress: async (input: Buffer) => {
        try {
          return await decompress(input);
        } catch (error) {
          return unreadableRecords(error instanceof Error ? error.message : 'cannot be decompressed');
        }
      },
    });
  }
  limitHeaders();
}

let limited = false;

/** kafkajs reads arrays of this kind for the headers of records only. */
function limitHeaders(): void {
  if (limited) return;
  limited = true;
  const decoder = createRequire(import.meta.url)('kafkajs/src/protocol/decoder') as { prototype: Decoder };
  const read = decoder.prototype.readVarIntArray;
  decoder.prototype.readVarIntArray = function (reader) {
    const all = read.call(this, reader);
    return all.length <= MOST_HEADERS
      ? all
      : [...all.slice(0, MOST_HEADERS), { key: CUT_HEADER, value: Buffer.from(String(all.length)) }];
  };
}

/** A batch never holds more: its broker takes a megabyte, and a record is at least seven bytes. */
const MOST_RECORDS = 200_000;

/** Replacements for records that cannot be read: one for each offset, without content, and with the reason. */
function unreadableRecords(reason: string): Buffer {
  const [name, text] = [Buffer.from(DAMAGE_HEADER), Buffer.from(reason.slice(0, 200))];
  const header = Buffer.concat([varint(1), varint(name.length), name, varint(text.length), text]);
  const records: Buffer[] = [];
  for (let offset = 0; offset < MOST_RECORDS; offset += 1) {
    // Attributes, time, offset, no key, no value, one header.
    const body = Buffer.concat([Buffer.from([0]), varint(0), varint(offset), varint(-1), varint(-1), header]);
    records.push(varint(body.length), body);
  }
  return Buffer.concat(records);
}

/** Zigzag, seven bits a byte. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}
