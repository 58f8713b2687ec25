/** A real Chromium for tests of pages: the one that the machine has. */
import { type Browser, chromium, type Page } from 'playwright-core';
import { findOnPath, isExecutable } from '../../src/local/machine/executables.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
/** Where macOS has them: not on PATH. */
const APPLICATIONS = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const OF_THIS_MACHINE = new Set(['localhost', '127.0.0.1', '[::1]']);

/** @throws Error if there is none, with the ways to get one: a test of a page never passes without a browser */
export function findChromium(env: NodeJS.ProcessEnv = process.env, applications = APPLICATIONS): string {
  const named = env['CHROMIUM'];
  if (named !== undefined && named !== '') {
    if (isExecutable(named)) return named;
    throw new Error(`CHROMIUM is ${named}, which is no program.`);
  }
  const found = NAMES.map((name) => findOnPath(name, env)).find((file) => file !== undefined);
  const program = found ?? applications.find(isExecutable);
  if (program !== undefined) return program;
  throw new Error(
    'No Chromium was found. Install it (Debian and Ubuntu: apt-get install chromium), or set CHROMIUM to the path of a ' +
      `Chromium or Chrome. Looked on PATH for ${NAMES.join(', ')}.`,
  );
}

/**
 * A headless browser with an empty profile. It has no sandbox (Playwright's default): as root, as in most containers,
 * Chromium does not start with one, and it opens pages of this machine only.
 */
export const openBrowser = (): Promise<Browser> => chromium.launch({ executablePath: findChromium() });

/** An empty page of a browser with UTC as its time zone. It reaches this machine only, so that no page depends on others. */
export async function openPage(browser: Browser, viewport: { width: number; height: number }): Promise<Page> {
  const context = await browser.newContext({ viewport, timezoneId: 'UTC', locale: 'en-US' });
  await context.route(
    (url) => !OF_THIS_MACHINE.has(url.hostname),
    (route) => route.abort(),
  );
  return await context.newPage();
}
