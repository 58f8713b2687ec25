import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { PROBLEMS } from '../../src/problems.js';
import { openApiDocument } from '../../src/api/docs/openapi.js';
import { generatedFiles } from '../../scripts/openapi.js';
import { runApi, type RunningApi } from './running-api.js';

let connection: Connection;
let api: RunningApi;

beforeAll(async () => {
  connection = Connection.lazy({ address: '127.0.0.1:1' });
  api = await runApi({ temporal: new Client({ connection }) });
});

afterAll(async () => {
  await api?.close();
  await connection?.close();
});

describe('GET /openapi.json', () => {
  it('is OpenAPI 3.1 of the schemas that validate', async () => {
    const { status, body } = await api.request('GET', '/openapi.json');
    expect(status).toBe(200);
    expect(body).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
    expect(body).toMatchObject({
      openapi: '3.1.0',
      components: { schemas: { OrderRequest: { additionalProperties: false, required: ['items'] } } },
    });
  });

  it('describes no route that is not there', async () => {
    const routes = Object.entries(openApiDocument().paths ?? {}).flatMap(([path, item]) =>
      Object.keys(item).map((method) => ({ method: method.toUpperCase(), path: path.replace(/\{\w+\}/, 'order-x') })),
    );
    const answers = await Promise.all(
      routes.map(async ({ method, path }) => (await api.request(method, path)).body['code']),
    );
    expect(routes.length).toBeGreaterThan(5);
    expect(answers).not.toContain('RouteNotFound');
    expect(answers).not.toContain('MethodNotAllowed');
  });

  it('has patterns that any JSON Schema validator takes', () => {
    const patterns = [...JSON.stringify(openApiDocument()).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)];
    expect(patterns.length).toBeGreaterThan(5);
    for (const [, quoted = ''] of patterns) {
      const pattern: unknown = JSON.parse(quoted);
      expect(pattern).toMatch(/^\^.*\$$/);
      expect(() => new RegExp(String(pattern), 'u')).not.toThrow();
    }
  });

  it('names every problem that a documented route answers with', () => {
    const document = JSON.stringify(openApiDocument().paths);
    const everywhere = ['RouteNotFound', 'MethodNotAllowed'];
    const missing = Object.keys(PROBLEMS).filter((code) => !document.includes(`\`${code}\``));
    expect(missing).toEqual(everywhere);
  });
});

describe('what is generated from the schemas', () => {
  it('is committed as it is: `npm run openapi` writes it', async () => {
    for (const [file, text] of Object.entries(await generatedFiles())) {
      expect(readFileSync(path.join(import.meta.dirname, '..', '..', file), 'utf8')).toBe(text);
    }
  });
});

describe('GET /problems/{code}', () => {
  it.each(Object.keys(PROBLEMS))('explains %s', async (code) => {
    const { status, headers, text } = await api.request('GET', `/problems/${code}`);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^text\/html/);
    expect(text).toContain(`<h1><code>${code}</code></h1>`);
    expect(text).toContain('What the operator does');
  });

  it('lists all of them, and knows no other', async () => {
    const { text } = await api.request('GET', '/problems');
    for (const code of Object.keys(PROBLEMS)) expect(text).toContain(`href="/problems/${code}"`);
    expect((await api.request('GET', '/problems/constructor')).status).toBe(404);
  });

  it('is the page at the type of a problem', async () => {
    const { body } = await api.request('GET', '/nowhere');
    expect((await api.request('GET', String(body['type']))).status).toBe(200);
  });
});

describe('GET /docs', () => {
  it('shows every route and every problem on one page', async () => {
    const { status, headers, text } = await api.request('GET', '/docs');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^text\/html/);
    for (const path of Object.keys(openApiDocument().paths ?? {})) expect(text).toContain(path);
    for (const code of Object.keys(PROBLEMS)) expect(text).toContain(`<code>${code}</code>`);
  });

  it('needs no script and no other host, and its style is the one that the policy allows', async () => {
    const { headers, text } = await api.request('GET', '/docs');
    expect(text).not.toMatch(/<script|<link|https?:\/\//);
    const style = /<style>([^]*)<\/style>/.exec(text)?.[1] ?? '';
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style));
    const hash = Buffer.from(digest).toString('base64');
    expect(headers.get('content-security-policy')).toContain(`style-src 'sha256-${hash}'`);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  });
});
