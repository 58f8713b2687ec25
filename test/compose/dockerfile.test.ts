import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { composeDefaults, ourServices, readRoot, ROOT } from './compose-file.js';

const lines = readRoot('Dockerfile')
  .replaceAll(/\\\n/g, ' ')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

const finalStage = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));

const allowed = readRoot('.dockerignore')
  .split('\n')
  .filter((line) => line.startsWith('!'))
  .map((line) => line.slice(1));

const manifest = z
  .object({ engines: z.object({ node: z.string() }), scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readRoot('package.json')));

it('is built on a pinned Node that package.json allows, the same one as in docker-compose.yml', () => {
  const [, version] = /^ARG NODE_VERSION=(\d+\.\d+\.\d+)$/m.exec(lines.join('\n')) ?? [];
  expect(version).toBe(composeDefaults.get('NODE_VERSION'));
  expect(lines.filter((line) => line.startsWith('FROM '))).toEqual([
    'FROM node:${NODE_VERSION}-bookworm-slim AS build',
    'FROM node:${NODE_VERSION}-bookworm-slim',
  ]);
  const majors = manifest.engines.node.split(' || ').map((range) => /^\^(\d+)/.exec(range)?.[1]);
  expect(majors).toContain(version?.split('.')[0]);
});

it('runs without root, with the dependencies of production only', () => {
  expect(finalStage).toContain('USER node');
  expect(finalStage.some((line) => /^RUN npm ci --omit=dev\b/.test(line))).toBe(true);
  expect(finalStage.indexOf('USER node')).toBeGreaterThan(
    finalStage.findIndex((line) => line.startsWith('RUN npm ci')),
  );
});

it('the image is safe by default: production refuses faults and demo data', () => {
  expect(finalStage.find((line) => line.startsWith('ENV '))).toContain('NODE_ENV=production');
});

it('copies what exists, and what .dockerignore lets through', () => {
  const sources = lines
    .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
    .flatMap((line) => line.split(' ').slice(1, -1));
  expect(sources.length).toBeGreaterThan(4);
  for (const source of sources) expect(existsSync(path.join(ROOT, source))).toBe(true);
  expect(new Set(sources)).toEqual(new Set(allowed));
});

it('builds by a script that package.json has, from files that it copies', () => {
  expect(lines).toContain('RUN npm run build');
  const [, script = ''] = /^node (\S+)/.exec(manifest.scripts['build'] ?? '') ?? [];
  expect(script).toMatch(/^scripts\//);
  expect(readdirSync(path.join(ROOT, 'scripts'))).toContain(path.basename(script));
});

it('starts what one of the services in docker-compose.yml starts', () => {
  const [start = ''] = finalStage.filter((line) => line.startsWith('CMD ')).slice(-1);
  expect(ourServices.map(([, { command }]) => JSON.stringify(command))).toContain(
    start.replace(/^CMD /, '').replaceAll(', ', ','),
  );
});
