// npm run openapi: writes openapi.json and the types of the client, as the schemas that validate have them.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { openApiDocument } from '../src/api/docs/openapi.js';
import { clientSource } from './client-source.js';

const root = path.join(import.meta.dirname, '..');

/** The files that are made from the schemas, by their path, as they should be. */
export async function generatedFiles(): Promise<Record<string, string>> {
  const document = openApiDocument();
  const formatted = async (file: string, text: string): Promise<string> =>
    format(text, { ...(await resolveConfig(path.join(root, file))), filepath: file });
  return {
    'openapi.json': await formatted('openapi.json', JSON.stringify(document)),
    'src/client/operations.ts': await formatted('src/client/operations.ts', clientSource(document)),
  };
}

if (process.argv[1] === import.meta.filename) {
  for (const [file, text] of Object.entries(await generatedFiles())) writeFileSync(path.join(root, file), text);
}
