/** No Docker engine may be where this runs: the file is compared with the code instead. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { loadConfig } from '../../src/config/config.js';
import { SERVICE_NAMES } from '../../src/config/service-limits.js';
import type { Program } from '../../src/config/settings/variable.js';
import { everyVariable } from '../../src/config/variables.js';
import {
  compose,
  composeDefaults,
  composeSource,
  composeText,
  ourServices,
  readRoot,
  ROOT,
  withDefaults,
} from './compose-file.js';
import { findValidator } from './validator.js';

const names = Object.keys(compose.services);
const byName = (name: string) => {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return found;
};

/** In a container a process has to listen on all addresses, or its ports cannot be published. */
const FIXED = { LISTEN_HOST: '0.0.0.0' };

/** The ports on the host; inside of the containers they are the defaults. */
const PUBLISHED = new Set(
  Object.values(composeSource.services).flatMap(({ ports }) =>
    ports.map((text) => /^127\.0\.0\.1:\$\{(\w+):-(\d+)\}:\d+$/.exec(text)?.[1]),
  ),
);

/** Host port and container port, by service. */
const published = Object.entries(compose.services).flatMap(([name, { ports }]) =>
  ports.map((text) => {
    const [host, outside, inside] = text.split(':');
    return { name, host, outside: Number(outside), inside: Number(inside) };
  }),
);

const validator = await findValidator();

/** What `docker compose config` says of the file. */
function judge(file: string): { status: number | null; stderr: string } {
  const [command = '', ...args] = validator ?? [];
  const { status, stderr } = spawnSync(command, [...args, file], { cwd: ROOT, encoding: 'utf8' });
  return { status, stderr };
}

describe('docker-compose.yml by itself', () => {
  (validator ? it : it.skip)('is valid for `docker compose config`, which refuses a broken one', () => {
    expect(judge('docker-compose.yml')).toEqual({ status: 0, stderr: '' });
    const folder = mkdtempSync(path.join(os.tmpdir(), 'unwind-compose-'));
    try {
      const broken = path.join(folder, 'broken.yml');
      writeFileSync(broken, composeText.replace('condition: service_healthy', 'condition: service_hale'));
      expect(judge(broken).stderr).toContain('condition');
      expect(judge(broken).status).not.toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('gives every variable a default', () => {
    expect(withDefaults(composeText)).not.toContain('$');
  });

  it('pins every image that it does not build, and uses no deprecated one', () => {
    for (const { image, build } of Object.values(compose.services)) {
      const [name, tag] = image.split(':');
      if (build === undefined) expect(`${name}:${tag}`).toMatch(/^[\w/-]+:\d+\.\d+(\.\d+)?$/);
      expect(name).not.toContain('auto-setup');
    }
  });

  it("keeps Temporal's server and its tools at one version", () => {
    expect(composeDefaults.get('TEMPORAL_ADMINTOOLS_VERSION')).toBe(composeDefaults.get('TEMPORAL_VERSION'));
  });

  it('waits for health checks that exist, and for one-shots that end', () => {
    for (const { depends_on: dependencies } of Object.values(compose.services)) {
      for (const [name, { condition }] of Object.entries(dependencies)) {
        const { healthcheck, restart } = byName(name);
        expect(healthcheck !== undefined).toBe(condition === 'service_healthy');
        expect(restart.startsWith('on-failure')).toBe(condition === 'service_completed_successfully');
      }
    }
  });

  it('declares the volumes that it mounts, and mounts folders that exist', () => {
    for (const mount of Object.values(compose.services).flatMap(({ volumes }) => volumes)) {
      const [source = ''] = mount.split(':');
      if (source.startsWith('.')) expect(existsSync(path.join(ROOT, source))).toBe(true);
      else expect(Object.keys(compose.volumes)).toContain(source);
    }
  });

  it('publishes ports on this machine only', () => {
    expect(new Set(published.map(({ host }) => host))).toEqual(new Set(['127.0.0.1']));
  });
});

describe('docker-compose.yml against the code', () => {
  it('runs the API, the background jobs, the worker, the relay and the services, each by a file that is built', () => {
    expect(ourServices.map(([name]) => name).toSorted()).toEqual(['api', 'background', 'relay', 'services', 'worker']);
    for (const [, { command }] of ourServices) {
      const [node, script = ''] = command ?? [];
      expect(node).toBe('node');
      expect(existsSync(path.join(ROOT, script.replace(/^dist(.*)\.js$/, 'src$1.ts')))).toBe(true);
    }
  });

  it('sets no variable that no process reads, and gives a configuration that starts', () => {
    for (const [, { environment }] of ourServices) {
      expect(Object.keys(environment).filter((name) => everyVariable[name] === undefined)).toEqual([]);
      const config = loadConfig(environment);
      expect(config.warnings).toEqual([]);
      expect(config.listenHost).toBe('0.0.0.0');
    }
  });

  it.each(ourServices)('lets every variable be set that %s reads', (program) => {
    const environment = composeSource.services[program]?.environment ?? {};
    const settable = (name: string): boolean =>
      environment[name]?.startsWith(`\${${name}:-`) === true || name in FIXED || PUBLISHED.has(name);
    const read = Object.entries(everyVariable).filter(([, { readers }]) => readers.includes(program as Program));
    expect(read.length).toBeGreaterThan(10);
    expect(read.map(([name]) => name).filter((name) => !settable(name))).toEqual([]);
  });

  it.each(ourServices)('gives %s no secret that it does not read', (program, { environment }) => {
    const given = Object.entries(everyVariable).filter(([name]) => name in environment);
    const unread = given.filter(([, { readers }]) => !readers.includes(program as Program));
    expect(unread.filter(([, { bears }]) => bears !== 'nothing').map(([name]) => name)).toEqual([]);
  });

  it('starts the relay only on demand, because without a store it refuses to start', () => {
    expect(ourServices.filter(([, { profiles }]) => profiles !== undefined)).toEqual([
      ['relay', expect.objectContaining({ profiles: ['relay'] })],
    ]);
  });
});

describe('the password in docker-compose.yml', () => {
  it.each(['a@b/c:d#e?f%g', '%41', 'unwind'])('reaches the database as it is: %s (O2)', (password) => {
    for (const [, { environment }] of ourServices) {
      expect(environment['DATABASE_URL']).not.toContain('POSTGRES_PASSWORD');
      const given = { ...environment, DATABASE_PASSWORD: password };
      expect(new URL(loadConfig(given).databaseUrl ?? '').password).toBe(encodeURIComponent(password));
    }
    expect(composeText).toMatch(/^  DATABASE_PASSWORD: \$\{DATABASE_PASSWORD:-\$\{POSTGRES_PASSWORD:-unwind\}\}$/m);
    expect(composeText).not.toMatch(/:\/\/[^\s/]*\$\{[^\s/]*@/);
  });
});

describe('the URLs and ports in docker-compose.yml', () => {
  it('names services that exist in every URL', () => {
    for (const [program, { environment }] of ourServices) {
      const hosts = Object.entries(environment)
        .filter(([name, value]) => value !== '' && /_(URL|ADDRESS)$/.test(name))
        .map(([, value]) => new URL(value.includes('://') ? value : `tcp://${value}`).hostname);
      expect(hosts.length).toBeGreaterThan(program === 'services' ? 0 : 5);
      for (const host of hosts) expect(names).toContain(host);
    }
  });

  it.each([
    ['api', '/health/ready', 'src/api/operations/ready.ts'],
    ['services', '/health/ready', 'src/services/participant/open-service.ts'],
    ['worker', '/health/ready', 'src/worker/health.ts'],
    ['relay', '/metrics', 'src/relay/metrics.ts'],
  ])('asks %s for a health that it has, on each port on which it listens', (name, route, source) => {
    const { healthcheck, environment } = byName(name);
    const { apiPort, servicePorts, workerHealthPort, relayMetricsPort } = loadConfig(environment);
    const ports =
      { api: [apiPort], services: Object.values(servicePorts), worker: [workerHealthPort], relay: [relayMetricsPort] }[
        name
      ] ?? [];
    const [, , , ...urls] = healthcheck?.test ?? [];
    expect(urls.toSorted()).toEqual(ports.map((port) => `http://127.0.0.1:${port}${route}`).toSorted());
    expect(readRoot(source)).toContain(route);
  });

  it('calls each service on the port on which it listens', () => {
    const { services } = loadConfig(byName('worker').environment);
    const { servicePorts } = loadConfig(byName('services').environment);
    for (const name of SERVICE_NAMES) expect(services[name].url).toBe(`http://services:${servicePorts[name]}`);
  });

  it('publishes each part on the port that `npm start` uses', () => {
    const { apiPort, servicePorts, postgresPort, temporalPort, temporalUiPort } = loadConfig({});
    expect(published.map(({ name, outside }) => `${name} ${outside}`).toSorted()).toEqual(
      [
        `api ${apiPort}`,
        ...SERVICE_NAMES.map((name) => `services ${servicePorts[name]}`),
        `postgresql ${postgresPort}`,
        `temporal ${temporalPort}`,
        `temporal-ui ${temporalUiPort}`,
      ].toSorted(),
    );
    for (const { name, outside, inside } of published) {
      if (name === 'api' || name === 'services') expect(inside).toBe(outside);
    }
  });
});

describe('the scripts that prepare Temporal', () => {
  it('register the search attributes that the workflows carry', async () => {
    const { SagaStateAttribute, SagaBlockedOnAttribute } = await import('../../src/workflows/messages.js');
    const script = readRoot('docker/temporal/register-namespace.sh');
    const registered = [...script.matchAll(/^patiently register (\w+)$/gm)].map(([, name]) => name);
    expect(registered).toEqual([SagaStateAttribute.name, SagaBlockedOnAttribute.name]);
  });

  it.each(['set-up-schemas.sh', 'register-namespace.sh'])('%s is a shell script without syntax errors', (script) => {
    const { status, stderr } = spawnSync('sh', ['-n', path.join(ROOT, 'docker/temporal', script)], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(names.filter((name) => byName(name).entrypoint?.includes(`/scripts/${script}`))).toHaveLength(1);
  });
});
