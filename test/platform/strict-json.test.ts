import { assert, json, property } from 'fast-check';
import { parseStrictJson } from '../../src/platform/strict-json.js';

const bytes = (...parts: (string | number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));

const refusal = (message: string | RegExp) => ({
  code: 'InvalidJson',
  details: { errors: [{ field: 'body', message: expect.stringMatching(message) as string }] },
});

describe('the strict JSON reader (K4, A2)', () => {
  it('reads every value that JSON.stringify writes as JSON.parse reads it', () => {
    assert(
      property(json({ maxDepth: 8 }), (text) => {
        expect(parseStrictJson(Buffer.from(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ['a lone continuation byte', bytes('{"a":"', [0x80], '"}')],
    ['an overlong form', bytes('{"a":"', [0xc0, 0xaf], '"}')],
    ['a cut sequence', bytes('{"a":"', [0xe2, 0x82], '"}')],
    ['a surrogate', bytes('{"a":"', [0xed, 0xa0, 0x80], '"}')],
    ['Latin-1', bytes('{"a":"M', [0xfc], 'ller"}')],
    ['UTF-16', Buffer.from('{"a":1}', 'utf16le').subarray(0, 13)],
  ])('refuses %s instead of reading a replacement character', (_, value) => {
    expect(() => parseStrictJson(value)).toThrow(expect.objectContaining(refusal(/UTF-8|JSON/)) as Error);
  });

  it('keeps a replacement character that was sent as one', () => {
    expect(parseStrictJson(Buffer.from('{"a":"\ufffd"}'))).toEqual({ a: '\ufffd' });
  });

  it('refuses a byte order mark', () => {
    const value = bytes([0xef, 0xbb, 0xbf], '{"a":1}');
    expect(() => parseStrictJson(value)).toThrow(expect.objectContaining(refusal(/byte order mark/)) as Error);
  });

  it.each([
    ['{"a":1,"a":1}'],
    ['{"a":1, "b":2, "a" : 3}'],
    ['{"a":1,"\\u0061":2}'],
    ['{"items":[{"productId":"1","productId":"2"}]}'],
    ['{"":1,"":2}'],
    ['{"__proto__":1,"__proto__":2}'],
    ['{"a\\"":1,"a\\"":2}'],
    ['[{"x":{"b":1},"b":2,"x":3}]'],
  ])('refuses a member that is there twice: %s', (text) => {
    expect(() => parseStrictJson(Buffer.from(text))).toThrow(expect.objectContaining(refusal(/twice/)) as Error);
  });

  it.each([
    ['{"a":{"a":1},"b":[{"a":1},{"a":2}]}'],
    ['{"a":"a","b":"a:","c":"{\\"a\\":1,\\"a\\":2}"}'],
    ['["a","a"]'],
    ['"a"'],
    ['{"a\\\\":1,"a":2}'],
  ])('takes the same name in two objects, and texts that look like members: %s', (text) => {
    expect(parseStrictJson(Buffer.from(text))).toEqual(JSON.parse(text));
  });

  it.each([[''], [' '], ['{'], ['{"a":1}x'], ['{a:1}'], ['NaN'], ["{'a':1}"], ['{"a":1,}']])('refuses "%s"', (text) => {
    expect(() => parseStrictJson(Buffer.from(text))).toThrow(
      expect.objectContaining(refusal(/not valid JSON/)) as Error,
    );
  });

  it('refuses what is nested so deeply that walking it would exhaust the stack', () => {
    const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
    expect(() => parseStrictJson(Buffer.from(deep))).toThrow(expect.objectContaining(refusal(/nested/)) as Error);
    expect(() => parseStrictJson(Buffer.from(`${'{"a":'.repeat(51)}1${'}'.repeat(51)}`))).toThrow('');
    expect(parseStrictJson(Buffer.from(`${'['.repeat(50)}${']'.repeat(50)}`))).toBeInstanceOf(Array);
  });
});
