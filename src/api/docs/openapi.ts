/** The OpenAPI document, made of the definitions that the routes are made of. */
import { readFileSync } from 'node:fs';
import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import { API_KEY_HEADER } from '../http/credentials.js';
import { TAGS } from '../operation.js';
import { OPERATIONS } from '../operations.js';
import { describeOperation } from './describe.js';

export type OpenApiDocument = ReturnType<OpenApiGeneratorV31['generateDocument']>;

const packageVersion = (): string => {
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
  );
  return version;
};

export function openApiDocument(): OpenApiDocument {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'Checked by the keys of the issuer; the roles `customer`, `operator`, `admin` are in a claim.',
  });
  registry.registerComponent('securitySchemes', 'apiKey', {
    type: 'apiKey',
    in: 'header',
    name: API_KEY_HEADER,
    description: 'For machines; made with `npx --no unwind api-key`.',
  });
  for (const operation of OPERATIONS) registry.registerPath(describeOperation(operation));
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Unwind',
      version: packageVersion(),
      description:
        'Orders that finish, or are undone correctly. Errors are problem documents (RFC 9457), whose `type` is the ' +
        'address of a page that explains it; [all of them](/problems). `x-roles` says which roles may do what, if authentication is on.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'The API that serves this document.' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
  });
}
