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
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(body).toMatchObject({
      openapi: '3.1.0',
      info: { version, license: { identifier: 'MIT' } },
      servers: [{ url: '/' }],
      components: { schemas: { OrderRequest: { additionalProperties: false, required: ['items'] } } },
    });
  });

  it('asks for credentials wherever an operation names roles, and nowhere else', () => {
    for (const item of Object.values(openApiDocument().paths ?? {})) {
      for (const described of Object.values(item as Record<string, Record<string, unknown>>)) {
        const needed = described['x-roles'] ? [{ bearer: [] }, { apiKey: [] }] : [];
        expect(described['security']).toEqual(needed);
        expect(described['tags']).toHaveLength(1);
      }
    }
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
  it('is a page whose files come from this host, each of the type that the browser asks for', async () => {
    const { status, headers, text } = await api.request('GET', '/docs');
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const files = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => String(file));
    expect(files).toEqual([
      '/docs/swagger-ui.css',
      '/docs/favicon-32x32.png',
      '/openapi.json',
      '/docs/swagger-ui-bundle.js',
      '/docs/init.js',
    ]);
    const types = await Promise.all(
      files.map(async (file) => {
        const answer = await api.request('GET', file);
        expect(answer.status).toBe(200);
        expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
        return answer.headers.get('content-type')?.split(';', 1)[0];
      }),
    );
    expect(types).toEqual(['text/css', 'image/png', 'application/json', 'text/javascript', 'text/javascript']);
  });

  it('shows the document of this host and sends it to no validator on the internet', async () => {
    const { text } = await api.request('GET', '/docs/init.js');
    expect(text).toContain("url: '/openapi.json'");
    expect(text).toContain('validatorUrl: null');
  });

  it('has no inline script and no inline style, and its policy allows none', async () => {
    const { headers, text } = await api.request('GET', '/docs');
    expect(text).not.toMatch(/<script(?! src=)|<style|style=|\son\w+=|https?:\/\//);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
  });

  it('serves no other file of the package, and nothing outside of it', async () => {
    for (const file of ['index.html', 'swagger-initializer.js', 'package.json', '..%2fpackage.json', '%2e%2e/app.js']) {
      expect((await api.request('GET', `/docs/${file}`)).status).toBe(404);
    }
  });
});

describe('GET /problems', () => {
  it('needs no script and no other host, and its style is the one that the policy allows', async () => {
    const { headers, text } = await api.request('GET', '/problems');
    expect(text).not.toMatch(/<script|<link|https?:\/\//);
    const style = /<style>([^]*)<\/style>/.exec(text)?.[1] ?? '';
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style));
    const hash = Buffer.from(digest).toString('base64');
    expect(headers.get('content-security-policy')).toContain(`style-src 'sha256-${hash}'`);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  });
});
