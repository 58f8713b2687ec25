// npx tsx scripts/settings.ts: writes .env.example, the tables of docs/settings.md and the environments of the processes in
// docker-compose.yml from the list of settings.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { EVERY, type Program } from '../src/config/settings/variable.js';
import { everyVariable, SECTIONS, type Section } from '../src/config/variables.js';

const root = path.join(import.meta.dirname, '..');
const WIDTH = 120;

type Variable = Section['variables'][string];
type Named = readonly [name: string, variable: Variable];

/** Neighbours with the same text, such as `PAYMENT_TOKEN` and `INVENTORY_TOKEN`. */
function groupsOf({ variables }: Section): (readonly Named[])[] {
  const groups: Named[][] = [];
  for (const named of Object.entries(variables)) {
    const last = groups.at(-1);
    if (last?.[0]?.[1].text === named[1].text) last.push(named);
    else groups.push([named]);
  }
  return groups;
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= WIDTH) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(`# ${word}`);
  }
  return lines;
}

const exampleOf = (variable: Variable): string =>
  variable.standard ?? ('example' in variable ? (variable.example ?? '') : '');

const HEAD = `# Every variable that Unwind reads, with its default or an example. Copy the lines that you want to change to a file named
# .env beside this one (npm start and docker compose read it; the environment wins), or set them in the environment.
# Everything is checked at the start: a sentence names what is wrong, and nothing is started or migrated. An empty value
# means the default. A value that may bear a secret is never shown. A name that is most likely misspelt is warned of.
# Ports: 0 takes a free one. Durations: ms, s, m, h or d. Lists: commas, with or without blanks around them.
# In URLs the special characters of user and password are percent-encoded: @ is %40, / is %2F, : is %3A, # is %23, ? is %3F.
# This file is written by \`npx tsx scripts/settings.ts\`.
`;

function exampleFile(): string {
  const sections = SECTIONS.map((section) => {
    const groups = groupsOf(section).map((group) => [
      ...wrapped(group[0]?.[1].text ?? ''),
      ...group.map(([name, variable]) => `#${name}=${exampleOf(variable)}`),
    ]);
    return [`# --- ${section.title} `.padEnd(WIDTH, '-'), ...groups.flat(), ''].join('\n');
  });
  return [HEAD, ...sections].join('\n');
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** Defaults of neighbours may differ, as those of ports do. */
function rowOf(group: readonly Named[]): string {
  const [, first] = group[0] ?? [];
  if (first === undefined) return '';
  const names = group.map(([name]) => `\`${name}\``).join('<br>');
  const standards = [...new Set(group.map(([, { standard }]) => (standard === undefined ? '' : `\`${standard}\``)))];
  const production = 'production' in first && first.production ? `; in production \`${first.production}\`` : '';
  const readers = first.readers.length === EVERY.length ? 'all' : first.readers.join(', ');
  const form = first.bears === 'secret' ? `${first.form} (secret)` : first.form;
  return `| ${names} | ${standards.join('<br>')}${production} | ${form} | ${readers} | ${cell(first.text)} |`;
}

const tables = (): string =>
  SECTIONS.map((section) =>
    [
      `## ${section.title.charAt(0).toUpperCase()}${section.title.slice(1)}\n`,
      '| variable | default | value | read by | meaning |\n| --- | --- | --- | --- | --- |',
      ...groupsOf(section).map(rowOf),
      '',
    ].join('\n'),
  ).join('\n');

const MARK = '<!-- The rest is written by `npx tsx scripts/settings.ts`. -->';

const PROGRAMS: readonly Program[] = ['api', 'worker', 'relay', 'background', 'services'];

/** Values that differ from Unwind's own default, because the processes meet one another in containers. */
const IN_CONTAINERS: Readonly<Record<string, string>> = {
  NODE_ENV: 'development',
  DATABASE_URL: 'postgres://unwind@postgresql:5432/unwind',
  // By itself, so that it may hold any character. A password in DATABASE_URL comes first.
  DATABASE_PASSWORD: '${POSTGRES_PASSWORD:-unwind}',
  TEMPORAL_ADDRESS: 'temporal:7233',
  TEMPORAL_NAMESPACE: 'default',
  PAYMENT_URL: 'http://services:8001',
  INVENTORY_URL: 'http://services:8002',
  SHIPPING_URL: 'http://services:8003',
  NOTIFICATION_URL: 'http://services:8004',
};
/** A port in a container is of use only if it is published, which takes an address that is not the container's own. */
const FIXED: Readonly<Record<string, string>> = { LISTEN_HOST: '0.0.0.0' };

const lineOf = (name: string): string => `  ${name}: ${FIXED[name] ?? `\${${name}:-${IN_CONTAINERS[name] ?? ''}}`}`;

/** One block for the variables that the same processes read, and then one for each process, which merges those. */
function environments(compose: string): string {
  const isPublished = (name: string): boolean => compose.includes(`- 127.0.0.1:\${${name}:-`);
  const blocks = new Map<string, string[]>(PROGRAMS.map((program) => [program, []]));
  for (const [name, { readers }] of Object.entries(everyVariable)) {
    const programs = PROGRAMS.filter((program) => readers.includes(program)).join('-');
    if (programs !== '' && !isPublished(name)) blocks.set(programs, [...(blocks.get(programs) ?? []), lineOf(name)]);
  }
  const shared = [...blocks].filter(([programs]) => programs.includes('-'));
  const own = PROGRAMS.map((program): [string, string[]] => {
    const merged = shared.map(([programs]) => programs).filter((programs) => programs.split('-').includes(program));
    return [
      program,
      [`  <<: [${merged.map((programs) => `*${programs}`).join(', ')}]`, ...(blocks.get(program) ?? [])],
    ];
  });
  return [...shared, ...own]
    .map(([programs, lines]) => [`x-${programs}: &${programs}`, ...lines, ''].join('\n'))
    .join('\n');
}

const [BEGIN, END] = ['# --- written by `npx tsx scripts/settings.ts`\n', '# --- until here\n'];

function composeFile(): string {
  const compose = readFileSync(path.join(root, 'docker-compose.yml'), 'utf8');
  const [before = '', rest = ''] = compose.split(BEGIN);
  const [, after = ''] = rest.split(END);
  return `${before}${BEGIN}${environments(compose)}${END}${after}`;
}

/** The files that are made from the list of settings, by their path, as they should be. */
export async function settingsFiles(): Promise<Record<string, string>> {
  const file = 'docs/settings.md';
  const [head = ''] = readFileSync(path.join(root, file), 'utf8').split(MARK);
  const formatted = async (of: string, text: string): Promise<string> =>
    format(text, { ...(await resolveConfig(path.join(root, of))), filepath: of });
  return {
    '.env.example': exampleFile(),
    'docker-compose.yml': await formatted('docker-compose.yml', composeFile()),
    [file]: await formatted(file, `${head}${MARK}\n\n${tables()}`),
  };
}

if (process.argv[1] === import.meta.filename) {
  for (const [file, text] of Object.entries(await settingsFiles())) writeFileSync(path.join(root, file), text);
}
