/** docker-compose.yml as Docker Compose would read it on a machine that sets nothing. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

export const ROOT = path.join(import.meta.dirname, '..', '..');

const condition = z.enum(['service_healthy', 'service_completed_successfully']);

const service = z.object({
  image: z.string(),
  build: z.object({ context: z.string(), args: z.record(z.string(), z.string()) }).optional(),
  command: z.array(z.string()).optional(),
  entrypoint: z.array(z.string()).optional(),
  restart: z.string(),
  profiles: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  depends_on: z.record(z.string(), z.object({ condition })).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
});

export type ComposeService = z.infer<typeof service>;

const file = z.object({
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.null()),
});

export const readRoot = (name: string): string => readFileSync(path.join(ROOT, name), 'utf8');

/** `${NAME:-default}`, the innermost ones; a variable without a default is left as it is, and found by a test. */
const VARIABLE = /\$\{(\w+):-([^${}]*)\}/g;

export const composeText = readRoot('docker-compose.yml');

/** Every variable that the file reads, with its default. */
export const composeDefaults = new Map([...composeText.matchAll(VARIABLE)].map(([, name, value]) => [name, value]));

/** Replaces every variable by its default; a default may hold variables as well. */
export function withDefaults(text: string): string {
  const replaced = text.replaceAll(VARIABLE, '$2');
  return replaced === text ? text : withDefaults(replaced);
}

const parsed = JSON.stringify(parse(composeText, { merge: true }));

/** The file before variables are replaced. */
export const composeSource = file.parse(JSON.parse(parsed));

/** Variables are replaced in the values, after parsing, as Compose does: an empty default is an empty text. */
export const compose = file.parse(JSON.parse(withDefaults(parsed)));

/** The services that run our own image. */
export const ourServices = Object.entries(compose.services).filter(([, { image }]) => image.startsWith('unwind:'));
