/** Every request of examples/http is sent as it is written there, and answered with the status that stands above it. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { openWorkingShop, type WorkingShop } from '../api/working-shop.js';

const folder = path.join(import.meta.dirname, '..', '..', 'examples', 'http');
const files = readdirSync(folder).filter((name) => name.endsWith('.http'));

interface Ready {
  readonly title: string;
  readonly status: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
}

/** Blocks that begin with `### title (status)`; `@name = value` above them are variables. */
function requestsOf(file: string): Ready[] {
  const [head = '', ...blocks] = readFileSync(path.join(folder, file), 'utf8').split(/^### /m);
  const variables = new Map([...head.matchAll(/^@(\w+) = (.*)$/gm)].map(([, name = '', value = '']) => [name, value]));
  variables.set('api', '');
  return blocks.map((block) => {
    const text = block.replaceAll(/\{\{(\w+)\}\}/g, (_whole, name: string) => variables.get(name) ?? `no ${name}`);
    const [top = '', ...rest] = text.trim().split('\n\n');
    const [title = '', line = '', ...lines] = top.split('\n');
    const [method = '', address = ''] = line.split(' ');
    const headers = Object.fromEntries(lines.map((each) => each.split(/: (.*)/s).slice(0, 2)));
    const body = rest.length === 0 ? undefined : rest.join('\n\n');
    return { title, status: Number(/\((\d{3})\)$/.exec(title)?.[1]), method, path: address, headers, body };
  });
}

let running: WorkingShop;

beforeAll(async () => {
  running = await openWorkingShop();
});

afterAll(() => running?.close());

it('has requests', () => {
  expect(files.sort()).toEqual(['mistakes.http', 'operator.http', 'orders.http']);
});

describe.each(files)('examples/http/%s', (file) => {
  it.each(requestsOf(file).map((request) => [request.title, request] as const))('%s', async (_title, request) => {
    const { method, path: address, headers, body, status } = request;
    const answer = await running.api.request(method, address, { headers, ...(body !== undefined && { body }) });
    expect(answer.status).toBe(status);
  });
});
