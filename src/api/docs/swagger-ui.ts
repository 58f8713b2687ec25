/** The page `/docs`: Swagger UI over the OpenAPI document, from this host only and without inline scripts. */
import { createRequire } from 'node:module';
import path from 'node:path';
import type { RequestHandler } from 'express';
import { contentSecurityPolicy } from 'helmet';

const require = createRequire(import.meta.url);
const folder = path.dirname(require.resolve('swagger-ui-dist/package.json'));

/** The files of `swagger-ui-dist` that the page needs; its own index page would load another document. */
export const UI_FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'] as const;

export const uiFile = (name: (typeof UI_FILES)[number]): string => path.join(folder, name);

export const DOCS_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Unwind API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
</head>
<body>
<noscript>This page needs JavaScript. The same document for tools: <a href="/openapi.json">openapi.json</a>.</noscript>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/init.js"></script>
</body>
</html>
`;

/** `validatorUrl: null`: the document is not sent to a validator on the internet. */
export const INIT_SCRIPT = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  showExtensions: true,
  displayRequestDuration: true,
  validatorUrl: null,
});
`;

/** Scripts and requests of this host only; Swagger UI's style sheet has its pictures as data. */
export const docsPolicy: RequestHandler = contentSecurityPolicy({
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
});
