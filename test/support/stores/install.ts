/** The stores' servers for the tests: found, or installed, or the reason why they are not there. */
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cacheDirectory, fillCache } from '../../../src/local/machine/cache.js';
import { complaintOf, findOnPath, runProgram } from '../../../src/local/machine/executables.js';
import { reasonOf } from '../../../src/platform/reason.js';

const KAFKA = ['org.apache.kafka:kafka_2.13:4.1.0', 'org.apache.kafka:kafka-tools:4.1.0', 'org.slf4j:slf4j-nop:1.7.36'];
/** With the H2 backend what was written outlives the process; BeanShell tells it the port, which its own main cannot. */
const MONGODB = [
  'de.bwaldvogel:mongo-java-server:1.47.0',
  'de.bwaldvogel:mongo-java-server-h2-backend:1.47.0',
  'org.apache-extras.beanshell:bsh:2.0b6',
  'org.slf4j:slf4j-nop:2.0.17',
];

const TEN_MINUTES = 600_000;

/** Puts where a server is into the environment as `TEST_…`, or why it is not there as `TEST_…_MISSING`. */
export async function installStores(notice: (sentence: string) => void): Promise<void> {
  const wanted = [
    ['TEST_REDIS', () => installRedis(notice)],
    ['TEST_KAFKA', () => fromMaven('kafka-4.1.0', KAFKA, notice)],
    ['TEST_MONGODB', () => fromMaven('mongo-java-server-1.47.0', MONGODB, notice)],
  ] as const;
  for (const [variable, install] of wanted) {
    try {
      process.env[variable] = await install();
    } catch (error) {
      process.env[`${variable}_MISSING`] = reasonOf(error);
    }
  }
}

/** The path of `redis-server`. */
async function installRedis(notice: (sentence: string) => void): Promise<string> {
  const found = findOnPath('redis-server');
  if (found !== undefined) return found;
  const apt = findOnPath('apt-get');
  if (apt === undefined || process.getuid?.() !== 0) {
    throw new Error('redis-server is not on PATH, and only root can install it with apt-get');
  }
  notice('installing redis-server with apt-get (once)');
  const quiet = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, timeout: TEN_MINUTES };
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'redis-server']]) {
    const { code, output } = await runProgram(apt, args, quiet);
    if (code !== 0) throw new Error(complaintOf(output));
  }
  const installed = findOnPath('redis-server');
  if (installed === undefined) throw new Error('apt-get has installed no redis-server');
  return installed;
}

/** A folder of jars, with all that they depend on. */
async function fromMaven(
  name: string,
  artifacts: readonly string[],
  notice: (sentence: string) => void,
): Promise<string> {
  const cache = cacheDirectory();
  const done = (folder: string): boolean => existsSync(path.join(folder, 'whole'));
  if (done(path.join(cache, name))) return path.join(cache, name, 'jars');
  const [maven, java] = [findOnPath('mvn'), findOnPath('java')];
  if (maven === undefined || java === undefined) throw new Error(`${maven ? 'java' : 'mvn'} is not on PATH`);
  notice(`fetching ${name} from Maven into ${cache} (once)`);
  const folder = await fillCache(cache, name, done, async (temporary) => {
    writeFileSync(path.join(temporary, 'pom.xml'), pomOf(artifacts));
    const goal = ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=jars'];
    const { code, output } = await runProgram(maven, goal, { cwd: temporary, timeout: TEN_MINUTES });
    if (code !== 0) throw new Error(complaintOf(output));
    writeFileSync(path.join(temporary, 'whole'), '');
  });
  return path.join(folder, 'jars');
}

const pomOf = (artifacts: readonly string[]): string => `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>unwind</groupId><artifactId>store</artifactId><version>1</version>
  <dependencies>
${artifacts
  .map((artifact) => artifact.split(':'))
  .map(
    ([group, id, version]) =>
      `    <dependency><groupId>${group}</groupId><artifactId>${id}</artifactId><version>${version}</version></dependency>`,
  )
  .join('\n')}
  </dependencies>
</project>
`;
