/** Temporal's time-skipping server for the tests: found in the cache, else downloaded as the SDK does, else from Maven. */
import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cacheDirectory, fillCache } from './cache.js';
import { complaintOf, findOnPath, isExecutable, runProgram } from './executables.js';
import { sdkDownload } from './sdk-download.js';
import { StartError } from './start-error.js';
import { reasonOf } from './reason.js';

export const TEST_SERVER_VERSION = '1.38.0';

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>unwind</groupId><artifactId>time-skipping-server</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.temporal</groupId><artifactId>temporal-test-server</artifactId><version>${TEST_SERVER_VERSION}</version>
    </dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;

/** Ends the server with whoever started it: a test process that is killed cannot do it any more. */
const wrapper = (command: string): string => `#!/bin/sh
here=$(dirname "$0")
starter=$PPID
(
  while kill -0 $$; do
    kill -0 "$starter" || { kill -9 $$; exit; }
    sleep 1
  done
) </dev/null >/dev/null 2>&1 &
exec ${command} "$@"
`;

function writeRunner(folder: string, command: string): void {
  const runner = path.join(folder, 'run');
  writeFileSync(runner, wrapper(command));
  chmodSync(runner, 0o755);
}

async function download(folder: string, signal?: AbortSignal): Promise<string | undefined> {
  const failure = await sdkDownload('test', folder, signal);
  if (failure !== undefined) return failure;
  const program = readdirSync(folder).find((name) => name.startsWith('temporal-test-server'));
  if (program === undefined) return 'nothing was downloaded';
  writeRunner(folder, `"$here/${program}"`);
  return undefined;
}

async function fetchFromMaven(folder: string, signal?: AbortSignal): Promise<string | undefined> {
  const [maven, java] = [findOnPath('mvn'), findOnPath('java')];
  if (maven === undefined || java === undefined) return `${maven ? 'java' : 'mvn'} is not on PATH`;
  writeFileSync(path.join(folder, 'pom.xml'), POM);
  const goal = ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=jars'];
  const result = await runProgram(maven, goal, { cwd: folder, timeout: 600_000, ...(signal && { signal }) });
  if (result.code !== 0) return complaintOf(result.output);
  const flags = '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC';
  writeRunner(folder, `java ${flags} -cp "$here/jars/*" io.temporal.testserver.TestServer`);
  return undefined;
}

const isWhole = (folder: string): boolean => isExecutable(path.join(folder, 'run'));

/** The path of an executable that takes a port; its time is locked until somebody unlocks it. */
export async function findTestServer(notice: (sentence: string) => void, signal?: AbortSignal): Promise<string> {
  const cache = cacheDirectory();
  const name = `temporal-test-server-${TEST_SERVER_VERSION}`;
  if (isWhole(path.join(cache, name))) return path.join(cache, name, 'run');
  notice(`fetching Temporal's time-skipping test server into ${cache} (once)`);
  const failures: string[] = [];
  const ways = [
    ['download', download],
    ['Maven', fetchFromMaven],
  ] as const;
  for (const [way, fetch] of ways) {
    const folder = await fillCache(cache, name, isWhole, async (temporary) => {
      const failure = await fetch(temporary, signal);
      if (failure !== undefined) throw new StartError(failure);
    }).catch((error: unknown) => {
      failures.push(`${way}: ${reasonOf(error)}`);
      return undefined;
    });
    if (folder !== undefined) return path.join(folder, 'run');
  }
  throw new StartError(
    `There is no time-skipping test server: connect to the internet, or install Java 17 and Maven (${failures.join('; ')}).`,
  );
}
