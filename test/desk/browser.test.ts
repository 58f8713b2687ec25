import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { findChromium } from './browser.js';

const empty = mkdtempSync(path.join(os.tmpdir(), 'unwind-no-browser-'));
afterAll(() => rmSync(empty, { recursive: true, force: true }));

describe('the browser of these tests', () => {
  it('is asked for by name if the machine has none: no test of a page is skipped without a word', () => {
    expect(() => findChromium({ PATH: empty }, [])).toThrow(/apt-get install chromium.* CHROMIUM/);
  });

  it('is not another one than the one that CHROMIUM names', () => {
    const missing = path.join(empty, 'chromium');
    expect(() => findChromium({ ...process.env, CHROMIUM: missing })).toThrow(`CHROMIUM is ${missing}`);
  });
});
