/** The API's documentation as one HTML page, made from the OpenAPI document. */
import type { OpenApiDocument } from './openapi.js';
import { PROBLEMS, type ProblemKind } from './problems.js';

export const DOCS_STYLE = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 58rem; margin: 2rem auto; padding: 0 1rem; }
section { border-top: 1px solid var(--line); padding: 1rem 0; }
h2 code { font-size: 1.1rem; }
.method { display: inline-block; min-width: 3.5rem; text-transform: uppercase; font-weight: 700; }
table { border-collapse: collapse; width: 100%; }
td, th { border-bottom: 1px solid var(--line); padding: .35rem .6rem .35rem 0; text-align: left; vertical-align: top; }
pre { overflow-x: auto; padding: .8rem; border: 1px solid var(--line); border-radius: 6px; font-size: .85rem; }
summary { cursor: pointer; }
td p { margin: 0; }
`;

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Escaped text with `code` in backticks and empty lines between paragraphs, as the document's descriptions have it. */
const prose = (text = ''): string =>
  text
    .split('\n\n')
    .map((paragraph) => `<p>${escape(paragraph).replace(/`([^`]+)`/g, '<code>$1</code>')}</p>`)
    .join('');

const pretty = (value: unknown): string => `<pre>${escape(JSON.stringify(value, null, 2))}</pre>`;

export function docsPage({ info, paths = {}, components }: OpenApiDocument): string {
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => (item[method] ? [operation(method, path, item[method])] : [])),
  );
  const schemas = Object.entries(components?.schemas ?? {}).map(
    ([name, schema]) =>
      `<details id="${escape(name)}"><summary><code>${escape(name)}</code></summary>${pretty(schema)}</details>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(info.title)} API</title>
<style>${DOCS_STYLE}</style>
</head>
<body>
<h1>${escape(info.title)} API</h1>
${prose(info.description)}
<p>For tools: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
${operations.join('\n')}
<section><h2>Problems</h2>${problemTable()}</section>
<section><h2>Schemas</h2>${schemas.join('\n')}</section>
</body>
</html>
`;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

type Operation = NonNullable<NonNullable<OpenApiDocument['paths']>[string]['get']>;

function operation(method: string, path: string, { summary, description, requestBody, responses }: Operation): string {
  const body = requestBody && 'content' in requestBody ? `<p>Body: ${schemaLink(requestBody.content)}</p>` : '';
  const rows = Object.entries(responses ?? {}).map(([status, response]: [string, Answer]) => {
    const content = response.content ? schemaLink(response.content) : '';
    return `<tr><td>${escape(status)}</td><td>${prose(response.description)}</td><td>${content}</td></tr>`;
  });
  return `<section>
<h2><code><span class="method">${method}</span> ${escape(path)}</code></h2>
<p><strong>${escape(summary ?? '')}</strong></p>${description ? prose(description) : ''}
${body}<table><tr><th>Status</th><th>Meaning</th><th>Body</th></tr>${rows.join('')}</table>
</section>`;
}

type Content = Readonly<Record<string, { readonly schema?: unknown }>>;

interface Answer {
  readonly description?: string;
  readonly content?: Content;
}

function schemaLink(content: Content): string {
  return Object.entries(content)
    .map(([mediaType, { schema }]) => {
      const { $ref }: { $ref?: string } = Object(schema);
      const name = $ref?.split('/').at(-1) ?? mediaType;
      return `<a href="#${escape(name)}"><code>${escape(name)}</code></a>`;
    })
    .join(', ');
}

function problemTable(): string {
  const rows = Object.entries<ProblemKind>(PROBLEMS).map(
    ([code, { status, title, operator }]) =>
      `<tr id="problem-${code}"><td><code>${code}</code></td><td>${status}</td><td>${prose(title)}</td><td>${prose(operator)}</td></tr>`,
  );
  return `<table><tr><th>Code</th><th>Status</th><th>For the customer</th><th>For the operator</th></tr>${rows.join('')}</table>`;
}
