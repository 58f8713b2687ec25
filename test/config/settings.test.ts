/** The list of settings, and the files, documents and sources that have to agree with it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { settingsFiles } from '../../scripts/settings.js';
import { loadConfig } from '../../src/config/config.js';
import { temporals } from '../../src/config/settings/unparsed.js';
import { everyVariable, variables } from '../../src/config/variables.js';
import { temporalTarget } from '../../src/platform/temporal/target.js';
import { sourcesOf } from '../docs/english.js';

const root = path.join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const listed = Object.entries(variables);

/** Variables of the machine, which no one sets for Unwind. */
const MACHINE = ['PATH', 'XDG_CACHE_HOME'];
/** Temporal's SDK reads them, and its client makes no use of them. */
const WITHOUT_EFFECT = ['TEMPORAL_CODEC_ENDPOINT', 'TEMPORAL_CODEC_AUTH'];
/** Reads names that it has as texts beside it. */
const BY_NAME = 'src/platform/temporal/target.ts';

describe('the list of settings', () => {
  it('is what .env.example, docs/settings.md and the environments in docker-compose.yml were written from', async () => {
    const files = await settingsFiles();
    expect(Object.keys(files)).toEqual(['.env.example', 'docker-compose.yml', 'docs/settings.md']);
    for (const [file, text] of Object.entries(files)) {
      // If this fails: npx tsx scripts/settings.ts
      expect({ file, text: read(file) }).toEqual({ file, text });
    }
  });

  it('shows each variable in .env.example once, with a text above it', () => {
    const names = [...read('.env.example').matchAll(/^#([A-Z_]+)=/gm)].map(([, name = '']) => name);
    expect(names.toSorted()).toEqual(Object.keys(everyVariable).toSorted());
    for (const [name, { text, readers }] of Object.entries(everyVariable)) {
      expect(`${name}: ${text}`).toMatch(/: [A-Z].{4,}[.]$|: on: /);
      expect(readers.length).toBeGreaterThan(0);
    }
  });

  it.each(listed.filter(([, { standard }]) => standard !== undefined))(
    'shows the default of %s that holds if nothing is set, also in production',
    (name, { standard = '', production = standard }) => {
      expect(loadConfig({ [name]: standard })).toEqual(loadConfig({}));
      const env = { NODE_ENV: 'production', ...(name !== 'NODE_ENV' && { [name]: production }) };
      if (name === 'AUTH') expect(() => loadConfig(env)).toThrow(/^AUTH is off, which NODE_ENV=production refuses/);
      else expect(loadConfig(env)).toEqual(loadConfig({ NODE_ENV: 'production' }));
    },
  );

  it.each(listed.filter(([, { example }]) => example))('shows an example of %s that is valid', (_name, variable) => {
    expect(variable.standard).toBeUndefined();
    expect(variable.schema.safeParse(variable.example).success).toBe(true);
  });

  it('takes an empty value for the default, variable by variable, as compose passes it', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'unwind-settings-'));
    // Nothing of the machine's own temporal.toml is read.
    const machine = { XDG_CONFIG_HOME: folder, HOME: folder };
    const target = temporalTarget(7233, machine);
    for (const name of Object.keys(everyVariable)) {
      expect({ name, config: loadConfig({ [name]: '' }) }).toEqual({ name, config: loadConfig({}) });
      expect({ name, target: temporalTarget(7233, { ...machine, [name]: '' }) }).toEqual({ name, target });
    }
    const all = Object.fromEntries(Object.keys(everyVariable).map((name) => [name, '']));
    expect(loadConfig(all)).toEqual(loadConfig({}));
    rmSync(folder, { recursive: true });
  });

  it('has every variable that a source reads by itself', () => {
    const sources = [...sourcesOf('src'), { file: 'scripts/unwind.mjs', text: read('scripts/unwind.mjs') }];
    const found = sources.flatMap(({ file, text }) =>
      [...text.matchAll(/\benv(?:\?\.|\.|\[)(?:(['"`])(\w+)\1\]|([A-Z]\w*)|(\w+)\])/g)].map(
        ([, , quoted, dotted, computed]) => ({ file, name: quoted ?? dotted, computed }),
      ),
    );
    expect(found.length).toBeGreaterThan(5);
    const known = [...Object.keys(everyVariable), ...MACHINE];
    expect(found.filter(({ name }) => name !== undefined && !known.includes(name))).toEqual([]);
    expect(new Set(found.flatMap(({ file, computed }) => (computed === undefined ? [] : [file])))).toEqual(
      new Set([BY_NAME]),
    );
    const named = [...read(BY_NAME).matchAll(/'(TEMPORAL_\w+)'/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });

  it("has Temporal's own variables, as Temporal's SDK reads them", () => {
    const sdk = readFileSync(
      createRequire(import.meta.url).resolve('@temporalio/envconfig/lib/envconfig-toml.js'),
      'utf8',
    );
    const all = new Set([...sdk.matchAll(/'(TEMPORAL_[A-Z_]+[A-Z])'/g)].map(([, name = '']) => name));
    expect([...all].filter((name) => !WITHOUT_EFFECT.includes(name)).toSorted()).toEqual(
      Object.keys(temporals).toSorted(),
    );
  });
});
