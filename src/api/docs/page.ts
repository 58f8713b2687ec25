/** The API's documentation as one HTML page, made from the OpenAPI document. */
import { escape, page, prose } from './html.js';
import type { OpenApiDocument } from './openapi.js';
import { problemTable } from './problem-page.js';

const pretty = (value: unknown): string => `<pre>${escape(JSON.stringify(value, null, 2))}</pre>`;

export function docsPage({ info, paths = {}, components }: OpenApiDocument): string {
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => (item[method] ? [operation(method, path, item[method])] : [])),
  );
  const schemas = Object.entries(components?.schemas ?? {}).map(
    ([name, schema]) =>
      `<details id="${escape(name)}"><summary><code>${escape(name)}</code></summary>${pretty(schema)}</details>`,
  );
  return page(
    `${info.title} API`,
    `<h1>${escape(info.title)} API</h1>
${prose(info.description)}
<p>For tools: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
${operations.join('\n')}
<section><h2>Problems</h2>${problemTable()}</section>
<section><h2>Schemas</h2>${schemas.join('\n')}</section>`,
  );
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
